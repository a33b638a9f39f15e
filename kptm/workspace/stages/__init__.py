"""Stages of a workspace that train models: their starting points, inputs and results."""
