"""Maps keys to rows: an SQLite file beside the vectors, so that not all keys are loaded."""

from __future__ import annotations

import json
import os
import sqlite3
import zlib
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, overload

from kg.errors import EmbeddingError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

_ROWS_PER_STATEMENT = 10_000
"""Rows per SQL statement."""


class KeyIndex(Sequence[str]):
    """The keys of entities in the order of their rows, and the row of each key.

    Raises:
        EmbeddingError: A key occurs twice.
    """

    def __init__(self, keys: Iterable[str]) -> None:
        self._keys = tuple(keys)
        self._row = {key: row for row, key in enumerate(self._keys)}
        if len(self._row) != len(self._keys):
            raise EmbeddingError("a key occurs twice in the table")

    def of(self, keys: Collection[str]) -> dict[str, int]:
        """The rows of those of ``keys`` that have one."""
        return {key: self._row[key] for key in keys if key in self._row}

    @overload
    def __getitem__(self, row: int) -> str: ...
    @overload
    def __getitem__(self, row: slice) -> tuple[str, ...]: ...
    def __getitem__(self, row: int | slice) -> str | tuple[str, ...]:
        return self._keys[row]

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and bool(self.of((key,)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return id(self)


def write(path: Path, keys: Iterable[str]) -> int:
    """Write keys in the order of their rows; return how many.

    Raises:
        EmbeddingError: A key occurs twice.
    """
    connection = sqlite3.connect(path)
    try:
        with connection:
            # Not synced, because the folder is renamed into place after everything is written.
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute(
                "CREATE TABLE entity (row INTEGER PRIMARY KEY, key TEXT NOT NULL, crc32 INTEGER"
                " NOT NULL)"
            )
            rows = enumerate(keys)
            count = 0
            while part := [
                (row, key, _sum(row, key)) for row, key in islice(rows, _ROWS_PER_STATEMENT)
            ]:
                connection.executemany("INSERT INTO entity VALUES (?, ?, ?)", part)
                count += len(part)
            connection.execute("CREATE UNIQUE INDEX ix_entity_key ON entity (key)")
    except sqlite3.IntegrityError as error:
        raise EmbeddingError("a key occurs twice in the table") from error
    finally:
        connection.close()
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return count


class StoredKeyIndex(KeyIndex):
    """A key index that reads from its file.

    Args:
        path: A file that :func:`write` wrote.
        count: The number of keys in it.
    """

    def __init__(self, path: Path, count: int) -> None:
        self._path, self._count = path, count
        self._identity = _identity(path)
        self._opened = os.getpid(), self._open()

    def __len__(self) -> int:
        return self._count

    def of(self, keys: Collection[str]) -> dict[str, int]:
        """The rows of those of ``keys`` that have one."""
        wanted = json.dumps(list(keys))
        rows = self._all(
            "SELECT row, key, crc32 FROM entity WHERE key IN (SELECT value FROM json_each(?))",
            wanted,
        )
        return {key: row for row, key in rows}

    @overload
    def __getitem__(self, row: int) -> str: ...
    @overload
    def __getitem__(self, row: slice) -> tuple[str, ...]: ...
    def __getitem__(self, row: int | slice) -> str | tuple[str, ...]:
        if isinstance(row, slice):
            return tuple(self)[row]
        number = row + len(self) if row < 0 else row
        for _, key in self._all("SELECT row, key, crc32 FROM entity WHERE row = ?", number):
            return key
        raise IndexError(f"there is no row {row}; there are {len(self):,}")

    def __iter__(self) -> Iterator[str]:
        for start in range(0, len(self), _ROWS_PER_STATEMENT):
            query = "SELECT row, key, crc32 FROM entity WHERE row >= ? AND row < ? ORDER BY row"
            yield from (key for _, key in self._all(query, start, start + _ROWS_PER_STATEMENT))

    def _all(self, query: str, *parameters: object) -> list[tuple[int, str]]:
        try:
            rows = self._connection().execute(query, parameters).fetchall()
        except sqlite3.Error as error:
            raise EmbeddingError(f"{self._path}: cannot be read ({error}); train again") from error
        for row, key, check in rows:
            if check != _sum(row, key):
                raise EmbeddingError(f"{self._path}: damaged (checksum of row {row}); train again")
        return [(row, key) for row, key, _ in rows]

    def _connection(self) -> sqlite3.Connection:
        """The connection of this process: SQLite connections must not be carried across a fork."""
        if self._opened[0] != os.getpid():
            if _identity(self._path) != self._identity:
                raise EmbeddingError(f"{self._path}: has been replaced since; load it again")
            self._opened = os.getpid(), self._open()
        return self._opened[1]

    def _open(self) -> sqlite3.Connection:
        uri = f"{self._path.absolute().as_uri()}?mode=ro&immutable=1"
        connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
        # connect() alone does not open the file.
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()
        return connection


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_ino, status.st_mtime_ns


def _sum(row: int, key: str) -> int:
    return zlib.crc32(f"{row}:{key}".encode())
