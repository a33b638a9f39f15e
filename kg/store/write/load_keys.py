"""Finds or creates the ids of keys during a load.

New ids follow the order of first occurrence, so that loading a file always gives the same database.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.errors import InvalidNameError
from kg.naming.valid_names import checked_key
from kg.store.merging.merged_keys import list_merged
from kg.store.rows import name_index
from kg.store.rows.dictionary import storable
from kg.store.write.key_filter import KeyFilter

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kg.sql.cursor import Sql

CACHED = 100_000
"""The most recent keys in memory, about 170 bytes each; older ones move to the key filter."""


class Keys:
    """The ids of entity or relation keys, with a bounded cache of recent keys.

    The key of a merged entity stands for the entity that was kept.

    Args:
        sql: A writing transaction.
        table: "entity" or "relation".
        first: The smallest new id.
    """

    def __init__(self, sql: Sql, table: str, first: int = 1) -> None:
        self._sql, self._table = sql, table
        self._recent: dict[str, int] = {}
        self._filter = KeyFilter()
        newest = sql.one(f"SELECT max(id) FROM {table}")
        self._first_load = newest is None
        merged = list_merged(sql) if table == "entity" else {}
        self._kept = {key: number for key, (_, number) in merged.items()}
        self._next = max(first, 1 + (newest or 0))

    @property
    def has_merged(self) -> bool:
        """Whether some keys are those of merged entities."""
        return bool(self._kept)

    def forget(self) -> None:
        """Free the memory after a long load; the keys are then looked up in the database."""
        if len(self._filter):  # else the recent keys are few, and stay
            self._filter, self._recent, self._first_load = KeyFilter(), {}, False

    def find_ids(self, keys: Iterable[str]) -> dict[str, int]:
        """The ids of the ``keys`` that the database has."""
        wanted = dict.fromkeys(keys)
        self._recall([key for key in wanted if key not in self._recent])
        return {key: self._recent[key] for key in wanted if key in self._recent}

    def ids(self, keys: Mapping[str, object]) -> tuple[dict[str, int], dict[str, InvalidNameError]]:
        """Find or create the ids of ``keys``.

        Returns:
            The ids of all recent keys, these and others; and the errors of invalid keys.
        """
        if len(self._recent) > CACHED:
            self._filter.add(self._recent)
            self._recent = {}
        id_of = self._recent
        self._recall([key for key in keys if key not in id_of])
        missing = [key for key in keys if key not in id_of]
        bad: dict[str, InvalidNameError] = {}
        fresh: dict[str, int] = {}
        for key in missing:
            try:
                fresh[checked_key(key, self._table)] = self._next + len(fresh)
            except InvalidNameError as error:
                bad[key] = error
        if fresh:
            self._sql.insert(self._table, "key, id", sorted(fresh.items()))  # in the index's order
            self._next += len(fresh)
            if self._table == "entity":
                name_index.add_keys(self._sql, fresh)
            id_of.update(fresh)
        return id_of, bad

    def _recall(self, missing: list[str]) -> None:
        """Find missing keys in the key filter and in the database."""
        if self._kept:
            self._recent.update((key, self._kept[key]) for key in missing if key in self._kept)
            missing = [key for key in missing if key not in self._kept]
        unknown = _storable_of(missing)
        if not unknown:
            return
        remembered = self._filter.find(unknown)
        self._recent.update(remembered)
        if self._first_load and self._filter.complete:
            return  # every key of the database is in the filter or recent, so these are new
        unknown = sorted(key for key in unknown if key not in remembered)  # in the index's order
        if unknown:
            listed, parameter = self._sql.values(unknown)
            query = f"SELECT key, id FROM {self._table} WHERE key IN {listed}"
            self._recent.update(self._sql.all(query, (parameter,)))


def _storable_of(keys: list[str]) -> list[str]:
    """The keys that a query may contain: those without NUL and lone surrogates.

    All keys are checked at once first, because nearly always all of them are storable.
    """
    try:
        text = "".join(keys)
        text.encode()
    except (TypeError, UnicodeEncodeError):
        return [key for key in keys if storable(key)]
    return [key for key in keys if storable(key)] if "\0" in text else keys
