"""The language model's loss on held-out texts, with and without knowledge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn import functional as F

from kptm.data import collate
from kptm.data.batch import IGNORED
from kptm.pretraining import PretrainConfig
from kptm.pretraining.data.masking import causal_targets, mask_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kptm.fusion import FusedModel
    from kptm.linking import LinkedText


@torch.no_grad()
def masked_lm_loss(
    model: FusedModel,
    documents: Sequence[LinkedText],
    use_knowledge: bool,
    seed: int,
    *,
    batch_size: int = 128,
) -> float | None:
    """Mean cross entropy over masked tokens, in nats; for a decoder, over next tokens.

    Tokens are masked as in pretraining, but mentions are not. The choice depends only on the seed
    and the number of the text, so that arms whose links have the same spans predict the same
    tokens.

    Args:
        model: The model.
        documents: Texts that the model was not trained on.
        use_knowledge: Whether the entity vectors of the mentions are injected.
        seed: The seed of the masking.
        batch_size: Texts per batch.

    Returns:
        The loss; None if no token is masked.
    """
    model.eval()
    config = PretrainConfig(entity_rate=0.0)
    special = set(model.tokenizer.all_special_ids)
    vocab = [number for number in range(len(model.tokenizer)) if number not in special]
    total, count = 0.0, 0
    for start in range(0, len(documents), batch_size):
        texts = [model.encoder.encode(item) for item in documents[start : start + batch_size]]
        examples = [
            causal_targets(text, config, (seed, number))
            if model.causal
            else mask_text(text, config, model.encoder.mask_id, vocab, (seed, number))
            for number, text in enumerate(texts, start)
        ]
        batch = collate(
            [example.text for example in examples], model.pad_id, with_knowledge=use_knowledge
        )
        labels_BL = torch.full_like(batch.input_ids, IGNORED)
        for row, example in zip(labels_BL, examples, strict=True):
            row[: len(example.labels)] = torch.tensor(example.labels)
        is_target_BL = labels_BL != IGNORED
        if is_target_BL.any():
            logits = model.token_logits(model(**batch.tensors()).hidden[is_target_BL]).float().cpu()
            total += float(F.cross_entropy(logits, labels_BL[is_target_BL], reduction="sum"))
            count += int(is_target_BL.sum())
    return total / count if count else None
