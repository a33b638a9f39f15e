"""A fused decoder writes: free text, and names of entities alone."""
