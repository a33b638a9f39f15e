"""The results of a study: figures and tables."""
