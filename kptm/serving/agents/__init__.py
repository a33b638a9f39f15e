"""Tools of a workspace for agents, whatever protocol or framework calls them."""
