"""Sets of nodes: small ones as ids in Python, large ones as SQL that stays in the database.

A large set is two pieces of SQL: one that lists its ids, and a condition that holds of its members, so that a small set is
intersected with a large one without the large one being listed.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from kg.store.following import best, ends
from kg.store.times import hold, times
from kg.store.triples import alive

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from kg.store.sql import Sql
    from kg.store.times import Moments

SMALL = 2_000
"""Ids that a set may have and still be held in Python."""


class Clause(NamedTuple):
    """A piece of SQL and its parameters."""

    text: str
    parameters: tuple[object, ...] = ()


NO_CLAUSE = Clause("")


@dataclass(frozen=True, slots=True)
class NodeSet:
    """A set of nodes.

    Attributes:
        ids: In order, of a small set; None of a large one.
        listing: Of a large set: a statement of one column, ``id``, without duplicates.
        holds: Of a large set: the condition that the SQL expression of an id is in the set.
    """

    ids: tuple[int, ...] | None
    listing: Clause = NO_CLAUSE
    holds: Callable[[str], Clause] | None = None


EMPTY = NodeSet(())


@dataclass(frozen=True, slots=True)
class Sets:
    """The operations on sets, on one connection at one state of the graph.

    Attributes:
        sql: The connection.
        at: The revision, None for now.
        ranked: Whether the graph has ranks, so that facts that are not preferred are left out.
        small: Ids that a set may have and still be held in Python.
    """

    sql: Sql
    at: int | None
    ranked: bool
    small: int = SMALL

    def lives(self, name: str = "x") -> str:
        """The condition that the triple ``name`` is followed: it lives, and nothing is preferred to it."""
        return (
            f"{alive(self.at, name)} AND {best(name, self.at)}"
            if self.ranked
            else alive(self.at, name)
        )

    def listing(self, nodes: NodeSet) -> Clause:
        """A statement that selects the ids of a set as ``id``."""
        if nodes.ids is None:
            return nodes.listing
        if len(nodes.ids) == 1:
            return Clause(
                "SELECT ? AS id" if not self.sql.postgresql else "SELECT ?::bigint AS id", nodes.ids
            )
        if self.sql.postgresql:
            return Clause("SELECT unnest(?::bigint[]) AS id", (list(nodes.ids),))
        _, parameter = self.sql.values(nodes.ids)
        return Clause("SELECT value AS id FROM json_each(?)", (parameter,))

    def holds(self, nodes: NodeSet, column: str) -> Clause:
        """The condition that ``column`` is in a set."""
        if nodes.holds is not None:
            return nodes.holds(column)
        ids = nodes.ids or ()
        if len(ids) == 1:
            return Clause(f"{column} = ?", ids)
        listed, parameter = self.sql.values(ids)
        return Clause(f"{column} IN {listed}", (parameter,)) if ids else Clause("1 = 0")

    def ids(self, nodes: NodeSet) -> tuple[int, ...]:
        """The ids of a set in order: those of a large one by when they were first mentioned."""
        if nodes.ids is not None:
            return nodes.ids
        text, parameters = nodes.listing
        rows = self.sql.all(f"SELECT id FROM ({text}) AS n ORDER BY abs(id), id", parameters)
        return tuple(number for (number,) in rows)

    def size(self, nodes: NodeSet) -> int:
        """How many nodes are in a set."""
        if nodes.ids is not None:
            return len(nodes.ids)
        text, parameters = nodes.listing
        return int(self.sql.one(f"SELECT count(*) FROM ({text}) AS n", parameters))

    def _of(self, listing: Clause, holds: Callable[[str], Clause]) -> NodeSet:
        """A set by its SQL; held in Python where it is small."""
        text, parameters = listing
        rows = self.sql.all(f"SELECT id FROM ({text}) AS n LIMIT {self.small + 1}", parameters)
        if len(rows) <= self.small:
            return NodeSet(tuple(sorted((number for (number,) in rows), key=lambda n: (abs(n), n))))
        return NodeSet(None, listing, holds)

    def living(self, ids: Iterable[int]) -> set[int]:
        """Those of some nodes of which anything is said."""
        listed, parameter = self.sql.values(list(ids))
        found: set[int] = set()
        for end in ("head_id", "tail_id") if ids else ():
            where = f"x.{end} IN {listed} AND {alive(self.at)}"
            rows = self.sql.all(
                f"SELECT DISTINCT x.{end} FROM triple x WHERE {where}", (parameter,)
            )
            found.update(number for (number,) in rows)
        return found

    # ── sets from the graph ──────────────────────────────────────────────────────────────────────

    def heads(self, relation: int, tails: Collection[int]) -> NodeSet:
        """All heads of triples of a relation with one of the tails: the entities of a type."""
        if not tails:
            return EMPTY
        given = ", ".join("?" * len(tails))
        parameters = (relation, *sorted(tails))

        def where(x: str) -> str:
            return f"{x}.relation_id = ? AND {x}.tail_id IN ({given}) AND {alive(self.at, x)}"

        def holds(column: str) -> Clause:
            x = _inside(column)
            text = f"EXISTS (SELECT 1 FROM triple {x} WHERE {x}.head_id = {column} AND {where(x)})"
            return Clause(text, parameters)

        text = f"SELECT DISTINCT x.head_id AS id FROM triple x WHERE {where('x')}"
        return self._of(Clause(text, parameters), holds)

    def having(self, relation: int, forward: bool) -> NodeSet:
        """All nodes from which a relation leads anywhere."""
        here, _ = ends(forward)

        def where(x: str) -> str:
            return f"{x}.relation_id = ? AND {self.lives(x)}"

        def holds(column: str) -> Clause:
            x = _inside(column)
            text = f"EXISTS (SELECT 1 FROM triple {x} WHERE {x}.{here} = {column} AND {where(x)})"
            return Clause(text, (relation,))

        text = f"SELECT DISTINCT x.{here} AS id FROM triple x WHERE {where('x')}"
        return self._of(Clause(text, (relation,)), holds)

    def reached(
        self, source: NodeSet, relation: int, forward: bool, without: Collection[int] = ()
    ) -> NodeSet:
        """What a relation leads to from any of a set, in the order of :func:`kg.store.following.follow`.

        Args:
            source: The set.
            relation: The relation's id.
            forward: Whether from head to tail.
            without: Nodes that are neither left nor reached: where a path of several steps begins.
        """
        if source.ids is not None:
            kept = tuple(number for number in source.ids if number not in without)
            found = self._ranked(kept, relation, forward, without)
            if found is not None:
                return found
            source = NodeSet(kept)
        return self._of(*self._step(source, relation, forward, without))

    def _ranked(
        self, source: tuple[int, ...], relation: int, forward: bool, without: Collection[int]
    ) -> NodeSet | None:
        """The nodes in order; None where many facts lead to them."""
        if not source:
            return EMPTY
        rows = self._facts(NodeSet(source), relation, forward, limit=2 * self.small + 1)
        return None if len(rows) > 2 * self.small else NodeSet(_in_order(rows, without))

    def _facts(
        self, source: NodeSet, relation: int, forward: bool, *, limit: int | None
    ) -> list[tuple[int, int, int, int | None]]:
        """(node, fact, its first revision, line) of the facts that lead from a set, once for each line."""
        here, there = ends(forward)
        text, parameters = self.listing(source)
        # In SQLite a CROSS JOIN keeps the order in which it is written; elsewhere it is a plain join.
        query = (
            f"SELECT x.{there}, x.id, x.rev_added, s.line FROM ({text}) AS n CROSS JOIN triple x"
            " LEFT JOIN triple_source s ON s.triple_id = x.id AND s.rev_added = x.rev_added"
            f" WHERE x.{here} = n.id AND x.relation_id = ? AND {self.lives()}"
        )
        if limit is not None:
            query += f" LIMIT {limit:d}"
        return self.sql.all(query, (*parameters, relation))

    def reached_during(
        self,
        source: NodeSet,
        step: tuple[int, bool],
        roles: dict[int, str],
        period: Moments,
        without: Collection[int] = (),
    ) -> NodeSet:
        """What a step leads to by facts that held in a period; those come first of which a source says when.

        Args:
            source: The set.
            step: The relation's id, and whether from head to tail.
            roles: The relations of the qualifiers for time; see :func:`kg.store.times.time_relations`.
            period: The time.
            without: Nodes that are neither left nor reached.
        """
        if source.ids is not None:
            source = NodeSet(tuple(number for number in source.ids if number not in without))
        rows = self._facts(source, *step, limit=None)
        said = times(self.sql, {row[1] for row in rows}, roles, self.at)
        holds = {row[1]: hold(said.get(row[1], ()), period) for row in rows}
        first = _in_order([row for row in rows if holds[row[1]] == 0], without)
        then = _in_order([row for row in rows if holds[row[1]] == 1], without)
        return NodeSet(tuple(dict.fromkeys((*first, *then))))

    def _step(
        self, source: NodeSet, relation: int, forward: bool, without: Collection[int]
    ) -> tuple[Clause, Callable[[str], Clause]]:
        here, there = ends(forward)

        def where(x: str) -> Clause:
            away = "".join(f" AND {x}.{end} <> {n:d}" for n in without for end in (here, there))
            inner = self.holds(source, f"{x}.{here}")
            text = f"{x}.relation_id = ? AND {self.lives(x)}{away} AND {inner.text}"
            return Clause(text, (relation, *inner.parameters))

        def holds(column: str) -> Clause:
            x = _inside(column)
            mine = where(x)
            text = f"EXISTS (SELECT 1 FROM triple {x} WHERE {x}.{there} = {column} AND {mine.text})"
            return Clause(text, mine.parameters)

        mine = where("x")
        text = f"SELECT DISTINCT x.{there} AS id FROM triple x WHERE {mine.text}"
        return Clause(text, mine.parameters), holds

    def ways(
        self,
        source: NodeSet,
        step: tuple[int, bool],
        node: int,
        without: Collection[int],
        limit: int,
    ) -> list[tuple[int, int]]:
        """(from where, fact) of the first facts by which a step leads from a set to a node."""
        relation, forward = step
        here, there = ends(forward)
        condition = self.holds(source, f"x.{here}")
        away = "".join(f" AND x.{here} <> {number:d}" for number in without)
        return self.sql.all(
            f"SELECT x.{here}, x.id FROM triple x WHERE x.{there} = ? AND x.relation_id = ? AND {condition.text}"
            f" AND {self.lives()}{away} ORDER BY +x.id LIMIT {limit:d}",
            (node, relation, *condition.parameters),
        )

    # ── sets from sets ───────────────────────────────────────────────────────────────────────────

    def filtered(self, nodes: NodeSet, condition: Callable[[str], Clause]) -> NodeSet:
        """Those of a set of which a condition holds, in its order."""
        text, parameters = self.listing(nodes)
        mine = condition("n.id")
        listing = Clause(
            f"SELECT n.id FROM ({text}) AS n WHERE {mine.text}", (*parameters, *mine.parameters)
        )
        if nodes.ids is not None:
            found = {number for (number,) in self.sql.all(*listing)}
            return NodeSet(tuple(number for number in nodes.ids if number in found))

        def holds(column: str) -> Clause:
            one, two = self.holds(nodes, column), condition(column)
            return Clause(f"({one.text} AND {two.text})", (*one.parameters, *two.parameters))

        return self._of(listing, holds)

    def intersection(self, left: NodeSet, right: NodeSet) -> NodeSet:
        """What is in both, in the order of the left, or of the right where that alone is small."""
        if left.ids is None and right.ids is not None:
            left, right = right, left
        if left.ids is not None and right.ids is not None:
            both = frozenset(right.ids)
            return NodeSet(tuple(number for number in left.ids if number in both))
        return self.filtered(left, lambda column: self.holds(right, column))

    def difference(self, left: NodeSet, right: NodeSet) -> NodeSet:
        """What is in the left and not in the right."""
        if left.ids is not None and right.ids is not None:
            gone = frozenset(right.ids)
            return NodeSet(tuple(number for number in left.ids if number not in gone))

        def lacks(column: str) -> Clause:
            text, parameters = self.holds(right, column)
            return Clause(f"NOT ({text})", parameters)

        return self.filtered(left, lacks)

    def union(self, left: NodeSet, right: NodeSet) -> NodeSet:
        """What is in either: the left, then what the right adds."""
        if left.ids is not None and right.ids is not None:
            return NodeSet(tuple(dict.fromkeys((*left.ids, *right.ids))))
        one, two = self.listing(left), self.listing(right)
        listing = Clause(f"{one.text} UNION {two.text}", (*one.parameters, *two.parameters))

        def holds(column: str) -> Clause:
            first, second = self.holds(left, column), self.holds(right, column)
            return Clause(
                f"({first.text} OR {second.text})", (*first.parameters, *second.parameters)
            )

        return self._of(listing, holds)


def _inside(column: str) -> str:
    """A name for a table in a condition on ``column``, other than those of the tables around it."""
    return f"x{column.partition('.')[0]}"


def _in_order(rows: Iterable[Sequence[int | None]], without: Collection[int]) -> tuple[int, ...]:
    """Nodes by (how many facts lead to them, the earliest revision, the first line, the first row)."""
    facts: dict[int, set[int]] = defaultdict(set)
    lines: dict[int, int] = {}
    revisions: dict[int, int] = {}
    for node, fact, revision, line in rows:
        if node is None or fact is None or revision is None or node in without:
            continue
        facts[node].add(fact)
        revisions[node] = min(revisions.get(node, revision), revision)
        if line is not None:
            lines[node] = min(lines.get(node, line), line)
    return tuple(
        sorted(facts, key=lambda n: (-len(facts[n]), revisions[n], lines.get(n, 0), min(facts[n])))
    )
