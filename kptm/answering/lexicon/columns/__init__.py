"""Reads the names of columns, as tables and databases write them."""
