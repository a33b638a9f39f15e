"""Names and their ids: entities, relations, sources and literals. A name is written once and never changes.

Ids are given in the order in which names are first met, so that one file always gives one database.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

from kg.errors import InvalidNameError
from kg.names import checked_key
from kg.store import name_index
from kg.types import Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kg.store.sql import Sql

CACHED = 250_000
"""Keys of each of two generations held in memory during a load, about 170 bytes each."""


class Keys:
    """The ids of entity (or relation) keys, with a bounded memory of those met last.

    Args:
        sql: A writing transaction.
        table: "entity" or "relation".
        first: The smallest id to give.
    """

    def __init__(self, sql: Sql, table: str, first: int = 1) -> None:
        self._sql, self._table = sql, table
        self._young: dict[str, int] = {}
        self._old: dict[str, int] = {}
        newest = sql.one(f"SELECT max(id) FROM {table}")
        self._forgot = newest is not None  # whether the database may know what the memory does not
        self._next = max(first, 1 + (newest or 0))

    def known(self, keys: Iterable[str]) -> dict[str, int]:
        """The ids of those ``keys`` that the database holds."""
        wanted = dict.fromkeys(keys)
        self._recall([key for key in wanted if key not in self._young])
        return {key: self._young[key] for key in wanted if key in self._young}

    def ids(self, keys: Mapping[str, object]) -> tuple[dict[str, int], dict[str, InvalidNameError]]:
        """A dictionary that holds the ids of ``keys``, new ones given.

        Beside it, what is wrong with those that no store can keep.
        """
        if len(self._young) > CACHED:
            self._forgot |= bool(self._old)
            self._old, self._young = self._young, {}
        young = self._young
        self._recall([key for key in keys if key not in young])
        missing = [key for key in keys if key not in young]
        bad: dict[str, InvalidNameError] = {}
        fresh: dict[str, int] = {}
        for key in missing:
            try:
                fresh[checked_key(key, self._table)] = self._next + len(fresh)
            except InvalidNameError as error:
                bad[key] = error
        if fresh:
            self._sql.insert(self._table, "key, id", sorted(fresh.items()))  # as its index is
            self._next += len(fresh)
            if self._table == "entity":
                name_index.add_keys(self._sql, fresh)
            young.update(fresh)
        return young, bad

    def _recall(self, missing: list[str]) -> None:
        """Find what is missing among those met earlier, and in the database."""
        if not missing:
            return
        self._young.update((key, self._old[key]) for key in missing if key in self._old)
        if not self._forgot:
            return
        unknown = _storable_of([key for key in missing if key not in self._young])
        if unknown:
            listed, parameter = self._sql.values(
                sorted(unknown)
            )  # as the index is: neighbours share pages
            query = f"SELECT key, id FROM {self._table} WHERE key IN {listed}"
            self._young.update(self._sql.all(query, (parameter,)))


def _storable_of(keys: list[str]) -> list[str]:
    """Those keys that a database can be asked for; all at once where none is odd."""
    try:
        text = "".join(keys)
        text.encode()
    except (TypeError, UnicodeEncodeError):
        return [key for key in keys if _storable(key)]
    return [key for key in keys if _storable(key)] if "\0" in text else keys


def _storable(key: object) -> bool:
    try:
        checked_key(key, "key")
    except InvalidNameError:
        return False
    return True


def ids_of(sql: Sql, table: str, keys: Sequence[str]) -> dict[str, int]:
    """The ids of those ``keys`` of "entity", "relation" that exist; for reading."""
    asked = [key for key in keys if _storable(key)]
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


def source_id(sql: Sql, name: str, *, is_graph: bool = False) -> int:
    """The id of a source, which is written down where it is new."""
    found = sql.one("SELECT id FROM source WHERE name = ?", (name,))
    if found is None:
        found = int(sql.one("SELECT max(id) FROM source") or 0) + 1
        sql.run(
            "INSERT INTO source (id, name, is_graph) VALUES (?, ?, ?)", (found, name, int(is_graph))
        )
    return int(found)
