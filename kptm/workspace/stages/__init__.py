"""Stages of a workspace that train: where they start, what they read, where the result goes."""
