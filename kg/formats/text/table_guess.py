"""Guesses the layout of a CSV or TSV file: one triple per row, or one entity per row."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from kg.errors import TripleFormatError
from kg.formats.files import open_bytes
from kg.formats.reader import TRIPLES, choose
from kg.formats.text.delimited import csv_rows, tsv_rows
from kg.formats.text.encoding import as_utf8
from kg.formats.text.layout import known_header

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Layout: TypeAlias = Literal["triples", "entities"]

SAMPLED_ROWS = 2_000
"""Rows that are read for a guess."""
MIN_DISTINCT_CELLS = 0.98
"""The minimum share of distinct cells in a column that names the rows."""
MAX_DISTINCT_RELATIONS = 0.5
"""The greatest share of distinct relations among the rows of a table of triples."""
NAMES = ("name", "title", "label", "entity", "item", "subject")
"""Usual headings of a column of names, the likeliest first."""
EMPTY_CELLS_FACTOR = 0.25
"""The factor of the score of a column with empty cells."""
SPLITS = (";", "|")
"""Separators of several values in one cell."""
MIN_SPLIT_CELLS = 0.03
"""The minimum share of a column's cells that contain the separator of several values."""
MAX_VALUE_CHARACTERS = 60
"""Characters of one value among several; longer parts are sentences."""


@dataclass(frozen=True, slots=True)
class TableGuess:
    """A guess of a table's layout.

    Attributes:
        layout: "triples" for one triple per row; "entities" for one entity per row and one
            relation per column.
        columns: The names in the header; () without one.
        key: The column with the entities, "" for triples.
        split: The separator of several values in one cell, "" if there is none.
        doubts: Messages on what a person should check before the table is loaded.
    """

    layout: Layout
    columns: tuple[str, ...] = ()
    key: str = ""
    split: str = ""
    doubts: tuple[str, ...] = ()


def guess_table(path: str | Path) -> TableGuess:
    """Guess the layout of a CSV or TSV file from its first 2,000 rows.

    Args:
        path: The file, which may be compressed (.gz .bz2 .zst).

    Returns:
        The guess, to be given to :meth:`kg.KnowledgeGraph.load` as ``key`` and ``split``.

    Raises:
        TripleFormatError: The file is not CSV or TSV, is empty, or has only one column.
        OSError: The file cannot be read.
    """
    path = Path(path)
    rows = list(islice(_rows(path), SAMPLED_ROWS))
    if not rows:
        raise TripleFormatError(path, 1, "the file has no rows", "")
    header, body = rows[0], rows[1:]
    if max(map(len, rows)) < 2:
        raise TripleFormatError(
            path, 1, "the file has one column; a table of facts has two or more", header[0]
        )
    if known_header(header) is not None:
        return TableGuess("triples", tuple(header))
    if len(header) == 3 and _are_triples(rows):
        return TableGuess("triples")
    return _guess_entities(header, body)


def _rows(path: Path) -> Iterator[list[str]]:
    chosen = choose(path, TRIPLES, None)
    if not chosen.has_columns:
        raise TripleFormatError(path, None, f"{chosen.name} is not a table")
    with open_bytes(path) as raw:
        stream = as_utf8(raw, path, [])
        for _, _, fields in (tsv_rows if chosen.name == "tsv" else csv_rows)(stream, path):
            if not isinstance(fields, TripleFormatError):
                yield [field.strip() for field in fields]


def _are_triples(rows: Sequence[Sequence[str]]) -> bool:
    """Whether rows of three cells are triples: their middle cells repeat, as relations do."""
    full_rows = [row for row in rows if len(row) == 3]
    relations = Counter(row[1] for row in full_rows)
    heads = Counter(row[0] for row in full_rows)
    if len(full_rows) < len(rows) or any(map(_is_number, relations)):
        return False
    # If a cell of the first row is repeated in its column, the row is not a header.
    if heads[rows[0][0]] > 1 or relations[rows[0][1]] > 1:
        return True
    repeated = len(relations) <= max(1, MAX_DISTINCT_RELATIONS * len(full_rows))
    return repeated and (len(heads) < len(full_rows) or len(relations) == 1)


def _guess_entities(header: Sequence[str], body: Sequence[Sequence[str]]) -> TableGuess:
    doubts = []
    if any(not name or _is_number(name) for name in header):
        doubts.append("the first line does not look like a header, and this layout needs one")
    names = [name for name in header if name]
    scores = {name: _key_score(name, i, body) for i, name in enumerate(header) if name}
    best = max(names, key=lambda name: scores[name])
    cells = _column(header.index(best), body)
    if len(set(cells)) < MIN_DISTINCT_CELLS * len(body):
        doubts.append(
            f"{len(body) - len(set(cells)):,} of {len(body):,} rows have no {best!r} of their own;"
            " rows with the same name become one entity"
        )
    rivals = [name for name in names if _rank(name) == _rank(best) and scores[name] > 1]
    if len(rivals) > 1 and _rank(best) == len(NAMES):
        doubts.append(f"column {' or '.join(map(repr, rivals[1:4]))} could name the entities too")
    split = _guess_split(header, best, body)
    return TableGuess("entities", tuple(header), best, split, tuple(doubts))


def _column(at: int, body: Sequence[Sequence[str]]) -> list[str]:
    return [row[at] for row in body if at < len(row) and row[at]]


def _rank(name: str) -> int:
    """The rank of a heading among the usual ones; a rank after them for any other heading."""
    words = name.casefold().replace("_", " ").split()
    return next((i for i, word in enumerate(NAMES) if word in words), len(NAMES))


def _key_score(name: str, at: int, body: Sequence[Sequence[str]]) -> float:
    """How well a column names the rows; the score is above 1 if its cells are unique words."""
    cells = _column(at, body)
    if not cells or not body:
        return 0.0
    unique = len(set(cells)) / len(body)
    with_letters = sum(any(map(str.isalpha, cell)) for cell in cells) / len(cells)
    names_rows = float(unique >= MIN_DISTINCT_CELLS and with_letters > MIN_DISTINCT_CELLS)
    heading = 1.0 - _rank(name) / len(NAMES)
    # Among equal columns the first wins. A row without a key would be refused.
    score = names_rows * (1.0 + heading) + 0.5 * unique * with_letters - 0.001 * at
    return score if len(cells) == len(body) else EMPTY_CELLS_FACTOR * score


def _guess_split(header: Sequence[str], key: str, body: Sequence[Sequence[str]]) -> str:
    """The separator of several short values in the cells of a column, "" if there is none."""
    best, best_count = "", 0.0
    for i, name in enumerate(header):
        cells = _column(i, body) if name != key else []
        for sign in SPLITS:
            split_cells = [cell.split(sign) for cell in cells if sign in cell]
            parts = [part.strip() for cell in split_cells for part in cell if part.strip()]
            share = len(split_cells) / max(len(cells), 1)
            if share >= MIN_SPLIT_CELLS and max(map(len, parts), default=0) <= MAX_VALUE_CHARACTERS:
                best, best_count = max((best, best_count), (sign, share), key=lambda item: item[1])
    return best


def _is_number(text: str) -> bool:
    plain = text.strip().replace(",", "").replace("%", "")
    try:
        float(plain)
    except ValueError:
        return False
    return True
