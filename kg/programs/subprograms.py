"""What measures need of the evaluation of the programs within them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg.programs.expressions import Follow, Period, Program
    from kg.store.node_sets.sets import NodeSet, NodeSets
    from kg.store.rows.times import Moments
    from kg.types import Literal, Step


class Subprograms(Protocol):
    """Evaluates the programs within a measure: :class:`~kg.programs.evaluation.Evaluation`."""

    @property
    def sets(self) -> NodeSets:
        """The sets of one connection."""

    def relation(self, key: str) -> int | None:
        """The id of a relation."""

    def keys(self, ids: Sequence[int]) -> tuple[str, ...]:
        """The keys of entities, and the values of literals, with these ids."""

    def literals(self, ids: Sequence[int]) -> list[Literal]:
        """The literals among the ids."""

    def nodes(self, program: Program) -> NodeSet:
        """The set that a program denotes."""

    def number(self, program: Program) -> Literal | None:
        """The number or date that a program denotes."""

    def period(self, period: Period) -> Moments:
        """The first and the last second of a period."""

    def source(self, program: Follow) -> NodeSet:
        """The nodes from which the last step of a path is taken."""

    def path(self, steps: Sequence[Step]) -> list[tuple[int, bool]] | None:
        """(relation id, forward) of each step."""
