"""Access control of a server: tokens with roles, and rate limits."""
