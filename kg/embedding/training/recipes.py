"""Named configurations, each with what it reached.

All ComplEx with the N3 penalty and Adagrad. Measured by ``python benchmarks/embeddings.py
recipe NAME`` on one thread of a two-core machine, test MRR, filtered, both sides, a mean of three
seeds where it says so; docs/benchmarks/embeddings.md has the whole tables.

========  ======================  =========================================== recipe    for
reached ========  ======================  =========================================== fast
minutes                 CoDEx-S .454 in 52 s (3 seeds); FB15k-237 .342 in 1,050 s with share=16,
epochs=10,
                                  regularization=0.05
accurate  up to 20,000 entities   CoDEx-S .462 in 414 s (3 seeds) large     from 200,000 entities
not measured yet; 190,000 entities with 900,000 facts: see docs/benchmarks/debian.md ========
======================  ===========================================

The published figures of ComplEx are .465 on CoDEx-S and .348 on FB15k-237.
"""

from __future__ import annotations

from typing import Any

SMALL, LARGE = 20_000, 200_000
"""Entities up to which a graph is small, and from which on it is large."""
WORK = 2 * 10**10
"""Entities times triples from which on a graph is large too.

An epoch that scores all entities takes ten minutes there.
"""

RECIPES: dict[str, dict[str, Any]] = {
    "fast": {"dim": 128, "epochs": 30, "batch_size": 512, "regularization": 0.005},
    "accurate": {
        "dim": 256,
        "epochs": 40,
        "batch_size": 512,
        "share": 1,
        "regularization": 0.007,
        "patience": 8,
    },
    "large": {
        "dim": 64,
        "epochs": 10,
        "batch_size": 1_024,
        "training": "sampled",
        "negatives": 4_096,
    },
}
"""By name, as arguments of :class:`~kg.embedding.config.KGEConfig`."""


def recipe_for(entities: int, triples: int) -> str:
    """The name of the recipe for a graph of this size."""
    if entities >= LARGE or entities * triples >= WORK:
        return "large"
    return "accurate" if entities <= SMALL and triples <= 10 * SMALL else "fast"
