"""CSV with the headers of ``neo4j-admin database import``.

A file has nodes (``:ID`` or ``movieId:ID(Movie)``, ``:LABEL``) or edges (``:START_ID``,
``:END_ID``, ``:TYPE``), and properties with a type, such as ``born:int`` or ``roles:string[]``,
whose values a semicolon separates. The writer makes a ZIP archive of ``nodes.csv`` and
``relationships.csv``; the reader accepts the archive and single files.
"""

from __future__ import annotations

import csv
import io
import re
import shutil
import tempfile
import zipfile
from contextlib import contextmanager
from itertools import chain
from typing import IO, TYPE_CHECKING, NamedTuple, cast

from kg.errors import TripleFormatError
from kg.formats.property_graph.graph_records import (
    DATATYPES,
    NEO4J,
    Edge,
    Node,
    PropertyGraph,
    columns_of,
    records_of_node,
    statement_of_edge,
)
from kg.types import Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from kg.formats.line import Line
    from kg.types import Statement

SEPARATOR = ";"
"""The separator of values in a list, which is neo4j-admin's default."""
NODES, EDGES = "nodes.csv", "relationships.csv"
_HEADER = re.compile(
    r"(?P<name>.*?)(?::(?P<kind>[A-Za-z_]+)(?:\((?P<group>[^)]*)\))?(?P<many>\[\])?)?", re.DOTALL
)
_MAX_BYTES_IN_MEMORY = 16 << 20
"""Bytes of an archive that are kept in memory; a larger one goes to a temporary file."""
_MAGIC = b"PK\x03\x04"


class _Column(NamedTuple):
    name: str
    kind: str
    group: str
    many: bool


def read_neo4j(stream: IO[bytes], path: Path) -> Iterator[Line]:
    """Read a file of nodes, a file of edges, or an archive of both."""
    start = stream.read(len(_MAGIC))
    if start != _MAGIC:
        yield from _read_table(_Joined(start, stream), path)
        return
    with _seekable(start, stream) as file, _open_archive(file, path) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".csv"))
        # Nodes come first, so that their labels are there when an edge names them.
        for name in sorted(names, key=lambda name: "relation" in name):
            with archive.open(name) as member:
                yield from _read_table(member, path / name)


