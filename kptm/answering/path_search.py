"""Which paths of relations explain a question's answers: weak supervision by the graph.

The shortest paths whose ends are just the answers are taken; where no path of up to three hops has just those, the one with the
best F1. An end that is too wide is not widened further: hardly anyone asks through every film of a year.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kg.types import Step

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from kg.graph import KnowledgeGraph

    Steps = tuple[Step, ...]

MAX_HOPS = 3
WIDE = 500
"""Entities at the end of a path above which it is not made longer."""
EXACT = 0.999


class Explained(NamedTuple):
    """A path and how well its ends are the answers."""

    path: Steps
    f1: float


def f1(found: Collection[str], answers: Collection[str]) -> float:
    """Harmonic mean of precision and recall of two sets; 0 where nothing is common."""
    common = len(set(found) & set(answers))
    return 2 * common / (len(set(found)) + len(set(answers))) if common else 0.0


class PathSearch:
    """Looks for paths from one entity to others.

    Args:
        graph: The graph.
        max_hops: The longest paths.
    """

    def __init__(self, graph: KnowledgeGraph, max_hops: int = MAX_HOPS) -> None:
        self._graph = graph
        self._max_hops = max_hops
        self._steps = [
            Step(item.key, forward) for item in graph.relations() for forward in (True, False)
        ]

    def among(
        self, topic: str, answers: Collection[str], paths: Collection[Steps]
    ) -> list[Explained]:
        """Those of ``paths`` that lead to an answer, each with its F1."""
        prefixes = {path[:length] for path in paths for length in range(1, len(path))}
        last = self._last_steps(answers)
        found: list[Explained] = []
        open_paths: list[Steps] = [()]
        for _ in range(self._max_hops):
            longer = []
            for path in open_paths:
                for step in self._steps:
                    here = (*path, step)
                    wanted = here in paths and step in last
                    if not wanted and here not in prefixes:
                        continue
                    ends = self._graph.follow(topic, here)
                    if wanted and (score := f1(ends, answers)):
                        found.append(Explained(here, score))
                    if here in prefixes and 0 < len(ends) <= WIDE:
                        longer.append(here)
            open_paths = longer
        return found

    def f1(self, topic: str, path: Steps, answers: Collection[str]) -> float:
        """How well the ends of a path are the answers."""
        return f1(self._graph.follow(topic, path), answers)

    def explain(self, topic: str, answers: Collection[str]) -> list[Explained]:
        """All shortest paths that lead to just the answers; where there are none, the best of any length."""
        last = self._last_steps(answers)
        best: list[Explained] = []
        open_paths: list[Steps] = [()]
        for _ in range(self._max_hops):
            exact, longer = [], []
            for path, ends in self._widened(topic, open_paths, last):
                explained = Explained(path, f1(ends, answers))
                if explained.f1 >= EXACT:
                    exact.append(explained)
                best = max([best, [explained]], key=lambda found: found[0].f1 if found else 0.0)
                if len(ends) <= WIDE:
                    longer.append(path)
            if exact:
                return exact
            open_paths = longer
        return best if best and best[0].f1 > 0 else []

    def _widened(
        self, topic: str, paths: Sequence[Steps], last: Collection[Step]
    ) -> Iterator[tuple[Steps, list[str]]]:
        """Each path made one step longer, with where it then leads; dead ends are left out."""
        for path in paths:
            steps = self._steps if len(path) + 1 < self._max_hops else sorted(last)
            for step in steps:
                ends = self._graph.follow(topic, (*path, step))
                if ends:
                    yield (*path, step), ends

    def _last_steps(self, answers: Collection[str]) -> set[Step]:
        """The steps that can lead to one of the answers, of which the last step of an exact path is one."""
        if not answers:
            return set()
        one = min(answers)
        into = self._graph.query([("?x", "?r", one)], select=["?r"])
        out_of = self._graph.query([(one, "?r", "?x")], select=["?r"])
        return {Step(key, True) for (key,) in into} | {Step(key, False) for (key,) in out_of}
