"""Loads the records of a file in one transaction: all of them, or all except bad lines."""

from __future__ import annotations

import json
import re
from contextlib import ExitStack, closing
from pathlib import Path
from typing import IO, TYPE_CHECKING

from kg.errors import InvalidNameError, StoreError, TripleFormatError
from kg.files.outputs import check_output
from kg.formats.text.blocks import Block, ValueBlock
from kg.naming.valid_names import MAX_PRIOR, checked_name, checked_record, printable
from kg.store.merging.kept_records import of_kept
from kg.store.rows import entities, revisions, sources
from kg.store.rows.entities import is_bounded
from kg.store.rows.sources import LoadSource, document_of
from kg.store.write import statements
from kg.store.write.restated import Ended
from kg.store.write.writer import Writer
from kg.types import Attribute, EntityRecord, LoadReport, Record, Rejected, Statement, Triple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from kg.formats import Line
    from kg.loading.table_values import Tables
    from kg.sql.cursor import Sql
    from kg.sql.database import Database
    from kg.store.rows.sources import Replaced
    from kg.values.tail_typing import TailTyping

RECORDS_PER_BATCH = 20_000
"""The number of records in memory at a time, and between two calls of ``progress``."""

MAX_REPORTED_LINES = 1_000
"""The maximum number of rejected lines in a report; the file of rejected lines has all."""
_NO_NAME = re.compile(r"[^\w.]+")
"""Characters of a server's URL that are replaced in the name of the file of rejected lines."""
_REPLACED: dict[bool | None, Replaced] = {None: "file", False: "source", True: "nothing"}
"""By the argument ``add``: whose earlier statements a load replaces."""


def load_lines(
    database: Database,
    path: str | Path,
    lines: Iterable[Line | Block],
    *,
    tables: Tables | None = None,
    notes: Sequence[str] = (),
    key_column: str = "",
    source: str | None = None,
    add: bool | None = None,
    on_error: str = "raise",
    rejected: str | Path | None = None,
    create_entities: bool = True,
    progress: Callable[[int], None] | None = None,
) -> LoadReport:
    """Write ``lines`` in one revision; they replace the file's earlier statements.

    Args:
        database: The database of the graph.
        path: The file that the lines come from.
        lines: The lines.
        tables: How the tails of tables are typed; None for formats that mark values themselves.
        notes: Guesses and conversions of the reader, for the report; the reader may append to them
            while ``lines`` are read.
        key_column: The name of the column of keys, for a table with one entity per row.
        source: The source. This argument and those below are as in :meth:`kg.KnowledgeGraph.load`.
        add: Whether the file's earlier statements stay; None lets the load decide.
        on_error: "raise" or "skip", for a bad line.
        rejected: A file to which bad lines are written.
        create_entities: Whether a fact may name a new entity.
        progress: Called with the number of records read so far.

    Raises:
        DoubtfulTypesError: Tails that were taken for values turn out to be entities; nothing is
            written.
        TripleFormatError: A line is bad and ``on_error`` is "raise"; nothing is written.
    """
    if on_error not in ("raise", "skip"):
        raise StoreError(f'on_error must be "raise" or "skip", not {on_error!r}')
    name = printable(str(path))
    with ExitStack() as stack:
        rejects = stack.enter_context(_Rejects(path, rejected, raising=on_error == "raise"))
        sql, transaction = stack.enter_context(database.writing())
        number = revisions.begin(sql, "load", name)
        document = document_of(path)
        load_source = LoadSource(
            source or name, document, source is None, _REPLACED[add], printable(key_column)
        )
        writer = Writer(
            sql, number, load_source, create_entities=create_entities, refuse=rejects.refuse
        )
        stack.enter_context(closing(writer))
        batches = _Batches(sql, writer, rejects)
        tail_typing = None if tables is None else tables.tail_typing(sql, RECORDS_PER_BATCH)
        read = _write_lines(lines, batches, tail_typing, progress)
        writer.finish()
        # A rejected line may repeat an earlier statement, so the others are not ended either.
        keep_rest = add is None and rejects.count > 0
        unconfirmed = writer.count_rest() if keep_rest else 0
        ended = Ended() if keep_rest else writer.end_rest()
        others = tuple(sources.other_documents(sql, writer.source)) if document else ()
        if not writer.changed and (writer.moved or writer.has_new_key_column):
            revisions.withdraw(sql, number)  # the graph itself has not changed
        elif not writer.changed:
            transaction.rollback()
        added = writer.added + batches.changed
    return LoadReport(
        read=read,
        added=added,
        duplicate=read - added - rejects.count,
        rejected=tuple(rejects.shown),
        revision=number if writer.changed else None,
        rejected_count=rejects.count,
        rejected_file=rejects.file,
        ended=ended.facts,
        stated_elsewhere=ended.stated_elsewhere,
        unconfirmed=unconfirmed,
        other_files=others,
        typed=() if tail_typing is None else tail_typing.report(),
        notes=(*notes, *batches.notes()),
    )


