"""Predicts words for blanks that no entity fills, by the MLM head or a "kblam" decoder."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch

from kptm.answering.sources.scoring import MAX_CITED_FACTS, origin_of
from kptm.data import collate
from kptm.fusion import attended_facts, generate_with_facts

if TYPE_CHECKING:
    from kptm.fusion import FactWeight, FusedModel
    from kptm.linking import LinkedText

MAX_NEW_TOKENS = 8
"""The maximum number of tokens that a decoder generates for a blank."""


class Words(NamedTuple):
    """The words that a model predicts for the blanks of a text.

    Attributes:
        text: The words.
        p: The geometric mean of the probabilities of their tokens.
        origin: The name of the compressed model, which the evidence cites; empty for other models.
        facts: Only for a model of kind "kblam": the facts that it attended to.
    """

    text: str
    p: float
    origin: tuple[str, ...] = ()
    facts: tuple[FactWeight, ...] = ()


@torch.no_grad()
def predict_words(model: FusedModel, document: LinkedText) -> Words | None:
    """Predict the likeliest token for each blank; adjacent blanks form one word or name.

    A decoder of kind "kblam" continues the text before the first blank.

    Returns:
        None for other decoders, if the decoder generates nothing, or if no blank lies within the
        model's maximum length.
    """
    model.eval()
    if model.causal and model.fusion_config.reads_triples:
        [generated] = generate_with_facts(
            model, [document], max_new_tokens=MAX_NEW_TOKENS, k=MAX_CITED_FACTS
        )
        text = generated.text.strip()
        return Words(text, generated.p, origin_of(model), generated.facts) if text else None
    encoded = model.encoder.encode(document)
    if model.causal or not encoded.blanks:
        return None
    output = model(**collate([encoded], model.pad_id).tensors())
    # B blanks, V words of the vocabulary
    logits_BV = model.token_logits(output.hidden[0, list(encoded.blanks)])
    special_ids = [id_ for id_ in model.tokenizer.all_special_ids if id_ < logits_BV.shape[1]]
    logits_BV[:, special_ids] = -torch.inf
    p_BV = logits_BV.double().softmax(-1)
    p_B, ids_B = p_BV.max(-1)
    blanks = encoded.blanks
    runs: list[list[int]] = []
    for previous, at, token_id in zip([None, *blanks], blanks, ids_B.tolist(), strict=False):
        if previous is None or at != previous + 1:
            runs.append([])
        runs[-1].append(token_id)
    words = [model.tokenizer.decode(run).strip() for run in runs]
    facts: tuple[FactWeight, ...] = ()
    if model.fusion_config.reads_triples:
        [facts] = attended_facts(model, [document], k=MAX_CITED_FACTS)
    return Words(", ".join(words), float(p_B.log().mean().exp()), origin_of(model), facts)
