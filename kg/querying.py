"""Answers basic graph patterns, with comparisons of numbers and dates, and sorting."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, get_args

from kg.errors import QueryError, shorten
from kg.naming import resolution as naming
from kg.programs import arithmetic
from kg.programs.expressions import Comparison
from kg.store.node_sets.bounds import Bounds, holds, undecided_condition
from kg.store.read import query
from kg.store.rows import values
from kg.store.rows.quantity_rows import double
from kg.types import Literal
from kg.values.base_quantities import quantity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kg.naming.resolution import NamedGraph
    from kg.sql.cursor import Sql
    from kg.sql.database import Database
    from kg.store.read.query import Terms
    from kg.values.base_quantities import Quantity

Compared: TypeAlias = "str | float | Decimal | dt.date | Literal"
"""A value to compare with: a number, with or without a unit, or a date."""
Where: TypeAlias = "tuple[str, Comparison, Compared]"
"""A comparison of a variable: ``("?x", ">", 5)``."""

SAMPLED_VALUES = 1_000
"""Values of a variable that decide the unit of a number without one."""


class PatternForm(NamedTuple):
    """The options of a query by patterns; see :meth:`kg.KnowledgeGraph.query`."""

    select: Sequence[str] | None
    limit: int | None
    strict: bool
    where: Sequence[Where]
    order_by: str | Sequence[str]


def answer(
    database: Database,
    view: NamedGraph,
    patterns: Sequence[Terms],
    form: PatternForm,
    at: int | None,
) -> Iterator[tuple[str, ...]]:
    """Answer patterns; see :meth:`kg.KnowledgeGraph.query`."""
    chosen = query.check_variables(patterns, form.select)
    tails = {pattern[2] for pattern in patterns}
    comparisons = [_check(comparison, tails) for comparison in form.where]
    names = [form.order_by] if isinstance(form.order_by, str) else form.order_by
    order = [_sort_key(name, chosen) for name in names]
    with database.quick() as sql:
        stored = naming.with_keys(sql, view, patterns, strict=form.strict, at=at)
        plan = partial(query.plan, sql, stored, at=at)
        conditions: list[query.Condition] = []
        for name, operator, value in comparisons:
            size = _quantity_of(sql, plan([name], limit=SAMPLED_VALUES, ids=True), value)
            conditions.append(_condition(sql, name, operator, size))
        statement = plan(chosen, limit=form.limit, where=conditions, order=tuple(order))
    if statement is not None:
        yield from database.rows(*statement)


def _check(comparison: Where, tails: set[str]) -> tuple[str, Comparison, Literal]:
    """Check a comparison, and convert its value.

    Raises:
        QueryError: The comparison is malformed, its variable is not a tail in any pattern, or its
            value is neither a number nor a date.
    """
    if (
        isinstance(comparison, str)
        or len(comparison) != 3
        or comparison[1] not in get_args(Comparison)
    ):
        how = " ".join(get_args(Comparison))
        raise QueryError(
            f"a comparison is a ?variable, one of {how}, and a value, not {comparison!r}"
        )
    name, operator, value = comparison
    if not query.is_variable(name) or name not in tails:
        raise QueryError(f"{name!r} cannot be compared: no pattern has it as its tail")
    literal = _literal(value)
    if literal is None or quantity(literal) is None:
        raise QueryError(
            f"{shorten(str(value))!r} cannot be compared:"
            " it is neither a number nor a date (1990-05-03, 12 km)"
        )
    return name, operator, literal


def _literal(value: object) -> Literal | None:
    if isinstance(value, Literal):
        return value
    if isinstance(value, dt.date):
        return Literal(value.isoformat())
    if isinstance(value, str | int | float | Decimal) and not isinstance(value, bool):
        return Literal(str(value))
    return None


def _sort_key(text: str, chosen: Sequence[str]) -> tuple[int, bool]:
    """The position of a selected variable to sort by, and whether to sort descending ("-?x").

    Raises:
        QueryError: The variable is not selected.
    """
    name = text.removeprefix("-")
    if name not in chosen:
        raise QueryError(f"cannot sort by {name!r}: it is not among {', '.join(chosen)}")
    return list(chosen).index(name), name != text


def _quantity_of(
    sql: Sql, sample: tuple[str, list[int | str]] | None, value: Literal
) -> Quantity | None:
    """The quantity of a value; a number without a unit gets that of most values of the variable."""
    size = quantity(value)
    if size is None or size.dimension or value.unit or sample is None:
        return size
    others = values.stated_dimensions(sql, *sample)
    if not any(dimension for dimension, _ in others):
        return size
    return arithmetic.as_stated(value, others)


def _condition(
    sql: Sql, name: str, comparison: Comparison, size: Quantity | None
) -> query.Condition:
    """The SQL condition of a comparison, by doubles, and by exact values if doubles are equal."""
    if size is None:
        return query.Condition(name, "1 = 0")
    bounds = Bounds(comparison, size.dimension, double(size.low), double(size.high))
    near = values.find_measures(sql, size.dimension, undecided_condition(bounds, "q"))
    same = [
        number
        for number, value in near.items()
        if (measured := quantity(value)) is not None
        and arithmetic.compares(measured, comparison, size)
    ]
    return query.Condition(name, holds(bounds, "{0}", same), (size.dimension,))
