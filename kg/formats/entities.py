"""Reads entities from CSV, TSV and JSON files; :mod:`kg.formats.jsonl` reads JSON Lines."""

from __future__ import annotations

import json
from typing import IO, TYPE_CHECKING, Any

from kg.errors import KGError, TripleFormatError
from kg.formats.jsonl import ENTITY_FIELDS, entity_of
from kg.formats.text.delimited import csv_rows, tsv_rows
from kg.formats.text.lines import decode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from kg.formats.line import Line
    from kg.formats.text.layout import Row

SEPARATOR = "|"
"""Separates the aliases, or the types, in one field."""

SKIPPED = "-"
"""The name in ``columns`` of a column that is skipped."""


def read_entities_tsv(
    stream: IO[bytes], path: Path, columns: Sequence[str] | None = None
) -> Iterator[Line]:
    """Read one entity per line; ``columns``, or else the header, names the fields."""
    return _read_rows(tsv_rows(stream, path), path, columns)


def read_entities_csv(
    stream: IO[bytes], path: Path, columns: Sequence[str] | None = None
) -> Iterator[Line]:
    """Read one entity per record; ``columns``, or else the header, names the fields."""
    return _read_rows(csv_rows(stream, path), path, columns)


def _read_rows(rows: Iterator[Row], path: Path, columns: Sequence[str] | None) -> Iterator[Line]:
    names = None if columns is None else _check_columns(columns)
    for number, text, fields in rows:
        if isinstance(fields, TripleFormatError):
            yield number, fields
        elif names is None:
            names = [field.strip().casefold() for field in fields]
            if "key" not in names:
                known = ", ".join(sorted(ENTITY_FIELDS))
                reason = f'the header has no column "key"; name the columns, among {known}'
                raise TripleFormatError(path, number, reason, text)
        elif len(fields) != len(names):
            reason = f"expected {len(names)} columns, found {len(fields)}"
            yield number, TripleFormatError(path, number, reason, text)
        else:
            yield number, _entity(dict(zip(names, fields, strict=True)), path, number, text)


def _check_columns(columns: Sequence[str]) -> list[str]:
    unknown = [str(name) for name in columns if name not in ENTITY_FIELDS and name != SKIPPED]
    if unknown or "key" not in columns:
        known = ", ".join(sorted(ENTITY_FIELDS))
        raise KGError(
            f"the columns of entities are {known}; key is required, and {SKIPPED!r} skips a column:"
            f" not {list(columns)!r}"
        )
    return list(columns)


def _entity(fields: dict[str, str], path: Path, number: int, text: str) -> Any:
    """The entity of a row, or its error; an empty field is taken as missing."""
    value: dict[str, Any] = {}
    for name in ENTITY_FIELDS & fields.keys():
        field = fields[name]
        if name in ("aliases", "types"):
            value[name] = [part.strip() for part in field.split(SEPARATOR) if part.strip()]
        elif field:
            value[name] = field
    try:
        if "prior" in value:
            value["prior"] = float(value["prior"])
    except ValueError:
        return TripleFormatError(path, number, '"prior" must be a number of at least 0', text)
    return entity_of(value, path, number, text)


def read_entities_json(stream: IO[bytes], path: Path) -> Iterator[Line]:
    """Read a JSON object ``{key: {label, aliases, …}}``, ``{key: [type, …]}`` or ``{key: label}``.

    The whole file is read into memory; use JSON Lines for a larger one.
    """
    raw = stream.read()
    text = decode(raw.removeprefix(b"\xef\xbb\xbf"), path, 1)
    decoder = json.JSONDecoder()
    position = _past(text, 0, "{", path)
    is_first, number, counted = True, 1, 0
    while True:
        position = _space(text, position)
        if text[position : position + 1] == "}":
            break
        if not is_first:
            position = _space(text, _past(text, position, ",", path))
        is_first = False
        start = position
        key, position = _value(decoder, text, position, path)
        value, position = _value(decoder, text, _past(text, position, ":", path), path)
        number += text.count("\n", counted, start)  # counts only the lines since the last entity
        counted = start
        yield number, _map_field(key, value, path, number, text[start:position])
    if text[position + 1 :].strip():
        raise _not_json(text, position + 1, "text after the object", path)


def _map_field(key: Any, value: Any, path: Path, number: int, text: str) -> Any:
    if not isinstance(key, str):
        return TripleFormatError(path, number, "a key must be text", text)
    if isinstance(value, dict):
        value = {**value, "key": key}
    elif isinstance(value, list):
        value = {"key": key, "types": value}
    elif isinstance(value, str):
        value = {"key": key, "label": value}
    else:
        reason = "expected {label, …}, a list of types or a label"
        return TripleFormatError(path, number, reason, text)
    return entity_of(value, path, number, text)


_SPACE = " \t\r\n"


def _space(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


def _past(text: str, at: int, mark: str, path: Path) -> int:
    at = _space(text, at)
    if text[at : at + 1] != mark:
        raise _not_json(text, at, f"expected {mark!r}", path)
    return at + 1


def _value(decoder: json.JSONDecoder, text: str, at: int, path: Path) -> tuple[Any, int]:
    at = _space(text, at)
    try:
        return decoder.raw_decode(text, at)
    except (ValueError, RecursionError) as error:
        raise _not_json(text, at, str(error), path) from error


def _not_json(text: str, at: int, reason: str, path: Path) -> TripleFormatError:
    number = text.count("\n", 0, at) + 1
    return TripleFormatError(path, number, f"not a JSON object ({reason})", text[at : at + 80])
