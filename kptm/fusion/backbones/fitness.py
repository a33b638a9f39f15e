"""Tests whether a backbone can be fused by a small pass, before the training starts.

Families differ in the inputs and outputs of their layers. So a fused model is tested: plain
transformers, fusion without knowledge and fusion with a mention must agree on shapes and logits.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch

from kptm.errors import ModelError
from kptm.fusion.backbones.backbone_parts import base_model, takes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

    from kptm.fusion.parts import FusedParts

logger = logging.getLogger(__name__)

TEST_TOKENS = 8
"""Tokens of the test text."""

TOLERANCE = 1e-2
"""Relative and absolute tolerance between logits by two ways, for half precision."""

MAX_ROUNDINGS, MAX_ROUNDING_ERROR = 150, 5e-2
"""Tolerance between the states of a text alone and in a batch, in roundings, and its upper limit.

Both are relative to the largest state. With random weights in float32, suitable families differ by
at most 2e-6; families whose tokens see later ones differ by at least 2e-5.
"""

MAX_PADDING_ERROR = 5e-2
"""Relative tolerance for padding, which convolutions and landmark attention see."""

FAILURES = (AttributeError, TypeError, RuntimeError, ValueError, LookupError, ImportError)
"""The errors of models that are not built like a Transformer."""


@contextmanager
def refused_by_name(backbone: Any, kind: str) -> Iterator[None]:
    """Turn errors of an unsuitable family into one message.

    Raises:
        ModelError: The family cannot be fused with this kind of fusion.
    """
    try:
        yield
    except FAILURES as error:
        first = str(error).strip().partition("\n")[0]
        raise ModelError(
            f"{type(backbone).__name__}: this family cannot be fused with kind {kind!r}"
            f" ({type(error).__name__}: {first}); use a model of a BERT, GPT or Llama family"
        ) from error


def check_fit(model: FusedParts) -> None:
    """Run small texts through a fused model and compare it with its backbone.

    Raises:
        ModelError: Hidden states or logits have unexpected shapes or values, padding or later
            tokens change a text's states, or knowledge reaches no layer.
    """
    name = type(model.backbone).__name__
    base = base_model(model.backbone)
    with refused_by_name(model.backbone, model.fusion_config.kind), _evaluating(model):
        if not takes(base, "attention_mask"):
            raise ModelError(
                f"{name} takes no attention mask, so that padding would change a text's states;"
                " this family cannot be fused"
            )
        ids, mask = _example(model)
        none = ids.new_empty((0, 3))
        hidden = model(ids, mask, none, none[:, 0]).hidden
        _check_width(name, hidden, model.hidden_size)
        _check_logits(model, ids, mask, hidden)
        _check_neighbours(model, ids, mask, hidden)
        _check_attention(model, ids, mask, hidden)
        model(ids, mask, ids.new_tensor([[0, 1, 3]]), ids.new_zeros(1))
        if not model.fusion.was_reached:
            raise ModelError(
                f"{name}: its layers are not run as modules, so that knowledge cannot reach them;"
                " this family cannot be fused"
            )


def _example(model: FusedParts) -> tuple[Tensor, Tensor]:
    """A text of ordinary tokens, and its mask."""
    special = set(model.tokenizer.all_special_ids)
    tokens = [number for number in range(len(model.tokenizer)) if number not in special] or [0]
    ids = torch.tensor([[tokens[i % len(tokens)] for i in range(TEST_TOKENS)]], device=model.device)
    return ids, torch.ones_like(ids)


def _check_width(name: str, hidden: Tensor, width: int) -> None:
    if hidden.shape != (1, TEST_TOKENS, width):
        raise ModelError(
            f"{name}: its last hidden states have the shape {tuple(hidden.shape)}, but layers are"
            f" {width} wide (a projection at the end?); this family cannot be fused"
        )


def _check_logits(model: FusedParts, ids: Tensor, mask: Tensor, hidden: Tensor) -> None:
    """Check that the head on hidden states equals the backbone's own forward pass."""
    cached = model.causal and takes(model.backbone, "use_cache")
    options = {"use_cache": False} if cached else {}
    wanted = model.backbone(input_ids=ids, attention_mask=mask, **options).logits
    logits = model.token_logits(hidden)
    if logits.shape != wanted.shape or not torch.allclose(
        logits.float(), wanted.float(), rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True
    ):
        raise ModelError(
            f"{type(model.backbone).__name__}: its logits do not follow from its last hidden states"
            " alone; this family cannot be fused"
        )


def _check_neighbours(model: FusedParts, ids: Tensor, mask: Tensor, hidden: Tensor) -> None:
    """Check that padding, and in a decoder later tokens, change nothing."""
    name, none = type(model.backbone).__name__, ids.new_empty((0, 3))
    rounding = min(MAX_ROUNDINGS * torch.finfo(hidden.dtype).eps, MAX_ROUNDING_ERROR)
    half = TEST_TOKENS // 2
    alone = model(ids[:, :half], mask[:, :half], none, none[:, 0]).hidden
    padded = torch.cat([ids[:, :half], torch.full_like(ids[:, half:], model.pad_id)], 1)
    beside = torch.cat([mask[:, :half], torch.zeros_like(mask[:, half:])], 1)
    changed = _difference(model(padded, beside, none, none[:, 0]).hidden[:, :half], alone)
    if changed > MAX_PADDING_ERROR:
        raise ModelError(
            f"{name}: padding changes the states of a text despite the attention mask;"
            " this family cannot be fused"
        )
    if changed > rounding:
        logger.warning(
            "%s: padding changes its hidden states a little (by %.1g of the largest):"
            " the states of a text differ slightly"
            " between the text alone and a batch with longer ones",
            name,
            changed,
        )
    if not model.causal:
        return
    later = torch.cat([ids[:, :half], ids[:, half:].flip(1)], 1)
    hidden_before_later = model(later, mask, none, none[:, 0]).hidden
    if _difference(hidden_before_later[:, :half], hidden[:, :half]) > rounding:
        raise ModelError(
            f"{name}: tokens see later tokens, so the model cannot be trained to predict these;"
            " this family cannot be fused"
        )


def _check_attention(model: FusedParts, ids: Tensor, mask: Tensor, hidden: Tensor) -> None:
    """Check that tokens see each other; MRA without kernels has zero maps, and passes."""
    other = torch.cat([ids[:, -1:], ids[:, 1:]], 1)
    none = ids.new_empty((0, 3))
    if _difference(model(other, mask, none, none[:, 0]).hidden[:, 1:], hidden[:, 1:]) > 0:
        return
    if all(bool(weight.any()) for weight in model.backbone.parameters() if weight.dim() > 1):
        raise ModelError(
            f"{type(model.backbone).__name__}: no token sees another, because its attention has no"
            " effect on this machine (is a kernel missing?); this family cannot be fused"
        )


def _difference(states: Tensor, wanted: Tensor) -> float:
    """The largest difference of hidden states, relative to the largest state."""
    states, wanted = states.float(), wanted.float()
    return float((states - wanted).abs().max() / wanted.abs().max().clamp(min=1e-12))


@contextmanager
def _evaluating(model: FusedParts) -> Iterator[None]:
    """Disable dropout and gradients; afterwards each module is in its previous mode."""
    training = [module for module in model.modules() if module.training]
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for module in training:
            module.training = True
