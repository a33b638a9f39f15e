"""The index of a graph's names and facts for linking, as arrays on disk and in memory."""
