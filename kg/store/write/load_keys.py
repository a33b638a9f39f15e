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

MAX_CACHED_KEYS = 100_000
"""The maximum number of keys that are cached with their text, at about 170 bytes each.

When there are more, all of them move to the key filter, which needs 16 bytes for each.
"""


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
        self._kept_ids = {key: kept_id for key, (_, kept_id) in merged.items()}
        self._next = max(first, 1 + (newest or 0))

    @property
    def has_merged(self) -> bool:
        """Whether some keys are those of merged entities."""
        return bool(self._kept_ids)

    def forget(self) -> None:
        """Free the memory after a long load; the keys are then looked up in the database."""
        if len(self._filter):  # without a filter the cache is small, and is kept
            self._filter, self._recent, self._first_load = KeyFilter(), {}, False

    def find_ids(self, keys: Iterable[str]) -> dict[str, int]:
        """The id of each key that the database has; other keys are left out."""
        wanted = dict.fromkeys(keys)
        self._recall([key for key in wanted if key not in self._recent])
        return {key: self._recent[key] for key in wanted if key in self._recent}

    def ids(self, keys: Mapping[str, object]) -> tuple[dict[str, int], dict[str, InvalidNameError]]:
        """Find or create the ids of ``keys``.

        Args:
            keys: The keys, in the order in which new ones get their ids; the values do not matter.

        Returns:
            The ids of all cached keys, among them every valid one of ``keys``; and the error of
            each invalid key.
        """
        if len(self._recent) > MAX_CACHED_KEYS:
            self._filter.add(self._recent)
            self._recent = {}
        id_of = self._recent
        self._recall([key for key in keys if key not in id_of])
        new: dict[str, int] = {}
        errors: dict[str, InvalidNameError] = {}
        for key in keys:
            if key in id_of:
                continue
            try:
                new[checked_key(key, self._table)] = self._next + len(new)
            except InvalidNameError as error:
                errors[key] = error
        if new:
            self._sql.insert(self._table, "key, id", sorted(new.items()))  # in the index's order
            self._next += len(new)
            if self._table == "entity":
                name_index.add_keys(self._sql, new)
            id_of.update(new)
        return id_of, errors

    def _recall(self, keys: list[str]) -> None:
        """Cache the ids of those ``keys`` that are in the key filter or the database."""
        if self._kept_ids:
            merged = {key: self._kept_ids[key] for key in keys if key in self._kept_ids}
            self._recent.update(merged)
            keys = [key for key in keys if key not in merged]
        keys = _storable_of(keys)
        if not keys:
            return
        remembered = self._filter.find(keys)
        self._recent.update(remembered)
        if self._first_load and self._filter.complete:
            return  # the cache and the filter have every key of the database: the others are new
        unknown = sorted(key for key in keys if key not in remembered)  # in the index's order
        if unknown:
            listed, parameter = self._sql.values(unknown)
            query = f"SELECT key, id FROM {self._table} WHERE key IN {listed}"
            self._recent.update(self._sql.all(query, (parameter,)))


def _storable_of(keys: list[str]) -> list[str]:
    """The keys that a query may contain: those without NUL and lone surrogates."""
    try:
        text = "".join(keys)
        text.encode()
        all_storable = "\0" not in text
    except (TypeError, UnicodeEncodeError):
        all_storable = False
    # One check of all keys is fast, and nearly always enough.
    return keys if all_storable else [key for key in keys if storable(key)]
