"""Evaluating programs: each part of one is a set, a number or a truth."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

from kg.errors import QueryError
from kg.programs import arithmetic
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
    Period,
    Program,
    Subtract,
    Superlative,
    Union,
    Within,
)
from kg.programs.memory import Memory
from kg.store import measures
from kg.store.dictionary import known_literals
from kg.store.sets import EMPTY, NodeSet, Sets
from kg.store.times import Moments, TimeNames, hold, moments, time_relations, times
from kg.store.values import node_ids, nodes
from kg.types import Literal
from kg.values.node import ValueKey
from kg.values.quantities import Quantity, quantity
from kg.vocabulary import IRI, RANK, TYPE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kg.programs.expressions import Comparison
    from kg.store.sql import Sql
    from kg.types import Step

Value: TypeAlias = NodeSet | Literal | bool | None
"""What a program comes to: a set, a number (None where there is none), a yes or no."""

EVERY = 1_000_000
"""Facts that lead to one node: all of them."""


class State:
    """What is held of a graph at one revision.

    Args:
        revision: The revision.
        most: Programs that are held.
        names: What the qualifiers for time are called.
    """

    def __init__(self, revision: int, most: int, names: TimeNames) -> None:
        self.revision, self.names = revision, names
        self.times: dict[int, str] | None = None
        self.values: Memory[tuple[Value]] = Memory(most)
        self.keys: Memory[str] = Memory(16 * most)
        self.relations: dict[str, int | None] = {}


class Evaluation:
    """The evaluation of programs on one connection.

    Args:
        sql: The connection.
        at: The revision, None for now.
        state: What is held.
        small: Nodes of a set that is held in Python.
    """

    def __init__(self, sql: Sql, at: int | None, state: State, small: int) -> None:
        self._sql, self._at, self._state = sql, at, state
        self.sets = Sets(sql, at, self.relation(RANK) is not None, small)

    # ── names and ids ────────────────────────────────────────────────────────────────────────────

    def relation(self, key: str) -> int | None:
        """The id of a relation, None where the graph lacks it."""
        known = self._state.relations
        if key not in known:
            found = self._sql.one("SELECT id FROM relation WHERE key = ?", (key,))
            known[key] = None if found is None else int(found)
        return known[key]

    def keys(self, ids: Sequence[int]) -> tuple[str, ...]:
        """The keys and values of ids."""
        found: dict[int, str | None] = {n: self._state.keys.get(n) for n in ids}
        new = [number for number, key in found.items() if key is None]
        for number, name in nodes(self._sql, new).items():
            found[number] = name
            self._state.keys.put(number, name)
        return tuple(key for number in ids if (key := found[number]) is not None)

    def literals(self, ids: Sequence[int]) -> list[Literal]:
        """Those of the ids that are values."""
        return [
            key.literal for key in self.keys([n for n in ids if n < 0]) if isinstance(key, ValueKey)
        ]

    # ── programs ─────────────────────────────────────────────────────────────────────────────────

    def value(self, program: Program) -> Value:
        """What a program comes to."""
        held = self._state.values.get(program)
        if held is None:
            held = (self._computed(program),)
            self._state.values.put(program, held)
        return held[0]

    def nodes(self, program: Program) -> NodeSet:
        """The set that a program denotes.

        Raises:
            QueryError: It denotes a number, or a yes or no.
        """
        found = self.value(program)
        if not isinstance(found, NodeSet):
            raise QueryError(f"{program} is no set of nodes")
        return found

    def number(self, program: Program) -> Literal | None:
        """The number or date that a program denotes: a count, or the first value of a set; None where there is none.

        Raises:
            QueryError: It denotes a yes or no.
        """
        if isinstance(program, Named):  # the graph need not hold the value
            return next((key.literal for key in program.keys if isinstance(key, ValueKey)), None)
        found = self.value(program)
        if isinstance(found, bool):
            raise QueryError(f"{program} is a yes or no, not a number or a date")
        if isinstance(found, NodeSet):
            values = arithmetic.measured(self.literals(self.sets.ids(found)))
            return values[0].value if values else None
        return found

    def _computed(self, program: Program) -> Value:  # noqa: C901  # a case a kind of program
        match program:
            case Named(keys):
                return self.named(keys)
            case OfType():
                return self._of_type(program)
            case Having(step):
                relation = self.relation(step.relation)
                return EMPTY if relation is None else self.sets.having(relation, step.forward)
            case Follow():
                return self._follow(program)
            case Intersection(left, right):
                return self.sets.intersection(self.nodes(left), self.nodes(right))
            case Union(left, right):
                return self.sets.union(self.nodes(left), self.nodes(right))
            case Difference(left, right):
                return self.sets.difference(self.nodes(left), self.nodes(right))
            case Superlative():
                return self._superlative(program)
            case Compare():
                return self._compare(program)
            case Aggregate():
                return self._aggregate(program)
            case Subtract(left, right):
                one, two = self.number(left), self.number(right)
                return None if one is None or two is None else arithmetic.difference(one, two)
            case Within(left, right):
                mine = self.nodes(left)
                rest = self.sets.difference(mine, self.nodes(right))
                return bool(self.sets.size(mine)) and not self.sets.size(rest)
            case Exists(source):
                return self.sets.size(self.nodes(source)) > 0
        raise QueryError(f"{program!r} is no program")

    def named(self, keys: Iterable[str]) -> NodeSet:
        """Those nodes of which the graph says anything."""
        given = list(keys)
        ids = node_ids(self._sql, given)
        living = self.sets.living(ids.values())
        ids = {key: number for key, number in ids.items() if number in living}
        return NodeSet(tuple(dict.fromkeys(ids[key] for key in given if key in ids)))

    def _of_type(self, program: OfType) -> NodeSet:
        relation = self.relation(TYPE)
        if relation is None:
            return EMPTY
        values = [Literal(program.type), Literal(program.type, IRI)]
        return self.sets.heads(relation, list(known_literals(self._sql, values).values()))

    def _follow(self, program: Follow) -> NodeSet:
        relation = self.relation(program.step.relation)
        if relation is None:
            return EMPTY
        start = self.start(program.source)
        source = self.nodes(program.source)
        if program.during is None:
            return self.sets.reached(source, relation, program.step.forward, start)
        period = self.period(program.during)
        return self.sets.reached_during(
            source, (relation, program.step.forward), self.times, period, start
        )

    @property
    def times(self) -> dict[int, str]:
        """The relations of the qualifiers for time."""
        if self._state.times is None:
            self._state.times = time_relations(self._sql, self._state.names, self._at)
        return self._state.times

    @staticmethod
    def period(period: Period) -> Moments:
        """The seconds of a period.

        Raises:
            QueryError: It is none.
        """
        start, end = moments(period.start, start=True), moments(period.end, start=False)
        if start is None or end is None or start.low > end.high:
            raise QueryError(
                f"{period} is no period: give two ISO 8601 dates or years, the earlier first"
            )
        return Moments(start.low, end.high)

    def start(self, program: Program) -> tuple[int, ...]:
        """The id of the one node at which a path begins that a step is added to; nothing of other programs."""
        if not isinstance(program, Follow):
            return ()
        while isinstance(program, Follow):
            program = program.source
        ids = self.nodes(program).ids if isinstance(program, Named) else None
        return ids if ids is not None and len(ids) == 1 else ()

    def has(self, nodes: NodeSet, ids: Sequence[int]) -> bool:
        """Whether all of the ids, and there are some, are in a set."""
        return bool(ids) and len(
            self.sets.ids(self.sets.intersection(NodeSet(tuple(ids)), nodes))
        ) == len(ids)

    def ways(
        self,
        program: Follow,
        source: NodeSet,
        step: tuple[int, bool],
        node: int,
        start: Sequence[int],
        limit: int,
    ) -> list[int]:
        """From which nodes of a set, without those at which the path begins, a step leads to a node."""
        if program.during is None:
            return [here for here, _ in self.sets.ways(source, step, node, start, limit)]
        rows = self.sets.ways(source, step, node, start, EVERY)
        said = times(self._sql, [fact for _, fact in rows], self.times, self._at)
        period = self.period(program.during)
        holds = [(hold(said.get(fact, ()), period), here) for here, fact in rows]
        found = sorted((how, at) for at, (how, _) in enumerate(holds) if how is not None)
        return [holds[at][1] for _, at in found][:limit]

    # ── measures ─────────────────────────────────────────────────────────────────────────────────

    def path(self, steps: Sequence[Step]) -> list[tuple[int, bool]] | None:
        """The steps with the ids of their relations; None where the graph lacks one."""
        found = [(self.relation(step.relation), step.forward) for step in steps]
        known = [(number, forward) for number, forward in found if number is not None]
        return known if known and len(known) == len(found) else None

    def counts(self, base: NodeSet, measure: Measure) -> dict[int, int]:
        """How many nodes the measure counts of each of a set, also 0."""
        path = self.path(measure.steps)
        among = None if measure.among is None else self.nodes(measure.among)
        found = {} if path is None else measures.counts(self.sets, base, path, among)
        return {number: found.get(number, 0) for number in self.sets.ids(base)}

    def measured(self, base: NodeSet, measure: Measure) -> list[tuple[int, arithmetic.Measured]]:
        """The numbers and dates that the measure has of the nodes of a set."""
        path = self.path(measure.steps)
        rows = [] if path is None else measures.values(self.sets, base, path)
        found = []
        for node, _, *parts in rows:
            value = Literal(*map(str, parts))
            size = quantity(value)
            if size is not None:
                found.append((node, arithmetic.Measured(value, size)))
        return found

    def _superlative(self, program: Superlative) -> NodeSet:
        base = self.nodes(program.base)
        sizes = self._sizes(base, program.measure, greatest=program.order == "max")
        ranks = sorted(set(sizes.values()), reverse=program.order == "max")
        if not 0 < program.rank <= len(ranks):
            return EMPTY
        chosen = ranks[program.rank - 1]
        return NodeSet(
            tuple(number for number in self.sets.ids(base) if sizes.get(number) == chosen)
        )

    def _sizes(
        self, base: NodeSet, measure: Measure, *, greatest: bool
    ) -> dict[int, tuple[Fraction, Fraction]]:
        """The measure of each node: by the greatest of its values or the least. Nothing is greatest by having none."""
        if measure.count:
            counted = self.counts(base, measure)
            return {
                n: (Fraction(count), Fraction(count))
                for n, count in counted.items()
                if count or not greatest
            }
        rows = self.measured(base, measure)
        dimension = arithmetic.main_dimension(item for _, item in rows)
        sizes: dict[int, list[tuple[Fraction, Fraction]]] = defaultdict(list)
        for node, (_, size) in rows:
            if size.dimension == dimension:
                sizes[node].append((size.low, size.high))
        return {node: max(found) if greatest else min(found) for node, found in sizes.items()}

    def _compare(self, program: Compare) -> NodeSet:
        value = self.number(program.value)
        if value is None:
            return EMPTY
        base = self.nodes(program.base)
        if program.measure.count:
            chosen = self._counted(base, program.measure, program.comparison, value)
        else:
            chosen = {node for node, _ in self._matches(base, program, value)}
        return NodeSet(tuple(number for number in self.sets.ids(base) if number in chosen))

    def _matches(
        self, base: NodeSet, program: Compare, value: Literal
    ) -> list[tuple[int, Literal]]:
        rows = self.measured(base, program.measure)
        other = arithmetic.as_stated(value, [item for _, item in rows])
        if other is None:
            return []
        return [
            (node, item.value)
            for node, item in rows
            if arithmetic.compares(item.quantity, program.comparison, other)
        ]

    def matching(self, program: Compare, node: int) -> list[Literal]:
        """The values of a node that compare as they are wanted."""
        value = self.number(program.value)
        if value is None:
            return []
        return [
            found
            for here, found in self._matches(self.nodes(program.base), program, value)
            if here == node
        ]

    def _counted(
        self, base: NodeSet, measure: Measure, comparison: Comparison, value: Literal
    ) -> set[int]:
        other = quantity(Literal(value.value, value.datatype))
        if other is None:
            return set()
        sizes = (
            (n, Quantity("", Fraction(c), Fraction(c)))
            for n, c in self.counts(base, measure).items()
        )
        return {number for number, size in sizes if arithmetic.compares(size, comparison, other)}

    def _aggregate(self, program: Aggregate) -> Literal | None:
        if program.function == "count":
            return arithmetic.literal(Fraction(self.sets.size(self.nodes(program.source))))
        values = self._values(program.source)
        if program.function in ("sum", "mean"):
            return arithmetic.total(values, mean=program.function == "mean")
        return arithmetic.extreme(values, greatest=program.function == "max")

    def _values(self, program: Program) -> list[Literal]:
        """The values of a set; at the end of a step once for each node that has it: two cities of one population are two."""
        if not isinstance(program, Follow):
            return self.literals(self.sets.ids(self.nodes(program)))
        relation = self.relation(program.step.relation)
        if relation is None or not program.step.forward:
            return []
        start = self.start(program.source)
        period = None if program.during is None else self.period(program.during)
        times = {} if period is None else self.times
        return measures.stated(
            self.sets, self.nodes(program.source), relation, start, times, period
        )
