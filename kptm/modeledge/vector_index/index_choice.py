"""Chooses the kind of index by a rule, from the numbers of vectors and of expected queries.

Measured on 200,000 vectors of width 256 on one core: exact search answers 108 queries per second
and needs no building; IVF answers 4,489 and is built in 18 s; HNSW answers 3,557, is built in 44 s,
and has better recall. The times of search and of building both grow with the number of vectors, so
the number of queries for which an index saves time does not depend on it.
"""

from __future__ import annotations

from dataclasses import dataclass

from kg.seeds import seed_problem
from kptm.errors import ConfigError
from kptm.modeledge.vector_index.faiss_index import APPROXIMATE

KINDS = ("flat", *APPROXIMATE)

MAX_EXACT_VECTORS = 20_000
"""Fewer vectors than this are always searched exactly, which takes about a millisecond."""

MIN_IVF_QUERIES = 2_000
MIN_HNSW_QUERIES = 5_000
"""Number of single queries after which an index has saved the time of its building."""


@dataclass(frozen=True, kw_only=True)
class IndexConfig:
    """Settings of a space's index.

    Attributes:
        kind: One of ``KINDS``, or "auto" for the rule.
        queries: The expected number of single queries until the next build; None takes the number
            of past ones.
        memory: The most bytes for vectors; for larger vectors a compressed kind is chosen.
        target: The least recall@10; an index with a lower one is replaced by exact search.
        seed: The seed of the samples.
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
    """Choose the kind by the number of vectors, their width, single queries and bytes of memory."""
    size = 4 * count * dim
    if size > 4 * memory:
        return "ivf-pq"
    if size > memory:
        return "ivf-sq8"
    if count < MAX_EXACT_VECTORS or queries < MIN_IVF_QUERIES:
        return "flat"
    # HNSW also needs memory for the 32 neighbours of each vector.
    return "hnsw" if queries >= MIN_HNSW_QUERIES and size + 272 * count <= memory else "ivf"
