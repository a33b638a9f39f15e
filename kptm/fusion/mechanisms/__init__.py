"""The ways in which knowledge enters a backbone, one file each, and their shared code."""