@contextmanager
def _open_archive(file: IO[bytes], path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(file) as archive:
            if not any(name.endswith(".csv") for name in archive.namelist()):
                raise TripleFormatError(path, None, "the archive has no CSV file")
            yield archive
    except zipfile.BadZipFile as error:
        raise TripleFormatError(path, None, f"a damaged archive ({error})") from error


@contextmanager
def _seekable(start: bytes, stream: IO[bytes]) -> Iterator[IO[bytes]]:
    with tempfile.SpooledTemporaryFile(_MAX_BYTES_IN_MEMORY) as file:
        file.write(start)
        shutil.copyfileobj(stream, file)
        file.seek(0)
        yield file


class _Joined(io.RawIOBase):
    """A stream whose first bytes were read already."""

    def __init__(self, start: bytes, stream: IO[bytes]) -> None:
        self._start, self._stream = start, stream

    def readable(self) -> bool:
        """It can be read."""
        return True

    def readinto(self, buffer: object) -> int:
        """Read the next bytes."""
        view = memoryview(buffer)  # type: ignore[arg-type]
        part = self._start[: len(view)] or self._stream.read(len(view))
        self._start = self._start[len(view) :]
        view[: len(part)] = part
        return len(part)


def _read_table(stream: IO[bytes] | io.RawIOBase, path: Path) -> Iterator[Line]:
    raw = io.BufferedReader(stream) if isinstance(stream, _Joined) else stream
    text = io.TextIOWrapper(cast("IO[bytes]", raw), encoding="utf-8-sig", newline="")
    rows = csv.reader(text, strict=True)
    columns: list[_Column] = []
    is_edge = False
    while True:
        number = rows.line_num + 1
        try:
            row = next(rows, None)
        except (csv.Error, UnicodeDecodeError) as error:
            raise TripleFormatError(path, number, f"not CSV ({error})") from error
        if row is None:
            break
        if not columns:
            columns, is_edge = _header(row, path, number)
        elif row:
            yield from _row(row, columns, path, number, is_edge=is_edge)


def _header(row: Sequence[str], path: Path, number: int) -> tuple[list[_Column], bool]:
    columns = []
    for cell in row:
        match = _HEADER.fullmatch(cell.strip())
        kind = (match["kind"] if match else None) or "string"
        name = (match["name"] if match else "") or ""
        group = (match["group"] if match else None) or ""
        columns.append(_Column(name, kind, group, bool(match and match["many"])))
    kinds = [column.kind for column in columns]
    if {"START_ID", "END_ID"} <= {*kinds}:
        return columns, True
    if kinds.count("ID") == 1:
        return columns, False
    reason = "the header has neither :ID nor :START_ID and :END_ID; see neo4j-admin"
    raise TripleFormatError(path, number, reason, ",".join(row))


def _row(
    row: Sequence[str], columns: Sequence[_Column], path: Path, number: int, *, is_edge: bool
) -> Iterator[Line]:
    if len(row) != len(columns):
        reason = f"{len(row)} cells, but the header has {len(columns)}"
        yield number, TripleFormatError(path, number, reason, ",".join(row))
        return
    ends: dict[str, str] = {}
    types: list[str] = []
    properties: dict[str, list[Literal]] = {}
    for column, cell in zip(columns, row, strict=True):
        if column.kind in ("ID", "START_ID", "END_ID"):
            ends[column.kind] = f"{column.group}/{cell}" if column.group and cell else cell
            if column.name and cell:
                properties[column.name] = [Literal(cell)]
        elif column.kind in ("LABEL", "TYPE"):
            types += [part for part in cell.split(SEPARATOR) if part]
        elif column.kind != "IGNORE" and cell and column.name:
            properties[column.name] = _values(cell, column)
    wanted = ("START_ID", "END_ID") if is_edge else ("ID",)
    if not all(ends.get(kind) for kind in wanted) or (is_edge and len(types) != 1):
        reason = "an edge needs two ids and a type" if is_edge else "a node needs an id"
        yield number, TripleFormatError(path, number, reason, ",".join(row))
    elif is_edge:
        edge = Edge(ends["START_ID"], types[0], ends["END_ID"], properties)
        yield number, statement_of_edge(edge)
    else:
        for record in records_of_node(Node(ends["ID"], dict.fromkeys(types), properties), NEO4J):
            yield number, record


def _values(cell: str, column: _Column) -> list[Literal]:
    datatype = DATATYPES.get(column.kind.lower(), "")
    parts = cell.split(SEPARATOR) if column.many else [cell]
    return [Literal(part, datatype) for part in parts if part]


def write_neo4j(stream: IO[bytes], statements: Iterable[Statement]) -> tuple[int, int]:
    """Write an archive of two files; return the numbers of statements written and lost."""
    graph = PropertyGraph(statements, NEO4J)
    with zipfile.ZipFile(_Unseekable(stream), "w", zipfile.ZIP_DEFLATED) as archive:
        columns = columns_of(node.properties for node in graph.nodes.values())
        rows: Iterable[list[str]] = (
            [node.key, SEPARATOR.join(node.types), *_cells(node.properties, columns, graph)]
            for node in graph.nodes.values()
        )
        _write_table(archive, NODES, [":ID", ":LABEL", *_names(columns)], rows)
        columns = columns_of(edge.properties for edge in graph.edges)
        rows = (
            [edge.head, edge.relation, edge.tail, *_cells(edge.properties, columns, graph)]
            for edge in graph.edges
        )
        header = [":START_ID", ":TYPE", ":END_ID", *_names(columns)]
        _write_table(archive, EDGES, header, rows)
    return graph.written, graph.lost


class _Unseekable(io.RawIOBase):
    """A stream for writing only, since the target may be standard output or compressed."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def writable(self) -> bool:
        """It can be written."""
        return True

    def write(self, data: object) -> int:
        """Write bytes."""
        raw = bytes(data)  # type: ignore[call-overload]
        self._stream.write(raw)
        return len(raw)


def _names(columns: Mapping[str, tuple[str, bool]]) -> list[str]:
    return [f"{name}:{kind}{'[]' * many}" for name, (kind, many) in columns.items()]


def _cells(
    properties: Mapping[str, list[Literal]],
    columns: Mapping[str, tuple[str, bool]],
    graph: PropertyGraph,
) -> Iterator[str]:
    for name, (kind, many) in columns.items():
        values = properties.get(name, [])
        graph.lost += sum(DATATYPES[kind] != value.datatype for value in values)
        # A separator inside a value, or an empty value, could not be read back.
        graph.lost += sum(
            not value.value or (many and SEPARATOR in value.value) for value in values
        )
        yield SEPARATOR.join(value.value for value in values)


def _write_table(
    archive: zipfile.ZipFile, name: str, header: list[str], rows: Iterable[list[str]]
) -> None:
    with archive.open(name, "w", force_zip64=True) as member:
        text = io.TextIOWrapper(member, encoding="utf-8", newline="")
        csv.writer(text, lineterminator="\n").writerows(chain([header], rows))
        text.flush()
        text.detach()
