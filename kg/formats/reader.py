"""Chooses the format of a file by its suffix or by name, and reads its records."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

from kg.errors import TripleFormatError
from kg.formats.files import PACKED, STANDARD, open_bytes, unpacked_suffix
from kg.formats.text.encoding import as_utf8
from kg.formats.text.layout import TableLayout

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from kg.formats.line import Line
    from kg.formats.text.blocks import Block
    from kg.formats.text.layout import Columns
    from kg.formats.wikidata_subset import WikidataSubset


class Format(NamedTuple):
    """A format that can be read.

    Attributes:
        name: The name for the argument ``format``.
        suffixes: The suffixes of its files, in lower case.
        module: The module of its reader under ``kg.formats``, imported on first use.
        reader: The name of the reader function.
        has_columns: Whether the reader has the argument ``columns``.
        has_blanks: Whether the reader has the argument ``document``, the scope of blank nodes.
        has_notes: Whether the reader has the argument ``notes``, a list of what it converted.
        has_subset: Whether the reader has the argument ``subset``, the part of the file to read.
    """

    name: str
    suffixes: tuple[str, ...]
    module: str
    reader: str
    has_columns: bool = False
    has_blanks: bool = False
    has_notes: bool = False
    has_subset: bool = False

    def read(
        self,
        stream: IO[bytes],
        path: Path,
        columns: Columns | TableLayout | None,
        document: str,
        subset: WikidataSubset | None = None,
    ) -> Iterator[Line | Block]:
        """Stream the records of a file."""
        reader: Callable[..., Iterator[Line | Block]]
        reader = getattr(import_module(f"kg.formats.{self.module}"), self.reader)
        if self.has_blanks:
            return reader(stream, path, document=document)
        notes = columns.notes if isinstance(columns, TableLayout) else []
        if self.has_subset:
            return reader(stream, path, notes, subset)
        if self.has_notes:
            return reader(stream, path, notes)
        return reader(stream, path, columns) if self.has_columns else reader(stream, path)


TRIPLES = (
    Format("tsv", (".tsv", ".txt"), "text.blocks", "read_tsv_blocks", has_columns=True),
    Format("csv", (".csv",), "text.delimited", "read_csv", has_columns=True),
    Format("jsonl", (".jsonl", ".ndjson"), "jsonl", "read_jsonl"),
    Format("nt", (".nt",), "rdf.syntaxes", "read_ntriples", has_blanks=True),
    Format("nq", (".nq",), "rdf.syntaxes", "read_nquads", has_blanks=True),
    Format("ttl", (".ttl", ".turtle"), "rdf.syntaxes", "read_turtle", has_blanks=True),
    Format("rdf", (".rdf", ".xml", ".owl"), "rdf.syntaxes", "read_rdfxml", has_blanks=True),
    Format("jsonld", (".jsonld",), "rdf.syntaxes", "read_jsonld", has_blanks=True),
    Format("wikidata", (".json",), "wikidata", "read_wikidata", has_notes=True, has_subset=True),
    Format("kgtk", (".kgtk",), "kgtk", "read_kgtk"),
    Format("neo4j", (".neo4j",), "property_graph.neo4j_csv", "read_neo4j"),
    Format("apoc", (".apoc",), "property_graph.apoc_json", "read_apoc"),
    Format("graphml", (".graphml",), "property_graph.xml_graphs", "read_graphml", has_notes=True),
    Format("gexf", (".gexf",), "property_graph.xml_graphs", "read_gexf", has_notes=True),
    Format("nt12", (".nt12",), "rdf.syntaxes", "read_ntriples", has_blanks=True),
    Format("ttl12", (".ttl12",), "rdf.syntaxes", "read_turtle", has_blanks=True),
)
ENTITIES = (
    Format("jsonl", (".jsonl", ".ndjson"), "jsonl", "read_entities_jsonl"),
    Format("json", (".json",), "entities", "read_entities_json"),
    Format("csv", (".csv",), "entities", "read_entities_csv", has_columns=True),
    Format("tsv", (".tsv", ".txt"), "entities", "read_entities_tsv", has_columns=True),
)

NO_SUBSET = (
    "only Wikidata's dump is read in part; name no types, languages or properties for others"
)
"""The error of a subset of a file in another format."""


def read_triples(
    path: str | Path,
    *,
    format: str | None = None,
    columns: Columns | None = None,
    layout: TableLayout | None = None,
    document: str | None = None,
    subset: WikidataSubset | None = None,
) -> Generator[Line | Block]:
    """Stream the records of a file: triples, and whatever else its format contains.

    Args:
        path: The file, compressed or not; ``-`` is standard input.
        format: One of the names in :data:`TRIPLES`; by default the suffix decides.
        columns: For TSV and CSV: the columns of head, relation and tail.
        layout: For TSV and CSV: a full description of the table, instead of ``columns``; the reader
            appends its guesses to ``layout.notes``.
        document: For RDF: the name of the document that blank nodes belong to; by default the path.
        subset: For Wikidata's dump: the part to read.

    Raises:
        TripleFormatError: The file cannot be read. The error of a single line is yielded instead.
        KGError: ``columns`` are malformed.
    """
    layout = layout or TableLayout(columns=columns)
    chosen = choose(Path(path), TRIPLES, format)
    if layout != TableLayout(notes=layout.notes) and not chosen.has_columns:
        raise TripleFormatError(path, None, f"{chosen.name} has no columns to choose from")
    if subset is not None and not chosen.has_subset:
        raise TripleFormatError(path, None, NO_SUBSET)
    yield from _read(Path(path), TRIPLES, format, layout, document, subset)


def read_entities(
    path: str | Path, *, format: str | None = None, columns: Sequence[str] | None = None
) -> Generator[Line | Block]:
    """Stream the entities of a file.

    Raises:
        TripleFormatError: The file cannot be read, as for :func:`read_triples`.
        KGError: ``columns`` are malformed.
    """
    yield from _read(Path(path), ENTITIES, format, columns)


def _read(
    path: Path,
    formats: Sequence[Format],
    name: str | None,
    columns: Columns | TableLayout | None,
    document: str | None = None,
    subset: WikidataSubset | None = None,
) -> Generator[Line | Block]:
    chosen = choose(path, formats, name)
    if columns is not None and not isinstance(columns, TableLayout) and not chosen.has_columns:
        raise TripleFormatError(path, None, f"{chosen.name} has no columns to choose from")
    notes = columns.notes if isinstance(columns, TableLayout) else []
    with open_bytes(path) as raw:
        stream = as_utf8(raw, path, notes) if chosen.has_columns else raw
        yield from chosen.read(stream, path, columns, document or str(path), subset)


def choose(path: Path, formats: Sequence[Format], name: str | None) -> Format:
    """Choose a format by its name if given, else by the path's suffix.

    Raises:
        TripleFormatError: No format has this name or suffix.
    """
    if name is not None:
        wanted = name.lower().removeprefix(".")
        for item in formats:
            if wanted == item.name or f".{wanted}" in item.suffixes:
                return item
        known = ", ".join(item.name for item in formats)
        raise TripleFormatError(path, None, f"there is no format {name!r}; there are {known}")
    if path == STANDARD:
        raise TripleFormatError(path, None, "standard input has no suffix; name its format")
    suffix = unpacked_suffix(path)
    for item in formats:
        if suffix in item.suffixes:
            return item
    known = " ".join(suffix for item in formats for suffix in item.suffixes)
    reason = (
        f"unknown suffix; name the format, or rename it to one of {known} ({' '.join(PACKED)}"
        " if packed)"
    )
    raise TripleFormatError(path, None, reason)
