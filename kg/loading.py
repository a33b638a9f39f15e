"""One load: lines of a file into the store, all or nothing, or all but the bad lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.errors import InvalidNameError, StoreError, TripleFormatError
from kg.names import checked_record, printable
from kg.store import revisions
from kg.store.bulk import BATCH, add_records
from kg.types import EntityRecord, LoadReport, Rejected, Triple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from kg.formats import Line
    from kg.store.database import Database

PROGRESS_EVERY = 1_000
"""Records between two calls of ``progress``."""


def load_lines(
    database: Database,
    path: str | Path,
    lines: Iterable[Line],
    on_error: str,
    progress: Callable[[int], None] | None,
) -> LoadReport:
    """Write ``lines`` in one transaction and one revision.

    Raises:
        TripleFormatError: A line is bad and ``on_error`` is "raise"; nothing is written then.
    """
    if on_error not in ("raise", "skip"):
        raise StoreError(f'on_error must be "raise" or "skip", not {on_error!r}')
    counted = _Counted(progress)
    rejected: list[Rejected] = []
    added = 0
    with database.write() as connection:
        number = revisions.begin(connection, "load", printable(str(path)))
        batch: list[Triple | EntityRecord] = []
        for line, found in counted.each(lines):
            record = _checked(path, line, found)
            if not isinstance(record, TripleFormatError):
                batch.append(record)
            elif on_error == "raise":
                raise record
            else:
                rejected.append(Rejected(line, str(record)))
            if len(batch) >= BATCH:
                added += add_records(connection, batch, number)
                batch.clear()
        added += add_records(connection, batch, number)
        if not added:
            connection.rollback()
    return LoadReport(
        read=counted.read,
        added=added,
        duplicate=counted.read - added - len(rejected),
        rejected=tuple(rejected),
        revision=number if added else None,
    )


class _Counted:
    """Counts what passes, and says so now and then."""

    def __init__(self, progress: Callable[[int], None] | None) -> None:
        self.read = 0
        self._progress = progress

    def each(self, lines: Iterable[Line]) -> Iterator[Line]:
        for item in lines:
            self.read += 1
            if self._progress is not None and self.read % PROGRESS_EVERY == 0:
                self._progress(self.read)
            yield item
        if self._progress is not None and self.read % PROGRESS_EVERY:
            self._progress(self.read)


def _checked(
    path: str | Path, line: int, found: Triple | EntityRecord | TripleFormatError
) -> Triple | EntityRecord | TripleFormatError:
    if isinstance(found, TripleFormatError):
        return found
    try:
        return checked_record(found)
    except InvalidNameError as error:
        return TripleFormatError(path, line, error.reason, error.text)
