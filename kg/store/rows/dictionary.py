"""Maps the names of entities, relations and sources, and literals, to ids.

A name is stored once and never changes.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

from kg.errors import InvalidNameError
from kg.naming.valid_names import checked_key
from kg.store.rows import quantity_rows
from kg.types import Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kg.sql.cursor import Sql


def storable(key: object) -> bool:
    """Whether a query can contain ``key``: text without NUL or lone surrogates."""
    try:
        checked_key(key, "key")
    except InvalidNameError:
        return False
    return True


def ids_of(sql: Sql, table: str, keys: Sequence[str]) -> dict[str, int]:
    """The ids of the existing keys in the table "entity" or "relation"; creates none."""
    wanted = [key for key in keys if storable(key)]
    if not wanted:
        return {}
    listed, parameter = sql.values(wanted)
    query = f"SELECT key, id FROM {table} WHERE key IN {listed}"
    return dict(sql.all(query, (parameter,)))


def greatest_id(sql: Sql, table: str) -> int:
    """The greatest id in the table "entity" or "relation", 0 if it is empty."""
    return int(sql.one(f"SELECT max(id) FROM {table}") or 0)


def stream_keys(sql: Sql, table: str) -> Iterator[tuple[int, str]]:
    """Stream id and key of every row of "entity" or "relation", in the order of the keys."""
    yield from sql.stream(f"SELECT id, key FROM {table} ORDER BY key")


def literal_hash(item: Literal) -> int:
    """A signed 64-bit hash of all four parts of a literal."""
    raw = f"{item.value}\0{item.datatype}\0{item.language}\0{item.unit}".encode()
    return int.from_bytes(blake2b(raw, digest_size=8).digest(), "big", signed=True)


def known_literals(sql: Sql, items: Iterable[Literal]) -> dict[Literal, int]:
    """The ids, which are negative, of the stored literals among ``items``."""
    return _find(sql, {item: literal_hash(item) for item in items})


def _find(sql: Sql, hashes: Mapping[Literal, int]) -> dict[Literal, int]:
    if not hashes:
        return {}
    # The index is over the hash: eight bytes per entry, however long the value. Hashes may collide,
    # so the parts are compared too.
    listed, parameter = sql.values(sorted(hashes.values()))
    query = f"SELECT value, datatype, language, unit, id FROM literal WHERE hash IN {listed}"
    rows = sql.all(query, (parameter,))
    id_of = {Literal(*row[:4]): int(row[4]) for row in rows}
    return {item: number for item, number in id_of.items() if item in hashes}


def literal_ids(sql: Sql, items: Iterable[Literal]) -> dict[Literal, int]:
    """The ids of literals; new literals get one."""
    hashes = {item: literal_hash(item) for item in items}
    stored = _find(sql, hashes)
    # Ids of literals count down from -1 and those of entities up from 1, because one column of
    # ``triple`` contains both.
    lowest = int(sql.one("SELECT min(id) FROM literal") or 0)
    fresh = [item for item in hashes if item not in stored]
    rows = [
        (hashes[item], lowest - i, item.value, item.datatype, item.language, item.unit)
        for i, item in enumerate(fresh, 1)
    ]
    if rows:  # sorted by hash, the order of the index
        sql.insert("literal", "hash, id, value, datatype, language, unit", sorted(rows))
    new = {item: lowest - i for i, item in enumerate(fresh, 1)}
    quantity_rows.add(sql, new)
    return stored | new


def literals(sql: Sql, ids: Iterable[int]) -> dict[int, Literal]:
    """The literals of ``ids``."""
    listed, parameter = sql.values(sorted(ids))
    query = f"SELECT id, value, datatype, language, unit FROM literal WHERE id IN {listed}"
    return {int(row[0]): Literal(*row[1:]) for row in sql.all(query, (parameter,))}
