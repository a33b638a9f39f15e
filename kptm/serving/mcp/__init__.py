"""Offers a workspace to agents through the Model Context Protocol; needs ``kptm[mcp]``."""
