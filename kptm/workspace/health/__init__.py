"""The health of a workspace: what is broken, what is older than its origin, what to run next."""
