"""GraphML, as NetworkX and yEd write it, and GEXF, as Gephi opens it, through NetworkX.

The attribute ``label`` of a node is its name, ``types`` its types, that of an edge its relation. An
attribute with several values is a list in JSON. The whole graph is held in memory.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import IO, TYPE_CHECKING, Any
from xml.etree.ElementTree import ParseError

from kg.errors import TripleFormatError
from kg.formats.property_graph.graph_records import (
    GEXF,
    XML,
    Edge,
    NameRules,
    Node,
    PropertyGraph,
    python_value,
    records_of_node,
    statement_of_edge,
)
from kg.types import Literal
from kg.vocabulary import XSD

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    import networkx as nx  # type: ignore[import-untyped, unused-ignore]  # stubs are optional

    from kg.formats.line import Line
    from kg.types import Statement

RELATED = "related"
"""The relation of an edge without a label."""
TYPES, RELATION = "types", "label"
WEIGHT = "weight"
"""A property of edges that is a number of its own in GEXF, by which Gephi draws them."""
_DRAWN = frozenset(("x", "y", "shape_type", "viz"))
"""Attributes that only say how yEd or Gephi draw a node."""
_NODE_RESERVED = _DRAWN | {TYPES, "labels"}
_EDGE_RESERVED = _DRAWN | {RELATION, "relation", "id"}
"""Attributes that are no properties when a file is read, so that the writer leaves them out."""
_GEXF_NODE_RESERVED = frozenset(("id", "key", "pid", "parents", "spells"))
_GEXF_EDGE_RESERVED = frozenset(("key", "type", "spells"))
"""Further ones in GEXF, of which NetworkX makes parts of the format itself."""
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def read_graphml(stream: IO[bytes], path: Path, notes: list[str]) -> Iterator[Line]:
    """Read a GraphML file."""
    import networkx as nx

    yield from _read(nx.read_graphml, stream, path, notes, XML)


def read_gexf(stream: IO[bytes], path: Path, notes: list[str]) -> Iterator[Line]:
    """Read a GEXF file."""
    import networkx as nx

    yield from _read(nx.read_gexf, stream, path, notes, GEXF)


def _read(
    reader: Any, stream: IO[bytes], path: Path, notes: list[str], rules: NameRules
) -> Iterator[Line]:
    try:
        graph: nx.Graph[str] = reader(stream)
    except ParseError as error:
        line = error.position[0]
        raise TripleFormatError(path, line, f"not XML ({error})") from error
    except Exception as error:  # NetworkX raises whatever a malformed file leads to
        raise TripleFormatError(path, None, f"NetworkX cannot read it ({error})") from error
    counts: Counter[str] = Counter()
    for key, data in graph.nodes(data=True):
        node = Node(str(key), properties=_values(data, _NODE_RESERVED))
        node.types = dict.fromkeys(_types(data))
        if rules is GEXF and data.get("label") == str(key):
            del node.properties["label"]
        records = records_of_node(node, rules, is_linked=graph.degree(key) > 0)
        yield from ((0, record) for record in records)
    for head, tail, key, data in _edges(graph):
        relation = next((text for text in (data.get("relation"), data.get(RELATION), key) if
                         isinstance(text, str) and text), None)  # fmt: skip
        if relation is None:
            counts["edges"] += 1
        properties = _values(data, _EDGE_RESERVED)
        edge = Edge(str(head), relation or RELATED, str(tail), properties)
        yield 0, statement_of_edge(edge)
    if counts["edges"]:
        notes.append(f'{counts["edges"]:,} edges without a label became "{RELATED}"')
    if not graph.is_directed() and graph.number_of_edges():
        notes.append("an undirected graph: edges have the direction in which the file lists them")


def _edges(graph: nx.Graph[str]) -> Iterator[tuple[str, str, object, dict[str, Any]]]:
    if graph.is_multigraph():
        yield from graph.edges(keys=True, data=True)
    else:
        yield from ((head, tail, None, data) for head, tail, data in graph.edges(data=True))


def _types(data: Mapping[str, Any]) -> list[str]:
    """The types of a node: ours, or APOC's ``labels``, ":Person:Actor"."""
    types = data.get(TYPES)
    if isinstance(types, str) and types:
        return [value.value for value in _literals(types)]
    labels = data.get("labels")
    if isinstance(labels, str) and labels.startswith(":"):
        return [part for part in labels.split(":") if part]
    return []


