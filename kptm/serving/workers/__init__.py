"""Several processes that answer at one port."""
