"""Transfers records: to another model, to another store, to a folder and back."""
