"""Loads rows in memory (tuples, mappings or a data frame) by way of a temporary file.

Tuples and data frames are read as CSV, so that values are typed by the same rules and a short row
is the same error. Mappings are read as JSON Lines, or as a table if there is a key column.
"""

from __future__ import annotations

import csv
import json
import tempfile
from bisect import bisect
from collections.abc import Iterable, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple, TypeAlias

from kg.errors import TripleFormatError
from kg.formats.text.blocks import Block
from kg.store.rows.sources import STDIN
from kg.vocabulary import XSD

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from kg.formats.line import Line

Rows: TypeAlias = "Iterable[tuple[Any, ...] | list[Any] | Mapping[str, Any]]"
"""Tuples (head, relation, tail), mappings as in JSON Lines, or a data frame of pandas or Polars."""

GIVEN = "the rows given"
"""The name of the rows in messages."""

HEADER = ("head", "relation", "tail")


class Places:
    """Maps the lines of the temporary file to the numbers of rows.

    Args:
        before: The number of lines before the first row.
    """

    def __init__(self, before: int = 0) -> None:
        # (line, row on it): from there on, each row has one line, up to the next start.
        self._starts = [(before + 1, 1)]

    def note(self, row: int, breaks: int) -> None:
        """Note the number of line breaks within a row."""
        if breaks:
            line, first = self._starts[-1]
            self._starts.append((line + row - first + 1 + breaks, row + 1))

    def row(self, line: int) -> int:
        """The number of the row on a line, from 1; 0 for a line before the rows."""
        if not line:
            return 0
        start, first = self._starts[max(bisect(self._starts, (line + 1,)) - 1, 0)]
        return max(first + line - start, 1)

    def rows(self, lines: Iterable[Line | Block]) -> Generator[Line | Block]:
        """Yield the records of the file with numbers of rows in place of lines."""
        for item in lines:
            if isinstance(item, Block):
                yield item._replace(numbers=[self.row(number) for number in item.numbers])
                continue
            number, record = item
            if isinstance(record, TripleFormatError):
                record = self.error(record)
            yield self.row(number), record

    def error(self, error: TripleFormatError) -> TripleFormatError:
        """The error of a line as the error of a row."""
        row = None if error.line is None else self.row(error.line)
        return TripleFormatError(GIVEN, row, error.reason, error.text)


class Input(NamedTuple):
    """The input of a load.

    Attributes:
        name: The name of the input in messages.
        file: The path of the file.
        places: Maps lines to rows; None if the input is a file.
    """

    name: str | Path
    file: str | Path
    places: Places | None = None


@contextmanager
def as_file(rows: str | Path | Rows, *, key: str | None) -> Iterator[Input]:
    """The input of a load: a path as it is, rows in a temporary file.

    Raises:
        TripleFormatError: A row is neither a tuple nor a mapping, or cannot be written to the file;
            or reading the file raised it.
    """
    if isinstance(rows, str | Path):
        yield Input(rows, rows)
        return
    with tempfile.TemporaryDirectory() as folder:
        file, positions = _write(rows, Path(folder), key)
        try:
            yield Input(STDIN, file, positions)
        except TripleFormatError as error:
            if error.path == str(file):
                raise positions.error(error) from error
            raise TripleFormatError(GIVEN, error.line, error.reason, error.text) from error


def _write(rows: Any, folder: Path, key: str | None) -> tuple[Path, Places]:
    """Write the rows to a file in ``folder``; return it, and the lines of the rows."""
    if hasattr(rows, "to_csv") and hasattr(rows, "columns"):
        rows.to_csv(folder / "frame.csv", index=False)
        return folder / "frame.csv", _places_of(rows.itertuples(index=False, name=None))
    if hasattr(rows, "write_csv") and hasattr(rows, "iter_rows"):
        rows.write_csv(folder / "frame.csv")
        return folder / "frame.csv", _places_of(rows.iter_rows())
    items = iter(rows)
    first = next(items, None)
    all_items = items if first is None else chain((first,), items)
    if isinstance(first, Mapping) and key is None:
        return _json_lines(all_items, folder / "rows.jsonl"), Places()
    positions = Places(before=1)
    with (folder / "rows.csv").open("w", encoding="utf-8", newline="") as stream:
        names = list(first) if isinstance(first, Mapping) else list(HEADER)
        _csv(all_items, names, stream, positions, wide=isinstance(first, Mapping))
    return folder / "rows.csv", positions


def _places_of(rows: Iterable[tuple[Any, ...]]) -> Places:
    """The lines of a data frame's rows, whose cells may contain line breaks."""
    positions = Places(before=1)
    for number, row in enumerate(rows, 1):
        positions.note(number, sum(cell.count("\n") for cell in row if isinstance(cell, str)))
    return positions


def _csv(
    rows: Iterable[Any], names: list[str], stream: IO[str], places: Places, *, wide: bool
) -> None:
    writer = csv.writer(stream)
    writer.writerow(names)
    for number, row in enumerate(rows, 1):
        if isinstance(row, Mapping) is not wide or not isinstance(row, tuple | list | Mapping):
            kind = "a mapping" if wide else "a tuple of head, relation and tail"
            raise TripleFormatError(
                GIVEN, number, f"a row must be {kind}, like the first one", repr(row)
            )
        if isinstance(row, Mapping) and not row.keys() <= set(names):
            unknown = sorted(row.keys() - set(names))
            raise TripleFormatError(
                GIVEN, number, f"the first row has no {unknown[0]!r}", repr(row)
            )
        cells = [row.get(name) for name in names] if isinstance(row, Mapping) else row
        texts = [_cell(cell) for cell in cells]
        writer.writerow(texts)
        places.note(number, sum(text.count("\n") for text in texts))


def _json_lines(rows: Iterable[Any], path: Path) -> Path:
    with path.open("w", encoding="utf-8") as stream:
        for number, row in enumerate(rows, 1):
            if not isinstance(row, Mapping):
                raise TripleFormatError(
                    GIVEN, number, "a row must be a mapping, like the first one", repr(row)
                )
            try:
                stream.write(json.dumps(_type_tail(row)) + "\n")
            except (TypeError, ValueError) as error:
                raise TripleFormatError(GIVEN, number, str(error), repr(row)) from error
    return path


def _type_tail(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with its tail as a typed value if JSON has no such type."""
    tail = _plain(row.get("tail"))
    for kind, name in ((datetime, "dateTime"), (date, "date"), (Decimal, "decimal")):
        if isinstance(tail, kind):
            rest = {field: value for field, value in row.items() if field != "tail"}
            return {**rest, "value": _cell(tail), "datatype": XSD + name}
    return {**row, "tail": tail} if "tail" in row else dict(row)


def _cell(value: Any) -> str:
    """A value as the text of a CSV cell."""
    value = _plain(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, date) else str(value)


def _plain(value: Any) -> Any:
    """A NumPy scalar as a Python object."""
    return value.item() if hasattr(value, "item") and hasattr(value, "dtype") else value
