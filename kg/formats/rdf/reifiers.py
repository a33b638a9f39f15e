"""RDF 1.2: a statement with qualifiers is a triple term with a reifier.

    <s> <p> <o> .                                  s p o {| q "1990" |}     in Turtle
    _:r rdf:reifies <<( <s> <p> <o> )>> .
    _:r <q> "1990" .

A reifier and its qualifiers become one statement. A fact directly before its reifier is the same
statement; Turtle's annotations and :class:`~kg.formats.rdf.syntaxes.RdfWriter` have this order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kg.types import Attribute, Literal, Qualifier, Statement, Triple
from kg.vocabulary import XSD

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kg.formats.line import Line

REIFIES = "http://www.w3.org/1999/02/22-rdf-syntax-ns#reifies"
CONFIDENCE, SOURCE = "urn:kptm:confidence", "urn:kptm:source"
"""Properties of a reifier with the confidence and source of its statement."""


class Reifier(NamedTuple):
    """A reifier and the fact that it reifies."""

    key: str
    fact: Triple | Attribute


def join_reifiers(lines: Iterable[tuple[int, object]]) -> Iterator[Line]:
    """Replace reifiers and their properties by statements with qualifiers.

    Reified facts are held to the end of the file, because their properties may come at any place
    after the reifier.
    """
    held: dict[str, tuple[int, Statement]] = {}
    before: tuple[int, object] | None = None
    for number, item in lines:
        if isinstance(item, Reifier):
            if before is not None and before[1] != item.fact:
                yield before  # type: ignore[misc]  # a record
            before = None
            held[item.key] = number, Statement(item.fact)
            continue
        if isinstance(item, Triple | Attribute) and item.head in held:
            line, said = held[item.head]
            held[item.head] = line, _with_property(said, item)
            continue
        if before is not None:
            yield before  # type: ignore[misc]
        before = number, item
    if before is not None:
        yield before  # type: ignore[misc]
    for number, said in held.values():
        yield number, said.fact if said == Statement(said.fact) else said


def _with_property(said: Statement, fact: Triple | Attribute) -> Statement:
    value = fact[2]
    confidence, source, pairs = said.confidence, said.source, said.qualifiers
    if fact.relation == CONFIDENCE and isinstance(value, Literal):
        confidence = _number(value.value)
    elif fact.relation == SOURCE and isinstance(value, Literal):
        source = value.value
    else:
        pairs = (*pairs, Qualifier(fact.relation, value))
    return Statement(said.fact, confidence, pairs, source, said.span)


def _number(text: str) -> float | None:
    try:
        found = float(text)
    except ValueError:
        return None
    return found if 0 <= found <= 1 else None


def properties_of(item: Statement) -> list[Qualifier]:
    """The properties of a statement's reifier; none for a plain statement."""
    found = list(item.qualifiers)
    if item.confidence is not None:
        found.append(Qualifier(CONFIDENCE, Literal(repr(item.confidence), f"{XSD}double")))
    return found
