"""Reads for many entities at once: their roles, their values, and the relations between them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from kg.store.rows.dictionary import ids_of, literals
from kg.store.rows.schema import FIRST_RELATION

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from kg.sql.cursor import Sql
    from kg.sql.database import Database
    from kg.types import Literal


class Role(NamedTuple):
    """A relation, and whether an entity is the head of its facts."""

    relation: str
    is_head: bool


class Signatures:
    """Reads the roles and facts of many entities with few SQL statements.

    Args:
        database: The database of the graph.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def roles(self, keys: Sequence[str]) -> dict[str, dict[Role, int]]:
        """The number of facts of each entity, by role."""
        counts: dict[str, dict[Role, int]] = {key: {} for key in keys}
        with self._database.reading() as sql:
            ids = ids_of(sql, "entity", list(keys))
            listed, parameter = sql.values(sorted(ids.values()))
            key_of = {number: key for key, number in ids.items()}
            relations = _relations(sql)
            for column, is_head in (("head_id", True), ("tail_id", False)):
                query = (
                    f"SELECT {column}, relation_id, count(*) FROM triple WHERE {column} IN {listed}"
                    f" AND relation_id >= {FIRST_RELATION} AND rev_removed = 0"
                    f" GROUP BY {column}, relation_id"
                )
                for number, relation, count in sql.all(query, (parameter,)) if ids else ():
                    counts[key_of[number]][Role(relations[relation], is_head)] = int(count)
        return counts

    def between(
        self, heads: Collection[str], tails: Collection[str]
    ) -> dict[tuple[str, str], set[str]]:
        """The relations from each of ``heads`` to each of ``tails``; pairs without any left out."""
        relations_of: dict[tuple[str, str], set[str]] = defaultdict(set)
        with self._database.reading() as sql:
            ids = ids_of(sql, "entity", sorted({*heads, *tails}))
            key_of = {number: key for key, number in ids.items()}
            relations = _relations(sql)
            head_list, head_parameter = sql.values(sorted(ids[key] for key in heads if key in ids))
            tail_list, tail_parameter = sql.values(sorted(ids[key] for key in tails if key in ids))
            query = (
                f"SELECT head_id, relation_id, tail_id FROM triple WHERE head_id IN {head_list}"
                f" AND tail_id IN {tail_list}"
                f" AND relation_id >= {FIRST_RELATION} AND rev_removed = 0"
            )
            parameters = (head_parameter, tail_parameter)
            for head, relation, tail in sql.all(query, parameters) if ids else ():
                relations_of[key_of[head], key_of[tail]].add(relations[relation])
        return dict(relations_of)

    def values(self, keys: Sequence[str]) -> dict[str, list[tuple[str, Literal]]]:
        """The (relation, value) pairs of each entity."""
        pairs: dict[str, list[tuple[str, Literal]]] = {key: [] for key in keys}
        with self._database.reading() as sql:
            ids = ids_of(sql, "entity", list(keys))
            if not ids:
                return pairs
            key_of = {number: key for key, number in ids.items()}
            listed, parameter = sql.values(sorted(key_of))
            query = (
                f"SELECT head_id, relation_id, tail_id FROM triple WHERE head_id IN {listed}"
                f" AND tail_id < 0 AND relation_id >= {FIRST_RELATION} AND rev_removed = 0"
            )
            rows = sql.all(query, (parameter,))
            relations = _relations(sql)
            items = literals(sql, {tail for _, _, tail in rows})
            for head, relation, tail in rows:
                pairs[key_of[head]].append((relations[relation], items[tail]))
        return pairs

    def samples(self, relation: str, limit: int = 200) -> tuple[int, int, list[Literal]]:
        """Sample a relation's tails: how many are entities, how many are values, and the values."""
        with self._database.reading() as sql:
            query = (
                "SELECT tail_id FROM triple WHERE relation_id = (SELECT id FROM relation"
                " WHERE key = ?) AND rev_removed = 0 ORDER BY id LIMIT ?"
            )
            tails = [int(row[0]) for row in sql.all(query, (relation, limit))]
            valued = sorted({tail for tail in tails if tail < 0})
            count = sum(tail < 0 for tail in tails)
            return len(tails) - count, count, list(literals(sql, valued).values())


def _relations(sql: Sql) -> dict[int, str]:
    return dict(sql.all("SELECT id, key FROM relation"))
