"""Corrupts mentions for the model to detect: their entity, or their words.

Both are pure functions of (text, seed), as masking is.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from kptm.data.tokenize import EncodedText, TokenSpan

WRONG, UNGIVEN = 0.05, 0.15
"""The shares of mentions to which denoising gives a wrong entity, and no entity.

Zhang et al. 2019 (ERNIE), section 3.4.
"""
TRIES = 8
"""The most texts that are searched for a replacement of a mention."""


def misalign(
    text: EncodedText, entities: int, seed: tuple[int, ...], hidden: Collection[int] = ()
) -> EncodedText:
    """Give some mentions a wrong entity and some none; ``right`` has the right row.

    Args:
        text: Its mentions with a row are those that are asked.
        entities: Number of rows.
        seed: The seed of the choice.
        hidden: Rows that are targets elsewhere, and never injected.
    """
    rng = np.random.default_rng(seed)
    spans = []
    for span in text.spans:
        if span.row is None:
            spans.append(span)
            continue
        kind, other = rng.random(), int(rng.integers(entities))
        row: int | None = span.row
        if kind < WRONG + UNGIVEN:
            row = other if kind < WRONG and other not in hidden else None
        changed = replace(span, row=row, right=span.row)
        if row != span.row:  # its other candidates would give the right one away
            changed = replace(
                changed, candidates=((row, 1.0),) if row is not None else (), branches=()
            )
        spans.append(changed)
    return replace(text, spans=tuple(spans))


def replace_mentions(
    text: EncodedText,
    texts: Callable[[int], EncodedText],
    count: int,
    rate: float,
    longest: int,
    seed: tuple[int, ...],
) -> EncodedText:
    """Replace some mentions, with their links, by mentions of other entities.

    Xiong et al. 2020, section 2.1. As in the paper, two neighbouring mentions are never both
    replaced. The replacement is a mention of any other text; in the paper it has the same type.

    Args:
        text: The text to change.
        texts: Returns the i-th of the texts that replacements are taken from.
        count: The number of these texts.
        rate: The share of mentions to replace.
        longest: The most tokens of the result.
        seed: The seed of the choice.
    """
    rng = np.random.default_rng(seed)
    before = False
    for number, span in enumerate(text.spans):
        if before or span.row is None or rng.random() >= rate:
            before = False
            continue
        found = _another(span, texts, count, rng)
        if found is None:
            continue
        ids, other = found
        if len(text.ids) + len(ids) - (span.end - span.start) > longest:
            continue
        text = text.reword_mention(number, ids)
        own = text.spans[number]
        changed = replace(other, start=own.start, end=own.end, replaced=True)
        text = replace(text, spans=(*text.spans[:number], changed, *text.spans[number + 1 :]))
        before = True
    return text


def _another(
    span: TokenSpan, texts: Callable[[int], EncodedText], count: int, rng: np.random.Generator
) -> tuple[tuple[int, ...], TokenSpan] | None:
    """The words and the mention of another entity; None if a few texts have none."""
    for _ in range(TRIES):
        text = texts(int(rng.integers(count)))
        others = [other for other in text.spans if other.row is not None and other.row != span.row]
        if others:
            other = others[int(rng.integers(len(others)))]
            return text.ids[other.start : other.end], other
    return None
