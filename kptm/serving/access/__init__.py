"""Who may do what at a server: tokens with roles, and limits of requests."""
