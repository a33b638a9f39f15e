"""Reads and writes N-Triples, N-Quads, Turtle, RDF/XML and JSON-LD with pyoxigraph.

IRIs are kept as keys; blank nodes get names that include their file
(:mod:`kg.formats.rdf.blank_nodes`). :mod:`kg.vocabulary` lists the predicates that become labels,
aliases, descriptions and types.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import IO, TYPE_CHECKING, cast
from xml.parsers import expat

import pyoxigraph as ox

from kg.errors import TripleFormatError
from kg.formats.rdf.blank_nodes import BlankNodes
from kg.formats.rdf.reifiers import join_reifiers
from kg.formats.rdf.terms import quad_of, record_of, reifier_of
from kg.formats.text.encoding import without_mark
from kg.formats.text.lines import byte_lines, decode
from kg.types import Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from kg.formats.line import Line
    from kg.formats.rdf.reifiers import Reifier
    from kg.types import Record, Statement

    Read = tuple[int, Record | Reifier | TripleFormatError]

LINES_PER_CHUNK = 2_000
"""Lines parsed together."""

_NAMES = {
    ox.RdfFormat.N_TRIPLES: "N-Triples",
    ox.RdfFormat.N_QUADS: "N-Quads",
    ox.RdfFormat.TURTLE: "Turtle",
    ox.RdfFormat.RDF_XML: "RDF/XML",
    ox.RdfFormat.JSON_LD: "JSON-LD",
}
_FORMATS = {
    "nt": ox.RdfFormat.N_TRIPLES,
    "nt12": ox.RdfFormat.N_TRIPLES,
    "nq": ox.RdfFormat.N_QUADS,
    "ttl": ox.RdfFormat.TURTLE,
    "ttl12": ox.RdfFormat.TURTLE,
    "rdf": ox.RdfFormat.RDF_XML,
    "jsonld": ox.RdfFormat.JSON_LD,
}
_GRAPHS = {ox.RdfFormat.N_QUADS, ox.RdfFormat.JSON_LD}
_PREFIXES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "schema": "http://schema.org/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


def read_ntriples(stream: IO[bytes], path: Path, *, document: str) -> Iterator[Line]:
    """Read one statement per line; comment lines are skipped."""
    return join_reifiers(_read_lines(stream, path, ox.RdfFormat.N_TRIPLES, document))


def read_nquads(stream: IO[bytes], path: Path, *, document: str) -> Iterator[Line]:
    """Read one statement per line; its named graph becomes its source."""
    return join_reifiers(_read_lines(stream, path, ox.RdfFormat.N_QUADS, document))


def read_turtle(stream: IO[bytes], path: Path, *, document: str) -> Iterator[Line]:
    """Read a Turtle file. Only errors have a line number, statements have 0."""
    return join_reifiers(_read_whole(without_mark(stream), path, ox.RdfFormat.TURTLE, document))


def read_rdfxml(stream: IO[bytes], path: Path, *, document: str) -> Iterator[Line]:
    """Read an RDF/XML file; a malformed statement ends the reading."""
    checked = _Xml(stream, path)
    yield from join_reifiers(_read_whole(checked, path, ox.RdfFormat.RDF_XML, document))
    checked.end()


def read_jsonld(stream: IO[bytes], path: Path, *, document: str) -> Iterator[Line]:
    """Read a JSON-LD file; remote contexts are not fetched."""
    return join_reifiers(_read_whole(stream, path, ox.RdfFormat.JSON_LD, document))


# ── line by line ─────────────────────────────────────────────────────────────────────────────────


def _read_lines(stream: IO[bytes], path: Path, form: ox.RdfFormat, document: str) -> Iterator[Read]:
    names = BlankNodes(document, generated=False)
    numbered = byte_lines(stream, path)
    while chunk := list(islice(numbered, LINES_PER_CHUNK)):
        statements = [(number, raw) for number, raw in chunk if _is_statement(raw)]
        try:
            body = b"".join(raw if raw.endswith(b"\n") else raw + b"\n" for _, raw in statements)
            quads = list(ox.parse(body, format=form))
        except (SyntaxError, ValueError):
            quads = []
        # A bare carriage return ends a line in RDF, but not in the file.
        if len(quads) != len(statements) or b"\r" in body:
            for number, raw in statements:
                yield _one(raw, path, number, form, names)
            continue
        for (number, raw), quad in zip(statements, quads, strict=True):
            record = record_of(quad, names)
            if isinstance(record, str):
                yield number, TripleFormatError(path, number, record, raw.decode().strip())
            else:
                yield number, record


def _is_statement(raw: bytes) -> bool:
    body = raw.strip(b" \t\r\n")
    return bool(body) and not body.startswith(b"#")


def _one(raw: bytes, path: Path, number: int, form: ox.RdfFormat, names: BlankNodes) -> Read:
    """The statement of one line, or the error in it."""
    body = raw.removesuffix(b"\n").removesuffix(b"\r")
    try:
        text = decode(body, path, number)
    except TripleFormatError as error:
        return number, error
    try:
        quads = list(ox.parse(text, format=form))
    except (SyntaxError, ValueError) as error:
        return number, TripleFormatError(path, number, f"not {_NAMES[form]} ({_why(error)})", text)
    if len(quads) != 1:
        reason = f"not {_NAMES[form]} (one statement a line, found {len(quads)})"
        return number, TripleFormatError(path, number, reason, text)
    record = record_of(quads[0], names)
    if isinstance(record, str):
        return number, TripleFormatError(path, number, record, text)
    return number, record


# ── as a whole ───────────────────────────────────────────────────────────────────────────────────


def _read_whole(
    stream: IO[bytes] | _Xml, path: Path, form: ox.RdfFormat, document: str
) -> Iterator[Read]:
    """Yield statements in the order of the file; after an error in Turtle, parsing continues."""
    parser = ox.parse(cast("IO[bytes]", stream), format=form)
    names = BlankNodes(document, generated=True)
    last: tuple[int | None, int | None] | None = None
    while True:
        try:
            quad = next(parser, None)
        except SyntaxError as error:
            number = error.lineno
            problem = TripleFormatError(path, number, f"not {_NAMES[form]} ({_why(error)})", "")
            if form is not ox.RdfFormat.TURTLE or (number, error.offset) == last:
                raise problem from error
            last = number, error.offset
            yield number or 0, problem
            continue
        if quad is None:
            return
        record = record_of(quad, names)
        if isinstance(record, str):
            yield 0, TripleFormatError(path, None, record, str(quad))
        else:
            yield 0, record


class _Xml:
    """Checks that a stream of XML is complete, because pyoxigraph accepts a truncated file."""

    def __init__(self, stream: IO[bytes], path: Path) -> None:
        self._stream, self._path = stream, path
        self._parser = expat.ParserCreate()

    def read(self, size: int = -1) -> bytes:
        """Read and check the next bytes."""
        raw = self._stream.read(size)
        self._check(raw, final=False)
        return raw

    def end(self) -> None:
        """Check that every element is closed.

        Raises:
            TripleFormatError: The XML is malformed or truncated.
        """
        self._check(b"", final=True)

    def _check(self, raw: bytes, *, final: bool) -> None:
        try:
            self._parser.Parse(raw, final)
        except expat.ExpatError as error:
            reason = f"not RDF/XML ({expat.ErrorString(error.code)})"
            raise TripleFormatError(self._path, error.lineno, reason, "") from error


def _why(error: Exception) -> str:
    reason = error.msg if isinstance(error, SyntaxError) else str(error)
    return _POSITION.sub("", reason or "malformed")


_POSITION = re.compile(r"^(?:Parser )?error at line [^:]*: ")


# ── writing ──────────────────────────────────────────────────────────────────────────────────────


class RdfWriter:
    """Writes statements in an RDF format, given by name.

    Attributes:
        written: Number of statements written.
        lost: Number of parts of statements that the format cannot represent.
    """

    def __init__(self, path: Path, name: str) -> None:
        self._path, self._form = path, _FORMATS[name]
        self._reifies = name.endswith("12")
        self.written = self.lost = 0

    def write(self, stream: IO[bytes], statements: Iterable[Statement]) -> None:
        """Write all statements.

        Raises:
            TripleFormatError: RDF/XML cannot represent a name or a value.
        """
        prefixes = _PREFIXES if self._form in (ox.RdfFormat.TURTLE, ox.RdfFormat.RDF_XML) else None
        ox.serialize(self._quads(statements), stream, format=self._form, prefixes=prefixes)

    def _quads(self, statements: Iterable[Statement]) -> Iterator[ox.Quad]:
        graphs = self._form in _GRAPHS
        last: ox.Quad | None = None
        for number, item in enumerate(statements, 1):
            if self._form is ox.RdfFormat.RDF_XML:
                self._check_xml(item)
            quad, lost = quad_of(item, graphs=graphs)
            if self._reifies and (item.qualifiers or item.confidence is not None):
                more, of_values = reifier_of(item, quad, number)
                self.lost += of_values + (item.source is not None)
                self.written += 1
                last = None
                yield from (quad, *more)
                continue
            self.lost += lost
            if quad == last:  # the statements differ only in parts that RDF cannot represent
                continue
            last = quad
            self.written += 1
            yield quad

    def _check_xml(self, item: Statement) -> None:
        quad, _ = quad_of(item, graphs=False)
        value = item.fact[2].value if isinstance(item.fact[2], Literal) else ""
        if _NOT_XML.search(value):
            reason = "RDF/XML cannot hold this character of a value; take another format"
            raise TripleFormatError(self._path, None, reason, value)
        if not _XML_NAME.fullmatch(quad.predicate.value):
            reason = "RDF/XML needs relations that end in a word; take another format"
            raise TripleFormatError(self._path, None, reason, item.fact[1])


_NOT_XML = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")
_XML_NAME = re.compile(r".*[^\W\d](?:[\w.-])*\Z", re.DOTALL)
