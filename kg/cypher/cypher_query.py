"""Answers parsed Cypher by patterns of the graph."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from kg.cypher.cypher_parser import CypherParser, Property
from kg.errors import QueryError
from kg.vocabulary import DESCRIPTION, LABEL, TYPE

if TYPE_CHECKING:
    from kg.cypher.cypher_parser import CypherQuery
    from kg.querying import Where
    from kg.view import GraphView

_MEANT = {"name": LABEL, "description": DESCRIPTION}
"""Properties of nodes that are the label or the description of an entity."""


class CypherRows(NamedTuple):
    """The rows of a query.

    Attributes:
        columns: The names of the columns.
        rows: The rows, of keys and values, each once.
    """

    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]


def cypher(graph: GraphView, text: str) -> CypherRows:
    """Answer a query in a subset of Cypher.

    A node is an entity, its labels are its types, ``name`` is its label, ``id(n)`` its key, and any
    other property a relation to values. Rows are distinct, and the edges of a row are different
    facts, as in Cypher. There is no null: a node that lacks a property of the query has no row.

    Args:
        graph: The graph, or a view of it at a revision.
        text: The query: MATCH with directed edges of one type, WHERE with AND and comparisons,
            RETURN of nodes and properties, ORDER BY, LIMIT.

    Raises:
        QueryError: The query is malformed, or uses anything else; the message has the position.
    """
    query = CypherParser(text).parse()
    plan = _Plan(query)
    bindings = graph.query(
        plan.patterns,
        select=plan.variables,
        where=plan.where,
        order_by=plan.order,
    )
    rows = dict.fromkeys(plan.project(row) for row in bindings if plan.accepts(row))
    limited = islice(rows, query.limit) if query.limit is not None else iter(rows)
    return CypherRows(tuple(name for name, _ in query.columns), list(limited))


class _Plan:
    """The patterns of a query, and what is checked of each row."""

    def __init__(self, query: CypherQuery) -> None:
        self._query = query
        self._keys = dict(query.keys)
        self._properties: dict[Property, str] = {}
        self._equal: list[tuple[str, str]] = []
        self.patterns: list[tuple[str, str, str]] = []
        self._edges: list[tuple[str, str, str]] = []
        for i, (head, kind, tail) in enumerate(query.edges):
            edge = (self._node(head), kind or f"?relation{i}", self._node(tail))
            self._edges.append(edge)
            self.patterns.append(edge)
        for i, (variable, label) in enumerate(query.labels):
            self._text(variable, TYPE, f"?type{i}", label)
        for i, (item, text) in enumerate(query.equal):
            if item.name in _MEANT:
                self._text(item.variable, _MEANT[item.name], f"?text{i}", text)
            else:
                self.patterns.append((self._node(item.variable), item.name, text))
        self.where: list[Where] = [
            (self._property(item), comparison, value) for item, comparison, value in query.compared
        ]
        self._columns = [
            self._property(item) if isinstance(item, Property) else self._node(item)
            for _, item in query.columns
        ]
        if not self.patterns:
            raise QueryError("Cypher: MATCH names all nodes; give an edge, a label or a property")
        self.variables = list(
            dict.fromkeys(
                term for pattern in self.patterns for term in pattern if term.startswith("?")
            )
        )
        names = dict(zip((name for name, _ in query.columns), self._columns, strict=True))
        self.order = [("-" if descending else "") + names[name] for name, descending in query.order]
        self.order = [name for name in self.order if name.lstrip("-").startswith("?")]

    def _node(self, variable: str) -> str:
        key = self._keys.get(variable)
        return key if key is not None else "?" + variable.replace(" ", "node ")

    def _property(self, item: Property) -> str:
        """The variable of a property, with its pattern."""
        if item not in self._properties:
            name = f"?{item.variable}.{item.name}"
            self._properties[item] = name
            relation = _MEANT.get(item.name, item.name)
            self.patterns.append((self._node(item.variable), relation, name))
        return self._properties[item]

    def _text(self, variable: str, relation: str, name: str, text: str) -> None:
        self.patterns.append((self._node(variable), relation, name))
        self._equal.append((name, text))

    def accepts(self, row: tuple[str, ...]) -> bool:
        """Whether texts are equal and the edges are different facts."""
        value = dict(zip(self.variables, row, strict=True))
        edges = [tuple(value.get(term, term) for term in edge) for edge in self._edges]
        return len(set(edges)) == len(edges) and all(
            value[name] == text for name, text in self._equal
        )

    def project(self, row: tuple[str, ...]) -> tuple[str, ...]:
        """The columns of a row."""
        value = dict(zip(self.variables, row, strict=True))
        return tuple(value.get(name, name) for name in self._columns)
