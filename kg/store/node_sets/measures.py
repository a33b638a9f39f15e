"""Measures of nodes: the numbers and dates at the end of a path, or the number of nodes there.

For a small set, the facts of its nodes are read. For a large set, the facts of the path's last
relation are read in the order of size (table ``measure``), and checked for membership in the set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from kg.store.node_sets.bounds import Bounds, Size, certain, in_range, undecided_condition
from kg.store.node_sets.sets import EMPTY, Clause, NodeSet, inside
from kg.store.node_sets.traverse import ends
from kg.store.rows.times import hold, times
from kg.types import Literal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from kg.store.node_sets.sets import NodeSets
    from kg.store.rows.times import Moments

    Path = Sequence[tuple[int, bool]]  # (relation, forward) per step

SAMPLED_FACTS = 1_000
"""Number of facts of a large set that are sampled for the most common dimension."""

FIRST_PAGE_FACTS, PAGE_GROWTH = 16, 8
"""Facts per page in the order of size, and the growth of pages that were too small."""

MAX_FACTS_PER_NODE = 5
"""If a range of sizes has this many times more facts than the set has nodes, the nodes are read."""

MAX_DATE_SECONDS = 31_622_400
"""Seconds of a leap year, the longest date."""


# ── values ───────────────────────────────────────────────────────────────────────────────────────


def sizes(sets: NodeSets, base: NodeSet, path: Path) -> list[Size]:
    """The numbers and dates at the end of a path from each node of a set, each once per node."""
    text, parameters = _join(sets, base, path)
    query = (
        "SELECT v.base, v.there, q.dimension, q.low, q.high"
        f" FROM ({text}) AS v CROSS JOIN quantity q WHERE q.literal_id = v.there"
    )
    return list(map(Size._make, sets.sql.all(query, parameters)))


def by_size(
    sets: NodeSets, base: NodeSet, path: Path, dimension: str, *, greatest: bool
) -> Iterator[tuple[list[Size], bool]]:
    """Page through the sizes that a path from a large set leads to, in order, in one dimension.

    Yields:
        The sizes from the greatest (or the least) to some double, with all sizes equal to that
        double; and whether there are no more. Each page repeats the previous ones.
    """
    order = "DESC" if greatest else "ASC"
    walk = _walk(sets, base, path, dimension, order=order)
    limit = max(min(sets.small, FIRST_PAGE_FACTS), 1)
    while walk is not None:
        query = f"SELECT {walk.columns} FROM {walk.text} ORDER BY m.low {order} LIMIT {limit:d}"
        page = list(map(Size._make, sets.sql.all(query, walk.parameters)))
        if len(page) < limit:
            yield page, True
            return
        last = page[-1].low
        yield [size for size in page if size.low != last], False
        limit *= PAGE_GROWTH


def compare(
    sets: NodeSets, base: NodeSet, path: Path, bounds: Bounds, equal: Collection[int]
) -> NodeSet:
    """The nodes of a large set with a value that satisfies a comparison.

    Args:
        sets: The operations on sets.
        base: The set.
        path: The path to the values.
        bounds: The comparison and its bounds.
        equal: Ids of values that doubles leave undecided and that satisfy it exactly.
    """
    walk = _walk(sets, base, path, bounds.dimension, in_range(bounds, "m"))
    if walk is None:
        return EMPTY
    chosen = f"x{len(path) - 1}.tail_id IN ({', '.join(f'{number:d}' for number in sorted(equal))})"
    also = f" OR {chosen}" if equal else ""
    fits = f"({certain(bounds, 'm')}{also})"
    listing = Clause(
        f"SELECT DISTINCT {walk.base} AS id FROM {walk.text} AND {fits}",
        walk.parameters,
    )

    def holds(column: str) -> Clause:
        condition, reached = sets.holds(base, column), reaches(column)
        return Clause(
            f"({condition.text} AND {reached.text})", (*condition.parameters, *reached.parameters)
        )

    def reaches(column: str) -> Clause:
        name = inside(column)
        tables, joins, last = _chain(sets, path, column, name)
        also = f" OR {chosen.replace(f'x{len(path) - 1}.tail_id', last)}" if equal else ""
        tables.append(f"quantity {name}q")
        joins += [f"{name}q.literal_id = {last}", f"{name}q.dimension = ?"]
        joins.append(f"({certain(bounds, f'{name}q')}{also})")
        text = sets.exists(f"{' CROSS JOIN '.join(tables)} WHERE {' AND '.join(joins)}")
        return Clause(text, (bounds.dimension,))

    if _are_many(sets, path[-1][0], bounds):
        return sets.filter_set(base, reaches)
    text, parameters = sets.listing(base)
    condition = reaches("n.id")
    scan = Clause(
        f"SELECT n.id FROM ({text}) AS n WHERE {condition.text}",
        (*parameters, *condition.parameters),
    )
    return sets.of(listing, holds, scan)


def _are_many(sets: NodeSets, relation: int, bounds: Bounds) -> bool:
    """Whether reading each node of the set is faster than reading all matching values."""
    many = MAX_FACTS_PER_NODE * sets.small
    query = (
        "SELECT count(*) FROM (SELECT 1 FROM measure m WHERE m.relation_id = ? AND m.dimension = ?"
        f" AND {in_range(bounds, 'm')} LIMIT {many:d}) AS n"
    )
    return int(sets.sql.one(query, (relation, bounds.dimension))) == many


def equal_values(sets: NodeSets, relation: int, bounds: Bounds) -> list[int]:
    """The values of a relation whose doubles equal the bounds."""
    # The index is sorted by ``low``; a date whose end equals a bound may begin up to a leap year
    # earlier.
    minimum = bounds.low - (MAX_DATE_SECONDS if bounds.dimension == "date" else 0)
    rows = sets.sql.all(
        "SELECT DISTINCT x.tail_id FROM measure m CROSS JOIN triple x WHERE m.relation_id = ?"
        " AND m.dimension = ?"
        f" AND m.low >= {minimum!r} AND m.low <= {bounds.high!r}"
        f" AND {undecided_condition(bounds, 'm')}"
        " AND x.id = m.triple_id",
        (relation, bounds.dimension),
    )
    return [value for (value,) in rows]


def dimensions(sets: NodeSets, relation: int) -> list[str]:
    """The dimensions of a relation's values, live or not."""
    names: list[str] = []
    query = "SELECT dimension FROM measure WHERE relation_id = ?{} ORDER BY dimension LIMIT 1"
    while (more := _next(sets, query, relation, names)) is not None:
        names.append(more)
    return names


