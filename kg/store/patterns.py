"""The ids of live triples, for those who change them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.store.schema import FIRST_RELATION

if TYPE_CHECKING:
    from kg.store.sql import Sql

_TABLES = (("head_id", "entity"), ("relation_id", "relation"), ("tail_id", "entity"))


def ids(sql: Sql, head: str | None, relation: str | None, tail: str | None) -> list[int]:
    """The triples of a pattern, facts only."""
    where = [f"relation_id >= {FIRST_RELATION}", "tail_id > 0", "rev_removed <= 0"]
    parameters = []
    for (column, table), part in zip(_TABLES, (head, relation, tail), strict=True):
        if part is not None:
            where.append(f"{column} = (SELECT id FROM {table} WHERE key = ?)")
            parameters.append(part)
    query = f"SELECT id FROM triple WHERE {' AND '.join(where)} ORDER BY id"
    return [number for (number,) in sql.all(query, parameters)]


def about(sql: Sql, key: str) -> list[int]:
    """All that is said of an entity, labels too."""
    found: list[int] = []
    for end in ("head_id", "tail_id"):
        query = (
            f"SELECT id FROM triple WHERE {end} = (SELECT id FROM entity WHERE key = ?)"
            " AND rev_removed <= 0"
        )
        found += [number for (number,) in sql.all(query, (key,))]
    return sorted(set(found))


def tails(sql: Sql, head: str, relation: str) -> dict[str, int]:
    """The values of (head, relation) and the ids of their triples."""
    query = (
        "SELECT t.key, x.id FROM triple x JOIN entity t ON t.id = x.tail_id"
        " WHERE x.head_id = (SELECT id FROM entity WHERE key = ?)"
        " AND x.relation_id = (SELECT id FROM relation WHERE key = ?)"
        " AND x.rev_removed = 0 ORDER BY x.id"
    )
    return {str(key): int(number) for key, number in sql.all(query, (head, relation))}
