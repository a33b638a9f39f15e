"""What kind of thing an entity is, by the relations that it has: latent semantic analysis.

Two records of one thing may have no relation in common: one says who directed a film, the other
when it was shown. Relations that entities often have together have similar vectors.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from kg.store.merging import entity_facts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from kg.sql.cursor import Sql

    Role = tuple[int, bool]

SAMPLE = 50_000
"""The most entities whose relations are read."""
ROLES = 1_000
"""The most relations, on either side, that have a vector: the most frequent."""
WIDTH = 40
"""The width of the vectors."""


class Kinds:
    """Vectors of relations, on either side, by their co-occurrence at entities.

    Args:
        roles: The relations and sides.
        vectors: Their vectors, shape (roles, width).
    """

    def __init__(self, roles: Iterable[Role], vectors: NDArray[np.float64]) -> None:
        self._row = {role: at for at, role in enumerate(roles)}
        self._vectors = vectors

    @classmethod
    def of(cls, sql: Sql, entities: int) -> Kinds:
        """Learn the vectors from a sample of the entities of a graph.

        The matrix of positive pointwise mutual information of R roles, shape (R, R), is factorised
        (Levy and Goldberg 2014).
        """
        step = max(1, entities // SAMPLE)
        counts: Counter[Role] = Counter()
        for _, found in entity_facts.stream_roles(sql, step):
            counts.update(found)
        roles = [role for role, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
        roles = roles[:ROLES]
        row = {role: at for at, role in enumerate(roles)}
        together = np.zeros((len(roles), len(roles)))
        total = 0
        for _, found in entity_facts.stream_roles(sql, step):
            at = [row[role] for role in found if role in row]
            together[np.ix_(at, at)] += 1
            total += 1
        if not roles:
            return cls((), np.zeros((0, 1)))
        alone = together.diagonal()
        expected = np.outer(alone, alone) / max(1, total)
        information = np.log(np.maximum(together, 1e-9) / expected)
        positive = np.where(together > 0, np.maximum(information, 0), 0)
        values, vectors = np.linalg.eigh(positive)
        order = np.argsort(-values)[:WIDTH]
        return cls(roles, vectors[:, order] * np.sqrt(np.maximum(values[order], 0)))

    def vector(self, roles: Iterable[Role]) -> NDArray[np.float64]:
        """The mean vector of the roles of an entity, shape (width,)."""
        at = [self._row[role] for role in roles if role in self._row]
        return np.asarray(self._vectors[at].sum(axis=0))


def cosine(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """The cosine of two vectors; 0 if one is 0."""
    norm = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / norm if norm else 0.0
