"""Predicts words for blanks that no entity fills, with the MLM head of the backbone."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch

from kptm.answering.sources.scoring import origin_of
from kptm.data import collate

if TYPE_CHECKING:
    from kptm.fusion import FusedModel
    from kptm.linking import LinkedText


class Words(NamedTuple):
    """The words that a model predicts for the blanks of a text.

    Attributes:
        text: The words.
        p: The geometric mean of their tokens' p.
        origin: The name of a compressed model, for evidence.
    """

    text: str
    p: float
    origin: tuple[str, ...] = ()


@torch.no_grad()
def words_at(model: FusedModel, document: LinkedText) -> Words | None:
    """Predict the likeliest token for each blank; adjacent blanks form one word or name.

    None if the model is a decoder, which has no MLM head, or if every blank is beyond the model's
    maximum length.
    """
    model.eval()
    text = model.encoder.encode(document)
    if model.causal or not text.blanks:
        return None
    seen = model(**collate([text], model.pad_id).tensors())
    logits_BV = model.token_logits(seen.hidden[0, list(text.blanks)])
    rows = [number for number in model.tokenizer.all_special_ids if number < logits_BV.shape[1]]
    logits_BV[:, rows] = -torch.inf
    p_BV = logits_BV.double().softmax(-1)
    p_B, ids = p_BV.max(-1)
    runs: list[list[int]] = []
    for before, place, number in zip([None, *text.blanks], text.blanks, ids.tolist(), strict=False):
        if before is None or place != before + 1:
            runs.append([])
        runs[-1].append(number)
    words = [model.tokenizer.decode(run).strip() for run in runs]
    return Words(", ".join(words), float(p_B.log().mean().exp()), origin_of(model))
