"""Verbs that fill a workspace: init, load, new, sync."""
