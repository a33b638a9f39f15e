"""RDF 1.2: a statement with qualifiers is a triple term with a reifier.

    <s> <p> <o> .                                  s p o {| q "1990" |}     in Turtle
    _:r rdf:reifies <<( <s> <p> <o> )>> .
    _:r <q> "1990" .

A reifier and its properties become a statement with qualifiers; one that reifies several facts
becomes a statement for each. A fact directly before its reifier is not a second statement: the two
are read as one. Turtle's annotations and :class:`~kg.formats.rdf.syntaxes.RdfWriter` have this
order.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from kg.types import Attribute, Literal, Qualifier, Statement, Triple
from kg.vocabulary import XSD

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kg.formats.line import Line

REIFIES = "http://www.w3.org/1999/02/22-rdf-syntax-ns#reifies"
CONFIDENCE, SOURCE = "urn:kptm:confidence", "urn:kptm:source"
"""The properties by which a reifier states the confidence and the source of its statement. The
source is only read: files are written with named graphs for sources, or without sources."""


class Reifier(NamedTuple):
    """A reifier and the fact that it reifies."""

    key: str
    fact: Triple | Attribute


def join_reifiers(lines: Iterable[tuple[int, object]]) -> Iterator[Line]:
    """Replace reifiers and their properties by statements with qualifiers.

    Reified facts stay in memory until the end of the file, because their properties may come at any
    place after the reifier.
    """
    reified: dict[str, tuple[int, Statement]] = {}
    more_facts: dict[str, dict[Triple | Attribute, int]] = {}
    previous: tuple[int, object] | None = None
    for number, item in lines:
        if isinstance(item, Reifier):
            if previous is not None and previous[1] != item.fact:
                yield previous  # type: ignore[misc]  # a record
            previous = None
            _, statement = reified.setdefault(item.key, (number, Statement(item.fact)))
            if item.fact != statement.fact:
                more_facts.setdefault(item.key, {}).setdefault(item.fact, number)
            continue
        if isinstance(item, Triple | Attribute) and item.head in reified:
            line, statement = reified[item.head]
            reified[item.head] = line, _with_property(statement, item)
            continue
        if previous is not None:
            yield previous  # type: ignore[misc]
        previous = number, item
    if previous is not None:
        yield previous  # type: ignore[misc]
    for key, (line, statement) in reified.items():
        is_plain = statement == Statement(statement.fact)
        for fact, number in {statement.fact: line, **more_facts.get(key, {})}.items():
            yield number, fact if is_plain else replace(statement, fact=fact)


def _with_property(statement: Statement, fact: Triple | Attribute) -> Statement:
    value = fact[2]
    confidence, source, qualifiers = statement.confidence, statement.source, statement.qualifiers
    if fact.relation == CONFIDENCE and isinstance(value, Literal):
        confidence = _confidence(value.value)
    elif fact.relation == SOURCE and isinstance(value, Literal):
        source = value.value
    else:
        qualifiers = (*qualifiers, Qualifier(fact.relation, value))
    return Statement(statement.fact, confidence, qualifiers, source, statement.span)


def _confidence(text: str) -> float | None:
    """A confidence from 0 to 1; None for any other text."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 <= number <= 1 else None


def properties_of(item: Statement) -> list[Qualifier]:
    """The properties of a statement's reifier; none for a plain statement.

    The source is not among them: it is a named graph, in the formats that have these.
    """
    properties = list(item.qualifiers)
    if item.confidence is not None:
        properties.append(Qualifier(CONFIDENCE, Literal(repr(item.confidence), f"{XSD}double")))
    return properties
