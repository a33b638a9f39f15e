"""Gated injection, the default mechanism.

For each token h of a linked mention with entity vector e:

    h ← h + g ⊙ W_o · gelu(W_h h + W_e e + b),    g = σ(W_g [h; e] + b_g)

``W_o`` starts at zero, so that the fused model starts exactly as the backbone; tokens outside
mentions are not touched at all.

Shapes: B texts, L tokens, D hidden, N = B·L, K tokens that belong to a mention, E entity width, W
inner width.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional as F

from kptm.fusion.mechanisms.mechanism import Mechanism

if TYPE_CHECKING:
    from torch import Tensor

    from kptm.fusion.mechanisms.mechanism import MentionKnowledge, Sizes


class GatedFusion(Mechanism):
    """Gated injection after some layers, each with weights of its own.

    By default after the last layer of the lower half, so that the upper half can pass the
    knowledge on.
    """

    def __init__(self, sizes: Sizes, numbers: tuple[int, ...] | None) -> None:
        super().__init__(numbers or (max(0, sizes.layers // 2 - 1),))
        self.injections = nn.ModuleList(
            GatedInjection(sizes.hidden, sizes.entity, sizes.width) for _ in self.numbers
        )

    def after(self, place: int, hidden_BLD: Tensor, knowledge: MentionKnowledge) -> Tensor:
        """Add the entity vectors to the tokens of their mentions."""
        added: Tensor = self.injections[place](hidden_BLD, knowledge)
        return added


class GatedInjection(nn.Module):
    """Adds entity vectors to the tokens of their mentions.

    Args:
        hidden: D, the backbone's width.
        entity: E, the width of entity vectors.
        width: W, the inner width.
    """

    def __init__(self, hidden: int, entity: int, width: int) -> None:
        super().__init__()
        self.from_hidden = nn.Linear(hidden, width)
        self.from_entity = nn.Linear(entity, width, bias=False)
        self.gate = nn.Linear(hidden + entity, hidden)
        self.out = nn.Linear(width, hidden, bias=False)
        nn.init.zeros_(self.out.weight)

    def forward(self, hidden_BLD: Tensor, knowledge: MentionKnowledge) -> Tensor:
        """Return hidden states of the same shape, unchanged at tokens without knowledge."""
        flat_ND = hidden_BLD.reshape(-1, hidden_BLD.shape[-1])
        old_KD = flat_ND[knowledge.tokens_K]
        vectors_KE = knowledge.vectors_KE.to(old_KD.dtype)
        mixed_KW = F.gelu(self.from_hidden(old_KD) + self.from_entity(vectors_KE))
        gate_KD = torch.sigmoid(self.gate(torch.cat([old_KD, vectors_KE], -1)))
        new_KD = old_KD + gate_KD * self.out(mixed_KW)
        return flat_ND.index_copy(0, knowledge.tokens_K, new_KD).reshape(hidden_BLD.shape)
