"""Applies the backbone's own language-model head to given hidden states.

The head is all that a family's ``forward`` computes after its base model: projections, soft caps,
scales. The family's own ``forward`` runs here, and its base model is replaced by the given states.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import torch

from kptm.fusion.backbones.backbone_parts import base_model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor


def head_logits(backbone: Any, hidden: Tensor) -> Tensor:
    """Compute the logits of the family's own head.

    Args:
        backbone: A masked or causal language model of transformers.
        hidden: (N, D) or (B, L, D) last hidden states of its base model.

    Returns:
        (N, V) or (B, L, V).
    """
    hidden_BLD = hidden if hidden.dim() > 2 else hidden[None]
    ids = torch.zeros(hidden_BLD.shape[:2], dtype=torch.long, device=hidden_BLD.device)
    with _base_that_returns(backbone, hidden_BLD):
        logits: Tensor = backbone(input_ids=ids, return_dict=True).logits
    return logits if hidden.dim() > 2 else logits[0]


@cache
def _output_class() -> Any:
    """An output of transformers with None in all other fields, whatever their names."""
    from transformers.modeling_outputs import BaseModelOutputWithPastAndCrossAttentions

    class States(BaseModelOutputWithPastAndCrossAttentions):  # type: ignore[misc]  # untyped
        def __getattr__(self, name: str) -> None:
            if name.startswith("__"):
                raise AttributeError(name)

    return States


@contextmanager
def _base_that_returns(backbone: Any, hidden: Tensor) -> Iterator[None]:
    """Let the base model return ``hidden`` without running."""
    output = _output_class()(last_hidden_state=hidden)
    bases = _bases(backbone)
    before = [vars(base).get("forward") for base in bases]  # wrappers of other libraries
    for base in bases:
        base.forward = lambda *_args, **_options: output
    try:
        yield
    finally:
        for base, own in zip(bases, before, strict=True):
            del base.forward
            if own is not None:
                base.forward = own


def _bases(backbone: Any) -> list[Any]:
    """The module that a family's ``forward`` calls before its head; in OPT the decoder."""
    from transformers import PreTrainedModel

    base = base_model(backbone)
    inner = getattr(base, "decoder", None)
    return [base, inner] if isinstance(inner, PreTrainedModel) else [base]
