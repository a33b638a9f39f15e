"""A workspace for agents, by the Model Context Protocol. Needs ``pip install "kptm[mcp]"``."""
