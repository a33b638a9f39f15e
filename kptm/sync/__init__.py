"""Finds the new, changed and deleted files of a folder, for synchronisation."""
