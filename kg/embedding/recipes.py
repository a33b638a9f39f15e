"""Named configurations."""

from __future__ import annotations

from typing import Any

SMALL, LARGE = 20_000, 200_000
"""Entities up to which, and from which on, a graph has another recipe by default."""

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
    if entities >= LARGE:
        return "large"
    return "accurate" if entities <= SMALL and triples <= 10 * SMALL else "fast"
