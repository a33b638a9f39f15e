"""Several workspaces in one server, each under its name."""
