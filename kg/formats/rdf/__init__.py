"""RDF in and out: its syntaxes, its terms, IRIs and blank nodes."""
