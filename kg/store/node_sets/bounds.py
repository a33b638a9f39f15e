"""Compares sizes with bounds in Python and SQL: by doubles, or exactly if doubles are equal."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection


class Size(NamedTuple):
    """The size of a node's value, in double precision.

    Attributes:
        node: The id of the node.
        value: The id of the value.
        dimension: What the value measures, such as "length".
        low: The greatest double that is not above the exact size, or start of a date.
        high: The least double that is not below the exact size, or end of a date.
    """

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
_UNDECIDED = {
    "<": "{q}.high = ?1", "<=": "{q}.high = ?2", ">": "{q}.low = ?2", ">=": "{q}.low = ?1",
    "=": "({q}.low = ?1 OR {q}.high = ?2)", "!=": "({q}.low = ?1 OR {q}.high = ?2)",
}  # fmt: skip


def _condition(conditions: dict[str, str], bounds: Bounds, alias: str) -> str:
    """A condition on the table called ``alias``; ``repr`` writes doubles to the last bit."""
    condition = conditions[bounds.comparison].format(q=alias)
    return condition.replace("?1", repr(bounds.low)).replace("?2", repr(bounds.high))


def certain(bounds: Bounds, alias: str) -> str:
    """The condition that the doubles in a row certainly satisfy the comparison."""
    return _condition(_CERTAIN, bounds, alias)


def in_range(bounds: Bounds, alias: str) -> str:
    """A range of the column ``low`` for an index, with all rows that may satisfy the comparison."""
    return _condition(_RANGE, bounds, alias)


def undecided_condition(bounds: Bounds, alias: str) -> str:
    """The condition that the doubles in a row do not decide the comparison."""
    return _condition(_UNDECIDED, bounds, alias)


def holds(bounds: Bounds, value: str, exact: Collection[int]) -> str:
    """The condition that a value satisfies the comparison; its one parameter is the dimension.

    Args:
        bounds: The comparison and its bounds.
        value: SQL for the value's id.
        exact: Ids of values that doubles leave undecided and that satisfy it exactly.
    """
    exact_ids = ", ".join(f"{number:d}" for number in sorted(exact)) or "NULL"
    return (
        f"EXISTS (SELECT 1 FROM quantity q WHERE q.literal_id = {value} AND q.dimension = ?"
        f" AND (({certain(bounds, 'q')} AND NOT {undecided_condition(bounds, 'q')})"
        f" OR q.literal_id IN ({exact_ids})))"
    )
