"""What every fusion mechanism is: hidden states in, hidden states out, knowledge beside them.

Shapes: B texts, L tokens, D hidden, M mentions, K tokens that belong to a mention, E entity width.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import torch

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Entity vectors by token.

    Attributes:
        tokens_K: Flat positions (text * L + token) of the tokens of linked mentions.
        vectors_KE: The vector of the entity that each of them belongs to.
    """

    tokens_K: Tensor
    vectors_KE: Tensor


class Mechanism(Protocol):
    """A module that adds knowledge after one layer; it must start as the identity."""

    def __call__(self, hidden_BLD: Tensor, knowledge: Knowledge) -> Tensor:
        """Return hidden states of the same shape."""
        ...


def spread(spans_M3: Tensor, vectors_ME: Tensor, length: int) -> Knowledge:
    """From mentions to their tokens: every token of a span gets the span's vector.

    Args:
        spans_M3: Text, first token, token behind the last.
        vectors_ME: One vector a mention.
        length: L, the padded number of tokens.
    """
    sizes_M = spans_M3[:, 2] - spans_M3[:, 1]
    mention_K = torch.repeat_interleave(
        torch.arange(len(spans_M3), device=spans_M3.device), sizes_M
    )
    before_M = torch.cumsum(sizes_M, 0) - sizes_M
    inside_K = torch.arange(len(mention_K), device=spans_M3.device) - before_M[mention_K]
    tokens_K = spans_M3[mention_K, 0] * length + spans_M3[mention_K, 1] + inside_K
    return Knowledge(tokens_K, vectors_ME[mention_K])
