"""Sums and averages that skip values that are not numbers.

In RDFLib one such value makes the whole query fail.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rdflib.plugins.sparql.aggregates import Aggregator, Average, Sum
from rdflib.plugins.sparql.sparql import SPARQLError

if TYPE_CHECKING:
    from contextvars import ContextVar

FAILURES = (SPARQLError, ArithmeticError, AttributeError, TypeError, ValueError)
"""Errors of RDFLib's accumulators for a value without datatype, out of range, or not a number."""


def prepare_aggregates(in_query: ContextVar[bool]) -> None:
    """Register the accumulators with RDFLib.

    RDFLib has one table of them for the whole process, so they skip values only while ``in_query``
    is true; in queries of other programs they behave like RDFLib's.
    """
    known = Aggregator.accumulator_classes
    for name, kind in (("Aggregate_Sum", Sum), ("Aggregate_Avg", Average)):
        if known[name] is kind:
            known[name] = _lenient(kind, in_query)


def _lenient(kind: type[Any], in_query: ContextVar[bool]) -> type[Any]:
    class Lenient(kind):  # type: ignore[misc]  # RDFLib chooses accumulators by class
        """An accumulator that skips a row whose value it cannot use."""

        def update(self, row: Any, aggregator: Any) -> None:
            """Add a row's value, or skip the row."""
            before = dict(self.__dict__)
            try:
                super().update(row, aggregator)
            except FAILURES:
                if not in_query.get():
                    raise
                self.__dict__.update(before)  # what the failed update has changed

    return Lenient
