"""SPARQL over the store: RDFLib's engine asks, this plugin answers each triple pattern by SQL.

The names of things are those of the RDF formats (:mod:`kg.formats.iris`): a key that is an IRI is that IRI, any
other has the prefix ``key:``. Confidence, qualifiers, units and sources have no place in RDF's triples.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import rdflib
from rdflib.plugins.sparql.algebra import translateQuery, traverse
from rdflib.plugins.sparql.parser import parseQuery
from rdflib.store import Store

from kg.errors import QueryError
from kg.formats.iris import iri_of, key_of
from kg.store import dictionary
from kg.store.triples import alive
from kg.types import Attribute, Literal, Triple
from kg.vocabulary import IRI, MINTED, UNDERSTOOD, XSD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rdflib.plugins.sparql.parserutils import CompValue
    from rdflib.plugins.sparql.sparql import Query

    from kg.store.sql import Sql

    Term = rdflib.URIRef | rdflib.BNode | rdflib.Literal

PAGE = 2_000
"""Rows whose names are looked up at a time."""

PREFIXES = {
    "key": MINTED,
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "schema": "http://schema.org/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "xsd": XSD,
}
"""Prefixes that a query need not declare."""

_UNDERSTOOD = frozenset(UNDERSTOOD)

Value = str | Literal | None
"""An entity's or relation's key, a value, or None where a variable is not bound."""


class Bindings(list[tuple[Value, ...]]):
    """The rows of a SELECT, in its order.

    Attributes:
        variables: What each column is bound to, without the question mark.
    """

    def __init__(self, variables: tuple[str, ...], rows: Iterator[tuple[Value, ...]]) -> None:
        super().__init__(rows)
        self.variables = variables


def answer(sql: Sql, query: str, at: int | None) -> Bindings | bool | list[Triple | Attribute]:
    """Answer a query on the graph as it is, or as it was at a revision.

    Raises:
        QueryError: The query is malformed, changes something, or asks another server.
    """
    prepared = _prepared(query)
    graph = rdflib.Graph(store=_SqlStore(sql, at), bind_namespaces="none")
    result = graph.query(prepared)
    if result.type == "ASK":
        return bool(result.askAnswer)
    if result.type == "SELECT":
        names = tuple(str(name) for name in result.vars or ())
        return Bindings(names, (tuple(map(_value, row)) for row in result))  # type: ignore[arg-type]
    return [_fact(*map(_value, triple)) for triple in result]  # type: ignore[arg-type]


def _prepared(query: str) -> Query:
    try:
        prepared = translateQuery(parseQuery(query), initNs=PREFIXES)
    except Exception as error:
        raise QueryError(f"not a query in SPARQL ({error})") from error
    if prepared.algebra.get("datasetClause"):
        raise QueryError("FROM is not answered: the graph is the one that is asked")
    services: list[CompValue] = []
    traverse(prepared.algebra, visitPre=lambda part: _find_service(part, services))
    if services:
        raise QueryError("SERVICE is not answered: no other server is asked")
    return prepared


def _find_service(part: Any, found: list[CompValue]) -> None:
    if getattr(part, "name", "") == "ServiceGraphPattern":
        found.append(part)


def _value(term: Any) -> Value:
    """What a term stands for."""
    if term is None:
        return None
    if isinstance(term, rdflib.Literal):
        return Literal(str(term), str(term.datatype or ""), str(term.language or ""))
    return f"_:{term}" if isinstance(term, rdflib.BNode) else key_of(str(term))


def _fact(head: Value, relation: Value, end: Value) -> Triple | Attribute:
    if isinstance(end, Literal):
        return Attribute(str(head), str(relation), end)
    if relation in _UNDERSTOOD:
        return Attribute(str(head), str(relation), Literal(str(end), IRI))
    return Triple(str(head), str(relation), str(end))


def _node(key: str) -> Term:
    return rdflib.BNode(key[2:]) if key.startswith("_:") else rdflib.URIRef(iri_of(key))


def _term(value: Literal) -> Term:
    if value.datatype == IRI:
        return _node(value.value)
    if value.language:
        return rdflib.Literal(value.value, lang=value.language)
    datatype = rdflib.URIRef(value.datatype) if value.datatype else None
    return rdflib.Literal(value.value, datatype=datatype, normalize=False)


class _SqlStore(Store):
    """RDFLib's view of one transaction of ours; it only reads."""

    def __init__(self, sql: Sql, at: int | None) -> None:
        super().__init__()
        self._sql, self._alive = sql, alive(at)
        self._nodes: dict[int, Term] = {}
        self._relations: dict[int, Term] = {
            number: rdflib.URIRef(iri_of(key))
            for number, key in sql.all("SELECT id, key FROM relation")
        }
        self._numbers = {term: number for number, term in self._relations.items()}
        self._ends: dict[Term, list[int]] = {}
        self._units = [""] + [
            unit for (unit,) in sql.all("SELECT DISTINCT unit FROM literal WHERE unit <> ''")
        ]

    def __len__(self, context: object = None) -> int:
        return int(self._sql.one(f"SELECT count(*) FROM triple x WHERE {self._alive}"))

    def triples(
        self, triple_pattern: tuple[Any, Any, Any], context: object = None
    ) -> Iterator[tuple[tuple[Term, Term, Term], Iterator[None]]]:
        """The triples of a pattern, in which None is a variable; each once."""
        head, relation, end = triple_pattern
        where, parameters = [self._alive], []
        if head is not None:
            where.append("x.head_id = ?")
            parameters.append(next((n for n in self._ids(head) if n > 0), 0))
        if relation is not None:
            where.append("x.relation_id = ?")
            parameters.append(self._numbers.get(relation, 0))
        if end is not None:
            ids = self._ids(end)
            where.append(f"x.tail_id IN ({', '.join('?' * len(ids)) or '0'})")
            parameters += ids
        query = (
            f"SELECT x.head_id, x.relation_id, x.tail_id FROM triple x WHERE {' AND '.join(where)}"
        )
        for triple in self._distinct(self._sql.stream(query, parameters)):
            yield triple, iter(())

    def _distinct(self, rows: Iterator[tuple[Any, ...]]) -> Iterator[tuple[Term, Term, Term]]:
        """Rows as terms. What differs in its unit alone is one triple to RDF."""
        seen: set[tuple[Term, ...]] | None = set() if len(self._units) > 1 else None
        while page := list(islice(rows, PAGE)):
            self._look_up({number for row in page for number in (row[0], row[2])})
            for head, relation, end in page:
                triple = self._nodes[head], self._relations[relation], self._nodes[end]
                if end < 0 and seen is not None:
                    if triple in seen:
                        continue
                    seen.add(triple)
                yield triple

    def _look_up(self, numbers: set[int]) -> None:
        """Remember the terms of ids."""
        missing = sorted(numbers - self._nodes.keys())
        keys = [number for number in missing if number > 0]
        if keys:
            listed, parameter = self._sql.values(keys)
            rows = self._sql.all(f"SELECT id, key FROM entity WHERE id IN {listed}", (parameter,))
            self._nodes.update((number, _node(key)) for number, key in rows)
        values = [number for number in missing if number < 0]
        if values:
            found = dictionary.literals(self._sql, values)
            self._nodes.update((number, _term(value)) for number, value in found.items())

    def _ids(self, term: Term) -> list[int]:
        """The ids that a term may have in a row: of an entity, of values."""
        if term not in self._ends:
            value = _value(term)
            wanted: list[Literal] = []
            numbers: list[int] = []
            if isinstance(value, Literal):
                wanted = [
                    Literal(value.value, value.datatype, value.language, unit)
                    for unit in self._units
                ]
            else:
                key = str(value)
                numbers = list(dictionary.ids_of(self._sql, "entity", [key]).values())
                wanted = [Literal(key, IRI)]
            numbers += dictionary.known_literals(self._sql, wanted).values()
            self._ends[term] = numbers
        return self._ends[term]
