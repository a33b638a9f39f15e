"""Readers and writers: one file a format, streaming, pure I/O. The suffix decides."""

from kg.formats.line import Line
from kg.formats.reader import read_entities, read_triples
from kg.formats.tables import from_networkx, from_pandas, to_networkx, to_pandas
from kg.formats.writer import write_records

__all__ = [
    "Line",
    "from_networkx",
    "from_pandas",
    "read_entities",
    "read_triples",
    "to_networkx",
    "to_pandas",
    "write_records",
]
