"""The context vector of a pair: mean hidden states of the mentions, between and around them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kptm.encoders import TokenEncoder, TokenStates
    from kptm.extraction.candidates.mention_pairs import Pair
    from kptm.extraction.candidates.text_windows import TextWindow

    Context = NDArray[np.float16]

VECTORS_PER_PAIR = 4
"""Number of concatenated vectors of a pair."""


def contexts(encoder: TokenEncoder, pairs: Sequence[Pair]) -> list[Context]:
    """The vectors of pairs, shape (4 · width,) each; a window is encoded once for all its pairs."""
    windows = {id(pair.window): pair.window for pair in pairs}
    encoded = encoder.encode([_text(window) for window in windows.values()])
    states = dict(zip(windows, encoded, strict=True))
    return [_context(states[id(pair.window)], pair) for pair in pairs]


def _text(window: TextWindow) -> str:
    return window.text[window.bounds[0][0] : window.bounds[-1][1]]


def _context(states: TokenStates, pair: Pair) -> Context:
    first, second = pair.mentions
    window_start = pair.window.bounds[0][0]
    start, end = pair.span
    parts = (
        (first.start, first.end),
        (second.start, second.end),
        (first.end, second.start),  # between the mentions
        (start, end),  # both sentences, or the one of both mentions
    )
    means = [states.mean(begin - window_start, stop - window_start) for begin, stop in parts]
    return np.concatenate(means).astype(np.float16)
