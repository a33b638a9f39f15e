"""Compares sizes with bounds in Python and SQL: by doubles, or exactly if doubles are equal."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection


class Size(NamedTuple):
    """A value of a node with its dimension, in double precision."""

    node: int
    value: int
    dimension: str
    low: float
    high: float


class Bounds(NamedTuple):
    """The bounds of a comparison.

    Attributes:
        comparison: One of ``< <= > >= = !=``.
        dimension: The dimension of size and bounds.
        low: The lower bound in double precision.
        high: The upper bound in double precision.
    """

    comparison: str
    dimension: str
    low: float
    high: float

    def verdict(self, size: Size) -> bool | None:
        """Whether a size satisfies the comparison; None if exact values decide."""
        if size.dimension != self.dimension:
            return False
        low, high = size.low, size.high
        match self.comparison:
            case "<":
                return None if high == self.low else high < self.low
            case "<=":
                return None if high == self.high else high < self.high
            case ">":
                return None if low == self.high else low > self.high
            case ">=":
                return None if low == self.low else low > self.low
        if low < self.low or high > self.high:
            return self.comparison == "!="
        return None if low == self.low or high == self.high else self.comparison == "="


# Three conditions in SQL per comparison: that it is certainly true, a range of ``low`` for the
# index, and that doubles are equal, so that they do not decide it.
_CERTAIN = {
    "<": "{q}.high < ?1", "<=": "{q}.high < ?2", ">": "{q}.low > ?2", ">=": "{q}.low > ?1",
    "=": "({q}.low > ?1 AND {q}.high < ?2)", "!=": "({q}.low < ?1 OR {q}.high > ?2)",
}  # fmt: skip
_RANGE = {
    "<": "{q}.low <= ?1", "<=": "{q}.low <= ?2", ">": "{q}.low >= ?2", ">=": "{q}.low >= ?1",
    "=": "({q}.low >= ?1 AND {q}.low <= ?2)", "!=": "1 = 1",
}  # fmt: skip
_EQUAL = {
    "<": "{q}.high = ?1", "<=": "{q}.high = ?2", ">": "{q}.low = ?2", ">=": "{q}.low = ?1",
    "=": "({q}.low = ?1 OR {q}.high = ?2)", "!=": "({q}.low = ?1 OR {q}.high = ?2)",
}  # fmt: skip


def _condition(texts: dict[str, str], bounds: Bounds, q: str) -> str:
    """A condition on a table ``q``; ``repr`` writes the doubles exactly, to the last bit."""
    text = texts[bounds.comparison].format(q=q)
    return text.replace("?1", repr(bounds.low)).replace("?2", repr(bounds.high))


def certain(bounds: Bounds, q: str) -> str:
    """The condition that the doubles in a row of ``q`` certainly satisfy the comparison."""
    return _condition(_CERTAIN, bounds, q)


def in_range(bounds: Bounds, q: str) -> str:
    """A range of ``q.low`` for an index, with all rows that may satisfy the comparison."""
    return _condition(_RANGE, bounds, q)


def undecided_condition(bounds: Bounds, q: str) -> str:
    """The condition that the doubles in a row of ``q`` do not decide the comparison."""
    return _condition(_EQUAL, bounds, q)


def holds(bounds: Bounds, value: str, equal: Collection[int]) -> str:
    """The condition that a value satisfies the comparison; its one parameter is the dimension.

    Args:
        bounds: The comparison and its bounds.
        value: SQL for the value's id.
        equal: Ids of values that doubles leave undecided and that satisfy it exactly.
    """
    listed = ", ".join(f"{number:d}" for number in sorted(equal)) or "NULL"
    return (
        f"EXISTS (SELECT 1 FROM quantity q WHERE q.literal_id = {value} AND q.dimension = ?"
        f" AND (({certain(bounds, 'q')} AND NOT {undecided_condition(bounds, 'q')})"
        f" OR q.literal_id IN ({listed})))"
    )