def _values(data: Mapping[str, Any], skipped: frozenset[str]) -> dict[str, list[Literal]]:
    if "labels" in skipped and not str(data.get("labels", ":")).startswith(":"):
        skipped -= {"labels"}
    literals = {
        name: _literals(value)
        for name, value in data.items()
        if name not in skipped and value is not None and not isinstance(value, dict)
    }
    return {name: values for name, values in literals.items() if values}


def _literals(value: Any) -> list[Literal]:
    if isinstance(value, bool):
        return [Literal(str(value).lower(), f"{XSD}boolean")]
    if isinstance(value, int):
        return [Literal(str(value), f"{XSD}integer")]
    if isinstance(value, float):
        return [Literal(repr(value), f"{XSD}double")]
    text = str(value)
    if text.startswith("["):
        try:
            listed = json.loads(text)
        except ValueError:
            return [Literal(text)]
        if isinstance(listed, list) and listed:
            return [literal for item in listed for literal in _literals(item)]
    return [Literal(text)] if text else []


def write_graphml(
    stream: IO[bytes], path: Path, statements: Iterable[Statement]
) -> tuple[int, int]:
    """Write GraphML; return the numbers of statements written and lost.

    Raises:
        TripleFormatError: XML cannot hold a character of a name or value.
    """
    import networkx as nx

    graph, written, lost = _graph(path, statements, XML)
    nx.write_graphml_xml(graph, stream, named_key_ids=False)
    return written, lost


def write_gexf(stream: IO[bytes], path: Path, statements: Iterable[Statement]) -> tuple[int, int]:
    """Write GEXF 1.2; return the numbers of statements written and lost.

    Raises:
        TripleFormatError: XML cannot hold a character of a name or value.
    """
    import networkx as nx

    graph, written, lost = _graph(path, statements, GEXF)
    nx.write_gexf(graph, stream)
    return written, lost


def _graph(
    path: Path, statements: Iterable[Statement], rules: NameRules
) -> tuple[nx.MultiDiGraph[str], int, int]:
    import networkx as nx

    node_reserved, edge_reserved = _NODE_RESERVED, _EDGE_RESERVED
    if rules is GEXF:
        node_reserved |= _GEXF_NODE_RESERVED
        edge_reserved |= _GEXF_EDGE_RESERVED
    source = PropertyGraph(statements, rules)
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    for node in source.nodes.values():
        data = _attributes(node.properties, source, node_reserved)
        if node.types:
            data[TYPES] = _as_list(list(node.types))
        _check(path, (node.key, *map(str, (*data, *data.values()))))
        graph.add_node(node.key)
        graph.nodes[node.key].update(data)
    for number, edge in enumerate(source.edges):
        reserved = edge_reserved
        if rules is GEXF and WEIGHT in edge.properties:
            kinds = [value.datatype for value in edge.properties[WEIGHT]]
            if kinds == [f"{XSD}integer"]:
                source.lost += 1  # it is read as a double
            elif kinds != [f"{XSD}double"]:
                reserved = edge_reserved | {WEIGHT}
        data = {RELATION: edge.relation, **_attributes(edge.properties, source, reserved)}
        _check(path, map(str, (*data, *data.values())))
        graph.add_edge(edge.head, edge.tail, key=number)
        graph.edges[edge.head, edge.tail, number].update(data)
    return graph, source.written, source.lost


def _attributes(
    properties: Mapping[str, list[Literal]], graph: PropertyGraph, reserved: frozenset[str]
) -> dict[str, Any]:
    """The properties as XML attributes, without those whose names are reserved."""
    attributes: dict[str, Any] = {}
    for name, values in properties.items():
        if name in reserved:
            graph.lost += len(values)
            continue
        items = [python_value(value) for value in values]
        graph.lost += sum(
            isinstance(item, str) and value.datatype != ""
            for item, value in zip(items, values, strict=True)
        )
        alone = items[0] if len(items) == 1 else None
        looks_like_list = isinstance(alone, str) and alone.startswith("[")
        attributes[name] = _as_list(items) if alone is None or looks_like_list else alone
    return attributes


def _as_list(items: list[Any]) -> str:
    alone = items[0] if len(items) == 1 else None
    if isinstance(alone, str) and not alone.startswith("["):
        return alone
    return json.dumps(items, ensure_ascii=False)


def _check(path: Path, texts: Iterable[str]) -> None:
    for text in texts:
        if _NOT_XML.search(text):
            reason = "XML cannot hold a character of this name or value; take another format"
            raise TripleFormatError(path, None, reason, text)
