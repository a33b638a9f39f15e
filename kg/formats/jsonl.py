"""JSON Lines, the only format without loss: triples, values, their qualifiers, and entities.

{"head": "Q1", "relation": "P2", "tail": "Q3"}        or  ["Q1", "P2", "Q3"]
{"head": "Q1", "relation": "P2", "tail": 300}         numbers, true and false are values
{"head": "Q1", "relation": "P2", "value": "5", "datatype": …, "language": …, "unit": …}
either with "confidence", "source", "span": [start, end], and
"qualifiers": [{"relation": …, "tail": …}, {"relation": …, "value": …, …}]
{"key": "Q1", "label": …, "aliases": […], "description": …, "types": […], "prior": …}
"""

from __future__ import annotations

import json
from dataclasses import replace
from math import isfinite
from typing import IO, TYPE_CHECKING, Any

from kg.errors import TripleFormatError
from kg.formats.text.lines import text_lines
from kg.types import Attribute, EntityRecord, Literal, Qualifier, Statement, Triple
from kg.vocabulary import XSD

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from kg.formats.line import Line
    from kg.types import Record

ENTITY_FIELDS = frozenset({"key", "label", "aliases", "description", "types", "prior"})

_LITERAL = ("datatype", "language", "unit")
_DETAILS = ("confidence", "qualifiers", "source", "span")
_WANTED = (
    "expected {head, relation, tail}, {head, relation, value}, [head, relation, tail] or"
    " {key, …}, all text"
)


def _values(stream: IO[bytes], path: Path) -> Iterator[tuple[int, str, Any]]:
    for number, text in text_lines(stream, path):
        if isinstance(text, TripleFormatError):
            yield number, "", text
            continue
        if not text.strip():
            continue
        try:
            yield number, text, json.loads(text)
        except (ValueError, RecursionError) as error:
            yield number, text, TripleFormatError(path, number, f"not JSON ({error})", text)


def read_jsonl(stream: IO[bytes], path: Path) -> Iterator[Line]:
    """Read one statement or entity per line."""
    for number, text, value in _values(stream, path):
        if isinstance(value, TripleFormatError):
            yield number, value
        elif isinstance(value, dict) and "key" in value:
            yield number, entity_of(value, path, number, text)
        else:
            try:
                yield number, _record(value)
            except _MalformedError as error:
                yield number, TripleFormatError(path, number, str(error), text)


def read_entities_jsonl(stream: IO[bytes], path: Path) -> Iterator[Line]:
    """Read one entity per line; only ``key`` is required, and unknown fields are ignored."""
    for number, text, value in _values(stream, path):
        if isinstance(value, TripleFormatError):
            yield number, value
        else:
            yield number, entity_of(value, path, number, text)


class _MalformedError(Exception):
    """A line is malformed; the message is the reason."""


def _record(value: Any) -> Record:
    if isinstance(value, list):
        if len(value) != 3:
            raise _MalformedError(_WANTED)
        value = dict(zip(("head", "relation", "tail"), value, strict=True))
    if not isinstance(value, dict):
        raise _MalformedError(_WANTED)
    head, relation = _text(value, "head"), _text(value, "relation")
    end = _end(value)
    fact = Triple(head, relation, end) if isinstance(end, str) else Attribute(head, relation, end)
    if not any(value.get(name) is not None for name in _DETAILS):
        return fact
    return Statement(
        fact,
        confidence=_confidence(value.get("confidence")),
        qualifiers=_qualifiers(value.get("qualifiers")),
        source=None if value.get("source") is None else _text(value, "source"),
        span=_span(value.get("span")),
    )


def _text(value: dict[str, Any], name: str) -> str:
    part = value.get(name)
    if not isinstance(part, str) or not part:
        raise _MalformedError(_WANTED if name in ("head", "relation") else f'"{name}" must be text')
    return part


