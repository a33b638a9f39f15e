"""The result of evaluating a program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kg.types import Literal


@dataclass(frozen=True, slots=True)
class Denotation:
    """The denotation of a program: a set of nodes, a number, or a truth value.

    Attributes:
        nodes: For a set: the keys of its entities and its values (:class:`kg.ValueKey`), each once;
            else empty. The nodes a step leads to are in the order of
            :meth:`kg.KnowledgeGraph.follow`, those of a superlative in the order of its base.
        size: Number of nodes in the set; greater than ``len(nodes)`` if a limit left some out.
        number: For an aggregate or a difference: its value with its unit; None for other programs,
            and if there are no values to aggregate.
        truth: For a yes-or-no program: its truth value; else None.
    """

    nodes: tuple[str, ...] = ()
    size: int = 0
    number: Literal | None = None
    truth: bool | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is no node, no number and no truth value."""
        return not self.size and self.number is None and self.truth is None
