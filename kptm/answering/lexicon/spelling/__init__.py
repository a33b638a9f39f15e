"""The spelling, splitting and inflection of words, by language."""
