"""Reads tables in text files: encodings, lines, rows and layouts."""
