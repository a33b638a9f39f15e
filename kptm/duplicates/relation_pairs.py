"""Which relations things have together, and which they never have.

Two records of one thing may have no relation in common: one says who directed a film, the other
when it was shown.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from kg.store.merging import entity_facts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from kg.sql.cursor import Sql

    Role = tuple[int, bool]

SAMPLED_ENTITIES = 50_000
"""The most entities whose relations are read."""
MAX_ROLES = 1_000
"""The most relations, on either side, that are counted: the most frequent."""
ADDED_COUNT, MAX_COMPLETION = 2, 0.98
"""What is added to the number of things with a relation, and the highest share of them that have
another one: few things prove little."""


class RolePairs:
    """How many entities have each relation on a side, and how many have two of them.

    Args:
        roles: The relations and sides, R of them.
        together: The number of entities with each two, shape (R, R).
        entities: The number of entities.
    """

    def __init__(self, roles: Iterable[Role], together: NDArray[np.float64], entities: int) -> None:
        self._row = {role: i for i, role in enumerate(roles)}
        self.together, self.entities = together, max(1, entities)
        self.alone = together.diagonal()

    @property
    def roles(self) -> list[Role]:
        """The relations and sides, in the order of the rows."""
        return list(self._row)

    @classmethod
    def of(cls, sql: Sql, entities: int) -> RolePairs:
        """Count the relations of a sample of the entities of a graph."""
        step = max(1, entities // SAMPLED_ENTITIES)
        counts: Counter[Role] = Counter()
        for _, found in entity_facts.stream_roles(sql, step):
            counts.update(found)
        roles = [role for role, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
        roles = roles[:MAX_ROLES]
        row = {role: i for i, role in enumerate(roles)}
        together = np.zeros((len(roles), len(roles)))
        total = 0
        for _, found in entity_facts.stream_roles(sql, step):
            rows_of_roles = [row[role] for role in found if role in row]
            together[np.ix_(rows_of_roles, rows_of_roles)] += 1
            total += 1
        return cls(roles, together, total)

    def exclusion(self, one: Iterable[Role], other: Iterable[Role]) -> float:
        """How much rarer than by chance it is that one thing has relations of both entities.

        The mean over all pairs of a relation of each of log((expected + 1) / (observed + 1)), but
        at least 0 for each pair: nothing is both awarded as a film and broadcast as a series.
        """
        left, right = self._rows(one), self._rows(other)
        if not left or not right:
            return 0.0
        expected = np.outer(self.alone[left], self.alone[right]) / self.entities
        rarer = np.log((expected + 1) / (self.together[np.ix_(left, right)] + 1))
        return float(np.maximum(rarer, 0).mean())

    def completion(self, one: Iterable[Role], other: Iterable[Role]) -> float:
        """How much each of two entities lacks that the other one has: log(1 + the lesser lack).

        What an entity lacks is the sum of -log(1 - P) over the relations that only the other one
        has; P is the highest share of the things with one of its relations that have that one, too.
        """
        left, right = set(self._rows(one)), set(self._rows(other))
        return math.log1p(min(self._lack(left, right - left), self._lack(right, left - right)))

    def _lack(self, known: set[int], missing: set[int]) -> float:
        if not known or not missing:
            return 0.0
        rows, columns = sorted(known), sorted(missing)
        shares = self.together[np.ix_(rows, columns)] / (self.alone[rows, None] + ADDED_COUNT)
        return float(-np.log(1 - np.minimum(shares.max(axis=0), MAX_COMPLETION)).sum())

    def _rows(self, roles: Iterable[Role]) -> list[int]:
        return [self._row[role] for role in roles if role in self._row]
