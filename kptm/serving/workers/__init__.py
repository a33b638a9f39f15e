"""Several worker processes that answer requests on one port."""
