"""How many facts, heads and tails relations have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kg.store.rows.schema import FIRST_RELATION

if TYPE_CHECKING:
    from kg.sql.cursor import Sql


@dataclass(frozen=True, slots=True)
class RelationCounts:
    """The numbers of different ends of a relation.

    Attributes:
        facts: The number of facts.
        heads: The number of heads.
        tails: The number of tails.
    """

    facts: int
    heads: int
    tails: int

    def side(self, is_head: bool) -> int:
        """The number of heads or of tails."""
        return self.heads if is_head else self.tails


def relation_counts(sql: Sql) -> dict[int, RelationCounts]:
    """The numbers of facts, heads and tails of each relation."""
    query = (
        "SELECT relation_id, count(*), count(DISTINCT head_id), count(DISTINCT tail_id)"
        f" FROM triple WHERE relation_id >= {FIRST_RELATION} AND rev_removed = 0"
        " GROUP BY relation_id"
    )
    return {
        int(relation): RelationCounts(int(facts), int(heads), int(tails))
        for relation, facts, heads, tails in sql.stream(query)
    }