def _end(value: dict[str, Any]) -> str | Literal:
    """The tail of a statement or a qualifier: an entity's key or a value."""
    if ("tail" in value) == ("value" in value):
        raise _MalformedError(_WANTED)
    if "tail" in value:
        tail = value["tail"]
        if isinstance(tail, bool | int | float):
            return _json_value(tail)
        if not isinstance(tail, str) or not tail:
            raise _MalformedError(_WANTED)
        return tail
    if isinstance(value["value"], bool | int | float) and not value.get("datatype"):
        return replace(_json_value(value["value"]), unit=value.get("unit") or "")
    parts = [value["value"], *(value.get(name) or "" for name in _LITERAL)]
    if not all(isinstance(part, str) for part in parts):
        raise _MalformedError('"value", "datatype", "language" and "unit" must be text')
    return Literal(*parts)


def _json_value(value: bool | float) -> Literal:
    """A number or boolean of JSON as a value with the corresponding datatype of XML Schema."""
    if isinstance(value, bool):
        return Literal(str(value).lower(), f"{XSD}boolean")
    if isinstance(value, int):
        return Literal(str(value), f"{XSD}integer")
    if not isfinite(value):
        raise _MalformedError(f"{value} is not a finite number")
    return Literal(repr(value), f"{XSD}double")


def _confidence(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise _MalformedError('"confidence" must be a number between 0 and 1')
    return float(value)


def _qualifiers(value: Any) -> tuple[Qualifier, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise _MalformedError(
            '"qualifiers" must be a list of {relation, tail} or {relation, value}'
        )
    return tuple(Qualifier(_text(item, "relation"), _end(item)) for item in value)


def _span(value: Any) -> tuple[int, int] | None:
    if value is None:
        return None
    if (
        not isinstance(value, list)
        or len(value) != 2
        or not all(type(part) is int for part in value)
        or not 0 <= value[0] <= value[1] < 2**31
    ):
        raise _MalformedError('"span" must be [start, end], characters from 0')
    return value[0], value[1]


def entity_of(value: Any, path: Path, number: int, text: str) -> EntityRecord | TripleFormatError:
    """The entity that a JSON object describes, or the error in it."""
    problem = _entity_problem(value)
    if problem:
        return TripleFormatError(path, number, problem, text)
    prior = value.get("prior")
    return EntityRecord(
        key=value["key"],
        label=value.get("label") or None,
        aliases=tuple(value.get("aliases") or ()),
        description=value.get("description"),
        types=tuple(value.get("types") or ()),
        prior=None if prior is None else float(prior),
    )


def _entity_problem(value: Any) -> str | None:
    if not isinstance(value, dict) or not isinstance(value.get("key"), str) or not value["key"]:
        return 'expected an object with a text "key"'
    for name in ("label", "description"):
        if not isinstance(value.get(name), str | None):
            return f'"{name}" must be text'
    for name in ("aliases", "types"):
        items = value.get(name)
        if items is None:
            continue
        if not isinstance(items, list) or not all(isinstance(item, str) and item for item in items):
            return f'"{name}" must be a list of text'
    prior = value.get("prior")
    if prior is not None and (
        isinstance(prior, bool) or not isinstance(prior, int | float) or not 0 <= prior < 1e300
    ):
        return '"prior" must be a number of at least 0'
    return None


def write_jsonl(stream: IO[bytes], statements: Iterable[Statement]) -> int:
    """Write one line per statement; return the number of lines."""
    written = 0
    for item in statements:
        stream.write(json.dumps(_object(item), ensure_ascii=False).encode() + b"\n")
        written += 1
    return written


def _object(item: Statement) -> dict[str, Any]:
    """The JSON object of a statement, without fields that are not stated."""
    head, relation, end = item.fact
    fields: dict[str, Any] = {"head": head, "relation": relation, **_end_object(end)}
    if item.confidence is not None:
        fields["confidence"] = item.confidence
    if item.qualifiers:
        fields["qualifiers"] = [
            {"relation": pair.relation, **_end_object(pair.value)} for pair in item.qualifiers
        ]
    if item.source is not None:
        fields["source"] = item.source
    if item.span is not None:
        fields["span"] = list(item.span)
    return fields


def _end_object(end: str | Literal) -> dict[str, str]:
    if isinstance(end, str):
        return {"tail": end}
    parts = {name: getattr(end, name) for name in _LITERAL}
    return {"value": end.value, **{name: part for name, part in parts.items() if part}}
