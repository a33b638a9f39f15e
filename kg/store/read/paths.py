"""Finds the neighbourhood of an entity, and the shortest paths between two."""

from __future__ import annotations

from collections import defaultdict
from itertools import chain, islice
from typing import TYPE_CHECKING, Literal

from kg.errors import QueryError
from kg.store.read.triples import incident_triples, outgoing_first

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from kg.sql.cursor import Sql
    from kg.types import Triple

    Direction = Literal["out", "in", "both"]


def neighbours(
    sql: Sql,
    key: str,
    *,
    hops: int,
    limit: int,
    direction: Direction,
    relations: Collection[str] | None,
    at: int | None,
) -> list[Triple]:
    """Triples within ``hops`` of an entity, nearest first.

    Within a hop, outgoing facts come first.

    Raises:
        QueryError: ``direction`` is not "out", "in" or "both".
    """
    if direction not in ("out", "in", "both"):
        raise QueryError(f'direction must be "out", "in" or "both", not {direction!r}')
    result: dict[Triple, None] = {}
    seen, frontier = {key}, [key]
    unfiltered = direction == "both" and relations is None
    for _ in range(hops):
        # Facts of earlier hops may be fetched again, so their number is added to the limit.
        near = outgoing_first(
            sql, frontier, at, max(limit, 0) + len(result) if unfiltered else None
        )
        chosen = [item for item in near if _fits(item, set(frontier), direction, relations)]
        result.update(dict.fromkeys(chosen))
        if len(result) >= limit:
            break
        reached = {end for item in chosen for end in (item.head, item.tail)}
        frontier = sorted(reached - seen)
        seen |= reached
    return list(result)[: max(limit, 0)]


def _fits(
    item: Triple,
    frontier: Collection[str],
    direction: Direction,
    relations: Collection[str] | None,
) -> bool:
    if relations is not None and item.relation not in relations:
        return False
    return (direction != "in" and item.head in frontier) or (
        direction != "out" and item.tail in frontier
    )


def paths(
    sql: Sql, start: str, end: str, *, max_hops: int, limit: int, at: int | None
) -> list[list[Triple]]:
    """Paths without cycles, shortest first, with edges in either direction.

    The search is bidirectional and expands the smaller frontier, so that a path of four hops costs
    two neighbourhoods of two hops.
    """
    if start == end:
        return []
    edges: dict[str, dict[Triple, None]] = defaultdict(dict)
    depth = {start: 0}, {end: 0}
    fronts = [[start], [end]]
    for hop in range(max_hops):
        side = 0 if (len(fronts[0]), 0) <= (len(fronts[1]), hop % 2) else 1
        near = incident_triples(sql, fronts[side], at, None)
        for item in near:
            edges[item.head][item] = None
            edges[item.tail][item] = None
        reached = {other for item in near for other in (item.head, item.tail)}
        fronts[side] = sorted(reached - depth[side].keys())
        depth[side].update(dict.fromkeys(fronts[side], max(depth[side].values()) + 1))
        if not fronts[side]:
            break
    radius = max(depth[1].values())
    walk = _Walk(edges, end, depth[1], radius)
    return list(islice(chain.from_iterable(map(walk.of(start), range(1, max_hops + 1))), limit))


class _Walk:
    """Lists paths to ``end``, leaving out nodes that are too far from it.

    Args:
        edges: The triples of each node.
        end: The last node of all paths.
        distance: The distance from ``end`` of the nodes within ``radius``.
        radius: The greatest distance in ``distance``; other nodes are farther.
    """

    def __init__(
        self, edges: dict[str, dict[Triple, None]], end: str, distance: dict[str, int], radius: int
    ) -> None:
        self._edges, self._end, self._distance, self._radius = edges, end, distance, radius

    def of(self, start: str) -> Callable[[int], Iterator[list[Triple]]]:
        """A function that yields the paths from ``start`` with a given number of edges."""
        return lambda length: self._from(start, length, (start,))

    def _from(self, here: str, length: int, seen: tuple[str, ...]) -> Iterator[list[Triple]]:
        for item in sorted(self._edges[here]):
            other = item.tail if item.head == here else item.head
            if length == 1:
                if other == self._end:
                    yield [item]
            elif (
                other != self._end
                and other not in seen
                and self._distance.get(other, self._radius + 1) < length
            ):
                for rest in self._from(other, length - 1, (*seen, other)):
                    yield [item, *rest]
