"""Predicts words for blanks that no entity fills, with the MLM head of the backbone."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch

from kptm.answering.sources.scoring import CITED, origin_of
from kptm.data import collate
from kptm.fusion import attended_facts, generate_with_facts

if TYPE_CHECKING:
    from kptm.fusion import FactWeight, FusedModel
    from kptm.linking import LinkedText

LONGEST = 8
"""The most tokens that a decoder generates for a blank."""


class Words(NamedTuple):
    """The words that a model predicts for the blanks of a text.

    Attributes:
        text: The words.
        p: The geometric mean of their tokens' p.
        origin: The name of a compressed model, for evidence.
        facts: Only for a model of kind "kblam": the facts that it attended to.
    """

    text: str
    p: float
    origin: tuple[str, ...] = ()
    facts: tuple[FactWeight, ...] = ()


@torch.no_grad()
def words_at(model: FusedModel, document: LinkedText) -> Words | None:
    """Predict the likeliest token for each blank; adjacent blanks form one word or name.

    A decoder of kind "kblam" continues the text before the first blank. None for other decoders, or
    if every blank is beyond the model's maximum length.
    """
    model.eval()
    if model.causal and model.fusion_config.reads_triples:
        [cited] = generate_with_facts(model, [document], max_new_tokens=LONGEST, k=CITED)
        said = cited.text.strip()
        return Words(said, cited.p, origin_of(model), cited.facts) if said else None
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
    facts: tuple[FactWeight, ...] = ()
    if model.fusion_config.reads_triples:
        [facts] = attended_facts(model, [document], k=CITED)
    return Words(", ".join(words), float(p_B.log().mean().exp()), origin_of(model), facts)
