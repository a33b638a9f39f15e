"""The backbone's own language-model head, applied to hidden states that are given.

The head is whatever the family's forward does after its base model: projections, soft caps, scales.
It is not written again here: the family's own forward runs, and its base model answers with the
states that are given.
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
    """Logits of the family's own head.

    Args:
        backbone: A masked or causal language model of transformers.
        hidden: (N, D) or (B, L, D) last hidden states of its base model.

    Returns:
        (N, V) or (B, L, V).
    """
    given = hidden if hidden.dim() > 2 else hidden[None]
    ids = torch.zeros(given.shape[:2], dtype=torch.long, device=given.device)
    with _base_that_returns(backbone, given):
        logits: Tensor = backbone(input_ids=ids, return_dict=True).logits
    return logits if hidden.dim() > 2 else logits[0]


@cache
def _output_class() -> Any:
    """An output of transformers whose every other field is None, whatever a family calls it."""
    from transformers.modeling_outputs import BaseModelOutputWithPastAndCrossAttentions

    class States(BaseModelOutputWithPastAndCrossAttentions):  # type: ignore[misc]  # untyped
        def __getattr__(self, name: str) -> None:
            if name.startswith("__"):
                raise AttributeError(name)

    return States


@contextmanager
def _base_that_returns(backbone: Any, hidden: Tensor) -> Iterator[None]:
    """Let the base model answer with ``hidden`` without running."""
    output = _output_class()(last_hidden_state=hidden)
    bases = _bases(backbone)
    before = [vars(base).get("forward") for base in bases]  # wrappers that others have put there
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
    """What a family's forward calls before its head: the base model, OPT's inner decoder."""
    from transformers import PreTrainedModel

    base = base_model(backbone)
    inner = getattr(base, "decoder", None)
    return [base, inner] if isinstance(inner, PreTrainedModel) else [base]
