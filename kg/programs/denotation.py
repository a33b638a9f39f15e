"""What a program denotes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kg.types import Literal


@dataclass(frozen=True, slots=True)
class Denotation:
    """What a program denotes: one of nodes, a number, or a yes or no.

    Attributes:
        nodes: Of a set: entities' keys or values (:class:`kg.ValueKey`), each once; empty of
            anything else. What a step leads to is in the order of :meth:`kg.KnowledgeGraph.follow`,
            a superlative in that of its base.
        size: How many nodes the set has; more than ``nodes`` where a limit left some out.
        number: Of a count, a sum, a mean, a greatest or least value and a difference, with its
            unit; None of anything else, and where there is nothing to add up.
        truth: Of a yes-or-no program; None of anything else.
    """

    nodes: tuple[str, ...] = ()
    size: int = 0
    number: Literal | None = None
    truth: bool | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is neither a node nor a number nor a yes or no."""
        return not self.size and self.number is None and self.truth is None
