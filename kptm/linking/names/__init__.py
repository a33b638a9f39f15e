"""Surface forms of entities, and English word lists for linking."""
