"""The files of a workspace: what kptm wrote, what it learnt, locks, whether the graph is there."""
