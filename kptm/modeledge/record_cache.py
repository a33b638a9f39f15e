"""Records and spaces that were read lately, so that the next search need not read them again."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from kptm.modeledge.sql import record_rows, spaces

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from kg.sql.cursor import Sql
    from kptm.modeledge.records import Record
    from kptm.modeledge.sql.spaces import VectorSpace

MAX_RECORDS = 10_000
"""The maximum number of records in memory."""

State = tuple[int, int]
"""The newest line of the log and the newest operation; see :func:`oplog.state`."""


class RecordCache:
    """The records of a store at its newest state; a new operation empties the cache.

    So no record of a purge stays in memory, and none that was forgotten is found. It must not be
    used within a transaction, whose rows may be rolled back, and their ids used again.

    Args:
        most: The maximum number of records in memory.
    """

    def __init__(self, most: int = MAX_RECORDS) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._state: State = (-1, -1)
        self._records: dict[int, Record] = {}
        self._spaces: dict[str, VectorSpace] = {}

    def space(self, sql: Sql, name: str, state: State) -> VectorSpace | None:
        """The space with a name, or None."""
        known = self._at(state)[1]
        space = known.get(name) or spaces.find(sql, name)
        if space is not None:
            known[name] = space
        return space

    def fetch(self, sql: Sql, ids: Collection[int], state: State) -> Mapping[int, Record]:
        """The live records of ids, and maybe others.

        Args:
            sql: The database.
            ids: The ids of rows that were live at ``state``.
            state: The state of the store before the rows were searched.
        """
        known = self._at(state)[0]
        missing = sorted(number for number in ids if number not in known)
        if not missing:
            return known
        fresh = record_rows.fetch(sql, missing)
        if len(known) + len(fresh) > self._most:
            records = {number: known[number] for number in ids if number in known} | fresh
            # In place of the older ones, which other threads may still read.
            self._replace(state, fresh if len(fresh) <= self._most else {})
            return records
        known.update(fresh)
        return known

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._records, self._spaces = {}, {}

    def _at(self, state: State) -> tuple[dict[int, Record], dict[str, VectorSpace]]:
        """The records and spaces of a state; a thread that lags behind gets empty ones."""
        with self._lock:
            if state > self._state:
                self._state, self._records, self._spaces = state, {}, {}
            if state < self._state:
                return {}, {}
            return self._records, self._spaces

    def _replace(self, state: State, records: dict[int, Record]) -> None:
        with self._lock:
            if state == self._state:
                self._records = records
