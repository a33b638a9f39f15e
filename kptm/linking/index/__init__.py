"""What linking knows of a graph, as arrays on disk and in memory."""
