"""Finds the facts from which a program's denotation follows."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from kg.programs.expressions import (
    Aggregate,
    Compare,
    Difference,
    Exists,
    Follow,
    Having,
    Intersection,
    Measure,
    Named,
    OfType,
    Program,
    Subtract,
    Superlative,
    Union,
    Within,
)
from kg.store.node_sets import measures, set_steps, traverse
from kg.store.node_sets.sets import NodeSet
from kg.types import Literal, Step, Triple
from kg.values.node import ValueKey
from kg.vocabulary import IRI, TYPE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kg.programs.evaluation import Evaluation


class ProgramEvidence:
    """Finds the facts from which the denotations of programs follow.

    Args:
        work: The evaluation, whose cached values are used.
    """

    def __init__(self, work: Evaluation) -> None:
        self._work = work

    def facts(self, program: Program, node: str | None, limit: int) -> list[Triple]:
        """At most ``limit`` facts, each once; see :meth:`kg.programs.Evaluator.facts`."""
        self._limit = max(limit, 0)
        if node is None:
            facts = self._all(program)
        else:
            ids = self._work.existing_nodes([node]).ids or ()
            value = self._work.value(program)
            within = isinstance(value, NodeSet) and self._work.has(value, ids)
            facts = self._of(program, ids[0]) if within else iter(())
        return list(islice(dict.fromkeys(islice(facts, 4 * self._limit)), self._limit))

    def _all(self, program: Program) -> Iterator[Triple]:
        """The facts of all nodes of a set, or of all values behind a number or a truth value."""
        match program:
            case Aggregate(function, source):
                yield from self._aggregate(function, source)
            case Subtract(left, right, _):
                yield from self._number(left)
                yield from self._number(right)
            case Within(left, right):
                both = Intersection(left, right)
                for node in self._some(both):
                    yield from self._of(right, node)
                    yield from self._of(left, node)
            case Exists(source):
                yield from self._all(source)
            case _:
                for node in self._some(program):
                    yield from self._of(program, node)

    def _some(self, program: Program) -> tuple[int, ...]:
        return self._work.sets.ids(self._work.nodes(program), self._limit)

    def _aggregate(self, function: str, source: Program) -> Iterator[Triple]:
        if function in ("max", "min"):
            value = self._work.number(Aggregate(function, source))  # type: ignore[arg-type]  # one of the two
            ids = () if value is None else self._work.existing_nodes([ValueKey(value)]).ids or ()
            for number in ids:
                yield from self._of(source, number)
        else:
            yield from self._all(source)

    def _number(self, program: Program) -> Iterator[Triple]:
        """The facts of one number; for a set, those of the value that is compared."""
        if isinstance(program, (Aggregate, Subtract)):
            yield from self._all(program)
            return
        value = self._work.number(program)
        for number in (
            () if value is None else self._work.existing_nodes([ValueKey(value)]).ids or ()
        ):
            yield from self._of(program, number)

    def _of(self, program: Program, node: int) -> Iterator[Triple]:  # noqa: C901  # a case a kind of program
        """The facts that put a node in the set."""
        match program:
            case OfType(type_):
                yield from self._type(node, type_)
            case Having(step):
                yield from self._first(node, step)
            case Follow():
                yield from self._facts_of_step(program, node)
            case Intersection(left, right):
                yield from self._of(left, node)
                yield from self._of(right, node)
            case Union(left, right):
                for side in (left, right):
                    if self._work.has(self._work.nodes(side), (node,)):
                        yield from self._of(side, node)
            case Difference(left, _):
                yield from self._of(left, node)
            case Superlative(base, measure, order):
                yield from self._measure(node, measure, greatest=order == "max")
                yield from self._of(base, node)
            case Compare(base, measure, _, value):
                yield from self._facts_of_comparison(program, node)
                yield from self._number(value)
                yield from self._of(base, node)
            case Named() | _:
                return

    def _type(self, node: int, type_: str) -> Iterator[Triple]:
        relation = self._work.relation(TYPE)
        types = self._work.existing_nodes(
            ValueKey(Literal(type_, datatype)) for datatype in ("", IRI)
        )
        path = [(relation, True)] if relation is not None else []
        for end in measures.nodes_counted(self._work.sets, node, path, types, 1) if path else ():
            key, value = self._work.keys([node, end])
            yield Triple(key, TYPE, value)

    def _first(self, node: int, step: Step) -> Iterator[Triple]:
        path = self._work.path([step])
        if path is None:
            return
        reached = set_steps.take_step(self._work.sets, NodeSet((node,)), path[0])
        for there in self._work.sets.ids(reached)[:1]:
            yield self._fact(node, step, there)

    def _fact(self, here: int, step: Step, there: int) -> Triple:
        key, other = (
            self._work.keys([here, there]) if here != there else self._work.keys([here]) * 2
        )
        return (
            Triple(key, step.relation, other) if step.forward else Triple(other, step.relation, key)
        )

    def _facts_of_step(self, program: Follow, node: int) -> Iterator[Triple]:
        path = self._work.path([program.step])
        if path is None:
            return
        source = self._work.nodes(program.source)
        start = self._work.start(program.source)
        for here in self._work.ways(program, source, path[0], node, start, self._limit):
            yield from self._of(program.source, here)
            yield self._fact(here, program.step, node)

    def _measure(self, node: int, measure: Measure, *, greatest: bool) -> Iterator[Triple]:
        """The facts of a node's measure: those of its extreme value, or of all counted nodes."""
        if not measure.is_value:
            yield from self._facts_of_computed(node, measure)
            return
        for value in self._work.measuring.extremes(node, measure, greatest=greatest):
            yield from self._trail(node, measure, value)

    def _facts_of_comparison(self, program: Compare, node: int) -> Iterator[Triple]:
        measure = program.measure
        if not measure.is_value:
            yield from self._facts_of_computed(node, measure)
            return
        for value in self._work.measuring.matching(program, node):
            yield from self._trail(node, measure, value)

    def _facts_of_computed(self, node: int, measure: Measure) -> Iterator[Triple]:
        if not measure.count:
            yield from self._all(measure.of(Named(self._work.keys([node]))))
            return
        path = self._work.path(measure.steps)
        if path is None:
            return
        among = None if measure.among is None else self._work.nodes(measure.among)
        for end in measures.nodes_counted(self._work.sets, node, path, among, self._limit):
            for key in self._work.keys([end]):
                yield from self._trail(node, measure, key)

    def _trail(self, node: int, measure: Measure, end: str) -> Iterator[Triple]:
        (start,) = self._work.keys([node])
        sets = self._work.sets
        for trail in traverse.witness_paths(
            sets.sql, start, measure.steps, end, limit=1, at=sets.at
        ):
            yield from trail
