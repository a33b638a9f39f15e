"""Parts of the list of families."""
