"""Writes a workspace, as it is at one moment, to an archive with checksums, and restores it."""
