"""Reading answers out of passages: a model fitted on the graph's own facts in its own texts."""