def _write_lines(
    lines: Iterable[Line | Block],
    batches: _Batches,
    tail_typing: TailTyping | None,
    progress: Callable[[int], None] | None,
) -> int:
    """Write the lines batch by batch; return the number of records read."""
    items: Iterable[Line | Block | ValueBlock] = (
        lines if tail_typing is None else tail_typing.stream(lines)
    )
    read = 0
    for batch in _batches(items):
        read += batches.take(batch)
        if progress is not None:
            progress(read)
    if tail_typing is not None:
        tail_typing.check()
    return read


def add_records(sql: Sql, number: int, source: str, records: Iterable[Record]) -> tuple[int, bool]:
    """Write checked records in a revision.

    Returns:
        The number of new facts, and whether anything changed.
    """
    with closing(Writer(sql, number, LoadSource(source))) as writer:
        batches = _Batches(sql, writer, _Rejects("", None, raising=True))
        for batch in _batches((0, record) for record in records):
            batches.take(batch)
        writer.finish()
        return writer.added + batches.changed, writer.changed


def _batches(
    lines: Iterable[Line | Block | ValueBlock],
) -> Iterator[Block | ValueBlock | list[Line]]:
    """Yield blocks as they come, and single lines in batches."""
    batch: list[Line] = []
    for item in lines:
        if isinstance(item, Block | ValueBlock):
            if batch:
                yield batch
                batch = []
            yield item
            continue
        batch.append(item)
        if len(batch) >= RECORDS_PER_BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


