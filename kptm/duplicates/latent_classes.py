"""Whether the facts of two records look like those of one thing or of two of its kind.

Things fall into latent classes (Lazarsfeld and Henry 1968), such as films, people or counties. In a
class, the numbers of facts that a thing has by each relation are independent. Two halves of one
record make a thing with the usual numbers of facts; two whole records make one with twice as many.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from kg.store.merging import entity_facts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from kg.sql.cursor import Sql

    Role = tuple[int, bool]
    Values = NDArray[np.float64]

SAMPLED_ENTITIES = 50_000
"""The most entities whose relations are read."""
MAX_ROLES = 1_000
"""The most relations, on either side, that are counted: the most frequent."""
MAX_CLASSES, MIN_CLASS_MEMBERS = 60, 30
"""The most classes, and the fewest entities of the sample for each."""
EM_ROUNDS = 30
"""The rounds of expectation maximisation."""
PRIOR_ENTITIES = 4.0
"""The number of entities by which a class is drawn to all entities."""
STARTS = np.array([0, 1, 2, 3, 5, 9, 17, 33])
"""The first number of facts of each bin; numbers in a bin are equally probable."""
WIDTHS = np.array([1, 1, 1, 2, 4, 8, 16, 64])
"""How many numbers of facts a bin has; the last one is open."""


class LatentClasses:
    """The probabilities of numbers of facts, by relation and side, in each of K classes.

    Args:
        roles: The R relations and sides.
        shares: The share of entities in each class, shape (K,).
        probabilities: The probability of a number of facts in each of B bins, shape (K, R, B).
    """

    def __init__(self, roles: Sequence[Role], shares: Values, probabilities: Values) -> None:
        self._row = {role: i for i, role in enumerate(roles)}
        self._shares = np.log(shares)
        self._logs = np.log(probabilities / WIDTHS)
        self._none = self._logs[:, :, 0].sum(axis=1)

    @classmethod
    def of(cls, sql: Sql, entities: int) -> LatentClasses:
        """Fit the classes to a sample of the entities of a graph by expectation maximisation."""
        step = max(1, entities // SAMPLED_ENTITIES)
        found = [counts for _, counts in entity_facts.stream_role_counts(sql, step)]
        total: dict[Role, int] = {}
        for counts in found:
            for role in counts:
                total[role] = total.get(role, 0) + 1
        roles = sorted(total, key=lambda role: (-total[role], role))[:MAX_ROLES]
        row = {role: i for i, role in enumerate(roles)}
        cells = [
            (i, row[role], int(np.searchsorted(STARTS, count, side="right")) - 1)
            for i, counts in enumerate(found)
            for role, count in counts.items()
            if role in row
        ]
        shape = len(found), len(roles)
        if not cells:
            return cls((), np.ones(1), np.ones((1, 0, len(STARTS))))
        lines, columns, bins = np.array(cells).T
        has = csr_array((np.ones(len(cells)), (lines, columns)), shape=shape)
        members, shares = _fit(has, min(MAX_CLASSES, max(1, len(found) // MIN_CLASS_MEMBERS)))
        counted = np.zeros((members.shape[1], len(roles), len(STARTS)))
        for i in range(1, len(STARTS)):
            chosen = bins == i
            ones = np.ones(int(chosen.sum()))
            part = csr_array((ones, (lines[chosen], columns[chosen])), shape=shape)
            counted[:, :, i] = (part.T @ members).T
        sizes = members.sum(axis=0)
        counted[:, :, 0] = np.maximum(0, sizes[:, None] - counted.sum(axis=2))
        every = counted.sum(axis=0)
        usual = (every + 0.1) / (every.sum(axis=1, keepdims=True) + 0.1 * len(STARTS))
        smoothed = (counted + PRIOR_ENTITIES * usual) / (sizes + PRIOR_ENTITIES)[:, None, None]
        return cls(roles, shares, smoothed)

    def compare(
        self, one: Mapping[Role, int], other: Mapping[Role, int], common: Mapping[Role, int]
    ) -> tuple[float, float]:
        """Compare the numbers of facts of two entities.

        Args:
            one: The number of facts of one entity by relation and side.
            other: The same of the other entity.
            common: The number of facts that both have.

        Returns:
            The log-likelihood ratio of one thing, whose facts were divided by chance, against two
            things of one class; and that of two things of one class against two things of any
            classes. Both are on a logarithmic scale, and 0 if an entity has no known relation.
        """
        left, right = self._by_row(one), self._by_row(other)
        if not left or not right:
            return 0.0, 0.0
        both = {column: left.get(column, 0) + right.get(column, 0) for column in left | right}
        shared = {self._row[role]: count for role, count in common.items() if role in self._row}
        union = {column: count - shared.get(column, 0) for column, count in both.items()}
        first, second = self._log_likelihoods(left), self._log_likelihoods(right)
        # n facts of which only one of the two has each can be divided in n + 1 numbers.
        divided = sum(math.log1p(count - shared.get(column, 0)) for column, count in union.items())
        alike = self._mean(first + second)
        one_thing = self._mean(self._log_likelihoods(union)) - divided - alike
        return _squash(one_thing), _squash(alike - self._mean(first) - self._mean(second))

    def _by_row(self, counts: Mapping[Role, int]) -> dict[int, int]:
        return {self._row[role]: count for role, count in counts.items() if role in self._row}

    def _log_likelihoods(self, counts: Mapping[int, int]) -> Values:
        """The log-probability of numbers of facts in each class, shape (K,)."""
        rows = np.fromiter(counts, np.int64)
        bins = np.searchsorted(STARTS, np.fromiter(counts.values(), np.int64), side="right") - 1
        differences = self._logs[:, rows, bins] - self._logs[:, rows, 0]
        return np.asarray(self._none + differences.sum(axis=1))

    def _mean(self, logs: Values) -> float:
        """The logarithm of the mean of probabilities over the classes."""
        sums = self._shares + logs
        maximum = float(sums.max())
        return maximum + math.log(float(np.exp(sums - maximum).sum()))


def _fit(has: csr_array, classes: int) -> tuple[Values, Values]:
    """The probability that each entity is of each class, shape (E, K), and the classes' shares.

    Args:
        has: 1 if an entity has a relation on a side, shape (E, R).
        classes: The number K of classes.
    """
    entities = has.shape[0]
    usual = (np.asarray(has.sum(axis=0)).ravel() + 0.5) / (entities + 1)
    chosen = np.random.default_rng(0).choice(entities, classes, replace=False)
    likely = 0.7 * has[np.sort(chosen)].toarray() + 0.3 * usual
    shares = np.full(classes, 1 / classes)
    members = np.zeros((entities, classes))
    for _ in range(EM_ROUNDS):
        likely = np.clip(likely, 1e-5, 1 - 1e-5)
        odds = np.log(likely) - np.log1p(-likely)
        logs = has @ odds.T + np.log1p(-likely).sum(axis=1) + np.log(shares)
        members = np.exp(logs - logs.max(axis=1, keepdims=True))
        members /= members.sum(axis=1, keepdims=True)
        sizes = members.sum(axis=0)
        shares = (sizes + 1) / (entities + classes)
        likely = ((has.T @ members).T + PRIOR_ENTITIES * usual) / (sizes + PRIOR_ENTITIES)[:, None]
    return members, shares


def _squash(value: float) -> float:
    return math.copysign(math.log1p(abs(value)), value)
