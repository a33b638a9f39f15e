"""Keeping a workspace in step with a folder: which files are new, changed or deleted."""
