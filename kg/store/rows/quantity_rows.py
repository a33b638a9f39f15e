"""Stores the quantities of values, and an index of facts by size.

The table ``quantity`` has the numbers of :mod:`kg.values.base_quantities` in double precision.
Comparing doubles is exact unless two are equal; then the values themselves are compared. The table
``measure`` lists the triples that end in such values, live or not, by relation, dimension and size.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from kg.store.rows.schema import FIRST_RELATION
from kg.types import Literal
from kg.values.base_quantities import quantity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from fractions import Fraction

    from kg.sql.cursor import Sql

VALUES_PER_PAGE = 20_000
"""Values per page of a rebuild."""


def double(number: Fraction) -> float:
    """The nearest double, clipped to the range of doubles."""
    try:
        return float(number)
    except OverflowError:
        return sys.float_info.max if number > 0 else -sys.float_info.max


def add(sql: Sql, values: Mapping[Literal, int]) -> None:
    """Store the quantities of new values by id."""
    sizes = ((number, quantity(value)) for value, number in values.items())
    rows = [
        (
            number,
            size.dimension,
            low := double(size.low),
            low if size.high is size.low else double(size.high),
        )
        for number, size in sizes
        if size is not None
    ]
    if rows:
        sql.insert("quantity", "literal_id, dimension, low, high", sorted(rows))


def add_measures(sql: Sql, after: int) -> None:
    """Index the triples with ids above ``after`` by size."""
    sql.run(_LIST.format("x.id > ?"), (after,))


def add_measures_of(sql: Sql, triples: Sequence[int]) -> None:
    """Index triples by size; ``triples`` may contain duplicates."""
    if triples:
        listed, parameter = sql.values(sorted(set(triples)))
        sql.run(_LIST.format(f"x.id IN {listed}"), (parameter,))


_LIST = (
    "INSERT INTO measure (relation_id, dimension, low, triple_id, high)"
    " SELECT x.relation_id, q.dimension, q.low, x.id, q.high FROM triple x"
    " JOIN quantity q ON q.literal_id = x.tail_id"
    f" WHERE {{}} AND x.tail_id < 0 AND x.relation_id >= {FIRST_RELATION}"
    " ORDER BY x.relation_id, q.dimension, q.low, x.id"
)


def purge(sql: Sql) -> None:
    """Delete the rows of deleted values and triples."""
    sql.run("DELETE FROM measure WHERE triple_id NOT IN (SELECT id FROM triple)")
    sql.run("DELETE FROM quantity WHERE literal_id NOT IN (SELECT id FROM literal)")


def rebuild(sql: Sql) -> None:
    """Fill both empty tables from all values and triples."""
    below = 1
    while rows := _page(sql, below):
        add(sql, {Literal(*parts): number for number, *parts in rows})
        below = rows[-1][0]
    add_measures(sql, 0)


def _page(sql: Sql, below: int) -> list[tuple[int, str, str, str, str]]:
    query = (
        "SELECT id, value, datatype, language, unit FROM literal WHERE id < ? ORDER BY id DESC"
        f" LIMIT {VALUES_PER_PAGE}"
    )
    return sql.all(query, (below,))
