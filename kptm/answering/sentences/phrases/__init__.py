"""Parts of English sentences: clauses, noun phrases, descriptions."""
