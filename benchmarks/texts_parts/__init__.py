"""Parts of the measurements of texts."""
