"""The similarity of questions and relations, by a sentence encoder."""
