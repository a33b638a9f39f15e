"""The model's own words for blanks without an entity, by its backbone's MLM head."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch

from kptm.data import collate

if TYPE_CHECKING:
    from kptm.fusion import FusedModel
    from kptm.linking import LinkedText


class Words(NamedTuple):
    """What stands at a text's blanks: the words, and the geometric mean of their tokens' p."""

    text: str
    p: float


@torch.no_grad()
def words_at(model: FusedModel, document: LinkedText) -> Words | None:
    """The likeliest token of every blank; blanks side by side make one word or name.

    None of a decoder, which has no such head, and where no blank lies within the model's length.
    """
    model.eval()
    text = model.encoder.encode(document)
    if model.causal or not text.blanks:
        return None
    seen = model(**collate([text], model.pad_id).tensors())
    logits_BV = model.token_logits(seen.hidden[0, list(text.blanks)])
    own = [number for number in model.tokenizer.all_special_ids if number < logits_BV.shape[1]]
    logits_BV[:, own] = -torch.inf
    p_BV = logits_BV.double().softmax(-1)
    p_B, ids = p_BV.max(-1)
    runs: list[list[int]] = []
    for before, place, number in zip([None, *text.blanks], text.blanks, ids.tolist(), strict=False):
        if before is None or place != before + 1:
            runs.append([])
        runs[-1].append(number)
    said = [model.tokenizer.decode(run).strip() for run in runs]
    return Words(", ".join(said), float(p_B.log().mean().exp()))
