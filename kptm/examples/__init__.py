"""The example world that ``kptm demo`` runs on, and how its parts are read."""

from kptm.examples.world_reader import Fact, Phrasing, Question, World

__all__ = ["Fact", "Phrasing", "Question", "World"]
