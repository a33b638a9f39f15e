"""Nodes and edges of property graphs, as statements of the graph and back.

A label of a node is a type, a property is a value, and a property of an edge is a qualifier. Names,
aliases, descriptions and priors have properties of their own; a language follows an "@", as in
"name@de". Properties of edges with the prefix ``kptm_`` are confidence and source.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kg.types import Attribute, Literal, Qualifier, Statement, Triple
from kg.vocabulary import ALIAS, DESCRIPTION, ENTITY, IRI, LABEL, PRIOR, TYPE, XSD

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

CONFIDENCE, SOURCE = "kptm_confidence", "kptm_source"
"""Properties of an edge with the confidence and source of its statement."""

_LANGUAGE = re.compile(r"(?P<name>.+)@(?P<tag>[a-z]{2,8}(?:-[a-z0-9]{1,8})*)").fullmatch
_OWN = {ALIAS: "aliases", DESCRIPTION: "description", PRIOR: "prior"}
_MEANT = {name: relation for relation, name in _OWN.items()}
KINDS = {
    f"{XSD}integer": "long",
    f"{XSD}double": "double",
    f"{XSD}boolean": "boolean",
    f"{XSD}date": "date",
    f"{XSD}dateTime": "datetime",
    "": "string",
}
"""The type of a property by the datatype of a value; others become text."""
DATATYPES = {
    **{kind: datatype for datatype, kind in KINDS.items()},
    **dict.fromkeys(("int", "short", "byte"), f"{XSD}integer"),
    "float": f"{XSD}double",
    "localdatetime": f"{XSD}dateTime",
}
"""The datatype of a value by the type of a property; others are text."""


def python_value(value: Literal) -> str | bool | int | float:
    """A value as a Python object; text if the object would not convert back to the same value."""
    kind = KINDS[value.datatype]
    try:
        if kind == "boolean" and value.value in ("true", "false"):
            return value.value == "true"
        if kind == "long" and str(int(value.value)) == value.value:
            return int(value.value)
        if kind == "double" and repr(float(value.value)) == value.value:
            return float(value.value)
    except ValueError:
        pass
    return value.value


@dataclass(slots=True)
class Node:
    """A node.

    Attributes:
        key: Its id.
        types: Its types, which Neo4j calls labels.
        properties: The values of each property.
    """

    key: str
    types: dict[str, None] = field(default_factory=dict)
    properties: dict[str, list[Literal]] = field(default_factory=dict)


@dataclass(slots=True)
class Edge:
    """An edge; ``properties`` has the values of each property."""

    head: str
    relation: str
    tail: str
    properties: dict[str, list[Literal]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NameRules:
    """Which property of a node is its name.

    Attributes:
        name: The property that holds the label of an entity.
        others: Properties that name a node without ``name``; they are stored as values too.
    """

    name: str
    others: tuple[str, ...]


NEO4J = NameRules("name", ("title", "label"))
XML = NameRules("label", ("name", "title"))
GEXF = NameRules("label", ())  # each node has a label there, by default its id


def records_of_node(
    node: Node, rules: NameRules, *, is_linked: bool = False
) -> Iterator[Attribute]:
    """The statements of a node; without any, one that it exists, unless an edge has the node."""
    if not node.types and not node.properties and not is_linked:
        yield Attribute(node.key, ENTITY, Literal(""))
    for kind in node.types:
        yield Attribute(node.key, TYPE, Literal(kind))
    names = {_split(name)[0] for name in node.properties}
    stand_in = next((name for name in rules.others if name in names), None)
    for name, values in node.properties.items():
        base, language = _split(name)
        relation = LABEL if base == rules.name else _MEANT.get(base, base)
        for value in values:
            text = Literal(value.value, value.datatype, language) if language else value
            yield Attribute(node.key, relation, text)
            if base == stand_in and rules.name not in names and not value.datatype:
                yield Attribute(node.key, LABEL, text)


def statement_of_edge(edge: Edge) -> Triple | Statement:
    """The statement of an edge."""
    fact = Triple(edge.head, edge.relation, edge.tail)
    properties = dict(edge.properties)
    confidence = _number(properties, CONFIDENCE)
    source = properties.pop(SOURCE, None)
    qualifiers = tuple(
        Qualifier(_split(name)[0], Literal(value.value, value.datatype, _split(name)[1]))
        for name, values in properties.items()
        for value in values
    )
    if confidence is None and source is None and not qualifiers:
        return fact
    return Statement(fact, confidence, qualifiers, source=source[0].value if source else None)


def _number(properties: dict[str, list[Literal]], name: str) -> float | None:
    values = properties.pop(name, None)
    return float(values[0].value) if values else None


def _split(name: str) -> tuple[str, str]:
    """A property's name and its language."""
    found = _LANGUAGE(name)
    return (found["name"], found["tag"]) if found else (name, "")


