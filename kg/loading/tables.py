"""Loads a file of triples and decides the types of its tails while it is read.

A table does not say which tails are entities and which are values, so the type of each relation is
guessed from its first rows. If later rows contradict the guess, the file is read again with the
tails of this relation as entities.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from kg.errors import TripleFormatError
from kg.formats.files import STANDARD
from kg.formats.reader import NO_SUBSET, TRIPLES, choose, read_triples
from kg.formats.text.layout import TableLayout
from kg.loading import load as loading
from kg.loading.rows import as_file
from kg.loading.table_values import Tables, TypeSettings
from kg.store.rows.sources import document_of, is_server
from kg.values.tail_typing import DoubtfulTypesError, checked_types

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from kg.formats import Line
    from kg.formats.text.blocks import Block
    from kg.formats.text.layout import Columns
    from kg.formats.wikidata_subset import WikidataSubset
    from kg.loading.rows import Rows
    from kg.sql.database import Database
    from kg.types import LoadReport

Types: TypeAlias = "Mapping[str, str] | TypeSettings | bool | None"
"""The types of the tails of relations, by key; others are guessed, with False none is."""

TABLES = ("tsv", "csv")
"""Formats that do not mark which tails are values."""

NO_TYPES = "{} has no types to choose ({}), since it says which tails are values; leave types out"
"""The error of types that are stated for a file that is not a table."""

ROWS = "rows"
"""The source of rows in memory if the caller states none."""

PYKEEN = "pykeen:"
"""Prefix of a path that names a dataset of PyKEEN."""


def load_file(
    database: Database,
    path: str | Path | Rows,
    *,
    form: str | None,
    columns: Columns | None,
    key: str | None,
    split: str | None,
    header: bool | None,
    types: Types,
    subset: WikidataSubset | None,
    source: str | None,
    add: bool | None,
    on_error: str,
    rejected: str | Path | None,
    create_entities: bool,
    progress: Callable[[int], None] | None,
) -> LoadReport:
    """Load a file, or rows; the arguments are those of :meth:`kg.KnowledgeGraph.load`."""
    with as_file(path, key=key) as (name, file, positions):
        if positions is not None:
            source, form = source or ROWS, None
        tables = _tables(file, form, types, wide=key is not None)
        while True:
            try:
                notes: list[str] = []
                layout = TableLayout(
                    columns=columns, key=key, split=split, header=header, notes=notes
                )
                with closing(_lines(file, form, layout, source, subset)) as lines:
                    return loading.load_lines(
                        database,
                        name,
                        lines if positions is None else positions.rows(lines),
                        tables=tables,
                        notes=notes,
                        key_column=(key or "").strip(),
                        source=source,
                        add=add,
                        on_error=on_error,
                        rejected=rejected,
                        create_entities=create_entities,
                        progress=progress,
                    )
            except DoubtfulTypesError as doubt:
                if tables is None or Path(file) == STANDARD:  # it cannot be read twice
                    raise
                tables = replace(tables, entities=tables.entities | set(doubt.relations))


def _tables(path: str | Path, form: str | None, types: Types, *, wide: bool) -> Tables | None:
    """The typing of a file; None if its format marks values itself.

    Raises:
        TripleFormatError: The format marks values itself, but the user states types.
    """
    settings = (
        types
        if isinstance(types, TypeSettings)
        else TypeSettings(stated=types if isinstance(types, Mapping) else {}, defaults={})
    )
    if str(path).startswith(PYKEEN):
        format_name = "a dataset of PyKEEN"
    elif is_server(path):
        format_name = "a server"
    else:
        format_name = choose(Path(path), TRIPLES, form).name
    if format_name not in TABLES:
        if settings.stated:
            names = ", ".join(sorted(settings.stated))
            raise TripleFormatError(path, None, NO_TYPES.format(format_name, names))
        return None
    return Tables(
        types=checked_types(settings.stated),
        defaults=checked_types(settings.defaults),
        guess=types is not False,
        wide=wide,
    )


def _lines(
    path: str | Path,
    form: str | None,
    layout: TableLayout,
    source: str | None,
    subset: WikidataSubset | None,
) -> Generator[Line | Block]:
    if isinstance(path, str) and path.startswith(PYKEEN):
        if subset is not None:
            raise TripleFormatError(path, None, NO_SUBSET)
        from kg.embedding.datasets import read_dataset

        return read_dataset(path.removeprefix(PYKEEN))
    if isinstance(path, str) and is_server(path):
        return _server(path, form, layout, subset)
    scope = document_of(path) or source
    return read_triples(path, format=form, layout=layout, document=scope, subset=subset)


def _server(
    url: str, form: str | None, layout: TableLayout, subset: WikidataSubset | None
) -> Generator[Line | Block]:
    from kg.formats.property_graph.neo4j_server import BoltAddress, read_server

    if subset is not None:
        raise TripleFormatError(url, None, NO_SUBSET)
    address = BoltAddress.of(url)  # now, so that a password in the URL is not even a revision's
    if form is not None or layout != TableLayout(notes=layout.notes):
        raise TripleFormatError(url, None, "a server has neither a format nor columns to choose")
    return read_server(address, layout.notes)
