"""Roles, for many at once: the relations an entity is head or tail of, and those between two."""

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
    """A relation, and whether an entity is its head."""

    relation: str
    is_head: bool


class Signatures:
    """Reads roles and facts of many entities by few statements.

    Args:
        database: The graph's.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def roles(self, keys: Sequence[str]) -> dict[str, dict[Role, int]]:
        """How many facts each entity is head and tail of, by relation."""
        found: dict[str, dict[Role, int]] = {key: {} for key in keys}
        with self._database.reading() as sql:
            ids = ids_of(sql, "entity", list(keys))
            listed, parameter = sql.values(sorted(ids.values()))
            keyed = {number: key for key, number in ids.items()}
            relations = _relations(sql)
            for column, is_head in (("head_id", True), ("tail_id", False)):
                query = (
                    f"SELECT {column}, relation_id, count(*) FROM triple WHERE {column} IN {listed}"
                    f" AND relation_id >= {FIRST_RELATION} AND rev_removed = 0"
                    f" GROUP BY {column}, relation_id"
                )
                for number, relation, count in sql.all(query, (parameter,)) if ids else ():
                    found[keyed[number]][Role(relations[relation], is_head)] = int(count)
        return found

    def between(
        self, heads: Collection[str], tails: Collection[str]
    ) -> dict[tuple[str, str], set[str]]:
        """The relations from one of some heads to one of some tails."""
        found: dict[tuple[str, str], set[str]] = defaultdict(set)
        with self._database.reading() as sql:
            ids = ids_of(sql, "entity", sorted({*heads, *tails}))
            keyed = {number: key for key, number in ids.items()}
            relations = _relations(sql)
            first, given = sql.values(sorted(ids[key] for key in heads if key in ids))
            second, wanted = sql.values(sorted(ids[key] for key in tails if key in ids))
            query = (
                f"SELECT head_id, relation_id, tail_id FROM triple WHERE head_id IN {first}"
                f" AND tail_id IN {second}"
                f" AND relation_id >= {FIRST_RELATION} AND rev_removed = 0"
            )
            for head, relation, tail in sql.all(query, (given, wanted)) if ids else ():
                found[keyed[head], keyed[tail]].add(relations[relation])
        return dict(found)

    def values(self, keys: Sequence[str]) -> dict[str, list[tuple[str, Literal]]]:
        """The (relation, value) pairs of each entity."""
        found: dict[str, list[tuple[str, Literal]]] = {key: [] for key in keys}
        with self._database.reading() as sql:
            ids = ids_of(sql, "entity", list(keys))
            if not ids:
                return found
            keyed = {number: key for key, number in ids.items()}
            listed, parameter = sql.values(sorted(keyed))
            query = (
                f"SELECT head_id, relation_id, tail_id FROM triple WHERE head_id IN {listed}"
                f" AND tail_id < 0 AND relation_id >= {FIRST_RELATION} AND rev_removed = 0"
            )
            rows = sql.all(query, (parameter,))
            relations = _relations(sql)
            items = literals(sql, {tail for _, _, tail in rows})
            for head, relation, tail in rows:
                found[keyed[head]].append((relations[relation], items[tail]))
        return found

    def samples(self, relation: str, limit: int = 200) -> tuple[int, int, list[Literal]]:
        """How many of some facts end in entities, how many in values, and these values."""
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
