"""K-BERT's sentence tree: facts as text, which only their mention attends to.

Liu et al. 2020, sections 3.3 to 3.5. Each mention has some facts of its entity, written "relation
tail", as branches of tokens:

    soft position of a branch's i-th token = position of the mention's last token + i
    visible(x, y): x and y are both in the sentence, or both in one branch, or one of them is in a
        branch and the other in the mention that has the branch

The backbone reads all tokens at once, with these positions and this mask. The method has no weights
of its own. The paper inserts a branch after its mention and moves the later tokens; we append the
branches to the sentence, so that its tokens keep their indices, because attention depends on
positions and mask only, not on the order of tokens. In a decoder, a token attends to the tokens
before it, and only the last token of a mention attends to its branches.

The model does not start as the plain backbone: mentions attend to their facts from the first step.
Without facts the output is exactly the backbone's.

Shapes: B texts, L tokens, R tokens of branches, S = L + R, D hidden.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import torch

from kptm.errors import ModelError
from kptm.fusion.backbones.backbone import is_causal
from kptm.fusion.backbones.backbone_parts import (
    base_model,
    first_position,
    max_positions,
    text_config,
)
from kptm.fusion.mechanisms.mechanism import Mechanism

if TYPE_CHECKING:
    from torch import Tensor

    from kptm.fusion.mechanisms.mechanism import Branches, MentionKnowledge, Sizes


class KBertFusion(Mechanism):
    """Branches of facts beside the sentence.

    Args:
        sizes: The sizes of the backbone.
        backbone: A language model that knows the order of tokens from their positions alone.

    Raises:
        ModelError: The backbone is of another kind.
    """

    def __init__(self, sizes: Sizes, backbone: Any) -> None:
        super().__init__(range(sizes.layers))
        self._first = first_position(backbone)
        self._last = max_positions(backbone, 10**9) - 1
        self._window = _window(text_config(backbone))
        self._causal = is_causal(backbone.config)
        self._length: int | None = None
        self._like: Tensor  # has the precision of the model
        self.register_buffer("_like", torch.empty(0, dtype=backbone.dtype), persistent=False)
        self._like = self._like.to(backbone.device)
        _check(backbone, self)

    def attach(self, layers: object) -> None:
        """Hook nothing, because facts are read as tokens."""

    def begin(self, knowledge: MentionKnowledge | None) -> None:
        """Start a pass."""
        super().begin(knowledge)
        self._length = None

    def inputs(self, input_ids: Tensor, attention_mask: Tensor) -> dict[str, Any]:
        """Tokens and branches, with positions and mask; without branches the plain input."""
        known = self._knowledge
        if known is None or known.branches is None:
            return super().inputs(input_ids, attention_mask)
        self._length = input_ids.shape[1]
        position_BS, visible_BSS = tree(
            attention_mask.bool(), known.spans_M3, known.branches, causal=self._causal
        )
        return {
            "input_ids": torch.cat([input_ids, known.branches.ids_BR], 1),
            **self.visible_inputs(position_BS, visible_BSS),
        }

    def visible_inputs(self, position_BS: Tensor, visible_BSS: Tensor) -> dict[str, Any]:
        """Positions and mask as the backbone takes them; windowed layers get their own mask."""
        masks: Any = self._additive(visible_BSS)
        if self._window is not None:
            near_BSS = position_BS[:, :, None] - position_BS[:, None, :]
            near_BSS = near_BSS.abs() <= self._window
            narrow = self._additive(visible_BSS & near_BSS)
            masks = {"full_attention": masks, "sliding_attention": narrow}
        place_BS = position_BS.clamp(max=self._last) + self._first
        return {"position_ids": place_BS, "attention_mask": masks}

    def _additive(self, visible_BSS: Tensor) -> Tensor:
        """0 where a token is seen, elsewhere a large negative number, shape (B, 1, S, S)."""
        return self._like.new_zeros(visible_BSS.shape).masked_fill_(~visible_BSS, -1e4)[:, None]

    def finish(self, hidden_BLD: Tensor) -> Tensor:
        """The hidden states of the sentence's own tokens."""
        return hidden_BLD if self._length is None else hidden_BLD[:, : self._length]


