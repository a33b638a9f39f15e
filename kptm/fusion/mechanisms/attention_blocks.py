"""Attention layers that several fusion mechanisms use, among mentions or from tokens to them.

Shapes: Q queries, M mentions, D width, H heads, d = D / H.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn
from torch.nn import functional as F

if TYPE_CHECKING:
    from torch import Tensor


class Attention(nn.Module):
    """Masked multi-head attention of queries over keys (Vaswani et al. 2017, section 3.2).

    The values are projections of the keys' vectors.

    Args:
        width: D.
        heads: H, reduced to a divisor of D.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = next(h for h in range(min(heads, width), 0, -1) if width % h == 0)
        self.query, self.key, self.value, self.out = (nn.Linear(width, width) for _ in range(4))

    def forward(self, queries_QD: Tensor, keys_MD: Tensor, allowed_QM: Tensor) -> Tensor:
        """The output for each query, shape (Q, D); zeros for a query that may attend to no key.

        Args:
            queries_QD: The vectors that attend.
            keys_MD: The vectors that they attend to.
            allowed_QM: Whether a query may attend to a key.
        """
        query, key, value = (
            rows.reshape(len(rows), self.heads, rows.shape[1] // self.heads).transpose(0, 1)
            for rows in (self.query(queries_QD), self.key(keys_MD), self.value(keys_MD))
        )
        score_HQM = query @ key.transpose(1, 2) / query.shape[-1] ** 0.5
        # A finite number, as −∞ makes NaN of a row without keys, and float16 ends at 65,504.
        weight_HQM = score_HQM.masked_fill(~allowed_QM, -1e4).softmax(-1) * allowed_QM
        mixed_QD = (weight_HQM @ value).transpose(0, 1).reshape(queries_QD.shape)
        has_keys_Q1 = allowed_QM.any(-1, keepdim=True).to(mixed_QD.dtype)
        output_QD: Tensor = self.out(mixed_QD) * has_keys_Q1  # else such a row is the bias of out
        return output_QD


class AttentionBlock(nn.Module):
    """A Transformer layer: attention and a feed-forward part, each with residual and norm."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attention = Attention(width, heads)
        self.norm = nn.LayerNorm(width)
        self.inner, self.outer = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.last_norm = nn.LayerNorm(width)

    def forward(self, queries_QD: Tensor, keys_MD: Tensor, allowed_QM: Tensor) -> Tensor:
        """The updated queries, shape (Q, D)."""
        rows_QD = self.norm(queries_QD + self.attention(queries_QD, keys_MD, allowed_QM))
        output_QD: Tensor = self.last_norm(rows_QD + self.outer(F.gelu(self.inner(rows_QD))))
        return output_QD
