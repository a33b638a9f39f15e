"""What the verbs share: errors, JSON and text, progress, streams, lines for people."""