def tree(
    there_BL: Tensor, spans_M3: Tensor, branches: Branches, *, causal: bool = False
) -> tuple[Tensor, Tensor]:
    """Soft positions, (B, S), from 0, and which token sees which, (B, S, S).

    Args:
        there_BL: Whether the text has a token at each place.
        spans_M3: Text, first token, token after the last, of each mention.
        branches: The facts of the mentions.
        causal: Whether a token sees only earlier tokens.
    """
    count, length = there_BL.shape
    line_L = torch.arange(length, device=there_BL.device)
    real_BR = branches.mention_BR >= 0
    mention_BR = branches.mention_BR.clamp(min=0)
    start_BR, end_BR = spans_M3[mention_BR, 1], spans_M3[mention_BR, 2]
    position_BR = torch.where(real_BR, end_BR - 1 + branches.offset_BR, 0)
    position_BS = torch.cat([line_L.expand(count, -1), position_BR], 1)
    inside_BRL = (line_L >= start_BR[..., None]) & (line_L < end_BR[..., None])
    inside_BRL &= real_BR[..., None]
    last_BRL = line_L == end_BR[..., None] - 1
    asked_BRL = inside_BRL & last_BRL if causal else inside_BRL
    same_BRR = branches.number_BR[:, :, None] == branches.number_BR[:, None, :]
    same_BRR &= real_BR[:, :, None] & real_BR[:, None, :]
    # Padding sees the sentence, because a row that sees nothing would become NaN.
    back_BRL = torch.where(real_BR[..., None], inside_BRL, there_BL[:, None, :])
    seen_BLL = there_BL[:, None, :].expand(-1, length, -1)
    if causal:
        seen_BLL = seen_BLL & (line_L[None, :] <= line_L[:, None])
        same_BRR &= branches.offset_BR[:, None, :] <= branches.offset_BR[:, :, None]
    sentence_BLS = torch.cat([seen_BLL, asked_BRL.transpose(1, 2)], 2)
    return position_BS, torch.cat([sentence_BLS, torch.cat([back_BRL, same_BRR], 2)], 1)


def _window(config: Any) -> int | None:
    """The distance in tokens up to which layers with a sliding window see; None without them."""
    if "sliding_attention" not in (getattr(config, "layer_types", None) or ()):
        return None
    width = int(config.sliding_window)
    return width - 1 if is_causal(config) else width


@torch.no_grad()
def _check(backbone: Any, fusion: KBertFusion) -> None:
    """Test that masked tokens are not seen, and that order depends on positions alone."""
    family = type(backbone).__name__
    refused = (
        "kbert needs a backbone that knows the order of a text from positions and a mask alone, and"
        f" {family} does"
        " not; use BERT, RoBERTa, XLM-R, DistilBERT, ALBERT, ELECTRA, ModernBERT, GPT-2, Llama"
        " or Qwen2, or another kind of fusion"
    )
    base = base_model(backbone)
    if "position_ids" not in inspect.signature(base.forward).parameters:
        raise ModelError(refused)
    device = backbone.device
    training = backbone.training
    backbone.eval()
    try:
        ids = torch.tensor([[5, 6, 7]], device=device) % text_config(backbone).vocab_size
        plain = base(input_ids=ids, attention_mask=torch.ones_like(ids))
        other = torch.cat([ids[:, :1], ids[:, 2:], ids[:, 1:2]], 1)
        mixed = torch.cat(
            [other[:, :1], ids[:, :1], other[:, 1:]], 1
        )  # with a masked token at the second place
        position = torch.tensor([[0, 1, 2, 1]], device=device)
        visible = torch.ones(1, 4, 4, dtype=torch.bool, device=device)
        if is_causal(backbone.config):
            visible = position[:, None, :] <= position[:, :, None]
        visible[:, :, 1] = False
        visible[:, 1, 1] = True
        masked = base(input_ids=mixed, **fusion.visible_inputs(position, visible))
    except RuntimeError as error:  # the family does not support a mask of this shape
        raise ModelError(refused) from error
    finally:
        backbone.train(training)
    expected = plain.last_hidden_state
    near = 16 * torch.finfo(expected.dtype).eps * float(expected.abs().max())
    if not torch.allclose(masked.last_hidden_state[:, [0, 3, 2]], expected, atol=near, rtol=0):
        raise ModelError(refused)
