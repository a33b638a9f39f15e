"""Verbs that maintain a workspace: health, backups, duplicates, a move to PostgreSQL."""
