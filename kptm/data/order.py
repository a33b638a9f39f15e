"""The order in which training reads its texts: random batches of texts of similar length."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

BATCHES_PER_POOL = 50
"""The number of batches whose texts are sorted by length together."""


def pass_length(count: int, size: int) -> int:
    """``count`` texts rounded up to full batches of ``size``."""
    return -(-count // size) * size


def pass_order(lengths: Sequence[int], size: int, seed: int, number: int) -> NDArray[np.int64]:
    """The indices of the texts of a pass over N texts, batch after batch.

    The texts of a batch have similar lengths, because padding takes as much time as text: one long
    text among short ones would triple the time of a step. The order of the batches is random.

    Args:
        lengths: The number of tokens of each text, shape (N,).
        size: The number of texts in a batch.
        seed: The seed of the order.
        number: The number of the pass, so that each has another order.

    Returns:
        Indices of shape (:func:`pass_length`,); some texts occur again to fill the last batch.
    """
    rng = np.random.default_rng((seed, number, 0))
    shuffled = np.resize(rng.permutation(len(lengths)), pass_length(len(lengths), size))
    token_counts = np.array(lengths)
    batches: list[NDArray[np.int64]] = []
    for start in range(0, len(shuffled), BATCHES_PER_POOL * size):
        pool = shuffled[start : start + BATCHES_PER_POOL * size]
        pool = pool[np.argsort(token_counts[pool], kind="stable")]
        batches.extend(pool[first : first + size] for first in range(0, len(pool), size))
    return np.concatenate([batches[index] for index in rng.permutation(len(batches))])
