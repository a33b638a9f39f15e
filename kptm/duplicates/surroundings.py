"""What is two facts away from an entity: the neighbours of its neighbours.

Two records of one thing may share no neighbour at all and still have the same surroundings: the
towns of one record and the roads of the other are in the same county.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import TYPE_CHECKING

import numpy as np

from kg.store.merging import fact_ends

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from kg.sql.cursor import Sql
    from kg.store.merging.entity_facts import ComparedEntity

    Ids = NDArray[np.int64]
    Weights = NDArray[np.float64]

COUNTERS = 1 << 22
"""The number of counters of degrees; nodes that share one look more frequent than they are."""
MAX_HUB_FACTS = 200
"""The most facts of a node whose neighbours are read: the neighbours of a hub say nothing."""
MAX_FOLLOWED_NEIGHBOURS = 24
"""The most neighbours of an entity whose neighbours are read, those with the fewest facts."""
MAX_CACHED_NODES = 40_000
"""The most nodes whose neighbours are in memory."""
COSINE_SCALE = 20.0
"""The factor of the cosine before its logarithm."""
MAX_LIKENESS = math.log1p(COSINE_SCALE)
"""The value for equal surroundings."""
FACTS_PER_BATCH = 100_000
"""The number of facts that are counted at a time."""


class Degrees:
    """The numbers of facts of nodes, in a table of a fixed size.

    Args:
        sql: A reading transaction.
    """

    def __init__(self, sql: Sql) -> None:
        self._counts = np.zeros(COUNTERS, np.int32)
        ends: list[int] = []
        for row in fact_ends.stream_ends(sql):
            ends += row
            if len(ends) >= FACTS_PER_BATCH:
                self._add(ends)
                ends = []
        self._add(ends)

    def _add(self, nodes: Sequence[int]) -> None:
        counters, counts = np.unique(np.array(nodes, np.int64) % COUNTERS, return_counts=True)
        self._counts[counters] += counts.astype(np.int32)

    def of(self, nodes: Ids) -> Ids:
        """The numbers of facts of nodes, shape (N,); values have negative ids."""
        return self._counts[nodes % COUNTERS].astype(np.int64)


class Surroundings:
    """The nodes one and two facts away from entities, with weights.

    Args:
        sql: A reading transaction.
        entities: The number of entities.
    """

    def __init__(self, sql: Sql, entities: int) -> None:
        self._degrees = Degrees(sql)
        self._unit = np.log(max(3, entities))
        self._around: OrderedDict[int, Ids] = OrderedDict()

    def profiles(
        self, sql: Sql, entities: Mapping[int, ComparedEntity]
    ) -> dict[int, tuple[Ids, Weights]]:
        """The nodes within two facts of each entity, by ascending id, with weights.

        A neighbour that is no hub hands on a weight of 1, divided equally among its own neighbours;
        a node counts the more the fewer facts it has.
        """
        followed = {
            number: self._follow(number, {node for _, node, _ in entity.facts})
            for number, entity in entities.items()
        }
        self._read(sql, {int(node) for nodes in followed.values() for node in nodes})
        profiles = {number: self._profile(number, nodes) for number, nodes in followed.items()}
        while len(self._around) > MAX_CACHED_NODES:
            self._around.popitem(last=False)
        return profiles

    def _follow(self, number: int, nodes: Iterable[int]) -> Ids:
        ids = np.array(sorted(set(nodes) - {number}), np.int64)
        degrees = self._degrees.of(ids)
        inside = degrees <= MAX_HUB_FACTS
        order = np.argsort(degrees[inside], kind="stable")[:MAX_FOLLOWED_NEIGHBOURS]
        return np.asarray(ids[inside][order])

    def _profile(self, number: int, nodes: Ids) -> tuple[Ids, Weights]:
        around = [self._around[int(node)] for node in nodes]
        ids = np.concatenate([nodes, *around])
        shares = [np.full(len(neighbours), 1 / max(1, len(neighbours))) for neighbours in around]
        weights = np.concatenate([np.ones(len(nodes)), *shares])
        weights = weights[ids != number]
        ids, index_of_node = np.unique(ids[ids != number], return_inverse=True)
        summed = np.bincount(index_of_node, weights, len(ids))
        rare = np.maximum(0.05, 1 - np.log(self._degrees.of(ids)) / self._unit)
        return ids, summed * rare

    def _read(self, sql: Sql, nodes: Iterable[int]) -> None:
        """Read the neighbours of nodes that are not in memory."""
        for node in nodes:
            if node in self._around:
                self._around.move_to_end(node)
        missing = sorted(node for node in nodes if node not in self._around)
        for node, neighbours in fact_ends.neighbours_of(sql, missing).items():
            self._around[node] = np.unique(np.array(neighbours, np.int64))


def likeness(first: tuple[Ids, Weights], second: tuple[Ids, Weights]) -> float:
    """How alike two profiles are: log(1 + 20 · cosine), from 0 to :data:`MAX_LIKENESS`.

    The step from no common surroundings to a few says more than that from many to all.
    """
    norm = float(np.linalg.norm(first[1]) * np.linalg.norm(second[1]))
    if not norm:
        return 0.0
    _, left, right = np.intersect1d(first[0], second[0], assume_unique=True, return_indices=True)
    return math.log1p(COSINE_SCALE * float(first[1][left] @ second[1][right]) / norm)
