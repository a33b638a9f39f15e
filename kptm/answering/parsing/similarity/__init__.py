"""How like a question and a relation are, by a sentence encoder."""
