"""Measures that several facts of a node give: counts, sums, means, lengths between two values.

Counts of all nodes come from one query. The others are evaluated node by node, exactly.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from kg.programs import arithmetic
from kg.programs.arithmetic import Measured
from kg.programs.expressions import Named
from kg.store.node_sets import measures
from kg.values.base_quantities import Quantity, quantity

if TYPE_CHECKING:
    from kg.programs.expressions import Compare, Measure, Superlative
    from kg.programs.subprograms import Subprograms
    from kg.store.node_sets.sets import NodeSet
    from kg.types import Literal


class ComputedMeasures:
    """Evaluates superlatives and comparisons of computed measures.

    Args:
        subprograms: Evaluates the programs within them.
    """

    def __init__(self, subprograms: Subprograms) -> None:
        self._subprograms, self._sets = subprograms, subprograms.sets

    def ranks(self, base: NodeSet, program: Superlative) -> list[list[int]]:
        """The nodes from the program's rank on, a list for each rank, best first.

        A node with the count 0 is never among the greatest.
        """
        greatest = program.order == "max"
        if program.rank < 1 or program.count < 1:
            return []
        nodes_of: dict[Fraction, list[int]] = {}
        for node, item in self._sizes(base, program.measure, zeros=not greatest).items():
            nodes_of.setdefault(item.quantity.low, []).append(node)
        chosen: list[list[int]] = []
        for size in sorted(nodes_of, reverse=greatest)[program.rank - 1 :]:
            chosen.append(nodes_of[size])
            if sum(map(len, chosen)) >= program.count:
                break
        return chosen

    def matches(self, base: NodeSet, program: Compare, value: Literal) -> set[int]:
        """The nodes whose measure satisfies a comparison with a value.

        A number without a unit is in the most frequent unit of the measure.
        """
        if program.measure.count:  # "more than 3 kilometres": a count has no unit
            value = replace(value, unit="")
        stated = quantity(value)
        if stated is None:
            return set()
        zero = Quantity("", Fraction(0), Fraction(0))
        zeros = arithmetic.compares(zero, program.comparison, stated)
        sizes = self._sizes(base, program.measure, zeros=zeros)
        if sizes and not stated.dimension and not value.unit:
            units = [(item.quantity.dimension, item.value.unit) for item in sizes.values()]
            stated = arithmetic.as_stated(value, units)
        return {
            node
            for node, item in sizes.items()
            if stated is not None and arithmetic.compares(item.quantity, program.comparison, stated)
        }

    def _sizes(self, base: NodeSet, measure: Measure, *, zeros: bool) -> dict[int, Measured]:
        """The measure of each node; those of the most frequent dimension, if there are several.

        Args:
            base: The nodes.
            measure: The measure.
            zeros: Whether nodes with the count 0 are included.
        """
        if measure.count:
            numbers: dict[int, Literal | None] = {
                node: arithmetic.literal(Fraction(count))
                for node, count in self._counts(base, measure, zeros=zeros).items()
            }
        else:
            ids = self._sets.ids(base)
            numbers = {
                node: self._subprograms.number(measure.of(Named((key,))))
                for node, key in zip(ids, self._subprograms.keys(ids), strict=True)
            }
        sizes = {
            node: Measured(number, size)
            for node, number in numbers.items()
            if number is not None and (size := quantity(number)) is not None
        }
        main = arithmetic.main_dimension(sizes.values())
        return {node: item for node, item in sizes.items() if item.quantity.dimension == main}

    def _counts(self, base: NodeSet, measure: Measure, *, zeros: bool) -> dict[int, int]:
        """The count of each node of a set, by node, with or without the zeros."""
        path = self._subprograms.path(measure.steps)
        among = None if measure.among is None else self._subprograms.nodes(measure.among)
        counts = {} if path is None else measures.counts(self._sets, base, path, among)
        if not zeros:
            return counts
        return {number: counts.get(number, 0) for number in self._sets.ids(base)}
