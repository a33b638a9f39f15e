"""Masks texts: one entity of a text, and some of its other tokens.

Masking is a pure function of (text, seed), so that a resumed run sees the same examples.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kptm.data.batch import IGNORED
from kptm.data.tokenize import EncodedText

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kptm.pretraining.config import PretrainConfig


class MaskedText(NamedTuple):
    """An encoded text with what is to be predicted.

    Attributes:
        text: The text as the model gets it.
        labels: The token to predict at each position, IGNORED where there is none.
        rows: The row of the correct entity for each blank.
    """

    text: EncodedText
    labels: tuple[int, ...]
    rows: tuple[int, ...]


def mask_text(
    text: EncodedText,
    config: PretrainConfig,
    mask_id: int,
    vocab: Sequence[int],
    seed: tuple[int, ...],
) -> MaskedText:
    """Mask a text.

    With the probability ``entity_rate`` one linked entity is chosen. All its mentions are masked,
    and their vectors are not injected, because any of them would reveal it.

    Args:
        text: The text; mask tokens that it has already stay, but nothing is predicted there.
        config: The rates.
        mask_id: The mask token.
        vocab: Ids for random replacements: all except special ones.
        seed: The seed of all random choices.
    """
    rng = np.random.default_rng(seed)
    rows: tuple[int, ...] = ()
    labels: dict[int, int] = {}
    text = replace(text, blanks=())
    choices = _entities(text)
    if choices and rng.random() < config.entity_rate:
        entity = choices[int(rng.integers(len(choices)))]
        if rng.random() < config.collapse_rate:
            text, rows = _collapse_all(text, entity, mask_id)
        else:
            text, rows, labels = _mask_all(text, entity, mask_id)
    ids = list(text.ids)
    in_mention = {i for span in text.spans for i in range(span.start, span.end)}
    for i in range(1, len(ids) - 1):  # the first and the last token are special
        if i in in_mention or ids[i] == mask_id or rng.random() >= config.token_rate:
            continue
        labels[i] = ids[i]
        kind = rng.random()  # BERT's 80/10/10: mask, random token, unchanged (Devlin et al. 2019)
        if kind < 0.8:
            ids[i] = mask_id
        elif kind < 0.9:
            ids[i] = vocab[int(rng.integers(len(vocab)))]
    masked = replace(text, ids=tuple(ids))
    return MaskedText(masked, tuple(labels.get(i, IGNORED) for i in range(len(ids))), rows)


def causal_targets(text: EncodedText, config: PretrainConfig, seed: tuple[int, ...]) -> MaskedText:
    """Make a decoder's targets: the next token everywhere, and before some mentions their entity.

    With the probability ``entity_rate`` one linked entity is chosen. It is predicted at the token
    before each of its mentions, and its vector is not injected, because that of an earlier mention
    would reveal it. No token is masked, since a token sees only those before it.
    """
    rng = np.random.default_rng(seed)
    labels = _next(text)
    text = replace(text, blanks=())
    choices = _entities(text, first=1)  # a mention at the start has no token before it
    if not choices or rng.random() >= config.entity_rate:
        return MaskedText(text, labels, ())
    entity = choices[int(rng.integers(len(choices)))]
    targets = [span for span in text.spans if span.entity == entity and span.start]
    others = tuple(span for span in text.spans if span.entity != entity)
    blanks = tuple(span.start - 1 for span in targets)
    rows = tuple(span.row or 0 for span in targets)
    return MaskedText(replace(text, spans=others, blanks=blanks), labels, rows)


def _entities(text: EncodedText, first: int = 0) -> list[str]:
    """The entities that can be targets: those with a vector, and with no replaced mention.

    Args:
        text: The text.
        first: The first token at which a mention may begin.
    """
    replaced = {span.entity for span in text.spans if span.replaced}
    with_row = {span.entity for span in text.spans if span.row is not None and span.start >= first}
    return sorted(with_row - replaced)


def _next(text: EncodedText) -> tuple[int, ...]:
    """The label of each token: the next token, unless it is a word of a replaced mention."""
    replaced = {i for span in text.spans if span.replaced for i in range(span.start, span.end)}
    labels = [IGNORED if i in replaced else token for i, token in enumerate(text.ids)]
    return (*labels[1:], IGNORED)


def _collapse_all(
    text: EncodedText, entity: str, mask_id: int
) -> tuple[EncodedText, tuple[int, ...]]:
    """Replace each mention of an entity by a single mask token."""
    numbers = [number for number, span in enumerate(text.spans) if span.entity == entity]
    rows = tuple(text.spans[number].row or 0 for number in numbers)
    for number in reversed(numbers):  # in reverse, so that earlier mentions keep their numbers
        text = text.mask_mention(number, mask_id)
    return text, rows


def _mask_all(
    text: EncodedText, entity: str, mask_id: int
) -> tuple[EncodedText, tuple[int, ...], dict[int, int]]:
    """Replace each token of an entity's mentions by a mask token, to be predicted."""
    ids, labels = list(text.ids), {}
    blanks, rows = [], []
    for span in text.spans:
        if span.entity == entity:
            for i in range(span.start, span.end):
                labels[i], ids[i] = ids[i], mask_id
            blanks.append(span.start)
            rows.append(span.row or 0)
    others = tuple(span for span in text.spans if span.entity != entity)
    return EncodedText(tuple(ids), others, tuple(blanks)), tuple(rows), labels
