"""Corrupts the entities or the words of mentions, for the model to correct or detect.

Both are pure functions of (text, seed), like masking.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from kptm.data.tokenize import EncodedText, TokenSpan

WRONG_ENTITY_SHARE, NO_ENTITY_SHARE = 0.05, 0.15
"""The shares of mentions that get a wrong entity, and no entity, in denoising.

They are those of ERNIE (Zhang et al. 2019, section 3.4).
"""
MAX_TEXTS_SEARCHED = 8
"""The maximum number of texts that are searched for a replacement of a mention."""


def misalign(
    text: EncodedText, entities: int, seed: tuple[int, ...], hidden: Collection[int] = ()
) -> EncodedText:
    """Give some mentions a wrong entity and some none; ``right`` has the correct row.

    Args:
        text: The text, whose mentions with a row become items of the objective.
        entities: The number of rows.
        seed: The seed of the choice.
        hidden: Rows that are targets of other objectives, which must not be injected.
    """
    rng = np.random.default_rng(seed)
    spans = []
    for span in text.spans:
        if span.row is None:
            spans.append(span)
            continue
        kind, other = rng.random(), int(rng.integers(entities))
        row: int | None = span.row
        if kind < WRONG_ENTITY_SHARE + NO_ENTITY_SHARE:
            row = other if kind < WRONG_ENTITY_SHARE and other not in hidden else None
        changed = replace(span, row=row, right=span.row)
        if row != span.row:  # candidates and facts would reveal the correct entity
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

    This follows Xiong et al. 2020, section 2.1: two neighbouring mentions are never both replaced.
    Unlike in the paper, the replacement need not have the same type; it is a mention of any text.

    Args:
        text: The text to change.
        texts: Returns the i-th of the texts from which replacements are taken.
        count: The number of these texts.
        rate: The share of mentions to replace.
        longest: The maximum number of tokens of the result.
        seed: The seed of the choice.
    """
    rng = np.random.default_rng(seed)
    previous_replaced = False
    for number, span in enumerate(text.spans):
        if previous_replaced or span.row is None or rng.random() >= rate:
            previous_replaced = False
            continue
        replacement = _draw_replacement(span, texts, count, rng)
        if replacement is None:
            continue
        ids, other = replacement
        if len(text.ids) + len(ids) - (span.end - span.start) > longest:
            continue
        text = text.reword_mention(number, ids)
        place = text.spans[number]
        changed = replace(other, start=place.start, end=place.end, replaced=True)
        text = replace(text, spans=(*text.spans[:number], changed, *text.spans[number + 1 :]))
        previous_replaced = True
    return text


def _draw_replacement(
    span: TokenSpan, texts: Callable[[int], EncodedText], count: int, rng: np.random.Generator
) -> tuple[tuple[int, ...], TokenSpan] | None:
    """The tokens and the mention of another entity; None if the searched texts have none."""
    for _ in range(MAX_TEXTS_SEARCHED):
        text = texts(int(rng.integers(count)))
        others = [other for other in text.spans if other.row is not None and other.row != span.row]
        if others:
            other = others[int(rng.integers(len(others)))]
            return text.ids[other.start : other.end], other
    return None
