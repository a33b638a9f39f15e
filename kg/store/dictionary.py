"""Names and their ids: entities, relations, sources and literals. A name is written once and never changes."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

from kg.errors import InvalidNameError
from kg.names import checked_key
from kg.types import Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kg.store.sql import Sql


def storable(key: object) -> bool:
    """Whether a database can be asked for ``key``."""
    try:
        checked_key(key, "key")
    except InvalidNameError:
        return False
    return True


def ids_of(sql: Sql, table: str, keys: Sequence[str]) -> dict[str, int]:
    """The ids of those ``keys`` of "entity", "relation" that exist; for reading."""
    asked = [key for key in keys if storable(key)]
    if not asked:
        return {}
    listed, parameter = sql.values(asked)
    query = f"SELECT key, id FROM {table} WHERE key IN {listed}"
    return dict(sql.all(query, (parameter,)))


def literal_hash(item: Literal) -> int:
    """64 bits, with a sign, of all four parts of a literal."""
    parts = (item.value, item.datatype, item.language, item.unit)
    raw = b"\0".join(part.encode() for part in parts)
    return int.from_bytes(blake2b(raw, digest_size=8).digest(), "big", signed=True)


def known_literals(sql: Sql, items: Iterable[Literal]) -> dict[Literal, int]:
    """The ids (negative) of those literals that the database holds."""
    hashes: dict[int, list[Literal]] = {}
    for item in dict.fromkeys(items):
        hashes.setdefault(literal_hash(item), []).append(item)
    if not hashes:
        return {}
    listed, parameter = sql.values(list(hashes))
    query = f"SELECT value, datatype, language, unit, id FROM literal WHERE hash IN {listed}"
    found = {Literal(*row[:4]): int(row[4]) for row in sql.all(query, (parameter,))}
    return {item: found[item] for same in hashes.values() for item in same if item in found}


def literal_ids(sql: Sql, items: Iterable[Literal]) -> dict[Literal, int]:
    """The ids of literals, new ones given."""
    wanted = list(dict.fromkeys(items))
    found = known_literals(sql, wanted)
    lowest = int(sql.one("SELECT min(id) FROM literal") or 0)
    fresh = [item for item in wanted if item not in found]
    rows = [
        (lowest - at, literal_hash(item), item.value, item.datatype, item.language, item.unit)
        for at, item in enumerate(fresh, 1)
    ]
    if rows:
        sql.insert("literal", "id, hash, value, datatype, language, unit", rows)
    return found | {item: lowest - at for at, item in enumerate(fresh, 1)}


def literals(sql: Sql, ids: Iterable[int]) -> dict[int, Literal]:
    """The literals of ``ids``."""
    listed, parameter = sql.values(sorted(ids))
    query = f"SELECT id, value, datatype, language, unit FROM literal WHERE id IN {listed}"
    return {int(row[0]): Literal(*row[1:]) for row in sql.all(query, (parameter,))}
