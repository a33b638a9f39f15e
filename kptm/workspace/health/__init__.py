"""The health of a workspace: what is broken, what is outdated, and what to run next."""
