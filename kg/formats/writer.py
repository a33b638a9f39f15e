"""Writes a graph's statements to a file; the suffix decides the format."""

from __future__ import annotations

import re
from pathlib import Path
from typing import IO, TYPE_CHECKING

from kg.errors import TripleFormatError
from kg.formats.files import create_bytes
from kg.formats.reader import TRIPLES, choose
from kg.types import ExportReport, Statement, Triple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

FORMATS = tuple(item for item in TRIPLES if item.name != "wikidata")
"""The formats that can be written."""

_OTHERS = frozenset(("kgtk", "neo4j", "apoc", "graphml", "gexf"))

BOM = "\ufeff"

STATEMENTS_PER_PROGRESS = 1_000
"""Statements between two calls of ``progress``."""


def write_records(
    target: str | Path,
    statements: Iterable[Statement],
    *,
    format: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> ExportReport:
    """Write statements to a file atomically.

    Args:
        target: The file; the suffixes ``.gz``, ``.bz2`` and ``.zst`` compress it; ``-`` is standard
            output.
        statements: The statements; those of one fact must follow each other.
        format: One of the names in :data:`FORMATS`; by default the suffix decides.
        progress: Called with the number of statements written so far.

    Raises:
        TripleFormatError: The file cannot be written, or its format cannot represent a name.
    """
    path = Path(target)
    name = choose(path, FORMATS, format).name
    if progress is not None:
        statements = _count(statements, progress)
    with create_bytes(path) as stream:
        if name == "jsonl":
            from kg.formats.jsonl import write_jsonl

            return ExportReport(write_jsonl(stream, _distinct(statements)), 0)
        if name in _OTHERS:
            return ExportReport(*_write_other(stream, path, statements, name))
        if name in ("tsv", "csv"):
            return _write_rows(stream, path, statements, quoted=name == "csv")
        return _write_rdf(stream, path, statements, name)


def _count(statements: Iterable[Statement], progress: Callable[[int], None]) -> Iterator[Statement]:
    count = 0
    for count, item in enumerate(statements, 1):
        yield item
        if not count % STATEMENTS_PER_PROGRESS:
            progress(count)
    progress(count)


def _write_other(
    stream: IO[bytes], path: Path, statements: Iterable[Statement], name: str
) -> tuple[int, int]:
    """Write KGTK or a property graph; return the numbers of statements written and lost."""
    if name == "kgtk":
        from kg.formats.kgtk import write_kgtk

        return write_kgtk(stream, path, _distinct(statements))
    if name == "neo4j":
        from kg.formats.property_graph.neo4j_csv import write_neo4j

        return write_neo4j(stream, _distinct(statements))
    if name == "apoc":
        from kg.formats.property_graph.apoc_json import write_apoc

        return write_apoc(stream, _distinct(statements))
    from kg.formats.property_graph import xml_graphs

    write = xml_graphs.write_graphml if name == "graphml" else xml_graphs.write_gexf
    return write(stream, path, _distinct(statements))


def _write_rdf(
    stream: IO[bytes], path: Path, statements: Iterable[Statement], name: str
) -> ExportReport:
    from kg.formats.rdf.syntaxes import RdfWriter  # pyoxigraph is loaded only for RDF

    writer = RdfWriter(path, name)
    writer.write(stream, statements)
    return ExportReport(writer.written, writer.lost)


def _distinct(statements: Iterable[Statement]) -> Iterator[Statement]:
    """Drop repeated statements: two source files may state the same fact."""
    fact: object = None
    seen: set[Statement] = set()
    for item in statements:
        if item.fact != fact:
            fact = item.fact
            seen.clear()
        if item not in seen:
            seen.add(item)
            yield item


def _write_rows(
    stream: IO[bytes], path: Path, statements: Iterable[Statement], *, quoted: bool
) -> ExportReport:
    """Write triples as TSV, or as CSV if ``quoted``."""
    written = left_out = 0
    last: object = None
    if quoted:
        stream.write(b"head,relation,tail\r\n")
    for item in statements:
        fact = item.fact
        if not isinstance(fact, Triple):
            left_out += 1
            continue
        left_out += len(item.qualifiers)
        left_out += sum(part is not None for part in (item.confidence, item.source, item.span))
        if fact == last:
            continue
        if not written and not quoted and fact.head.startswith(BOM):
            stream.write(BOM.encode())  # readers drop one byte order mark; the name keeps its own
        last = fact
        line = _csv_line(fact) if quoted else _tsv_line(fact, path)
        stream.write(line.encode())
        written += 1
    return ExportReport(written, left_out)


_SPECIAL = re.compile(r'[",\r\n]')


def _csv_line(fact: Triple) -> str:
    parts = (
        '"' + part.replace('"', '""') + '"' if _SPECIAL.search(part) else part for part in fact
    )
    return ",".join(parts) + "\r\n"


def _tsv_line(fact: Triple, path: Path) -> str:
    line = "\t".join(fact)
    if line.count("\t") != 2 or "\n" in line or line.endswith("\r"):
        reason = "TSV cannot hold a tab or a line end in a name; use CSV or JSON Lines"
        raise TripleFormatError(path, None, reason, line)
    return line + "\n"
