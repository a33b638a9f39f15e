"""Constraints: what facts of a relation have in common, and which facts and proposals break it."""
