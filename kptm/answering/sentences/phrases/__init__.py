"""Parts of English sentences: relation words, noun phrases, clauses and descriptions."""
