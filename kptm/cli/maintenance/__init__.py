"""Verbs that look after a workspace: its health, its backups."""