def _next(sets: NodeSets, query: str, relation: int, names: list[str]) -> str | None:
    after = " AND dimension > ?" if names else ""
    name: str | None = sets.sql.one(query.format(after), (relation, *names[-1:]))
    return name


def sample(sets: NodeSets, base: NodeSet, path: Path) -> list[tuple[str, str]]:
    """(dimension, unit) of a sample of the values that a path from a large set leads to."""
    relation = path[-1][0]
    count = int(sets.sql.one("SELECT count(*) FROM measure WHERE relation_id = ?", (relation,)))
    every = max(1, count // SAMPLED_FACTS)
    is_multiple = f"m.triple_id / {every:d} * {every:d} = m.triple_id"
    walk = _walk(sets, base, path, None, is_multiple)
    if walk is None:
        return []
    query = (
        f"SELECT v.dimension, l.unit FROM (SELECT DISTINCT {walk.columns} FROM {walk.text}) AS v"
        " JOIN literal l ON l.id = v.value"
    )
    return [(dimension, unit) for dimension, unit in sets.sql.all(query, walk.parameters)]


def distinct_values(
    sets: NodeSets, base: NodeSet, relation: int, period: Moments | None
) -> list[Literal]:
    """The values of a relation for the nodes of a set, with repetitions across nodes.

    Args:
        sets: The operations on sets.
        base: The set.
        relation: The relation.
        period: Only facts that held in this period; None for all.
    """
    text, parameters = sets.listing(base)
    rows = sets.sql.all(
        f"SELECT x.id, l.value, l.datatype, l.language, l.unit FROM ({text}) AS b CROSS"
        " JOIN triple x"
        " JOIN literal l ON l.id = x.tail_id WHERE x.head_id = b.id AND x.relation_id = ?"
        f" AND {sets.lives()}",
        (*parameters, relation),
    )
    if period is not None:
        times_of = times(sets.sql, [row[0] for row in rows], sets.roles, sets.at)
        rows = [row for row in rows if hold(times_of.get(row[0], ()), period) is not None]
    return [Literal(*row[1:]) for row in rows]


def totals(sets: NodeSets, base: NodeSet, path: Path) -> list[tuple[str, int, float]]:
    """(dimension, count, sum in double precision) of the numbers and dates that a path leads to."""
    text, parameters = _join(sets, base, path)
    query = (
        f"SELECT q.dimension, count(*), sum(q.low) FROM ({text}) AS v CROSS JOIN quantity q"
        " WHERE q.literal_id = v.there GROUP BY q.dimension"
    )
    return [(name, int(n), float(total)) for name, n, total in sets.sql.all(query, parameters)]


# ── counts ───────────────────────────────────────────────────────────────────────────────────────


def counts(sets: NodeSets, base: NodeSet, path: Path, among: NodeSet | None) -> dict[int, int]:
    """The number of nodes, in ``among`` if given, at a path's end from each node; no zeros."""
    joined = _join(sets, base, path)
    where = Clause("1 = 1") if among is None else sets.holds(among, "v.there")
    query = f"SELECT v.base, count(*) FROM ({joined.text}) AS v WHERE {where.text} GROUP BY v.base"
    return dict(sets.sql.all(query, (*joined.parameters, *where.parameters)))


def nodes_counted(
    sets: NodeSets, node: int, path: Path, among: NodeSet | None, limit: int
) -> list[int]:
    """The first nodes that are counted for a node, by id."""
    joined = _join(sets, NodeSet((node,)), path)
    where = Clause("1 = 1") if among is None else sets.holds(among, "v.there")
    query = (
        f"SELECT v.there FROM ({joined.text}) AS v WHERE {where.text} ORDER BY abs(v.there)"
        f" LIMIT {limit:d}"
    )
    return [there for (there,) in sets.sql.all(query, (*joined.parameters, *where.parameters))]


# ── joins ────────────────────────────────────────────────────────────────────────────────────────


class _Walk(NamedTuple):
    """A join from the sizes of a relation back to a set.

    Attributes:
        base: The column of the set's node.
        columns: The columns of :class:`Size`.
        text: Tables and conditions; more conditions can be appended with AND.
        parameters: The parameters of ``text``.
    """

    base: str
    columns: str
    text: str
    parameters: tuple[Any, ...]


def _walk(
    sets: NodeSets,
    base: NodeSet,
    path: Path,
    dimension: str | None,
    sizes: str = "",
    order: str = "",
) -> _Walk | None:
    """Build the join; None if the path does not end in values.

    Args:
        sets: The operations on sets.
        base: The set.
        path: The path to the values.
        dimension: The dimension of the values; None for all.
        sizes: A condition on the sizes ``m``.
        order: The order of the sizes, "ASC" or "DESC".
    """
    if not path[-1][1]:
        return None
    last = len(path) - 1
    parameters: list[Any] = [path[-1][0]]
    where = ["m.relation_id = ?"]
    if dimension is not None:
        where.append("m.dimension = ?")
        parameters.append(dimension)
    where += [sizes] if sizes else []
    tables = ["measure m"]
    if sets.sql.postgresql:  # it would search all sizes of the relation for each triple
        inner = f"SELECT * FROM measure m WHERE {' AND '.join(where)}"
        tables = [f"({inner}{f' ORDER BY m.low {order}' if order else ''} OFFSET 0) AS m"]
        where = []
    start = f"x0.{ends(path[0][1])[0]}"
    for number in range(last, -1, -1):
        relation, forward = path[number]
        name, there = f"x{number}", ends(forward)[1]
        tables.append(f"triple {name}")
        if number < last:
            following = f"x{number + 1}.{ends(path[number + 1][1])[0]}"
            where += [f"{name}.{there} = {following}", f"{name}.relation_id = {relation:d}"]
        else:
            where.append(f"{name}.id = m.triple_id")
        where.append(sets.lives(name))
        if last:
            where.append(f"{name}.{there} <> {start}")
    member = sets.holds(base, start)
    text = f"{' CROSS JOIN '.join(tables)} WHERE {' AND '.join([*where, member.text])}"
    columns = f"{start} AS node, x{last}.tail_id AS value, m.dimension, m.low, m.high"
    return _Walk(start, columns, text, (*parameters, *member.parameters))


def _chain(sets: NodeSets, path: Path, start: str, prefix: str) -> tuple[list[str], list[str], str]:
    """Tables and conditions of a path from a column, and the column of its end.

    A path of several steps does not return to its start.
    """
    tables, where, last = [], [], start
    for number, (relation, forward) in enumerate(path):
        here, there = ends(forward)
        name = f"{prefix}{number}"
        tables.append(f"triple {name}")
        where += [f"{name}.{here} = {last}", f"{name}.relation_id = {relation:d}", sets.lives(name)]
        last = f"{name}.{there}"
        if len(path) > 1:
            where.append(f"{last} <> {start}")
    return tables, where, last


def _join(sets: NodeSets, base: NodeSet, path: Path) -> Clause:
    """A SELECT of the pairs (base, there) of a path's start and end, each once."""
    text, parameters = sets.listing(base)
    tables, where, last = _chain(sets, path, "b.id", "x")
    joined = " CROSS JOIN ".join([f"({text}) AS b", *tables])
    once = "DISTINCT " if len(path) > 1 else ""
    return Clause(
        f"SELECT {once}b.id AS base, {last} AS there FROM {joined} WHERE {' AND '.join(where)}",
        parameters,
    )
