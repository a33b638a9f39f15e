"""Linked text as JSON, HTML and spaCy's documents."""