class PropertyGraph:
    """The nodes and edges of statements, and how much of these they cannot represent.

    They are in memory, because the statements about an entity are not next to each other.

    Attributes:
        nodes: The nodes by key, in the order of their first mention.
        edges: The edges.
        written: The number of statements represented.
        lost: The number of statements, or parts of them, that are not.
    """

    def __init__(self, statements: Iterable[Statement], rules: NameRules) -> None:
        self._rules = rules
        self.nodes: dict[str, Node] = {}
        self.edges: list[Edge] = []
        self.written = self.lost = 0
        last: object = None
        for item in statements:
            if isinstance(item.fact, Triple):
                self.edges.append(self._edge(item, item.fact))
                self.written += 1
            elif item.fact == last:
                self.lost += 1
            else:
                self._property(item, item.fact)
                self.written += 1
            last = item.fact
        for node in self.nodes.values():
            self._drop_name(node)

    def _edge(self, item: Statement, fact: Triple) -> Edge:
        for end in (fact.head, fact.tail):
            self.nodes.setdefault(end, Node(end))
        edge = Edge(*fact)
        if item.confidence is not None:
            edge.properties[CONFIDENCE] = [Literal(repr(item.confidence), f"{XSD}double")]
        if item.source is not None:
            edge.properties[SOURCE] = [Literal(item.source)]
        self.lost += item.span is not None
        for pair in item.qualifiers:
            value = pair.value
            if isinstance(value, str):
                self.lost += 1  # that it is an entity
                value = Literal(value)
            self._put(edge.properties, pair.relation, value)
        return edge

    def _property(self, item: Statement, fact: Attribute) -> None:
        node = self.nodes.setdefault(fact.head, Node(fact.head))
        self.lost += len(item.qualifiers)
        self.lost += sum(part is not None for part in (item.confidence, item.source, item.span))
        if fact.relation == ENTITY:
            return
        if fact.relation == TYPE:
            self.lost += fact.value.datatype == IRI
            node.types[fact.value.value] = None
            return
        name = self._rules.name if fact.relation == LABEL else fact.relation
        self._put(node.properties, _OWN.get(name, name), fact.value)

    def _put(self, properties: dict[str, list[Literal]], name: str, value: Literal) -> None:
        self.lost += bool(value.unit) + (value.datatype not in KINDS)
        kind = value.datatype if value.datatype in KINDS else ""
        if value.language:
            name = f"{name}@{value.language}"
        properties.setdefault(name, []).append(Literal(value.value, kind))

    def _drop_name(self, node: Node) -> None:
        """Leave out a name that readers derive from another property."""
        names = node.properties.get(self._rules.name)
        stand_in = next((name for name in self._rules.others if name in node.properties), None)
        if names and stand_in and names == node.properties[stand_in]:
            del node.properties[self._rules.name]


def kind_of(values: Iterable[Literal]) -> str:
    """The type of a property with these values; "string" if they have several."""
    kinds = {KINDS[value.datatype] for value in values}
    return kinds.pop() if len(kinds) == 1 else "string"


def columns_of(items: Iterable[Mapping[str, list[Literal]]]) -> dict[str, tuple[str, bool]]:
    """By property: its type over all nodes or edges, and whether one has several values."""
    kinds: dict[str, set[str]] = {}
    several: dict[str, bool] = {}
    for properties in items:
        for name, values in properties.items():
            kinds.setdefault(name, set()).update(KINDS[value.datatype] for value in values)
            several[name] = several.get(name, False) or len(values) > 1
    return {
        name: (found.pop() if len(found) == 1 else "string", several[name])
        for name, found in kinds.items()
    }
