"""Converts nodes and edges of property graphs to statements and back.

A label of a node is a type, a property is a value, and a property of an edge is a qualifier. Names,
aliases, descriptions and priors have properties of their own; a language follows an "@", as in
"name@de". Properties of edges with the prefix ``kptm_`` are confidence and source.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kg.types import Attribute, Literal, Qualifier, Statement, Triple
from kg.vocabulary import ALIAS, DESCRIPTION, ENTITY, LABEL, PRIOR, TYPE, XSD

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

CONFIDENCE, SOURCE = "kptm_confidence", "kptm_source"
"""Properties of an edge with the confidence and source of its statement."""

_LANGUAGE = re.compile(r"(?P<name>.+)@(?P<tag>[a-z]{2,8}(?:-[a-z0-9]{1,8})*)")
_PROPERTY_OF = {ALIAS: "aliases", DESCRIPTION: "description", PRIOR: "prior"}
_RELATION_OF = {name: relation for relation, name in _PROPERTY_OF.items()}
KINDS = {
    f"{XSD}integer": "long",
    f"{XSD}double": "double",
    f"{XSD}boolean": "boolean",
    f"{XSD}date": "date",
    f"{XSD}dateTime": "datetime",
    "": "string",
}
"""The type of a property, by the datatype of its values; other datatypes become "string"."""
DATATYPES = {
    **{kind: datatype for datatype, kind in KINDS.items()},
    **dict.fromkeys(("int", "short", "byte"), f"{XSD}integer"),
    "float": f"{XSD}double",
    "localdatetime": f"{XSD}dateTime",
}
"""The datatype of values, by the type of their property; other types are text."""


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
        others: Properties of which the first is also read as the label of a node without ``name``.
    """

    name: str
    others: tuple[str, ...]


NEO4J = NameRules("name", ("title", "label"))
XML = NameRules("label", ("name", "title"))
GEXF = NameRules("label", ())  # each node has a label there, by default its id


def records_of_node(
    node: Node, rules: NameRules, *, is_linked: bool = False
) -> Iterator[Attribute]:
    """The statements of a node; if it has no statement and no edge, one that it exists."""
    if not node.types and not node.properties and not is_linked:
        yield Attribute(node.key, ENTITY, Literal(""))
    for kind in node.types:
        yield Attribute(node.key, TYPE, Literal(kind))
    names = {_split(name)[0] for name in node.properties}
    stand_in = next((name for name in rules.others if name in names), None)
    for name, values in node.properties.items():
        base, language = _split(name)
        relation = LABEL if base == rules.name else _RELATION_OF.get(base, base)
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
    match = _LANGUAGE.fullmatch(name)
    return (match["name"], match["tag"]) if match else (name, "")


class PropertyGraph:
    """The nodes and edges that represent statements, and the number of losses.

    They are held in memory, because the statements about an entity are not next to each other.

    Attributes:
        nodes: The nodes by key, in the order of their first mention.
        edges: The edges.
        written: The number of statements represented.
        lost: The number of statements, or parts of statements, that a reader does not get back.
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
                self.lost += 1  # the property does not say that its value is an entity
                value = Literal(value)
            name, language = _split(pair.relation)
            self.lost += bool(language) or name in (CONFIDENCE, SOURCE)  # read as something else
            self._put(edge.properties, pair.relation, value)
        return edge

    def _property(self, item: Statement, fact: Attribute) -> None:
        node = self.nodes.setdefault(fact.head, Node(fact.head))
        self.lost += len(item.qualifiers)
        self.lost += sum(part is not None for part in (item.confidence, item.source, item.span))
        if fact.relation == ENTITY:
            return
        if fact.relation == TYPE:
            self.lost += fact.value != Literal(fact.value.value)
            node.types[fact.value.value] = None
            return
        if fact.relation == LABEL:
            name = self._rules.name
        elif fact.relation in _PROPERTY_OF:
            name = _PROPERTY_OF[fact.relation]
        else:
            name, language = fact.relation, _split(fact.relation)[1]
            is_reserved = name == self._rules.name or name in _RELATION_OF
            self.lost += bool(language) or is_reserved  # read as something else
        self._put(node.properties, name, fact.value)

    def _put(self, properties: dict[str, list[Literal]], name: str, value: Literal) -> None:
        self.lost += bool(value.unit) + (value.datatype not in KINDS)
        kind = value.datatype if value.datatype in KINDS else ""
        if value.language:
            name = f"{name}@{value.language}"
        properties.setdefault(name, []).append(Literal(value.value, kind))

    def _drop_name(self, node: Node) -> None:
        """Leave out a name that :func:`records_of_node` derives from another property."""
        names = node.properties.get(self._rules.name)
        bases = [_split(name)[0] for name in node.properties]
        stand_in = next((name for name in self._rules.others if name in bases), None)
        if names is None or stand_in is None or any(value.datatype for value in names):
            return
        has_languages = bases.count(self._rules.name) > 1 or bases.count(stand_in) > 1
        if not has_languages and names == node.properties.get(stand_in):
            del node.properties[self._rules.name]


def columns_of(items: Iterable[Mapping[str, list[Literal]]]) -> dict[str, tuple[str, bool]]:
    """For each property of nodes or edges, its type, and whether an item has several values."""
    kinds: dict[str, set[str]] = {}
    several: dict[str, bool] = {}
    for properties in items:
        for name, values in properties.items():
            kinds.setdefault(name, set()).update(KINDS[value.datatype] for value in values)
            several[name] = several.get(name, False) or len(values) > 1
    return {
        name: (kinds_of_property.pop() if len(kinds_of_property) == 1 else "string", several[name])
        for name, kinds_of_property in kinds.items()
    }
