"""What the graph states in place of something that is not so."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kg.programs import Follow, Named, Program, Within
from kg.types import Step

if TYPE_CHECKING:
    from kg.graph import KnowledgeGraph

SHOWN = 3
"""Values to name in place of another; of more, it is said that this one is none of them."""


class Instead(NamedTuple):
    """What is stated: the one step of a name, where it leads, and where it should have led."""

    program: Follow
    keys: tuple[str, ...]
    asked: Named


class Truth:
    """Asks the graph.

    Args:
        graph: The facts.
    """

    def __init__(self, graph: KnowledgeGraph) -> None:
        self._graph = graph

    def several(self, key: str, step: Step) -> bool:
        """Whether a step leads from an entity to more than one node."""
        return len(self._graph.follow(key, (step,))) > 1

    def instead(self, program: Within) -> Instead | None:
        """What is stated in place of a name that is no end; None if nothing is, or too much."""
        found = asked_fact(program)
        if found is None:
            return None
        asked, followed = found
        [key] = followed.source.keys  # type: ignore[union-attr]  # a name, as asked_fact says
        keys = tuple(self._graph.follow(key, (followed.step,)))
        return Instead(followed, keys, asked) if 0 < len(keys) <= SHOWN else None


def asked_fact(program: Within) -> tuple[Named, Follow] | None:
    """The name that is asked about, and the step from head to tail that would lead to it."""
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
