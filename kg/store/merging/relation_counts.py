"""How many values entities have of each relation, and how many of one more are to be expected."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from kg.store.rows.schema import FIRST_RELATION

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.sql.cursor import Sql


class ValueCounts:
    """How many entities have how many values of a relation, on one side.

    Args:
        counts: Pairs of a number of values, and the number of entities that have so many.
    """

    def __init__(self, counts: Iterable[tuple[int, int]]) -> None:
        rows = sorted(counts)
        self._sizes = [size for size, _ in rows]
        # The number of entities with at least as many values, by rank, and 0 after the largest.
        rising = [0, *accumulate(count for _, count in reversed(rows))]
        self._least = rising[::-1]
        self.facts = sum(size * count for size, count in rows)

    @property
    def entities(self) -> int:
        """The number of entities with a value."""
        return self._least[0]

    def at_least(self, size: int) -> int:
        """The number of entities with at least so many values."""
        return self._least[bisect_left(self._sizes, size)]

    def surprise(self, known: int, together: int) -> float:
        """How surprising it is that an entity with ``known`` values has ``together`` in all.

        It is -log P(N ≥ together | N ≥ known), with half an entity added to both counts.
        """
        return math.log((self.at_least(known) + 0.5) / (self.at_least(together) + 0.5))


@dataclass(frozen=True, slots=True)
class RelationCounts:
    """How many values a relation has on both sides.

    Attributes:
        facts: The number of facts.
        heads: The numbers of tails that heads have.
        tails: The numbers of heads that tails have.
    """

    facts: int
    heads: ValueCounts
    tails: ValueCounts

    def side(self, is_head: bool) -> ValueCounts:
        """The counts of heads or of tails."""
        return self.heads if is_head else self.tails


def relation_counts(sql: Sql) -> dict[int, RelationCounts]:
    """The numbers of values of each relation."""
    sides: list[dict[int, list[tuple[int, int]]]] = []
    for column in ("head_id", "tail_id"):
        query = (
            "SELECT relation_id, size, count(*) FROM (SELECT relation_id, count(*) AS size"
            f" FROM triple WHERE relation_id >= {FIRST_RELATION} AND rev_removed = 0"
            f" GROUP BY relation_id, {column}) AS sizes GROUP BY relation_id, size"
        )
        found: dict[int, list[tuple[int, int]]] = {}
        for relation, size, count in sql.stream(query):
            found.setdefault(int(relation), []).append((int(size), int(count)))
        sides.append(found)
    heads, tails = ({key: ValueCounts(rows) for key, rows in side.items()} for side in sides)
    return {key: RelationCounts(counts.facts, counts, tails[key]) for key, counts in heads.items()}
