"""Evaluating programs: each part of one is a set, a number or a truth."""

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
"""What a program comes to: a set, a number (None where there is none), a yes or no."""

IDS = 1_000_000
"""Ids of nodes that are held in all."""

EVERY = 1_000_000
"""Facts that lead to one node: all of them."""


class GraphState:
    """What is held of one state of a graph.

    Args:
        revision: Number, kind and note of its newest revision; None where nothing is held.
        most: Programs that are held.
        names: What the qualifiers for time are called.
    """

    def __init__(self, revision: tuple[int, str, str] | None, most: int, names: TimeNames) -> None:
        self.revision, self.names = revision, names
        self.roles: dict[int, str] | None = None
        self.today = now()
        self.values: RecencyCache[tuple[Value]] = RecencyCache(most, IDS)
        self.keys: RecencyCache[str] = RecencyCache(16 * most)
        self.relations: dict[str, int | None] = {}


class Evaluation:
    """The evaluation of programs on one connection.

    Args:
        sql: The connection.
        at: The revision, None for now.
        state: What is held.
        small: Nodes of a set that is held in Python.
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
        """The id of a relation, None where the graph lacks it."""
        known = self._state.relations
        if key not in known:
            name = stored_key(self._sql, "relation", key)
            known[key] = ids_of(self._sql, "relation", [name]).get(name)
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
            held = (self._compute_value(program),)
            ids = held[0].ids if isinstance(held[0], NodeSet) else None
            self._state.values.put(program, held, 1 + len(ids or ()))
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
        """The number or date that a program denotes: a count, or a set's first value; else None.

        Raises:
            QueryError: It denotes a yes or no.
        """
        if isinstance(program, Named):  # the graph need not hold the value
            return next((key.literal for key in program.keys if isinstance(key, ValueKey)), None)
        found = self.value(program)
        if isinstance(found, bool):
            raise QueryError(f"{program} is a yes or no, not a number or a date")
        if isinstance(found, NodeSet):
            values = arithmetic.measure_all(self.literals(self.sets.ids(found)))
            return values[0].value if values else None
        return found

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
            case Subtract(left, right):
                one, two = self.number(left), self.number(right)
                return None if one is None or two is None else arithmetic.difference(one, two)
            case Within(left, right):
                mine = self.nodes(left)
                rest = self.sets.difference(mine, self.nodes(right))
                return not self.sets.is_empty(mine) and self.sets.is_empty(rest)
            case Exists(source):
                return not self.sets.is_empty(self.nodes(source))
        raise QueryError(f"{program!r} is no program")

    def existing_nodes(self, keys: Iterable[str]) -> NodeSet:
        """Those nodes of which the graph says anything."""
        given = [
            key if isinstance(key, ValueKey) else stored_key(self._sql, "entity", key)
            for key in keys
        ]
        ids = node_ids(self._sql, given)
        living = self.sets.living(ids.values())
        ids = {key: number for key, number in ids.items() if number in living}
        return NodeSet(tuple(dict.fromkeys(ids[key] for key in given if key in ids)))

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

    def source(self, program: Follow) -> NodeSet:
        """The nodes from which the last step of a path leads on: not those at which it begins."""
        found, start = self.nodes(program.source), self.start(program.source)
        return self.sets.difference(found, NodeSet(start)) if start else found

    def start(self, program: Program) -> tuple[int, ...]:
        """The id of the one node where a path begins, if a step is added to it.

        Empty for other programs.
        """
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
        """The nodes of a set, the path's own start excepted, from which a step leads to a node."""
        if program.during is None:
            return [here for here, _ in set_steps.ways(self.sets, source, step, node, start, limit)]
        rows = set_steps.ways(self.sets, source, step, node, start, EVERY)
        said = times(self._sql, [fact for _, fact in rows], self.sets.roles, self._at)
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
