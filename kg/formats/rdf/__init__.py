"""Reads and writes RDF: its syntaxes, terms, IRIs and blank nodes."""
