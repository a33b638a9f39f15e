"""Aggregates that skip values that are not numbers, where RDFLib fails the whole query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rdflib.plugins.sparql.aggregates import Aggregator, Average, Sum
from rdflib.plugins.sparql.sparql import SPARQLError

if TYPE_CHECKING:
    from contextvars import ContextVar

FAILURES = (SPARQLError, ArithmeticError, AttributeError, TypeError, ValueError)
"""Errors of RDFLib's accumulators for a value without datatype, out of range, or not a number."""


def prepare_aggregates(in_query: ContextVar[bool]) -> None:
    """Register the accumulators with RDFLib; outside of our queries they behave like RDFLib's."""
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
                self.__dict__.update(before)

    return Lenient
