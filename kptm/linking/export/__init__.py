"""Export of linked text as JSON, HTML and spaCy documents."""
