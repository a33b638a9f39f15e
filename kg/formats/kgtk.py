"""KGTK's TSV: edges with the columns node1, label, node2 and id, and qualifiers.

An edge whose node1 is the id of another edge is a qualifier of it. Text is in double quotes, text
of a language is 'text'@en, numbers are as they are, with a unit as 12.5Q11573, dates begin with ^,
and True and False are truth values; anything else is a key. The labels ``label``, ``alias`` and
``description`` are an entity's; ``rdf:type`` is a type. Several values of a cell are separated by a
bar. Format: https://kgtk.readthedocs.io/en/latest/specification/
"""

from __future__ import annotations

import re
from typing import IO, TYPE_CHECKING

from kg.errors import TripleFormatError
from kg.formats.text.lines import text_lines
from kg.types import Attribute, Literal, Qualifier, Statement, Triple
from kg.vocabulary import ALIAS, DESCRIPTION, ENTITY, IRI, LABEL, PRIOR, TYPE, XSD

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from kg.formats.line import Line

_MEANT = {
    "label": LABEL,
    "alias": ALIAS,
    "description": DESCRIPTION,
    "rdf:type": TYPE,
    "kptm:prior": PRIOR,
    "kptm:entity": ENTITY,
}
_NAMES = {relation: name for name, relation in _MEANT.items()}
CONFIDENCE, SOURCE = "kptm:confidence", "kptm:source"
"""Qualifiers with the confidence and source of a statement."""
_COLUMNS = {
    "node1": ("node1", "from", "subject"),
    "label": ("label", "predicate", "relation"),
    "node2": ("node2", "to", "object"),
}
_NUMBER = re.compile(
    r"(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?P<unit>Q\d+|[a-zA-Zµ%/]\S*)?"
)
_TEXT = re.compile(r"'(?P<text>.*)'@(?P<language>[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*)", re.DOTALL)
_DATE = re.compile(
    r"\^(?P<date>[+-]?\d{4,}(?:-\d\d){0,2})"
    r"(?:T(?P<time>[\d:.]+)(?P<zone>Z|[+-]\d\d:\d\d)?)?(?:/(?P<precision>\d{1,2}))?"
)
_YEAR, _MONTH, _DAY = 9, 10, 11
"""Precisions of dates, as in Wikidata."""
_DATES = {_YEAR: ("gYear", 1), _MONTH: ("gYearMonth", 2), _DAY: ("date", 3)}
_ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "|": "\\|"}
_SPECIAL = re.compile(r"""["'^!@+\-.\d]""")


class _MalformedError(Exception):
    """A line is malformed; the message is the reason."""


def read_kgtk(stream: IO[bytes], path: Path) -> Iterator[Line]:
    """Read edges; an edge is held until the qualifiers that follow it have been read."""
    header: dict[str, int] | None = None
    edge: tuple[int, str, list[Statement]] | None = None
    for number, text in text_lines(stream, path):
        if isinstance(text, TripleFormatError):
            yield number, text
            continue
        if not text.strip():
            continue
        cells = text.split("\t")
        if header is None:
            header = _header(cells, path, number)
            continue
        try:
            name, node1, label, node2 = _cells(cells, header)
            if edge is not None and node1 == edge[1]:
                _qualify(edge[2], label, node2)
                continue
            if edge is not None:
                yield from ((edge[0], _plain(item)) for item in edge[2])
            edge = number, name, _statements(node1, label, node2)
        except _MalformedError as error:
            yield number, TripleFormatError(path, number, str(error), text)
    if edge is not None:
        yield from ((edge[0], _plain(item)) for item in edge[2])


def _header(cells: list[str], path: Path, number: int) -> dict[str, int]:
    column_numbers = {}
    for column, names in _COLUMNS.items():
        columns = [cells.index(name) for name in names if name in cells]
        if not columns:
            reason = f"the header has no column {column}"
            raise TripleFormatError(path, number, reason, "\t".join(cells))
        column_numbers[column] = columns[0]
    if "id" in cells:
        column_numbers["id"] = cells.index("id")
    return column_numbers


def _cells(cells: list[str], header: dict[str, int]) -> tuple[str, str, str, str]:
    if len(cells) <= max(header[name] for name in _COLUMNS):
        raise _MalformedError(f"{len(cells)} cells, but the header has more")
    node1, label, node2 = (cells[header[name]] for name in ("node1", "label", "node2"))
    if not node1 or not label or not node2:
        raise _MalformedError("node1, label and node2 must not be empty")
    id_column = header.get("id", len(cells))
    return (cells[id_column] if id_column < len(cells) else ""), node1, label, node2


def _statements(node1: str, label: str, node2: str) -> list[Statement]:
    head, relation = _symbol(node1), _MEANT.get(label) or _symbol(label)
    statements = []
    for part in _parts(node2):
        value = _value(part)
        if isinstance(value, str) and relation == TYPE:
            value = Literal(value, IRI)
        fact = (
            Triple(head, relation, value)
            if isinstance(value, str)
            else Attribute(head, relation, value)
        )
        statements.append(Statement(fact))
    return statements


def _qualify(statements: list[Statement], label: str, node2: str) -> None:
    value = _value(node2)
    for at, item in enumerate(statements):
        if label == CONFIDENCE and isinstance(value, Literal):
            statements[at] = Statement(
                item.fact, float(value.value), item.qualifiers, item.source, item.span
            )
        elif label == SOURCE and isinstance(value, Literal):
            statements[at] = Statement(
                item.fact, item.confidence, item.qualifiers, value.value, item.span
            )
        else:
            pairs = (*item.qualifiers, Qualifier(_symbol(label), value))
            statements[at] = Statement(item.fact, item.confidence, pairs, item.source, item.span)


