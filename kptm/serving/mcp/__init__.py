"""A workspace for agents, by the Model Context Protocol; needs ``kptm[mcp]``."""
