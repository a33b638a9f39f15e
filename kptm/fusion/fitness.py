"""Whether a backbone can be fused: one small pass at the start, instead of an error after hours of training.

Families differ in what their layers take and give. Rather than to list those that fit, a fused
model is tried: plain transformers, without knowledge and with one mention must agree about shapes,
and about the logits.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch

from kptm.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

    from kptm.fusion.parts import FusedParts

LENGTH = 8
"""Tokens of the text that is tried."""

TOLERANCE = 1e-2
"""Between logits of one head by two ways, relative and absolute; in float32 they are equal, half precision rounds."""

FAILURES = (AttributeError, TypeError, RuntimeError, ValueError, LookupError, ImportError)
"""What a model that is built in another way raises when it is taken for a Transformer."""


@contextmanager
def refused_by_name(backbone: Any, kind: str) -> Iterator[None]:
    """Turn what a family that does not fit raises into one message.

    Raises:
        ModelError: The family cannot be fused with this kind of fusion.
    """
    try:
        yield
    except FAILURES as error:
        first = str(error).strip().partition("\n")[0]
        raise ModelError(
            f"{type(backbone).__name__}: this family cannot be fused with kind {kind!r}"
            f" ({type(error).__name__}: {first}); take one of BERT's, GPT's or Llama's kind"
        ) from error


def check_fit(model: FusedParts) -> None:
    """Run a small text through a fused model and compare it with its backbone.

    Raises:
        ModelError: Hidden states or logits are not what fusion takes them for, or knowledge reaches
            no layer.
    """
    name = type(model.backbone).__name__
    if model.backbone.base_model is model.backbone:
        raise ModelError(
            f"{name} has no language-model head beside its base model; take the family's ForMaskedLM or ForCausalLM class"
        )
    with refused_by_name(model.backbone, model.fusion_config.kind), _evaluating(model):
        ids, mask = _example(model)
        wanted = model.backbone(input_ids=ids, attention_mask=mask).logits
        none = ids.new_empty((0, 3))
        hidden = model(ids, mask, none, none[:, 0]).hidden
        _check_width(name, hidden, int(model.backbone.config.hidden_size))
        found = model.token_logits(hidden)
        if found.shape != wanted.shape or not torch.allclose(
            found.float(), wanted.float(), rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True
        ):
            raise ModelError(
                f"{name}: its logits do not follow from its last hidden states alone; this family cannot be fused"
            )
        model(ids, mask, ids.new_tensor([[0, 1, 3]]), ids.new_zeros(1))
        if not model.fusion.was_reached:
            raise ModelError(
                f"{name}: its layers are not run as modules, so that knowledge cannot reach them;"
                " this family cannot be fused"
            )


def _example(model: FusedParts) -> tuple[Tensor, Tensor]:
    """One text of tokens that stand for text, and its mask."""
    special = set(model.tokenizer.all_special_ids)
    token = next((i for i in range(len(model.tokenizer)) if i not in special), 0)
    ids = torch.full((1, LENGTH), token, device=model.device)
    return ids, torch.ones_like(ids)


def _check_width(name: str, hidden: Tensor, width: int) -> None:
    if hidden.shape != (1, LENGTH, width):
        raise ModelError(
            f"{name}: its last hidden states have the shape {tuple(hidden.shape)}, its layers are {width} wide"
            " (a projection at the end?); this family cannot be fused"
        )


@contextmanager
def _evaluating(model: FusedParts) -> Iterator[None]:
    """Without dropout and gradients; afterwards each module is in its own mode again."""
    training = [module for module in model.modules() if module.training]
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for module in training:
            module.training = True
