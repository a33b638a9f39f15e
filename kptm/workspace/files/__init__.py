"""The files of a workspace: outputs of stages, learnt files, locks, and the graph's state."""
