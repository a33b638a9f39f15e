"""Named training configurations, each with the test MRR it reached.

Each trains ComplEx with the N3 penalty and Adagrad. ``python benchmarks/embeddings.py recipe NAME``
measures the filtered MRR over heads and tails on one thread of a two-core machine: one run, or the
mean of as many seeds as the table states. docs/benchmarks/embeddings.md has all figures.

========  ==================  =====================================================
recipe    for                 test MRR
========  ==================  =====================================================
fast      minutes             CoDEx-S .454 in 52 s (3 seeds); FB15k-237 .342 in
                              1,050 s with share=16, epochs=10, regularization=0.05
accurate  up to 20,000        CoDEx-S .462 in 414 s (3 seeds)
          entities
large     from 200,000        not measured yet; 190,000 entities with 900,000
          entities            facts: see docs/benchmarks/debian.md
========  ==================  =====================================================

The published figures of ComplEx are .465 on CoDEx-S and .348 on FB15k-237.
"""

from __future__ import annotations

from typing import Any

MAX_SMALL_ENTITIES, MIN_LARGE_ENTITIES = 20_000, 200_000
"""A graph of at most ``MAX_SMALL_ENTITIES`` entities is small, one of at least
``MIN_LARGE_ENTITIES`` is large."""
MAX_ACCURATE_TRIPLES = 10 * MAX_SMALL_ENTITIES
"""The maximum number of triples for the recipe "accurate", whose epochs take longest."""
MIN_LARGE_PRODUCT = 2 * 10**10
"""A graph with at least this product of entities and triples is large too.

An epoch that scores every entity takes ten minutes at this size.
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
"""Arguments of :class:`~kg.embedding.config.KGEConfig` by the recipe's name."""


def recipe_for(entities: int, triples: int) -> str:
    """Choose a recipe by the numbers of entities and triples of a graph; return its name."""
    if entities >= MIN_LARGE_ENTITIES or entities * triples >= MIN_LARGE_PRODUCT:
        return "large"
    return (
        "accurate" if entities <= MAX_SMALL_ENTITIES and triples <= MAX_ACCURATE_TRIPLES else "fast"
    )
