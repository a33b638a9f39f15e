"""Reads tables with one entity per row and one relation per column."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.errors import TripleFormatError
from kg.types import Triple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from kg.formats.line import Line
    from kg.formats.text.layout import Row, TableLayout


def read_wide(rows: Iterable[Row], path: Path, layout: TableLayout) -> Iterator[Line]:
    """Yield the triples of a table: (cell of the key column, name of a column, cell).

    Empty cells give no triple.

    Raises:
        TripleFormatError: The header lacks the key column, or has a name twice.
    """
    names: list[str] = []
    place = -1
    for number, text, fields in rows:
        if isinstance(fields, TripleFormatError):
            yield number, fields
            continue
        if not names:
            names = [name.strip() for name in fields]
            place = _place(names, layout, path, number, text)
            continue
        problem = _problem(fields, names, place)
        if problem:
            yield number, TripleFormatError(path, number, problem, text)
        elif any(cell.strip() for cell in fields):
            for name, cell in _cells(fields, names, place, layout):
                yield number, Triple(fields[place].strip(), name, cell)
    if layout.empty:
        layout.notes.append(f"{layout.empty:,} empty cells skipped")


def _problem(fields: list[str], names: list[str], place: int) -> str:
    """The error in a row, "" if there is none; an empty row is not an error."""
    if any(cell.strip() for cell in fields[len(names) :]):
        return f"{len(fields)} columns, but the header has {len(names)}"
    has_key = place < len(fields) and bool(fields[place].strip())
    if not has_key and any(cell.strip() for cell in fields):
        return f"the key column {names[place]!r} is empty"
    return ""


def _cells(
    fields: list[str], names: list[str], place: int, layout: TableLayout
) -> Iterator[tuple[str, str]]:
    """Yield (name of the column, value) for each value of a row."""
    for i, name in enumerate(names):
        if i != place and name:
            for cell in _values(fields[i] if i < len(fields) else "", layout):
                yield name, cell


def _values(cell: str, layout: TableLayout) -> list[str]:
    parts = [cell] if layout.split is None else cell.split(layout.split)
    values = [part.strip() for part in parts if part.strip()]
    layout.empty += not values
    return values


def _place(names: list[str], layout: TableLayout, path: Path, number: int, text: str) -> int:
    """The position of the key column."""
    folded = [name.casefold() for name in names]
    key = (layout.key or "").strip().casefold()
    if key not in folded:
        reason = f"the header has no column {layout.key!r}; it has {', '.join(filter(None, names))}"
        raise TripleFormatError(path, number, reason, text)
    twice = sorted({name for name in folded if name and folded.count(name) > 1})
    if twice:
        raise TripleFormatError(path, number, f"the header has {twice[0]!r} twice", text)
    relations = [name for name in names if name and name.casefold() != key]
    layout.notes.append(
        f"one entity per row: {names[folded.index(key)]!r} is the key, the relations are"
        f" {', '.join(relations)}"
    )
    return folded.index(key)
