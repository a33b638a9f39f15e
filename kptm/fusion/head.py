"""Entity prediction: which entity does this token stand for? Tied to the entity table.

    logits = s · ⟨norm(W₂ gelu(W₁ h)), norm(e_j)⟩ over all entities j, with a learned s > 0
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional as F

if TYPE_CHECKING:
    from torch import Tensor

START_SCALE = 10.0


class EntityHead(nn.Module):
    """Maps hidden states (T, D) into the space of entity vectors (E)."""

    def __init__(self, hidden: int, entity: int, width: int) -> None:
        super().__init__()
        self.up = nn.Linear(hidden, width)
        self.norm = nn.LayerNorm(width)
        self.down = nn.Linear(width, entity)
        self.log_scale = nn.Parameter(torch.tensor(math.log(START_SCALE)))

    def forward(self, hidden_TD: Tensor, table_NE: Tensor) -> Tensor:
        """Logits (T, N) over the rows of ``table_NE``, which has rows of length 1."""
        query_TE = F.normalize(self.down(self.norm(F.gelu(self.up(hidden_TD)))), dim=-1)
        return self.log_scale.exp() * query_TE @ table_NE.T
