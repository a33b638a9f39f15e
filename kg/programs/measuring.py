"""Superlatives, comparisons and aggregates.

SQL compares values as doubles. Values with the same double are compared exactly in Python.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from itertools import groupby
from typing import TYPE_CHECKING

from kg.programs import arithmetic
from kg.programs.computed_measures import ComputedMeasures
from kg.programs.expressions import Aggregate, Compare, Follow, Measure, Program, Superlative
from kg.store.node_sets import measures
from kg.store.node_sets.bounds import Bounds, Size
from kg.store.node_sets.sets import EMPTY, NodeSet
from kg.store.rows.quantity_rows import double
from kg.values.base_quantities import Quantity, quantity
from kg.values.node import ValueKey

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from kg.programs.expressions import Comparison
    from kg.programs.subprograms import Subprograms
    from kg.types import Literal

    Path = list[tuple[int, bool]]


class Measuring:
    """Evaluates superlatives, comparisons and aggregates.

    Args:
        subprograms: Evaluates the programs within them.
    """

    def __init__(self, subprograms: Subprograms) -> None:
        self._subprograms, self._sets = subprograms, subprograms.sets
        self._computed = ComputedMeasures(subprograms)

    # ── superlatives ─────────────────────────────────────────────────────────────────────────────

    def superlative(self, program: Superlative) -> NodeSet:
        """The nodes from the program's rank on, best first, until there are ``count`` of them.

        Nodes with equal values share a rank, and all nodes of the last rank are returned; within a
        rank they are in the set's order. If a count is measured, a node with the count 0 is never
        among the greatest.
        """
        base, greatest = self._subprograms.nodes(program.base), program.order == "max"
        if not program.measure.is_value:
            return self._in_order(base, self._computed.ranks(base, program))
        path = self._subprograms.path(program.measure.steps)
        if path is None or program.count < 1:
            return EMPTY
        ranks = self._ranks(base, path, program.rank, program.count, greatest=greatest)
        return self._in_order(base, [[size.node for size in sizes] for sizes in ranks])

    def extremes(self, node: int, measure: Measure, *, greatest: bool) -> tuple[str, ...]:
        """The greatest or least value of a node; several if equal, as "1 km" and "1000 m"."""
        path = self._subprograms.path(measure.steps)
        sizes = (
            [] if path is None else self._extreme_sizes(NodeSet((node,)), path, greatest=greatest)
        )
        return self._subprograms.keys([size.value for size in sizes])

    def _in_order(self, base: NodeSet, ranks: Iterable[Collection[int]]) -> NodeSet:
        """The nodes rank by rank, within a rank in the set's order; in a large set, by id."""
        nodes: list[int] = []
        for rank in ranks:
            some = set(rank)
            nodes += sorted(some) if base.ids is None else (x for x in base.ids if x in some)
        return NodeSet(tuple(nodes))

    def _extreme_sizes(self, base: NodeSet, path: Path, *, greatest: bool) -> list[Size]:
        """The sizes of the nodes whose size is the greatest or the least of a set."""
        ranks = self._ranks(base, path, 1, 1, greatest=greatest)
        return ranks[0] if ranks else []

    def _ranks(
        self, base: NodeSet, path: Path, rank: int, count: int, *, greatest: bool
    ) -> list[list[Size]]:
        """The sizes from ``rank`` on, a list for each rank, until they are of ``count`` nodes."""
        if rank < 1:
            return []
        if base.ids is not None:
            rows = measures.sizes(self._sets, base, path)
            dimension = _most_common(size.dimension for size in rows)
            rows = [size for size in rows if size.dimension == dimension]
            rows.sort(key=lambda size: size.low, reverse=greatest)
            return self._first_ranks(rows, rank, count, greatest=greatest)[0]
        dimension = self._dimension(base, path)
        for rows, complete in measures.by_size(
            self._sets, base, path, dimension, greatest=greatest
        ):
            ranks, enough = self._first_ranks(rows, rank, count, greatest=greatest)
            if enough or complete:
                return ranks
        return []

    def _first_ranks(
        self, rows: Iterable[Size], rank: int, count: int, *, greatest: bool
    ) -> tuple[list[list[Size]], bool]:
        """The sizes from ``rank`` on, a list for each rank, and whether they are enough.

        Args:
            rows: Sizes sorted by their doubles, best first.
            rank: The first rank, from 1.
            count: The number of nodes that is enough.
            greatest: Whether the greatest is the best.
        """
        seen: set[int] = set()
        ranks_before = 0
        ranks: list[list[Size]] = []
        for _, group in groupby(rows, key=lambda size: size.low):
            # A node has the rank of its best value, so its later values are passed over.
            best = self._best([size for size in group if size.node not in seen], greatest=greatest)
            keys = sorted({key for _, key in best.values()}, reverse=greatest)
            for key_of_rank in keys[max(rank - ranks_before - 1, 0) :]:
                ranks.append([size for size, key in best.values() if key == key_of_rank])
                if sum(map(len, ranks)) >= count:
                    return ranks, True
            ranks_before += len(keys)
            seen.update(best)
        return ranks, False

    def _best(
        self, rows: Sequence[Size], *, greatest: bool
    ) -> dict[int, tuple[Size, tuple[Fraction, Fraction]]]:
        """The exact greatest or least size of each node, by node."""
        exact = self._exact({size.value for size in rows})
        best: dict[int, tuple[Size, tuple[Fraction, Fraction]]] = {}
        for size in rows:
            key = exact[size.value][1:]
            previous = best.get(size.node)
            if previous is None or (key > previous[1] if greatest else key < previous[1]):
                best[size.node] = (size, key)
        return best

    def _exact(self, values: Collection[int]) -> dict[int, Quantity]:
        """The exact quantities of values, by their ids."""
        keys = zip(sorted(values), self._subprograms.keys(sorted(values)), strict=True)
        sizes = ((n, quantity(key.literal)) for n, key in keys if isinstance(key, ValueKey))
        return {number: size for number, size in sizes if size is not None}

    def _dimension(self, base: NodeSet, path: Path) -> str:
        """The dimension of most values of a set held in SQL."""
        dimensions = measures.dimensions(self._sets, path[-1][0])
        if len(dimensions) < 2:
            return "".join(dimensions)
        return _most_common(name for name, _ in measures.sample(self._sets, base, path))

    # ── comparisons ──────────────────────────────────────────────────────────────────────────────

    def compare(self, program: Compare) -> NodeSet:
        """The nodes of a set whose measure satisfies the comparison, in the set's order."""
        value = self._subprograms.number(program.value)
        base = self._subprograms.nodes(program.base)
        if value is None:
            return EMPTY
        if not program.measure.is_value:
            return self._in_order(base, [self._computed.matches(base, program, value)])
        path = self._subprograms.path(program.measure.steps)
        if path is None:
            return EMPTY
        if base.ids is None:
            return self._compare_many(base, path, program.comparison, value)
        chosen = [size.node for size in self._matches(base, path, program, value)]
        return self._in_order(base, [chosen])

    def matching(self, program: Compare, node: int) -> list[str]:
        """The values of a node that satisfy the comparison."""
        value, path = (
            self._subprograms.number(program.value),
            self._subprograms.path(program.measure.steps),
        )
        if value is None or path is None:
            return []
        operand = self._operand(self._subprograms.nodes(program.base), path, value)
        rows = measures.sizes(self._sets, NodeSet((node,)), path)
        exact = self._exact({size.value for size in rows})
        chosen = [
            n for n, size in exact.items()
            if operand is not None and arithmetic.compares(size, program.comparison, operand)
        ]  # fmt: skip
        return list(self._subprograms.keys(chosen))

    def _matches(self, base: NodeSet, path: Path, program: Compare, value: Literal) -> list[Size]:
        rows = measures.sizes(self._sets, base, path)
        operand = self._operand(base, path, value, rows)
        if operand is None:
            return []
        bounds = _bounds(program.comparison, operand)
        # The verdict is None if the doubles are equal, so that the exact values decide.
        verdicts = [(size, bounds.verdict(size)) for size in rows]
        exact = self._exact({size.value for size, verdict in verdicts if verdict is None})
        equal = {
            n for n, size in exact.items() if arithmetic.compares(size, program.comparison, operand)
        }
        return [
            size
            for size, verdict in verdicts
            if verdict or (verdict is None and size.value in equal)
        ]

    def _compare_many(
        self, base: NodeSet, path: Path, comparison: Comparison, value: Literal
    ) -> NodeSet:
        """The nodes of a set held in SQL whose size satisfies the comparison."""
        operand = self._operand(base, path, value)
        if operand is None:
            return EMPTY
        bounds = _bounds(comparison, operand)
        exact = self._exact(measures.equal_values(self._sets, path[-1][0], bounds))
        equal = [n for n, size in exact.items() if arithmetic.compares(size, comparison, operand)]
        return measures.compare(self._sets, base, path, bounds, equal)

    def _operand(
        self, base: NodeSet, path: Path, value: Literal, rows: Sequence[Size] | None = None
    ) -> Quantity | None:
        """The quantity of ``value``; a number without a unit gets the most common unit here."""
        size = quantity(value)
        if size is None or size.dimension or value.unit:
            return size
        if base.ids is None:
            if measures.dimensions(self._sets, path[-1][0]) == [""]:
                return size
            return arithmetic.as_stated(value, measures.sample(self._sets, base, path))
        rows = measures.sizes(self._sets, base, path) if rows is None else rows
        if not any(row.dimension for row in rows):
            return size
        numbers = sorted({row.value for row in rows})
        units = dict(zip(numbers, self._subprograms.literals(numbers), strict=True))
        return arithmetic.as_stated(value, [(row.dimension, units[row.value].unit) for row in rows])

    # ── aggregates ───────────────────────────────────────────────────────────────────────────────

    def aggregate(self, program: Aggregate) -> Literal | None:
        """Aggregate the values of a set.

        If a step leads to the values, each value counts once per node: two cities with the same
        population are two values.
        """
        if program.function == "count":
            return arithmetic.literal(
                Fraction(self._sets.size(self._subprograms.nodes(program.source)))
            )
        mean, greatest = program.function == "mean", program.function == "max"
        adds = program.function in ("sum", "mean")
        source = program.source
        if isinstance(source, Follow) and source.during is None:
            path = self._subprograms.path([source.step])
            base = self._subprograms.source(source)
            if base.ids is None and path is not None:
                return (
                    self._total(base, path, mean=mean)
                    if adds
                    else self._extreme(base, path, greatest=greatest)
                )
        values = self._values(source)
        return (
            arithmetic.total(values, mean=mean)
            if adds
            else arithmetic.extreme(values, greatest=greatest)
        )

    def _extreme(self, base: NodeSet, path: Path, *, greatest: bool) -> Literal | None:
        sizes = self._extreme_sizes(base, path, greatest=greatest)
        values = self._subprograms.literals(sorted({size.value for size in sizes}, reverse=True))
        return values[0] if values else None

    def _total(self, base: NodeSet, path: Path, *, mean: bool) -> Literal | None:
        """The sum or mean of the values of a set held in SQL, in double precision."""
        if not path[-1][1]:
            return None
        rows = measures.totals(self._sets, base, path)
        some = measures.sample(self._sets, base, path)
        return arithmetic.total_of_parts(rows, some, mean=mean)

    def _values(self, program: Program) -> list[Literal]:
        if not isinstance(program, Follow):
            return self._subprograms.literals(self._sets.ids(self._subprograms.nodes(program)))
        relation = self._subprograms.relation(program.step.relation)
        if relation is None or not program.step.forward:
            return []
        period = None if program.during is None else self._subprograms.period(program.during)
        return measures.distinct_values(
            self._sets, self._subprograms.source(program), relation, period
        )


def _most_common(names: Iterable[str]) -> str:
    """The most frequent name; of equally frequent ones the alphabetically first."""
    counts = Counter(names)
    return min(counts, key=lambda name: (-counts[name], name), default="")


def _bounds(comparison: Comparison, operand: Quantity) -> Bounds:
    return Bounds(comparison, operand.dimension, double(operand.low), double(operand.high))
