"""Readers and writers of files, one module per format; the suffix of a path decides the format.

Names are loaded on first use, because only some of them need NumPy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.lazy import lazy

if TYPE_CHECKING:
    from kg.formats.line import Line
    from kg.formats.reader import read_entities, read_triples
    from kg.formats.tables import from_networkx, from_pandas, to_networkx, to_pandas, to_polars
    from kg.formats.text.blocks import Block
    from kg.formats.text.layout import TableLayout
    from kg.formats.text.table_guess import TableGuess, guess_table
    from kg.formats.wikidata_subset import WikidataSubset
    from kg.formats.writer import write_records

__all__ = [
    "Block",
    "Line",
    "TableGuess",
    "TableLayout",
    "WikidataSubset",
    "from_networkx",
    "from_pandas",
    "guess_table",
    "read_entities",
    "read_triples",
    "to_networkx",
    "to_pandas",
    "to_polars",
    "write_records",
]
_HOMES = {
    "kg.formats.line": ("Line",),
    "kg.formats.reader": ("read_entities", "read_triples"),
    "kg.formats.tables": ("from_networkx", "from_pandas", "to_networkx", "to_pandas", "to_polars"),
    "kg.formats.text.blocks": ("Block",),
    "kg.formats.text.layout": ("TableLayout",),
    "kg.formats.text.table_guess": ("TableGuess", "guess_table"),
    "kg.formats.wikidata_subset": ("WikidataSubset",),
    "kg.formats.writer": ("write_records",),
}
__getattr__, __dir__ = lazy(__name__, _HOMES)