def _plain(item: Statement) -> Triple | Attribute | Statement:
    return item.fact if item == Statement(item.fact) else item


def _parts(cell: str) -> list[str]:
    """The values of a cell, separated by bars that are not escaped."""
    return [part for part in re.split(r"(?<!\\)\|", cell) if part]


def _value(cell: str) -> str | Literal:
    """A key or a value; see the module."""
    if cell in ("True", "False"):
        return Literal(cell.lower(), f"{XSD}boolean")
    if cell[0] == '"':
        if len(cell) < 2 or cell[-1] != '"':
            raise _MalformedError("text without its closing quotation mark")
        return Literal(_unescape(cell[1:-1]))
    if cell[0] == "'":
        match = _TEXT.fullmatch(cell)
        if match is None:
            raise _MalformedError("text of a language is written as 'text'@en")
        return Literal(_unescape(match["text"]), "", match["language"])
    if cell[0] == "^":
        return _date(cell)
    if cell[0] == "!" or (cell[0] == "@" and "/" in cell):
        return Literal(cell)  # a private format, or coordinates: as they are
    number = _NUMBER.fullmatch(cell)
    if number is None:
        return _symbol(cell)
    text = number["number"]
    kind = "integer" if re.fullmatch(r"[+-]?\d+", text) else "decimal"
    kind = "double" if re.search("[eE]", text) else kind
    return Literal(text, f"{XSD}{kind}", "", number["unit"] or "")


def _date(cell: str) -> Literal:
    match = _DATE.fullmatch(cell)
    if match is None:
        raise _MalformedError("a date is written as ^2001-05-13T00:00:00Z/11")
    date, precision = match["date"], int(match["precision"] or _DAY)
    parts = date.lstrip("+").split("-") if not date.startswith("-") else None
    if match["time"] and match["time"] not in ("00:00:00", "00:00"):
        return Literal(f"{date.lstrip('+')}T{match['time']}{match['zone'] or ''}", f"{XSD}dateTime")
    if parts is None or precision not in _DATES:
        return Literal(cell)
    kind, count = _DATES[precision]
    if len(parts) < count:
        kind, count = {1: _DATES[_YEAR], 2: _DATES[_MONTH]}[len(parts)]
    return Literal("-".join(parts[:count]), f"{XSD}{kind}")


def _symbol(cell: str) -> str:
    return _unescape(cell)


def _unescape(text: str) -> str:
    if "\\" not in text:
        return text
    known = {"t": "\t", "n": "\n", "r": "\r"}
    return re.sub(r"\\(.)", lambda match: known.get(match[1], match[1]), text, flags=re.DOTALL)


def _escape(text: str, also: str = "") -> str:
    table = _ESCAPES | {char: "\\" + char for char in also}
    return "".join(table.get(char, char) for char in text)


def write_kgtk(stream: IO[bytes], path: Path, statements: Iterable[Statement]) -> tuple[int, int]:
    """Write an edge per statement; return the numbers of statements written and lost.

    Raises:
        TripleFormatError: A key looks like a value of KGTK.
    """
    written = lost = 0
    stream.write(b"id\tnode1\tlabel\tnode2\n")
    for item in statements:
        written += 1
        head, relation, end = item.fact
        value, more = _cell(end, path)
        lost += more + (item.span is not None)
        edge = f"E{written}"
        rows = [(edge, _key(head, path), _NAMES.get(relation) or _key(relation, path), value)]
        details = list(item.qualifiers)
        if item.confidence is not None:
            details.append(Qualifier(CONFIDENCE, Literal(repr(item.confidence), f"{XSD}decimal")))
        if item.source is not None:
            details.append(Qualifier(SOURCE, Literal(item.source)))
        for i, pair in enumerate(details):
            value, more = _cell(pair.value, path)
            lost += more
            name = pair.relation
            rows.append((f"{edge}-{i}", edge, _key(name, path), value))
        stream.write("".join("\t".join(row) + "\n" for row in rows).encode())
    return written, lost


def _key(key: str, path: Path) -> str:
    if _SPECIAL.match(key) or key in ("True", "False"):
        reason = "KGTK reads a key that begins with this character as a value; use JSON Lines"
        raise TripleFormatError(path, None, reason, key)
    return _escape(key)


def _cell(end: str | Literal, path: Path) -> tuple[str, int]:
    """A key or value as KGTK writes it, and whether its datatype is lost."""
    if isinstance(end, str):
        return _key(end, path), 0
    if end.datatype == IRI:
        return _key(end.value, path), 0
    if end.language:
        return f"'{_escape(end.value, chr(39))}'@{end.language}", 0
    cell = _value_form(end)
    if cell is not None:
        back = _value(cell)
        if isinstance(back, Literal) and (back.value, back.unit) == (end.value, end.unit):
            return cell, int(back.datatype != end.datatype)
    lost = int(end.datatype != "" or end.unit != "")
    return f'"{_escape(end.value, chr(34))}"', lost


def _value_form(item: Literal) -> str | None:
    """A number, date or truth value; None for text and for values that KGTK cannot express."""
    kind = item.datatype.removeprefix(XSD)
    if kind in ("integer", "decimal", "double"):
        return item.value + item.unit if _NUMBER.fullmatch(item.value + item.unit) else None
    if kind == "boolean":
        return {"true": "True", "false": "False"}.get(item.value)
    precision = {name: number for number, (name, _) in _DATES.items()}.get(kind)
    if precision is None or not re.fullmatch(r"\d{4}(-\d\d){0,2}", item.value):
        return None
    date = item.value + "-01" * (2 - item.value.count("-"))
    return f"^{date}T00:00:00Z/{precision}"
