"""Entities and relations of a graph as values, with labels in the preferred languages."""
