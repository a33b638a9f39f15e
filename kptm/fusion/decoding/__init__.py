"""Generation by a fused decoder: free text, or only names of entities."""
