"""Backups: a workspace as it is at one moment, in an archive with checksums, and back again."""
