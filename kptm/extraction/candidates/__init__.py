"""The mentions of a text, pairs of mentions, and the features of each pair."""
