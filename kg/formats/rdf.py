"""N-Triples, parsed by pyoxigraph.

An IRI is the key itself; a literal object becomes an entity whose key is its lexical form; a blank
node keeps its ``_:`` name. What RDF calls label, altLabel, description and type is understood.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

import pyoxigraph as ox

from kg.errors import TripleFormatError
from kg.formats.lines import text_lines
from kg.types import EntityRecord, Triple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kg.formats.reader import Line

LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
ALT_LABEL = "http://www.w3.org/2004/02/skos/core#altLabel"
DESCRIPTIONS = {"http://schema.org/description", "https://schema.org/description"}
TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"


def _key(term: object) -> str:
    return f"_:{term.value}" if isinstance(term, ox.BlankNode) else str(term.value)  # type: ignore[attr-defined]


def _record(quad: ox.Quad) -> Triple | EntityRecord | str:
    """What a statement says, or why the graph cannot hold it."""
    if isinstance(quad.object, ox.Triple):
        return "the object is a triple, which has no key"
    head, relation = _key(quad.subject), str(quad.predicate.value)
    value = str(quad.object.value)
    if not value:
        return "the object is empty"
    if isinstance(quad.object, ox.Literal):
        if relation == LABEL and quad.object.language in (None, "en"):
            return EntityRecord(key=head, label=value)
        if relation in (LABEL, ALT_LABEL):
            return EntityRecord(key=head, aliases=(value,))
        if relation in DESCRIPTIONS:
            return EntityRecord(key=head, description=value)
        return Triple(head, relation, value)
    if relation == TYPE:
        return EntityRecord(key=head, types=(_key(quad.object),))
    return Triple(head, relation, _key(quad.object))


def read_ntriples(stream: IO[bytes], path: Path) -> Iterator[Line]:
    """One statement a line; comment lines are skipped."""
    for number, text in text_lines(stream, path):
        if isinstance(text, TripleFormatError):
            yield number, text
            continue
        try:
            for quad in ox.parse(text, format=ox.RdfFormat.N_TRIPLES):
                record = _record(quad)
                if isinstance(record, str):
                    yield number, TripleFormatError(path, number, record, text)
                else:
                    yield number, record
        except SyntaxError as error:
            reason = str(error.msg).split(": ", 1)[-1]
            yield number, TripleFormatError(path, number, f"not N-Triples ({reason})", text)
