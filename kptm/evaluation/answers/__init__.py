"""Are answers right, complete, honest and quick?"""
