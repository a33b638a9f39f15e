"""Values of Neo4j's driver as literals.

Numbers, texts, lists and points become what APOC's JSON of the same graph becomes. That JSON writes
dates and times as text; here they keep their types.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from math import isfinite
from typing import TYPE_CHECKING, Any

from kg.types import Literal
from kg.vocabulary import XSD

if TYPE_CHECKING:
    from collections.abc import Mapping

_TEMPORAL = {"Date": "date", "Time": "time", "DateTime": "dateTime", "Duration": "duration"}
"""The datatypes of XML Schema by the names of classes in ``neo4j.time``."""
_ZEROS = re.compile(r"(?:\.|(\.\d*[1-9]))0+(?!\d)")
"""The zeros at the end of a fraction of a second, which always has nine digits."""
_GEOGRAPHIC = {4326: "wgs-84", 4979: "wgs-84-3d"}
_CARTESIAN = {7203: "cartesian", 9157: "cartesian-3d"}
"""The names of coordinate systems by their number."""


class UnknownValueError(ValueError):
    """A value cannot be stored; the message is the reason."""


def literals_of(properties: Mapping[str, Any]) -> tuple[dict[str, list[Literal]], int]:
    """The values of each property, and how many times have a zone with a name.

    Args:
        properties: A node or relationship of the driver.

    Raises:
        UnknownValueError: A value is not finite, or of an unknown type.
    """
    literals_by_name: dict[str, list[Literal]] = {}
    zones = 0
    for name, value in properties.items():
        values = [part for part in (value if type(value) is list else [value]) if part is not None]
        try:
            literals = [_literal(part) for part in values]
        except UnknownValueError as error:
            raise UnknownValueError(f"{name!r}: {error}") from error
        zones += sum(map(_has_named_zone, values))
        if name and literals:
            literals_by_name[name] = literals
    return literals_by_name, zones


def _literal(value: Any) -> Literal:
    if isinstance(value, str | bool | int | float | bytes | bytearray):
        return _plain(value)
    kind = type(value).__name__
    if kind in _TEMPORAL and hasattr(value, "iso_format"):
        text = _ZEROS.sub(r"\1", value.iso_format())
        return Literal(text, f"{XSD}{_TEMPORAL[kind]}")
    if hasattr(value, "srid"):
        return Literal(json.dumps(_point(value), ensure_ascii=False))
    if isinstance(value, dict | list):  # maps, which Memgraph stores
        try:
            return Literal(json.dumps(value, ensure_ascii=False))
        except (TypeError, ValueError) as error:
            raise UnknownValueError(f"cannot be written as JSON ({error})") from error
    raise UnknownValueError(f"values of the type {kind} cannot be stored")


def _plain(value: str | bool | int | float | bytes | bytearray) -> Literal:
    if isinstance(value, str):
        return Literal(value)
    if isinstance(value, bytes | bytearray):
        return Literal(b64encode(value).decode(), f"{XSD}base64Binary")
    if isinstance(value, bool):
        return Literal(str(value).lower(), f"{XSD}boolean")
    if isinstance(value, int):
        return Literal(str(value), f"{XSD}integer")
    if not isfinite(value):
        raise UnknownValueError(f"{value} is not a finite number")
    return Literal(repr(value), f"{XSD}double")


def _point(value: Any) -> dict[str, Any]:
    """A point as APOC writes it."""
    x, y, *rest = value
    height = rest[0] if rest else None
    if value.srid in _GEOGRAPHIC:
        crs = _GEOGRAPHIC[value.srid]
        return {"crs": crs, "latitude": y, "longitude": x, "height": height}
    crs = _CARTESIAN.get(value.srid, str(value.srid))
    return {"crs": crs, "x": x, "y": y, "z": height}


def _has_named_zone(value: Any) -> bool:
    """Whether a time has a zone such as Europe/Berlin, of which its text has the offset alone."""
    return getattr(getattr(value, "tzinfo", None), "zone", None) is not None
