"""Triples and entities of JSON Lines files."""

from __future__ import annotations

import json
from typing import IO, TYPE_CHECKING, Any

from kg.errors import TripleFormatError
from kg.formats.lines import text_lines
from kg.types import EntityRecord, Triple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kg.formats.reader import Line

ENTITY_FIELDS = frozenset({"key", "label", "aliases", "description", "types", "prior"})


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
    """One triple a line: ``{"head": …, "relation": …, "tail": …}`` or ``[head, relation, tail]``."""
    wanted = "expected {head, relation, tail} or [head, relation, tail], all text"
    for number, text, value in _values(stream, path):
        if isinstance(value, TripleFormatError):
            yield number, value
            continue
        if isinstance(value, dict):
            value = [value.get(name) for name in ("head", "relation", "tail")]
        if (
            isinstance(value, list)
            and len(value) == 3
            and all(isinstance(part, str) and part for part in value)
        ):
            yield number, Triple(*value)
        else:
            yield number, TripleFormatError(path, number, wanted, text)


def read_entities_jsonl(stream: IO[bytes], path: Path) -> Iterator[Line]:
    """One entity a line; only ``key`` is required, fields the graph does not know are left."""
    for number, text, value in _values(stream, path):
        if isinstance(value, TripleFormatError):
            yield number, value
            continue
        problem = _entity_problem(value)
        if problem:
            yield number, TripleFormatError(path, number, problem, text)
            continue
        prior = value.get("prior")
        yield (
            number,
            EntityRecord(
                key=value["key"],
                label=value.get("label") or None,
                aliases=tuple(value.get("aliases") or ()),
                description=value.get("description"),
                types=tuple(value.get("types") or ()),
                prior=None if prior is None else float(prior),
            ),
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
