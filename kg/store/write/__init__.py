"""Changes: loads of any size, what ends, undo and purge."""
