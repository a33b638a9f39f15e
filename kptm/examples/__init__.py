"""The example world of ``kptm demo``, and its readers."""

from kptm.examples.world_reader import Phrasing, World, WorldFact, WorldQuestion

__all__ = ["Phrasing", "World", "WorldFact", "WorldQuestion"]
