"""Which kind of index: a rule, from how many vectors there are and how often they will be asked.

Measured on 200,000 × 256 with one core: exact search answers 108 queries a second and is made in no
time; IVF answers 4,489 and takes 18 s to make, HNSW 3,557 and 44 s, with the better recall. Both
times grow with the number of vectors alike, so that the number of queries from which an index pays
does not depend on it.
"""

from __future__ import annotations

from dataclasses import dataclass

from kg.seeds import seed_problem
from kptm.errors import ConfigError
from kptm.modeledge.vector_index.faiss_index import APPROXIMATE

KINDS = ("flat", *APPROXIMATE)

SMALL = 20_000
"""Vectors that are compared one by one in a millisecond, whatever comes."""

IVF_PAYS = 2_000
HNSW_PAYS = 5_000
"""Single queries after which the time to make the index is won back."""


@dataclass(frozen=True, kw_only=True)
class IndexConfig:
    """How a space is to be searched.

    Attributes:
        kind: One of ``KINDS``, or "auto" for the rule.
        queries: Single queries that are expected until the next build; None counts those that were
            asked.
        memory: Bytes that the vectors may take; an index of fewer bytes a number is chosen beyond.
        target: The share of the ten nearest that has to be found, or exact search takes over.
        seed: Of the samples.
    """

    kind: str = "auto"
    queries: int | None = None
    memory: int = 8 * 2**30
    target: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        if self.kind not in ("auto", *KINDS):
            raise ConfigError(
                f"index kind {self.kind!r} is unknown; there is auto, {', '.join(KINDS)}"
            )
        if problem := seed_problem(self.seed):
            raise ConfigError(problem)
        if not 0 <= self.target <= 1:
            raise ConfigError(f"target must be between 0 and 1, not {self.target}")


def choose(count: int, dim: int, queries: int, memory: int) -> str:
    """The kind for so many vectors, so many single queries and so much memory."""
    size = 4 * count * dim
    if size > 4 * memory:
        return "ivf-pq"
    if size > memory:
        return "ivf-sq8"
    if count < SMALL or queries < IVF_PAYS:
        return "flat"
    # A graph of 32 neighbours a vector comes on top of the vectors.
    return "hnsw" if queries >= HNSW_PAYS and size + 272 * count <= memory else "ivf"
