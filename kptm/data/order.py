"""In which order a training passes over its texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

POOL = 50
"""Batches that are sorted by length together; within them lengths are alike, across them random."""


def pass_length(count: int, size: int) -> int:
    """Examples of one pass over ``count`` texts in whole batches of ``size``."""
    return -(-count // size) * size


def pass_order(lengths: Sequence[int], size: int, seed: int, number: int) -> NDArray[np.int64]:
    """The order of pass ``number``: shuffled, then batches of like length, in shuffled order.

    Padding costs as much as text: one long line among short ones would triple a step.

    Args:
        lengths: Tokens of each text.
        size: Texts a batch; some come twice where the last one is not full.
        seed: What the order hangs on, with ``number``.
        number: Which pass it is.
    """
    rng = np.random.default_rng((seed, number, 0))
    order = np.resize(rng.permutation(len(lengths)), pass_length(len(lengths), size))
    widths = np.array(lengths)
    batches: list[NDArray[np.int64]] = []
    for start in range(0, len(order), POOL * size):
        pool = order[start : start + POOL * size]
        pool = pool[np.argsort(widths[pool], kind="stable")]
        batches.extend(pool[at : at + size] for at in range(0, len(pool), size))
    return np.concatenate([batches[at] for at in rng.permutation(len(batches))])
