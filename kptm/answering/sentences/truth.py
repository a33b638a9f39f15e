"""Finds the facts that the graph states instead of a false one, for the answer "no"."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kg.programs import Follow, Named, Program, Within
from kg.types import Step

if TYPE_CHECKING:
    from kg.graph import KnowledgeGraph

MAX_NAMED_VALUES = 3
"""The maximum number of values that are named instead of a false one; if there are more, none is
named."""


class Instead(NamedTuple):
    """The facts instead of a false one: the step, its nodes, and the node that was asked about."""

    program: Follow
    keys: tuple[str, ...]
    asked: Named


class Truth:
    """Looks up facts for yes-or-no questions.

    Args:
        graph: The graph.
    """

    def __init__(self, graph: KnowledgeGraph) -> None:
        self._graph = graph

    def several(self, key: str, step: Step) -> bool:
        """Whether a step leads from an entity to more than one node."""
        return len(self._graph.follow(key, (step,))) > 1

    def instead(self, program: Within) -> Instead | None:
        """The facts that the graph states instead of the one asked about.

        None if there are no such facts, or more than ``MAX_NAMED_VALUES``.
        """
        stated = asked_fact(program)
        if stated is None:
            return None
        asked_about, followed = stated
        [key] = followed.source.keys  # type: ignore[union-attr]  # a name, as asked_fact says
        keys = tuple(self._graph.follow(key, (followed.step,)))
        return Instead(followed, keys, asked_about) if 0 < len(keys) <= MAX_NAMED_VALUES else None


def asked_fact(program: Within) -> tuple[Named, Follow] | None:
    """The fact that a program asks about: the tail's name, and the step from the head to it.

    None if the program does not ask about a single fact.
    """
    for name, other in ((program.left, program.right), (program.right, program.left)):
        if not (_is_name(name) and isinstance(other, Follow) and _is_name(other.source)):
            continue
        if other.during is not None:
            return None
        if other.step.forward:
            return name, other  # type: ignore[return-value]  # a name
        return other.source, Follow(name, Step(other.step.relation))  # type: ignore[return-value]  # a name
    return None


def _is_name(program: Program) -> bool:
    return isinstance(program, Named) and len(program.keys) == 1
