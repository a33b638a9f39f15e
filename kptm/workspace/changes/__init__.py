"""Changes to graph, passages and modeledge together: add, edit, forget, undo, purge."""