class _Batches:
    """Writes batches of records according to their kinds."""

    def __init__(self, sql: Sql, writer: Writer, rejects: _Rejects) -> None:
        self._sql, self._writer, self._rejects = sql, writer, rejects
        self.changed = 0
        self._bounded = 0

    def take(self, batch: Block | ValueBlock | Sequence[Line]) -> int:
        """Write a batch except for its bad records, which are rejected; return its length."""
        if isinstance(batch, Block):
            self._writer.triples_later(*batch)
            return len(batch.heads)
        if isinstance(batch, ValueBlock):
            self._take_values(batch)
            return len(batch.heads)
        plain = [item for item in batch if type(item[1]) is Triple]
        if plain:  # the writer checks new names
            self._writer.triples_later(
                [line for line, _ in plain], *zip(*(triple for _, triple in plain), strict=True)
            )
        if len(plain) < len(batch):
            self._take_others(batch)
        return len(batch)

    def _take_values(self, batch: ValueBlock) -> None:
        """Write facts whose tails are values; a recognised value needs no check."""
        if all(item.datatype or _storable(item.value) for item in batch.values.values()):
            self._writer.values_later(*batch)
        else:
            values = map(batch.values.__getitem__, batch.tails)
            facts = map(Attribute, batch.heads, batch.relations, values)
            self._take_others(list(zip(batch.numbers, facts, strict=True)))

    def _take_others(self, batch: Sequence[Line]) -> None:
        lines: list[int] = []
        facts: list[Triple | Attribute] = []
        entity_records: list[tuple[int, EntityRecord]] = []
        statement_records: list[tuple[int, Statement]] = []
        for line, record in self._valid(batch):
            if isinstance(record, EntityRecord):
                entity_records.append((line, record))
            elif isinstance(record, Statement):
                statement_records.append((line, record))
            else:
                lines.append(line)
                facts.append(record)
        if facts:
            self._writer.later(lines, facts)
        if entity_records:
            # Written first, because a record may change statements that are still queued.
            self._writer.finish()
            self.changed += entities.merge(self._writer, self._sql, entity_records)
        if statement_records:
            statements.write(self._writer, self._sql, statement_records)

    def _valid(self, batch: Sequence[Line]) -> list[tuple[int, Record]]:
        """The valid records other than plain triples, with merged entities replaced."""
        valid: list[tuple[int, Record]] = []
        for line, item in batch:
            record = None if type(item) is Triple else self._check_record(line, item)
            if record is not None:
                self._bounded += is_bounded(record)
                valid.append((line, record))
        return of_kept(self._sql, valid) if self._writer.has_merged_keys else valid

    def notes(self) -> list[str]:
        """Notes for the report about values that were changed before they were stored."""
        if not self._bounded:
            return []
        priors = "1 prior" if self._bounded == 1 else f"{self._bounded:,} priors"
        return [f"{priors} above {MAX_PRIOR:g} reduced to {MAX_PRIOR:g}"]

    def _check_record(self, line: int, item: Record | TripleFormatError) -> Record | None:
        """Return a valid record; reject an invalid one and return None."""
        if isinstance(item, TripleFormatError):
            self._rejects.add(line, item)
            return None
        try:
            return checked_record(item)
        except InvalidNameError as error:
            self._rejects.refuse(line, None, error)
            return None


def _storable(text: str) -> bool:
    try:
        checked_name(text, "value")
    except InvalidNameError:
        return False
    return True


class _Rejects:
    """Rejected lines: counts them, holds the first ones, and writes all to a file if wanted."""

    def __init__(self, path: str | Path, target: str | Path | None, *, raising: bool) -> None:
        self._path, self._raising = path, raising
        name = "standard-input" if str(path) == "-" else str(path).replace(":", "-", 1)
        if sources.is_server(path):
            name = _NO_NAME.sub("-", str(path))
        self._target = Path(f"{name}.rejected.jsonl" if target is None else target)
        if not raising:
            check_output(self._target, [Path(path)])
        self._out: IO[str] | None = None
        self.count = 0
        self.shown: list[Rejected] = []
        self.file: str | None = None

    def __enter__(self) -> _Rejects:
        return self

    def __exit__(self, *_: object) -> None:
        if self._out is not None:
            self._out.close()

    def refuse(self, line: int, fact: Triple | Attribute | None, error: InvalidNameError) -> None:
        """Reject a line because of an invalid name."""
        text = "\t".join(map(str, fact)) if isinstance(fact, Triple) else error.text
        self.add(line, TripleFormatError(self._path, line or None, error.reason, text))

    def add(self, line: int, error: TripleFormatError) -> None:
        """Reject a line.

        Raises:
            TripleFormatError: The load is to stop at the first bad line.
            StoreError: The file of rejected lines cannot be written.
        """
        if self._raising:
            raise error
        self.count += 1
        if len(self.shown) < MAX_REPORTED_LINES:
            self.shown.append(Rejected(line, str(error)))
        try:
            if self._out is None:
                self._out = self._target.open("w", encoding="utf-8", errors="backslashreplace")
                self.file = str(self._target)
            row = {"line": line, "reason": error.reason, "text": error.text}
            self._out.write(json.dumps(row, ensure_ascii=False) + "\n")
        except OSError as problem:
            raise StoreError(
                f"{self._target}: rejected lines cannot be written there ({problem.strerror});"
                " name another file for them"
            ) from problem
