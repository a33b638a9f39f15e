"""A workspace as tools for agents, independent of the protocol or framework that calls them."""
