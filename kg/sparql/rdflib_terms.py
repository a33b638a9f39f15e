"""Converts RDFLib's terms to the graph's keys and values, and back.

A key that is an IRI becomes that IRI, ``_:name`` a blank node, and any other key an IRI made of it
(:mod:`kg.formats.rdf.iris`). A value of the datatype ``vocabulary.IRI`` becomes the node that it
names. RDF has no units, so they are dropped.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import rdflib
from rdflib.namespace import XSD

from kg.formats.rdf.iris import iri_of, key_of
from kg.naming.valid_names import checked_name
from kg.sparql.dates import as_date
from kg.types import Attribute, Literal, Triple
from kg.vocabulary import IRI, MINTED, UNDERSTOOD

if TYPE_CHECKING:
    from rdflib.term import Node

Term = rdflib.URIRef | rdflib.BNode | rdflib.Literal

Value = str | Literal | None
"""The key of an entity or relation, a value, or None for an unbound variable."""


# ── terms to keys and values ─────────────────────────────────────────────────────────────────────


def key(term: Node) -> str:
    """The key of an IRI or a blank node."""
    if isinstance(term, rdflib.BNode):
        return f"_:{term}"
    # Keys are never empty, but the name of a class may be.
    return "" if str(term) == MINTED else key_of(str(term))


def value_of(term: Node | None) -> Value:
    """The node of a term."""
    if isinstance(term, rdflib.Literal):
        language = _language(term.language) if term.language else ""
        datatype = "" if language or term.datatype is None else key_of(str(term.datatype))
        return Literal(str(term), datatype, language)
    return None if term is None else key(term)


def fact_of(head: Node, relation: Node, end: Node) -> Triple | Attribute | None:
    """The fact of a triple that a query constructed; None if RDF does not allow it."""
    if isinstance(head, rdflib.Literal) or not isinstance(relation, rdflib.URIRef):
        return None
    head_key, name, value = key(head), key(relation), value_of(end)
    if isinstance(value, Literal):
        return Attribute(head_key, name, value)
    if name in _UNDERSTOOD:
        return Attribute(head_key, name, Literal(str(value), IRI))
    return Triple(head_key, name, str(value))


def sort_key(fact: Triple | Attribute) -> tuple[str, ...]:
    """The sort key of a fact."""
    end = fact[2]
    if isinstance(end, Literal):
        return fact[0], fact[1], end.value, end.datatype, end.language
    return fact[0], fact[1], end


def _language(tag: str) -> str:
    """The language of a tag that :func:`_tag` made."""
    tag = tag.lower()
    before, mark, rest = tag.partition(_PRIVATE)
    if mark and before:
        return f"{before[:-1]}--{rest}" if rest in ("ltr", "rtl") else tag
    try:
        return bytes.fromhex(rest).decode() if mark else tag
    except ValueError:  # the tag does not come from _tag
        return tag


# ── keys and values to terms ─────────────────────────────────────────────────────────────────────

_UNDERSTOOD = frozenset(UNDERSTOOD)
# The RDF writers also make these blank nodes (kg.formats.rdf.terms).
_BLANK = re.compile(r"_:[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_-])?")
_TAG = re.compile(r"[a-z]+(?:-[a-z0-9]+)*")
_PRIVATE = "x-kptm-"
"""The prefix of private tags, for languages that RDFLib rejects."""
_REWRITTEN = frozenset(map(str, (XSD.token, XSD.normalizedString)))


def as_term(value: str | Literal) -> Term:
    """The term of a key or value to which a variable is bound.

    Raises:
        InvalidNameError: The key is invalid.
    """
    return term_of(value) if isinstance(value, Literal) else node(checked_name(value, "binding"))


def node(key: str) -> rdflib.URIRef | rdflib.BNode:
    """The term of an entity's key."""
    return rdflib.BNode(key[2:]) if _BLANK.fullmatch(key) else rdflib.URIRef(iri_of(key))


def term_of(value: Literal) -> Term:
    """The term of a value, with its lexical form unchanged even if it is invalid."""
    if value.datatype == IRI:
        return node(value.value)
    if value.language:
        return rdflib.Literal(value.value, lang=_tag(value.language), normalize=False)
    datatype = rdflib.URIRef(iri_of(value.datatype)) if value.datatype else None
    if value.datatype in _REWRITTEN:
        # RDFLib normalises the spaces of these datatypes; its constructor for pickles does not.
        literal = rdflib.Literal(value.value, normalize=False)
        literal.__setstate__((None, {"language": None, "datatype": datatype}))
        return literal
    return as_date(rdflib.Literal(value.value, datatype=datatype, normalize=False))


def _tag(language: str) -> str:
    """A tag that RDFLib accepts, unique for each language."""
    if _PRIVATE not in language:
        if _TAG.fullmatch(language):
            return language
        tag, _, direction = language.partition("--")
        if _TAG.fullmatch(tag) and direction in ("ltr", "rtl"):
            return f"{tag}-{_PRIVATE}{direction}"  # langMatches still matches the language
    return _PRIVATE + language.encode().hex()
