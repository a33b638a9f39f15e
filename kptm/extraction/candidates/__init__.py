"""What a text names, in which pairs, and the features of each pair."""
