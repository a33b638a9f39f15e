"""Sorts more rows than fit in memory: sorted runs on disk, merged range by range.

Triples that are inserted in the order of an index are appended to it. If they were inserted in the
order of the file, each would change a different page of the index, and a load would become slower
as the index grows.
"""

from __future__ import annotations

import tempfile
from typing import IO, TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Rows = NDArray[np.int64]

COLUMNS = 5
"""Columns: head, relation, tail, source, line."""

ROWS_PER_RUN = 500_000
"""Rows per run, 40 bytes each."""

ROWS_PER_BLOCK = 200_000
"""Approximate number of rows in a merged block."""

_MAX_PACKED_ID = 2**31
"""Heads and relations below this fit into one number of 64 bits together."""

HEADS_SAMPLED_PER_BLOCK = 32
"""Heads that each run samples per :data:`ROWS_PER_BLOCK` rows, as possible ends of merged
blocks."""


class ExternalSort:
    """Sorts rows of (head, relation, tail, source, line) and removes duplicates.

    Of rows that differ only in their line, the one that was added first stays. The temporary files
    have no names, so that even a killed process leaves none behind.
    """

    def __init__(self) -> None:
        self._runs: list[_SortedRun] = []
        self._pending: list[Rows] = []
        self._waiting = 0
        self.total = 0

    def close(self) -> None:
        """Remove the temporary files."""
        for run in self._runs:
            run.close()

    def add(self, columns: tuple[array[int], ...]) -> None:
        """Add rows, as one array of integers per column."""
        rows = as_rows(columns)
        self._pending.append(rows)
        self._waiting += len(rows)
        self.total += len(rows)
        if self._waiting >= ROWS_PER_RUN:
            self._runs.append(_SortedRun(self._sorted_pending()))

    def _sorted_pending(self) -> Rows:
        rows = np.concatenate([np.empty((0, COLUMNS), np.int64), *self._pending])
        self._pending, self._waiting = [], 0
        return unique(rows)

    def blocks(self) -> Iterator[Rows]:
        """Yield blocks of about :data:`ROWS_PER_BLOCK` rows; a head's rows are all in one block."""
        last = self._sorted_pending()
        if not self._runs:
            yield from _blocks(last)
            return
        self._runs.append(_SortedRun(last))
        # All runs sample at the same rate, so about ROWS_PER_BLOCK rows lie between a mark and the
        # one HEADS_SAMPLED_PER_BLOCK further on, however the rows are spread over the runs.
        marks = sorted({head for run in self._runs for head in run.marks})
        ends = [*marks[HEADS_SAMPLED_PER_BLOCK - 1 :: HEADS_SAMPLED_PER_BLOCK], *marks[-1:]]
        for end in ends:
            parts = [run.take(end) for run in self._runs]
            if any(map(len, parts)):
                yield unique(np.concatenate(parts))


class _SortedRun:
    """A sorted run on disk, read once from start to end."""

    def __init__(self, rows: Rows) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix="kptm-run-")  # noqa: SIM115  # closed by close()
        rows.tofile(self._file)
        self._file.seek(0)
        self._step = max(ROWS_PER_BLOCK // HEADS_SAMPLED_PER_BLOCK, 1)
        self.marks = {int(head) for head in rows[self._step - 1 :: self._step, 0]}
        self.marks |= {int(head) for head in rows[-1:, 0]}
        self._ahead = rows[:0].copy()  # read from the file, but not taken

    def take(self, end: int) -> Rows:
        """The next rows, up to the last one whose head is at most ``end``."""
        parts = [self._ahead]
        while len(parts[-1]) == 0 or parts[-1][-1, 0] <= end:
            more = np.fromfile(self._file, np.int64, self._step * COLUMNS).reshape(-1, COLUMNS)
            if not len(more):
                break
            parts.append(more)
        rows = np.concatenate(parts)
        stop = int(np.searchsorted(rows[:, 0], end, "right"))
        self._ahead = rows[stop:].copy()
        return rows[:stop]

    def close(self) -> None:
        self._file.close()


def _blocks(rows: Rows) -> Iterator[Rows]:
    """Split sorted rows into blocks; all rows of a head are in one block."""
    start = 0
    while start < len(rows):
        last = rows[min(start + ROWS_PER_BLOCK, len(rows)) - 1, 0]
        end = int(np.searchsorted(rows[:, 0], last, "right"))
        yield rows[start:end]
        start = end


def as_rows(columns: tuple[array[int], ...]) -> Rows:
    """One array of integers per column as rows, shape (N, columns)."""
    return np.stack([np.asarray(column) for column in columns], axis=1).astype(np.int64, copy=False)


def unique(rows: Rows) -> Rows:
    """Sort rows by their first four columns; keep the first of those equal in all four."""
    if not len(rows):
        return rows
    if rows[:, :2].max() < _MAX_PACKED_ID:  # two columns sort as one, which saves a pass
        keys = [(rows[:, 0] << 32) | rows[:, 1]]
    else:
        keys = [rows[:, 1], rows[:, 0]]
    order = np.lexsort((rows[:, 3], rows[:, 2], *keys))  # stable: the first line stays first
    rows = rows[order]
    return rows[differs(rows[:, :4])]


def differs(rows: Rows) -> NDArray[np.bool_]:
    """Whether each row differs from the one before it; True for the first. Shape (N,)."""
    new = np.ones(len(rows), np.bool_)
    new[1:] = (rows[1:] != rows[:-1]).any(axis=1)
    return new
