"""Encodes linked texts and facts as vectors, and encodes them again by another model."""
