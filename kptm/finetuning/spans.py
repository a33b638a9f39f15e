"""Converts spans of characters to tokens, and labelled spans to BIO tags and back.

BIO (Ramshaw & Marcus 1995, as IOB2): the first token of a span is tagged ``B-label``, those after
it ``I-label``, all others ``O``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kptm.data.tokenize import MASK
from kptm.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kptm.fusion import FusedModel

OUTSIDE = "O"
Span = tuple[int, int]


def token_offsets(model: FusedModel, text: str, ids: Sequence[int]) -> tuple[Span, ...]:
    """The start and end offsets of each token in its text, without surrounding space.

    Special tokens and tokens of mere space have an empty span.

    Args:
        model: The model whose encoder produced ``ids``.
        text: The encoded text.
        ids: The ids of its tokens.

    Raises:
        ModelError: The tokenizer and the model's encoder produce different tokens.
    """
    tokenizer = model.tokenizer
    read, starts, own = text, [], tokenizer.mask_token
    if model.causal:
        read = text.partition(MASK)[0].rstrip() if MASK in text else text
    elif own != MASK:
        starts = [match.start() for match in re.finditer(re.escape(MASK), text)]
        read = text.replace(MASK, own)
    encoding = tokenizer(
        read,
        truncation=True,
        max_length=max(1, len(ids)),
        return_offsets_mapping=True,
        return_special_tokens_mask=True,
        return_attention_mask=False,
        return_token_type_ids=False,
    )
    if tuple(encoding["input_ids"]) != tuple(ids):
        raise ModelError(
            "the tokenizer and the model's encoder split a text differently; build the model with"
            " its own tokenizer"
        )
    # The tokenizer's mask token may be longer or shorter than "[MASK]" in the text.
    shift = len(own) - len(MASK) if starts else 0
    ends = [start + number * shift + len(own) for number, start in enumerate(starts)]
    offsets = []
    for (start, end), special in zip(
        encoding["offset_mapping"], encoding["special_tokens_mask"], strict=True
    ):
        start, end = (
            place - shift * sum(other <= place for other in ends) for place in (start, end)
        )
        inside = text[start:end]
        empty = (special and inside != MASK) or not inside.strip()
        start += len(inside) - len(inside.lstrip())
        offsets.append((0, 0) if empty else (start, start + len(inside.strip())))
    return tuple(offsets)


def tokens_of(offsets: Sequence[Span], start: int, end: int) -> Span | None:
    """The first token of a span of characters, and the one after its last; None if it has none."""
    inside = [
        number
        for number, (first, last) in enumerate(offsets)
        if first < last and first < end and start < last
    ]
    return (inside[0], inside[-1] + 1) if inside else None


def tag_names(labels: Sequence[str]) -> tuple[str, ...]:
    """The BIO tags of labels: ``O``, then ``B-`` and ``I-`` of each label."""
    return (OUTSIDE, *(f"{prefix}-{label}" for label in labels for prefix in "BI"))


def to_bio(spans: Sequence[tuple[int, int, str]], offsets: Sequence[Span]) -> list[str]:
    """The tag of each token; a token that two spans share belongs to the first."""
    tags = [OUTSIDE] * len(offsets)
    for start, end, label in spans:
        where = tokens_of(offsets, start, end)
        prefix = "B"
        for number in range(*(where or (0, 0))):
            first, last = offsets[number]
            if first < last and tags[number] == OUTSIDE:
                tags[number] = f"{prefix}-{label}"
                prefix = "I"
    return tags


def from_bio(tags: Sequence[str], offsets: Sequence[Span]) -> list[tuple[int, int, str, list[int]]]:
    """The spans of a sequence of tags: start, end, label, and the positions of their tokens.

    Any sequence is read: an ``I-`` tag that does not continue a span of its label begins one, as
    in conlleval. Tokens without text are skipped.
    """
    spans: list[tuple[int, int, str, list[int]]] = []
    open_label = None
    for number, (tag, (start, end)) in enumerate(zip(tags, offsets, strict=True)):
        if start == end:
            continue
        prefix, _, label = tag.partition("-")
        if tag == OUTSIDE:
            open_label = None
        elif prefix == "I" and label == open_label:
            first, _, _, tokens = spans[-1]
            spans[-1] = (first, end, label, [*tokens, number])
        else:
            spans.append((start, end, label, [number]))
            open_label = label
    return spans
