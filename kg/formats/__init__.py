"""Readers: one file a format, streaming, pure I/O. The suffix decides."""

from kg.formats.reader import TRIPLE_SUFFIXES, Line, read_entities, read_triples

__all__ = ["TRIPLE_SUFFIXES", "Line", "read_entities", "read_triples"]
