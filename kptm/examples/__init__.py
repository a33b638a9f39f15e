"""The example world that ``kptm demo`` runs on, and how its parts are read."""

from kptm.examples.world_reader import Phrasing, World, WorldFact, WorldQuestion

__all__ = ["Phrasing", "World", "WorldFact", "WorldQuestion"]
