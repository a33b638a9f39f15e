"""Converts RDF terms to the graph's keys and values, and back, one to one.

A key that is an IRI stays that IRI, ``_:name`` is a blank node, and any other key gets an IRI made
from it (:mod:`kg.formats.rdf.iris`). An IRI in the place of a value, such as a type, is a literal
of the datatype ``vocabulary.IRI``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg.formats.rdf.blank_nodes import export_label
from kg.formats.rdf.iris import iri_of, key_of, mint
from kg.formats.rdf.reifiers import REIFIES, Reifier, properties_of
from kg.types import Attribute, Literal, Statement, Triple
from kg.vocabulary import IRI, STRING, UNDERSTOOD

if TYPE_CHECKING:
    from collections.abc import Callable

    from kg.types import Record

_UNDERSTOOD = frozenset(UNDERSTOOD)
_BLANK = re.compile(r"_:[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_-])?")


# ── from RDF ─────────────────────────────────────────────────────────────────────────────────────


def record_of(quad: ox.Quad, blank: Callable[[str], str]) -> Record | Reifier | str:
    """The graph's record of an RDF statement, or the reason why the graph cannot hold it.

    A triple term with a reifier is a :class:`~kg.formats.rdf.reifiers.Reifier`.

    Args:
        quad: The statement.
        blank: Returns the name in the graph of a blank node's label.
    """
    if isinstance(quad.object, ox.Triple) and not isinstance(quad.object.object, ox.Triple):
        if quad.predicate.value == REIFIES:
            return Reifier(_key(quad.subject, blank), _fact(quad.object, blank))
        return "a triple stands for a node, which has no key"
    if isinstance(quad.object, ox.Triple) or isinstance(quad.subject, ox.Triple):
        return "a triple stands for a node, which has no key"
    fact = _fact(quad, blank)
    graph = quad.graph_name
    if isinstance(graph, ox.DefaultGraph):
        return fact
    return Statement(fact, source=_key(graph, blank))


def _fact(quad: ox.Quad | ox.Triple, blank: Callable[[str], str]) -> Triple | Attribute:
    head, relation = _key(quad.subject, blank), key_of(quad.predicate.value)
    if isinstance(quad.object, ox.Literal):
        return Attribute(head, relation, _literal(quad.object))
    if relation in _UNDERSTOOD:
        return Attribute(head, relation, Literal(_key(quad.object, blank), IRI))
    return Triple(head, relation, _key(quad.object, blank))


def _key(term: ox.NamedNode | ox.BlankNode | ox.Triple, blank: Callable[[str], str]) -> str:
    if isinstance(term, ox.Triple):  # never reached: such statements are refused before
        raise TypeError("a triple has no key")
    return f"_:{blank(term.value)}" if isinstance(term, ox.BlankNode) else key_of(term.value)


def _literal(term: ox.Literal) -> Literal:
    language = term.language or ""
    if term.direction is not None:
        language += f"--{term.direction.value}"
    datatype = "" if language or term.datatype.value == STRING else term.datatype.value
    return Literal(term.value, datatype, language)


# ── to RDF 1.2 ───────────────────────────────────────────────────────────────────────────────────


def reifier_of(item: Statement, quad: ox.Quad, number: int) -> tuple[list[ox.Quad], int]:
    """The quads of a statement's reifier, and the number of parts of values that are lost."""
    lost = int(item.span is not None)
    node = ox.BlankNode(f"statement{number}")
    term = ox.Triple(quad.subject, quad.predicate, quad.object)
    quads = [ox.Quad(node, ox.NamedNode(REIFIES), term)]
    for pair in properties_of(item):
        value: ox.Literal | ox.NamedNode | ox.BlankNode
        if isinstance(pair.value, Literal):
            value, more = _term(pair.value)
            lost += more
        else:
            value = _node(pair.value)
        quads.append(ox.Quad(node, _named_node(pair.relation), value))
    return quads, lost


# ── to RDF ───────────────────────────────────────────────────────────────────────────────────────


def quad_of(item: Statement, *, graphs: bool) -> tuple[ox.Quad, int]:
    """The RDF statement, and the number of parts of ``item`` that it cannot represent.

    Args:
        item: The statement of the graph.
        graphs: Whether the format has named graphs, which can hold the source.
    """
    head, relation, end = item.fact
    lost = len(item.qualifiers) + (item.confidence is not None) + (item.span is not None)
    if isinstance(end, Literal):
        value, more = _term(end)
        lost += more
    else:
        value = _node(end)
    if item.source is None or not graphs:
        lost += item.source is not None
        return ox.Quad(_node(head), _named_node(relation), value), lost
    return ox.Quad(_node(head), _named_node(relation), value, _node(item.source)), lost


def _node(key: str) -> ox.NamedNode | ox.BlankNode:
    if _BLANK.fullmatch(key):
        return ox.BlankNode(export_label(key[2:]))
    return _named_node(key)


def _named_node(key: str) -> ox.NamedNode:
    try:
        return ox.NamedNode(iri_of(key))
    except ValueError:  # the key matches our pattern but is not a valid IRI
        return ox.NamedNode(mint(key))


def _term(literal: Literal) -> tuple[ox.Literal | ox.NamedNode | ox.BlankNode, int]:
    """The RDF term of a value, and the number of its parts that are lost."""
    lost = int(bool(literal.unit))
    if literal.datatype == IRI:
        return _node(literal.value), lost
    try:
        if literal.language:
            tag, _, direction = literal.language.partition("--")
            way = ox.BaseDirection(direction) if direction else None
            return ox.Literal(literal.value, language=tag, direction=way), lost
        if literal.datatype:
            return ox.Literal(literal.value, datatype=_named_node(literal.datatype)), lost
    except ValueError:  # a language tag that RDF does not allow, such as "zh-classical"
        return ox.Literal(literal.value), lost + 1
    return ox.Literal(literal.value), lost
