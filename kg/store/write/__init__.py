"""Writes to the store: loads of any size, retraction, undo and purge."""
