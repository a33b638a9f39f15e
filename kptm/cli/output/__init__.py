"""Output shared by the verbs: errors, JSON and text, progress, streams, facts and links."""
