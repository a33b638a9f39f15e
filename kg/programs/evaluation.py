"""Evaluates programs on one connection: each part is a set of nodes, a number or a truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from kg.errors import QueryError
from kg.naming.resolution import stored_key
from kg.programs import arithmetic
from kg.programs.expressions import (
    Aggregate,
    Compare,
    Difference,
    Exists,
    Follow,
    Having,
    Intersection,
    Named,
    OfType,
    Period,
    Program,
    Subtract,
    Superlative,
    Union,
    Within,
)
from kg.programs.measuring import Measuring
from kg.programs.memory import RecencyCache
from kg.store.merging.merged_keys import kept_keys
from kg.store.node_sets import set_steps
from kg.store.node_sets.sets import EMPTY, NodeSet, NodeSets
from kg.store.rows.dictionary import ids_of, known_literals, storable
from kg.store.rows.times import Moments, hold, moments, now, time_relations, times
from kg.store.rows.values import node_ids, nodes
from kg.types import Literal, TimeNames
from kg.values.node import ValueKey
from kg.vocabulary import IRI, RANK, TYPE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kg.sql.cursor import Sql
    from kg.types import Step, TimeNames

Value: TypeAlias = NodeSet | Literal | bool | None
"""Value of a program: a set, a number (None without values to aggregate), or a truth value."""

MAX_CACHED_IDS = 1_000_000
"""Capacity of the cache of values: ids of nodes in all cached sets together."""

NO_ID = 0
"""Cached instead of an id for a key without a live triple; ids of nodes are never 0."""

NO_LIMIT = 1_000_000
"""A limit that no node reaches, so that all facts that lead to a node are read."""


class GraphState:
    """The caches for one revision of a graph.

    Args:
        revision: Number, kind and note of the graph's newest revision; None before the first use.
        most: Programs whose values are cached.
        names: Names of the qualifiers for time.
    """

    def __init__(self, revision: tuple[int, str, str] | None, most: int, names: TimeNames) -> None:
        self.revision, self.names = revision, names
        self.roles: dict[int, str] | None = None
        self.today = now()
        self.values: RecencyCache[tuple[Value]] = RecencyCache(most, MAX_CACHED_IDS)
        self.keys: RecencyCache[str] = RecencyCache(16 * most)
        self.ids: RecencyCache[int] = RecencyCache(16 * most)
        self.relations: dict[str, int | None] = {}


class Evaluation:
    """The evaluation of programs on one connection.

    Args:
        sql: The connection.
        at: The revision, None for the newest.
        state: The caches.
        small: Sets of at most this many nodes are held in Python; larger ones stay in SQL.
    """

    def __init__(self, sql: Sql, at: int | None, state: GraphState, small: int) -> None:
        self._sql, self._at, self._state = sql, at, state
        if state.roles is None:
            state.roles = time_relations(sql, state.names, at)
        ranked = self.relation(RANK) is not None
        self.sets = NodeSets(sql, at, ranked, small, state.roles, state.today)
        self.measuring = Measuring(self)

    # ── names and ids ────────────────────────────────────────────────────────────────────────────

    def relation(self, key: str) -> int | None:
        """The id of a relation; None if the graph lacks it."""
        known = self._state.relations
        if key not in known:
            name = stored_key(self._sql, "relation", key)
            known[key] = ids_of(self._sql, "relation", [name]).get(name)
        return known[key]

    def keys(self, ids: Sequence[int]) -> tuple[str, ...]:
        """The keys of entities and values with the given ids, in their order."""
        names: dict[int, str | None] = {n: self._state.keys.get(n) for n in ids}
        new = [number for number, key in names.items() if key is None]
        for number, name in nodes(self._sql, new).items():
            names[number] = name
            self._state.keys.put(number, name)
            # Sets are built from live triples, so that the node need not be looked up again.
            self._state.ids.put(name, number)
        return tuple(key for number in ids if (key := names[number]) is not None)

    def literals(self, ids: Sequence[int]) -> list[Literal]:
        """The values among the given ids."""
        return [
            key.literal for key in self.keys([n for n in ids if n < 0]) if isinstance(key, ValueKey)
        ]

    # ── programs ─────────────────────────────────────────────────────────────────────────────────

    def value(self, program: Program) -> Value:
        """Evaluate a program, or return its cached value."""
        cached = self._state.values.get(program)
        if cached is None:
            cached = (self._compute_value(program),)
            ids = cached[0].ids if isinstance(cached[0], NodeSet) else None
            self._state.values.put(program, cached, 1 + len(ids or ()))
        return cached[0]

    def nodes(self, program: Program) -> NodeSet:
        """Evaluate a program that denotes a set.

        Raises:
            QueryError: The program denotes a number or a truth value.
        """
        value = self.value(program)
        if not isinstance(value, NodeSet):
            raise QueryError(f"{program} is not a set of nodes")
        return value

    def number(self, program: Program) -> Literal | None:
        """The number or date that a program denotes; the first one of a set, None without any.

        Raises:
            QueryError: The program denotes a truth value.
        """
        if isinstance(program, Named):  # a value that the question names need not be in the graph
            return next((key.literal for key in program.keys if isinstance(key, ValueKey)), None)
        value = self.value(program)
        if isinstance(value, bool):
            raise QueryError(f"{program} is a yes or no, not a number or a date")
        if isinstance(value, NodeSet):
            values = arithmetic.measure_all(self.literals(self.sets.ids(value)))
            return values[0].value if values else None
        return value

    def _compute_value(self, program: Program) -> Value:  # noqa: C901  # a case a kind of program
        match program:
            case Named(keys):
                return self.existing_nodes(keys)
            case OfType():
                return self._of_type(program)
            case Having(step):
                relation = self.relation(step.relation)
                return (
                    EMPTY
                    if relation is None
                    else set_steps.having(self.sets, relation, step.forward)
                )
            case Follow():
                return self._follow(program)
            case Intersection(left, right):
                return self.sets.intersection(self.nodes(left), self.nodes(right))
            case Union(left, right):
                return self.sets.union(self.nodes(left), self.nodes(right))
            case Difference(left, right):
                return self.sets.difference(self.nodes(left), self.nodes(right))
            case Superlative():
                return self.measuring.superlative(program)
            case Compare():
                return self.measuring.compare(program)
            case Aggregate():
                return self.measuring.aggregate(program)
            case Subtract(left, right, years):
                minuend, subtrahend = self.number(left), self.number(right)
                if minuend is None or subtrahend is None:
                    return None
                return (
                    years and arithmetic.complete_years(minuend, subtrahend)
                ) or arithmetic.difference(minuend, subtrahend)
            case Within(left, right):
                subset = self.nodes(left)
                outside = self.sets.difference(subset, self.nodes(right))
                return not self.sets.is_empty(subset) and self.sets.is_empty(outside)
            case Exists(source):
                return not self.sets.is_empty(self.nodes(source))
        raise QueryError(f"{program!r} is not a program")

    def existing_nodes(self, keys: Iterable[str]) -> NodeSet:
        """The nodes that occur in a live triple, in the order of their keys."""
        wanted = list(keys)
        ids = {key: self._state.ids.get(key) for key in wanted}
        new = {
            key: key if isinstance(key, ValueKey) else stored_key(self._sql, "entity", key)
            for key, number in ids.items()
            if number is None
        }
        if new:
            live = self._live_ids(new.values())
            if self._at is None and len(live) < len(new):  # a merged entity has no live facts
                absent = [name for name in new.values() if name not in live]
                kept = kept_keys(self._sql, [n for n in absent if not isinstance(n, ValueKey)])
                of_kept = self._live_ids(kept.values())
                live |= {gone: of_kept[name] for gone, name in kept.items() if name in of_kept}
            for key, name in new.items():
                ids[key] = live_id = live.get(name, NO_ID)
                self._state.ids.put(key, live_id)
        return NodeSet(tuple(dict.fromkeys(number for key in wanted if (number := ids[key]))))

    def _live_ids(self, names: Iterable[str]) -> dict[str, int]:
        """The ids of the stored nodes that occur in a live triple, by their names."""
        stored = node_ids(self._sql, names)
        live = self.sets.living(stored.values())
        return {name: number for name, number in stored.items() if number in live}

    def _of_type(self, program: OfType) -> NodeSet:
        relation = self.relation(TYPE)
        if relation is None or not storable(program.type):
            return EMPTY
        values = [Literal(program.type), Literal(program.type, IRI)]
        return set_steps.of_type(
            self.sets, relation, list(known_literals(self._sql, values).values())
        )

    def _follow(self, program: Follow) -> NodeSet:
        relation = self.relation(program.step.relation)
        if relation is None:
            return EMPTY
        start = self.start(program.source)
        source = self.nodes(program.source)
        if program.during is None:
            return set_steps.take_step(self.sets, source, (relation, program.step.forward), start)
        period = self.period(program.during)
        return set_steps.reached_during(
            self.sets, source, (relation, program.step.forward), period, start
        )

    @staticmethod
    def period(period: Period) -> Moments:
        """The first and last second of a period.

        Raises:
            QueryError: A date is malformed, or the start is after the end.
        """
        start, end = moments(period.start, start=True), moments(period.end, start=False)
        if start is None or end is None or start.low > end.high:
            raise QueryError(
                f"{period} is not a period: give two ISO 8601 dates or years, the earlier first"
            )
        return Moments(start.low, end.high)

    def source(self, program: Follow) -> NodeSet:
        """The nodes from which the last step of a path is taken, without the path's start."""
        nodes, start = self.nodes(program.source), self.start(program.source)
        return self.sets.difference(nodes, NodeSet(start)) if start else nodes

    def start(self, program: Program) -> tuple[int, ...]:
        """The id of the one node at which a path of steps starts, as a tuple.

        Empty if the program is not a path, or does not start at a single node.
        """
        if not isinstance(program, Follow):
            return ()
        while isinstance(program, Follow):
            program = program.source
        ids = self.nodes(program).ids if isinstance(program, Named) else None
        return ids if ids is not None and len(ids) == 1 else ()

    def has(self, nodes: NodeSet, ids: Sequence[int]) -> bool:
        """Whether a set contains all of the ids; False without ids."""
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
        """The nodes of a set, without the path's start, from which a step leads to ``node``."""
        if program.during is None:
            return [here for here, _ in set_steps.ways(self.sets, source, step, node, start, limit)]
        rows = set_steps.ways(self.sets, source, step, node, start, NO_LIMIT)
        qualifiers = times(self._sql, [fact for _, fact in rows], self.sets.roles, self._at)
        period = self.period(program.during)
        holds = [(hold(qualifiers.get(fact, ()), period), here) for here, fact in rows]
        ranked = sorted((how, i) for i, (how, _) in enumerate(holds) if how is not None)
        return [holds[i][1] for _, i in ranked][:limit]

    # ── measures ─────────────────────────────────────────────────────────────────────────────────

    def path(self, steps: Sequence[Step]) -> list[tuple[int, bool]] | None:
        """(relation id, forward) of each step; None if the graph lacks one of the relations."""
        steps_ = [(self.relation(step.relation), step.forward) for step in steps]
        path = [(number, forward) for number, forward in steps_ if number is not None]
        return path if path and len(path) == len(steps_) else None
