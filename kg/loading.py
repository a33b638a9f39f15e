"""One load: lines of a file into the store, all or nothing, or all but the bad lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.errors import InvalidNameError, StoreError, TripleFormatError
from kg.names import checked_name
from kg.store import revisions
from kg.store.bulk import BATCH, add_records
from kg.types import EntityRecord, LoadReport, Rejected, Triple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from kg.formats import Line
    from kg.store.database import Database


def _checked(record: Triple | EntityRecord) -> Triple | EntityRecord:
    if isinstance(record, Triple):
        for part, what in zip(record, ("head", "relation", "tail"), strict=True):
            checked_name(part, what)
        return record
    checked_name(record.key, "key")
    for text, what in ((record.label, "label"), (record.description, "description")):
        if text is not None:
            checked_name(text, what, may_be_empty=what == "description")
    for what, names in (("alias", record.aliases), ("type", record.types)):
        for name in names:
            checked_name(name, what)
    return record


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
    read = added = 0
    rejected: list[Rejected] = []
    batch: list[Triple | EntityRecord] = []
    with database.write() as connection:
        number = revisions.begin(connection, "load", str(path))
        for line, found in lines:
            read += 1
            problem: TripleFormatError | None = None
            if isinstance(found, TripleFormatError):
                problem = found
            else:
                try:
                    batch.append(_checked(found))
                except InvalidNameError as error:
                    problem = TripleFormatError(path, line, str(error))
            if problem is not None:
                if on_error == "raise":
                    raise problem
                rejected.append(Rejected(line, str(problem)))
            if len(batch) >= BATCH:
                added += add_records(connection, batch, number)
                batch.clear()
            if progress is not None and read % 1_000 == 0:
                progress(read)
        added += add_records(connection, batch, number)
        if not added:
            connection.rollback()
    if progress is not None:
        progress(read)
    return LoadReport(
        read=read,
        added=added,
        duplicate=read - added - len(rejected),
        rejected=tuple(rejected),
        revision=number if added else None,
    )
