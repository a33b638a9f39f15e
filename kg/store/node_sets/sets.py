"""Sets of nodes: small sets are ids in Python, large sets are SQL.

A large set has a SELECT that lists its ids, and a condition on members, so that intersecting it
with a small set does not list the large one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from kg.store.node_sets.traverse import best
from kg.store.read.triples import alive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from kg.sql.cursor import Sql
    from kg.store.rows.times import Moments

MAX_IDS_IN_PYTHON = 2_000
"""The maximum number of ids of a set that is stored in Python."""


FIRST_NODES_STORED = 1_000
"""The number of first nodes that a large set stores in its order."""


class Clause(NamedTuple):
    """A piece of SQL and its parameters."""

    text: str
    parameters: tuple[object, ...] = ()


NO_CLAUSE = Clause("")


@dataclass(eq=False, slots=True)
class NodeSet:
    """A set of nodes.

    Attributes:
        ids: The ids of a small set, in order; None for a large set.
        listing: For a large set: a SELECT of one column, ``id``, without duplicates.
        holds: For a large set: returns the condition that an SQL expression is the id of a member.
        scan: For a large set: a listing that yields the lowest ids quickly; None if ``listing``
            does.
        order: For a large set with an order other than by id: computes the order.
        first: The first nodes in that order, once computed.
        size: The number of nodes, once counted.
    """

    ids: tuple[int, ...] | None
    listing: Clause = NO_CLAUSE
    holds: Callable[[str], Clause] | None = None
    scan: Clause | None = None
    order: Callable[[NodeSets], tuple[int, ...]] | None = None
    first: tuple[int, ...] = ()
    size: int | None = None


EMPTY = NodeSet(())


@dataclass(frozen=True, slots=True)
class NodeSets:
    """The operations on sets, on one connection at one state of the graph.

    Attributes:
        sql: The connection.
        at: The revision, None for the newest.
        ranked: Whether the graph has ranks; then facts beside a preferred one are left out.
        small: The maximum number of ids of a set that is stored in Python.
        roles: The relations of the qualifiers for time; see
            :func:`kg.store.rows.times.time_relations`.
        today: The present moment; facts that hold at it come first.
    """

    sql: Sql
    at: int | None
    ranked: bool
    small: int
    roles: Mapping[int, str]
    today: Moments

    def lives(self, name: str = "x") -> str:
        """The condition that a path may follow triple ``name``: live, and no other is preferred."""
        return (
            f"{alive(self.at, name)} AND {best(name, self.at)}"
            if self.ranked
            else alive(self.at, name)
        )

    def exists(self, joined: str) -> str:
        """The condition that joined tables have a row: one look-up per node, on PostgreSQL too."""
        return f"EXISTS (SELECT 1 FROM {joined}{' OFFSET 0' * self.sql.postgresql})"

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

    def ids(self, nodes: NodeSet, limit: int | None = None) -> tuple[int, ...]:
        """The ids of a set in its order, or the first ``limit`` of them.

        A large set without an order is sorted by id.
        """
        if nodes.ids is not None:
            return nodes.ids if limit is None else nodes.ids[:limit]
        if nodes.order is not None:
            if limit is not None and limit <= len(nodes.first):
                return nodes.first[:limit]
            ordered = nodes.order(self)
            nodes.first = ordered[:FIRST_NODES_STORED]
            return ordered[:limit]
        text, parameters = nodes.listing if limit is None else nodes.scan or nodes.listing
        end = "" if limit is None else f" LIMIT {limit:d}"
        rows = self.sql.all(f"SELECT id FROM ({text}) AS n ORDER BY id{end}", parameters)
        return tuple(number for (number,) in rows)

    def size(self, nodes: NodeSet) -> int:
        """The number of nodes in a set."""
        if nodes.ids is not None:
            return len(nodes.ids)
        if nodes.size is None:
            text, parameters = nodes.listing
            nodes.size = int(self.sql.one(f"SELECT count(*) FROM ({text}) AS n", parameters))
        return nodes.size

    def is_empty(self, nodes: NodeSet) -> bool:
        """Whether a set has no node; a large set is never empty."""
        return nodes.ids is not None and not nodes.ids

    def of(
        self, listing: Clause, holds: Callable[[str], Clause], scan: Clause | None = None
    ) -> NodeSet:
        """Make a set from its SQL; a small set is read into Python."""
        text, parameters = listing
        rows = self.sql.all(f"SELECT id FROM ({text}) AS n LIMIT {self.small + 1}", parameters)
        if len(rows) <= self.small:
            return NodeSet(tuple(sorted(number for (number,) in rows)))
        return NodeSet(None, listing, holds, scan)

    def living(self, ids: Iterable[int]) -> set[int]:
        """The nodes that occur in a live statement."""
        text, parameters = self.listing(NodeSet(tuple(ids)))
        occurs = " OR ".join(
            f"EXISTS (SELECT 1 FROM triple x WHERE x.{end} = n.id AND {alive(self.at)})"
            for end in ("head_id", "tail_id")
        )
        rows = self.sql.all(f"SELECT n.id FROM ({text}) AS n WHERE {occurs}", parameters)
        return {number for (number,) in rows}

    # ── sets from sets ───────────────────────────────────────────────────────────────────────────

    def filter_set(self, nodes: NodeSet, condition: Callable[[str], Clause]) -> NodeSet:
        """The members of a set that satisfy a condition, in its order."""
        text, parameters = self.listing(nodes)
        satisfied = condition("n.id")
        listing = Clause(
            f"SELECT n.id FROM ({text}) AS n WHERE {satisfied.text}",
            (*parameters, *satisfied.parameters),
        )
        if nodes.ids is not None:
            matching = {number for (number,) in self.sql.all(*listing)}
            return NodeSet(tuple(number for number in nodes.ids if number in matching))

        def holds(column: str) -> Clause:
            member, satisfied_there = self.holds(nodes, column), condition(column)
            return Clause(
                f"({member.text} AND {satisfied_there.text})",
                (*member.parameters, *satisfied_there.parameters),
            )

        return self.of(listing, holds)

    def intersection(self, left: NodeSet, right: NodeSet) -> NodeSet:
        """The intersection, in the order of the left set, or of the right if only that is small."""
        if left.ids is None and right.ids is not None:
            left, right = right, left
        if left.ids is not None and right.ids is not None:
            both = frozenset(right.ids)
            return NodeSet(tuple(number for number in left.ids if number in both))
        if left.ids is None and self.size(right) < self.size(left):
            left, right = right, left
        return self.filter_set(left, lambda column: self.holds(right, column))

    def difference(self, left: NodeSet, right: NodeSet) -> NodeSet:
        """The members of the left set that are not in the right one."""
        if left.ids is not None and right.ids is not None:
            excluded = frozenset(right.ids)
            return NodeSet(tuple(number for number in left.ids if number not in excluded))

        def lacks(column: str) -> Clause:
            text, parameters = self.holds(right, column)
            return Clause(f"NOT ({text})", parameters)

        return self.filter_set(left, lacks)

    def union(self, left: NodeSet, right: NodeSet) -> NodeSet:
        """The union: the left set, then the other members of the right one."""
        if left.ids is not None and right.ids is not None:
            return NodeSet(tuple(dict.fromkeys((*left.ids, *right.ids))))
        of_left, of_right = self.listing(left), self.listing(right)
        listing = Clause(
            f"{of_left.text} UNION {of_right.text}", (*of_left.parameters, *of_right.parameters)
        )

        def holds(column: str) -> Clause:
            first, second = self.holds(left, column), self.holds(right, column)
            return Clause(
                f"({first.text} OR {second.text})", (*first.parameters, *second.parameters)
            )

        return self.of(listing, holds)


def inside(column: str) -> str:
    """A table name for a condition on ``column`` that differs from those of enclosing queries."""
    return f"x{column.partition('.')[0]}"
