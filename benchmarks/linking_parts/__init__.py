"""Parts of the benchmark of linking."""
