"""The keys of merged entities: each is a value of ``owl:sameAs`` of the entity that was kept.

They are statements like any other: they have a history, can be undone, and are exported. In a file,
a merged key means the kept entity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.types import Literal
from kg.vocabulary import IRI, SAME_AS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kg.sql.cursor import Sql

_PAIRS = (
    "SELECT l.value, x.head_id FROM triple x JOIN literal l ON l.id = x.tail_id"
    " WHERE x.relation_id = ? AND x.tail_id < 0 AND x.rev_removed = 0 AND l.datatype = ?"
)


def merged_key(key: str) -> Literal:
    """The value by which an entity has a merged key."""
    return Literal(key, IRI)


def list_merged(sql: Sql) -> dict[str, tuple[str, int]]:
    """By each merged key: the key and the id of the entity that was kept."""
    relation = _relation(sql)
    if relation is None:
        return {}
    query = (
        f"SELECT k.value, e.key, e.id FROM ({_PAIRS}) AS k"
        " JOIN entity e ON e.id = k.head_id ORDER BY k.value, e.id DESC"
    )
    pairs = {gone: (key, int(number)) for gone, key, number in sql.all(query, (relation, IRI))}
    ends = {gone: _end(pairs, gone) for gone in pairs}
    return {gone: kept for gone, kept in ends.items() if kept is not None}


def _end(pairs: Mapping[str, tuple[str, int]], start: str) -> tuple[str, int] | None:
    """The end of a chain of merges; None if it returns to its start, as a file may state."""
    seen = {start}
    kept = pairs[start]
    while kept[0] in pairs and kept[0] not in seen:
        seen.add(kept[0])
        kept = pairs[kept[0]]
    return None if kept[0] in seen else kept


def kept_keys(sql: Sql, keys: Iterable[str]) -> dict[str, str]:
    """The merged keys among ``keys``, each with the key of the entity that was kept."""
    distinct_keys = list(dict.fromkeys(keys))
    relation = _relation(sql) if distinct_keys else None
    if relation is None:
        return {}
    listed, parameter = sql.values(distinct_keys)
    query = (
        f"SELECT k.value, e.key FROM ({_PAIRS} AND l.value IN {listed}) AS k"
        " JOIN entity e ON e.id = k.head_id ORDER BY e.id DESC"
    )
    kept_by_key: dict[str, str] = dict(sql.all(query, (relation, IRI, parameter)))
    return {key: kept for key, kept in kept_by_key.items() if key != kept}


def kept_key(sql: Sql, key: str) -> str:
    """The key of the entity that a merged key means now, else ``key`` itself."""
    return kept_keys(sql, [key]).get(key, key)


def all_keys(sql: Sql, key: str) -> list[str]:
    """The key of an entity, and the keys that were merged into it."""
    relation = _relation(sql)
    if relation is None:
        return [key]
    query = f"{_PAIRS} AND x.head_id = (SELECT id FROM entity WHERE key = ?) ORDER BY l.value"
    return [key, *(row[0] for row in sql.all(query, (relation, IRI, key)))]


def _relation(sql: Sql) -> int | None:
    number = sql.one("SELECT id FROM relation WHERE key = ?", (SAME_AS,))
    return None if number is None else int(number)
