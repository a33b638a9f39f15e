"""Sums and averages that skip what is no number, as SPARQL defines; RDFLib fails as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rdflib.plugins.sparql.aggregates import Aggregator, Average, Sum
from rdflib.plugins.sparql.sparql import SPARQLError

if TYPE_CHECKING:
    from contextvars import ContextVar

FAILURES = (SPARQLError, ArithmeticError, AttributeError, TypeError, ValueError)
"""What RDFLib's accumulators raise at a value without a datatype, out of range, or no number."""


def prepare_aggregates(in_query: ContextVar[bool]) -> None:
    """Let RDFLib use these accumulators; outside of our queries they do what RDFLib's own do."""
    known = Aggregator.accumulator_classes
    for name, kind in (("Aggregate_Sum", Sum), ("Aggregate_Avg", Average)):
        if known[name] is kind:
            known[name] = _lenient(kind, in_query)


def _lenient(kind: type[Any], in_query: ContextVar[bool]) -> type[Any]:
    class Lenient(kind):  # type: ignore[misc]  # RDFLib chooses accumulators by class
        """An accumulator that passes over a row whose value cannot be counted."""

        def update(self, row: Any, aggregator: Any) -> None:
            """Count a row."""
            before = dict(self.__dict__)
            try:
                super().update(row, aggregator)
            except FAILURES:
                if not in_query.get():
                    raise
                self.__dict__.update(before)

    return Lenient
