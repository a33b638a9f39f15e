"""Values in place of keys, and their text for people."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from kg.types import Literal
from kg.vocabulary import XSD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg.sql.cursor import Sql

_NUMBER = re.compile(r"([+-]?)(\d+)(\.\d+)?")
_CLOCK = re.compile(r"\d{2}:\d{2}:\d{2}")
MAX_SHOWN_DECIMALS = 4
"""The maximum number of decimals of a number that is shown as it is."""
MIN_GROUPED_DIGITS = 5
"""The least digits of a number with separated thousands: 1984 may be a year, 70,000 is not."""


class ValueKey(str):
    """A value in place of a key: at the end of a path, in a pattern, as an answer.

    As text it is ``Literal.value``. It equals only the same value: the year 1984 is not the entity
    with the key "1984".

    Attributes:
        literal: The value.
    """

    __slots__ = ("literal",)
    literal: Literal

    def __new__(cls, literal: Literal) -> ValueKey:
        """Make the key of a value."""
        key = super().__new__(cls, literal.value)
        key.literal = literal
        return key

    def __eq__(self, other: object) -> bool:
        """Whether the other key is of the same value."""
        return isinstance(other, ValueKey) and self.literal == other.literal

    def __ne__(self, other: object) -> bool:
        """Whether the other key is not of the same value."""
        return not self == other

    def __hash__(self) -> int:
        """The hash of the value."""
        return hash(self.literal)

    def __getnewargs__(self) -> tuple[Literal]:  # type: ignore[override]  # of copies: str gives its text
        """The value, for copying and pickling."""
        return (self.literal,)


def node_of(row: Sequence[str | None]) -> str:
    """The node of a row (key, value, datatype, language, unit): its key, or else its value."""
    key, *parts = row
    return ValueKey(Literal(*(part or "" for part in parts))) if key is None else key


def node_query(node: str) -> tuple[str, tuple[object, ...]]:
    """The SELECT of a node's id, and its parameters."""
    if not isinstance(node, ValueKey):
        return "SELECT id FROM entity WHERE key = ?", (node,)
    from kg.store.rows.dictionary import literal_hash

    item = node.literal
    query = (
        "SELECT id FROM literal WHERE hash = ? AND value = ? AND datatype = ? AND language = ?"
        " AND unit = ?"
    )
    return query, (literal_hash(item), item.value, item.datatype, item.language, item.unit)


def node_id(sql: Sql, node: str) -> int | None:
    """The id of a node; None if the graph never had it."""
    number = sql.one(*node_query(node))
    return None if number is None else int(number)


def value_text(value: Literal) -> str:
    """A value for people: with separated thousands from five digits on, and its unit.

    A time of day is without its seconds if they are 0.
    """
    text = value.value
    if value.datatype == f"{XSD}time":
        return text.removesuffix(":00") if _CLOCK.fullmatch(text) else text
    if value.datatype:
        match = _NUMBER.fullmatch(text)
        if match and len(match[2]) >= MIN_GROUPED_DIGITS and not match[2].startswith("0"):
            text = f"{match[1]}{int(match[2]):,}{match[3] or ''}"
    if not value.unit:
        return text
    joint = "" if value.unit == "%" else " "
    return f"{text}{joint}{value.unit}"


def round_decimal(value: Literal) -> Literal:
    """A decimal number for people: at most two decimals, or three digits if it is below 1.

    Numbers of up to four decimals, and other values, are returned as they are.

    >>> round_decimal(Literal("6086.66666666667", f"{XSD}decimal")).value
    '6086.67'
    >>> round_decimal(Literal("0.0123456", f"{XSD}decimal")).value
    '0.0123'
    """
    if (
        value.datatype != f"{XSD}decimal"
        or len(value.value.partition(".")[2]) <= MAX_SHOWN_DECIMALS
    ):
        return value
    number = Decimal(value.value)
    positions = 2 if abs(number) >= 1 else 2 - number.adjusted()
    return replace(value, value=f"{round(number, positions):f}")


def type_name(value: Literal) -> str:
    """The short name of a value's type: "integer", "date", "text"; or the language of a text."""
    if value.language:
        return f"text, {value.language}"
    return re.split(r"[#/:]", value.datatype)[-1] or "text"
