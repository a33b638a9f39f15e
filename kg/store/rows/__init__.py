"""The tables of the store and their rows: names, sources, revisions, values, times, proposals."""
