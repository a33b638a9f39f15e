"""Parts of the benchmark of modeledge."""
