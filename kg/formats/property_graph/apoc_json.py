"""APOC's JSON Lines, one node or edge per line, as Neo4j's ``apoc.export.json.all`` writes them.

{"type": "node", "id": "0", "labels": ["Person"], "properties": {"name": "Ada", "born": 1815}}
{"type": "relationship", "id": "0", "label": "KNOWS", "properties": {"since": 1833},
 "start": {"id": "0", "labels": ["Person"]}, "end": {"id": "1", "labels": ["Person"]}}
"""

from __future__ import annotations

import json
from math import isfinite
from typing import IO, TYPE_CHECKING, Any

from kg.errors import TripleFormatError
from kg.formats.property_graph.graph_records import (
    NEO4J,
    Edge,
    Node,
    PropertyGraph,
    python_value,
    records_of_node,
    statement_of_edge,
)
from kg.formats.text.lines import text_lines
from kg.types import Literal
from kg.vocabulary import XSD

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from kg.formats.line import Line
    from kg.types import Statement

_WANTED = 'expected {"type": "node", "id", …} or {"type": "relationship", "label", "start", "end"}'


class _MalformedError(Exception):
    """A line is malformed; the message is the reason."""


def read_apoc(stream: IO[bytes], path: Path) -> Iterator[Line]:
    """Read a node or an edge per line."""
    for number, text in text_lines(stream, path):
        if isinstance(text, TripleFormatError):
            yield number, text
            continue
        if not text.strip():
            continue
        try:
            item = json.loads(text)
            if isinstance(item, dict) and item.get("type") == "relationship":
                yield number, statement_of_edge(_edge(item))
            else:
                for record in records_of_node(_node(item), NEO4J):
                    yield number, record
        except _MalformedError as error:
            yield number, TripleFormatError(path, number, str(error), text)
        except (ValueError, RecursionError) as error:
            yield number, TripleFormatError(path, number, f"not JSON ({error})", text)


def _node(item: Any) -> Node:
    if not isinstance(item, dict) or item.get("type") != "node":
        raise _MalformedError(_WANTED)
    labels = item.get("labels") or []
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise _MalformedError('"labels" must be a list of text')
    return Node(_id(item), dict.fromkeys(labels), _properties(item))


def _edge(item: dict[str, Any]) -> Edge:
    label, ends = item.get("label"), (item.get("start"), item.get("end"))
    if not isinstance(label, str) or not label or not all(isinstance(end, dict) for end in ends):
        raise _MalformedError(_WANTED)
    return Edge(_id(ends[0]), label, _id(ends[1]), _properties(item))


def _id(item: Any) -> str:
    key = item.get("id")
    if isinstance(key, int) and not isinstance(key, bool):
        return str(key)
    if not isinstance(key, str) or not key:
        raise _MalformedError('"id" must be text')
    return key


def _properties(item: dict[str, Any]) -> dict[str, list[Literal]]:
    properties = item.get("properties") or {}
    if not isinstance(properties, dict):
        raise _MalformedError('"properties" must be an object')
    literals = {}
    for name, value in properties.items():
        values = value if isinstance(value, list) else [value]
        literals[name] = [_literal(part) for part in values if part is not None]
    return {name: values for name, values in literals.items() if name and values}


def _literal(value: Any) -> Literal:
    if isinstance(value, bool):
        return Literal(str(value).lower(), f"{XSD}boolean")
    if isinstance(value, int):
        return Literal(str(value), f"{XSD}integer")
    if isinstance(value, float):
        if not isfinite(value):
            raise _MalformedError(f"{value} is not a finite number")
        return Literal(repr(value), f"{XSD}double")
    # A point is an object; it is kept as its JSON.
    return Literal(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def write_apoc(stream: IO[bytes], statements: Iterable[Statement]) -> tuple[int, int]:
    """Write nodes, then edges; return the numbers of statements written and lost."""
    graph = PropertyGraph(statements, NEO4J)
    for node in graph.nodes.values():
        properties, lost = _objects(node.properties)
        graph.lost += lost
        _write(stream, {"type": "node", "id": node.key, "labels": list(node.types),
                        "properties": properties})  # fmt: skip
    for number, edge in enumerate(graph.edges):
        properties, lost = _objects(edge.properties)
        graph.lost += lost
        ends = [
            {"id": key, "labels": list(graph.nodes[key].types)} for key in (edge.head, edge.tail)
        ]
        _write(stream, {"id": str(number), "type": "relationship", "label": edge.relation,
                        "properties": properties, "start": ends[0], "end": ends[1]})  # fmt: skip
    return graph.written, graph.lost


def _write(stream: IO[bytes], item: dict[str, Any]) -> None:
    if not item["properties"]:
        del item["properties"]
    stream.write(json.dumps(item, ensure_ascii=False).encode() + b"\n")


def _objects(properties: dict[str, list[Literal]]) -> tuple[dict[str, Any], int]:
    """The values as JSON, and how many lose their datatype."""
    lost = 0
    objects: dict[str, Any] = {}
    for name, values in properties.items():
        items = [_json_value(value) for value in values]
        lost += sum(
            isinstance(item, str) and value.datatype != ""
            for item, value in zip(items, values, strict=True)
        )
        objects[name] = items if len(items) > 1 else items[0]
    return objects, lost


def _json_value(value: Literal) -> str | bool | int | float:
    """A value as JSON, which has no infinite numbers."""
    converted = python_value(value)
    return value.value if isinstance(converted, float) and not isfinite(converted) else converted
