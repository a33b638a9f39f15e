"""The order in which a training passes over its texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

POOL = 50
"""The number of batches whose texts are sorted by length together."""


def pass_length(count: int, size: int) -> int:
    """The number of examples in one pass over ``count`` texts in full batches of ``size``."""
    return -(-count // size) * size


def pass_order(lengths: Sequence[int], size: int, seed: int, number: int) -> NDArray[np.int64]:
    """The order of a pass: batches of texts of similar length, in random order.

    Padding takes as much time as text, so that one long line among short ones would triple the time
    of a step.

    Args:
        lengths: The number of tokens of each text.
        size: Texts per batch; some texts are repeated to fill the last batch.
        seed: The seed of the order.
        number: The number of the pass, which also seeds the order.
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
