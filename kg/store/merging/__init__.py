"""Merges entities that are the same thing, and finds the entity that a merged key means now."""
