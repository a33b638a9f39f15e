"""Measures how much of a backbone's original ability is left after training with knowledge.

Texts without links go through the model before and after training. For an encoder, its sentence
vectors (the mean of a text's last hidden states) are compared: each with its former self, and the
similarities between texts. For any model with a pretrained head, the language model's loss without
knowledge is compared.

Shapes: N texts, D hidden, P = N(N − 1)/2 pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from scipy.stats import spearmanr
from torch.nn import functional as F

from kptm.data import collate
from kptm.evaluation.fusion.language_loss import masked_lm_loss
from kptm.linking import LinkedText

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from kptm.fusion import FusedModel

MAX_TEXTS = 400
"""The maximum number of texts, which are compared pairwise."""
TEXTS_PER_BATCH = 64
"""The number of texts that are encoded at a time."""


@dataclass(frozen=True, slots=True)
class Ability:
    """A model's outputs for texts without links.

    Attributes:
        texts: The texts.
        vectors: Sentence vectors, shape (N, D).
        loss: The loss of the language model, in nats per token; None if its head was not
            pretrained.
    """

    texts: tuple[str, ...]
    vectors: Tensor
    loss: float | None


def ability_of(model: FusedModel, texts: Sequence[LinkedText]) -> Ability:
    """Measure a model on texts, without their links."""
    step = max(1, -(-len(texts) // MAX_TEXTS))
    distinct_texts = tuple(sorted({text.text for text in texts}))[::step]
    plain = [LinkedText(text) for text in distinct_texts]
    loss = None if model.origin.new_head else masked_lm_loss(model, plain, False, 0)
    return Ability(distinct_texts, sentence_vectors(model, plain), loss)


@torch.no_grad()
def sentence_vectors(model: FusedModel, texts: Sequence[LinkedText]) -> Tensor:
    """The mean of each text's last hidden states without knowledge, shape (N, D), on the CPU."""
    model.eval()
    batches = []
    for start in range(0, len(texts), TEXTS_PER_BATCH):
        encoded = [model.encoder.encode(text) for text in texts[start : start + TEXTS_PER_BATCH]]
        batch = collate(encoded, model.pad_id, with_knowledge=False)
        hidden_BLD = model(**batch.tensors()).hidden.float().cpu()
        there_BL1 = batch.attention_mask[:, :, None].float()
        batches.append((hidden_BLD * there_BL1).sum(1) / there_BL1.sum(1))
    return torch.cat(batches) if batches else torch.zeros(0, model.hidden_size)


def kept_shares(before: Ability, after: Ability) -> dict[str, float]:
    """Compare a model's ability before and after training.

    Returns:
        "same": 1 if all sentence vectors are bit-identical, else 0. "cosine": mean cosine of a
        text's vectors before and after. "ranks": Spearman's correlation of the P cosines between
        texts before and after, unless they are all equal. "loss before", "loss after": the loss of
        the language model, if it has one.
    """
    shares = {"same": float(torch.equal(before.vectors, after.vectors))}
    if len(before.texts) > 1:
        shares["cosine"] = float(F.cosine_similarity(before.vectors, after.vectors).mean())
        near, now = _nearness(before), _nearness(after)
        if near.min() < near.max() and now.min() < now.max():
            shares["ranks"] = float(spearmanr(near, now).statistic)
    if before.loss is not None and after.loss is not None:
        shares["loss before"], shares["loss after"] = before.loss, after.loss
    return shares


def _nearness(ability: Ability) -> Tensor:
    """The cosine of each pair of texts, shape (P,)."""
    unit_ND = F.normalize(ability.vectors, dim=-1)
    first, second = torch.triu_indices(len(unit_ND), len(unit_ND), 1)
    return (unit_ND @ unit_ND.T)[first, second]
