"""The tables and the rows of each: names, sources, revisions, values, times, proposals."""
