"""Predicts the entity of a blank; its output weights are the entity table.

A blank is a link prediction: the missing entity stands in a relation to an entity of the text. The
head therefore reads a relation from the hidden state and applies it to the entity that it attends
to:

    α = softmax over the text's mentions of ⟨W_q h, W_k h_m⟩,    c = Σ α_m e_m
    q = a(h) ⊙ c + b(h) ⊙ Jc + d(h)                 a, b, d linear in h; J turns pairs by 90°
    logits = s · ⟨q/|q|, e_j/|e_j|⟩ over all entities j, with a learned s > 0

With b = d = 0 this is DistMult's query, with a, b free ComplEx's and RotatE's (complex numbers
stand as pairs), with a = 1, b = 0 TransE's. So a relation that is learnt from facts in texts
carries over to facts that only the graph has, which a plain two-layer head does not learn from a
few hundred examples. Without a mention c = 0 and d alone decides.

Shapes: T targets, M mentions, N entities, D hidden, E entity width, R = 3E, F = 4E.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional as F

if TYPE_CHECKING:
    from torch import Tensor

    from kptm.fusion.mechanisms.mechanism import MentionKnowledge

INIT_SCALE = 10.0
"""The initial factor of the cosines, an inverse temperature; it is trained."""


class EntityHead(nn.Module):
    """Maps blanks, and the mentions around them, to logits over the entity table.

    Args:
        hidden: The hidden size D.
        entity: The width E of entity vectors.
        width: The width of queries and keys of the attention from blanks to mentions.
    """

    def __init__(self, hidden: int, entity: int, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(hidden)
        self.query = nn.Linear(hidden, width, bias=False)
        self.key = nn.Linear(hidden, width, bias=False)
        self.relation = nn.Linear(hidden, 3 * entity)
        self.log_scale = nn.Parameter(torch.tensor(math.log(INIT_SCALE)))

    def forward(
        self, hidden_TD: Tensor, mentions_MD: Tensor, vectors_ME: Tensor, same_text_TM: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Queries (T, E) in the space of entity vectors, and fact keys (T, 4E), both of length 1.

        A fact key joins the attended entity with the relation, [c; a, b, d]
        (the key of Facts as Experts, Verga et al. 2021, without its projection): two phrasings of
        one question have similar keys.

        Args:
            hidden_TD: Hidden states of the blanks.
            mentions_MD: Hidden states of the mentions' first tokens.
            vectors_ME: The mentions' entity vectors.
            same_text_TM: Whether mention m is in the text of blank t.
        """
        target_TD = self.norm(hidden_TD)
        relation_TR = self.relation(target_TD)
        a_TE, b_TE, d_TE = relation_TR.chunk(3, dim=-1)
        if len(vectors_ME):
            weight_TM = self.query(target_TD) @ self.key(self.norm(mentions_MD)).T
            weight_TM = weight_TM / self.query.out_features**0.5
            weight_TM = weight_TM.masked_fill(~same_text_TM, -1e4).softmax(-1) * same_text_TM
            context_TE = weight_TM @ vectors_ME
        else:
            context_TE = torch.zeros_like(d_TE)
        query_TE = a_TE * context_TE + b_TE * rotate_half(context_TE) + d_TE
        keys_TF = torch.cat([F.normalize(context_TE, dim=-1), F.normalize(relation_TR, dim=-1)], -1)
        return F.normalize(query_TE, dim=-1), F.normalize(keys_TF, dim=-1)

    def queries_at(
        self, blanks_T2: Tensor, hidden_BLD: Tensor, knowledge: MentionKnowledge
    ) -> tuple[Tensor, Tensor]:
        """Queries (T, E) and fact keys (T, 4E) of blanks.

        Args:
            blanks_T2: The number of each blank's text in the batch, and of its token in the text.
            hidden_BLD: Hidden states of the batch.
            knowledge: The mentions of the batch.
        """
        flat_ND = hidden_BLD.flatten(0, 1)
        position_T = blanks_T2[:, 0] * hidden_BLD.shape[1] + blanks_T2[:, 1]
        queries_and_keys: tuple[Tensor, Tensor] = self(
            flat_ND[position_T],
            flat_ND[knowledge.anchor_M],
            knowledge.vectors_ME,
            knowledge.sees(position_T),
        )
        return queries_and_keys

    def logits(self, query_TE: Tensor, table_NE: Tensor) -> Tensor:
        """Logits (T, N) over the rows of ``table_NE``, which have length 1."""
        return self.log_scale.exp() * query_TE @ table_NE.T


def rotate_half(vectors: Tensor) -> Tensor:
    """J: multiply by i, with (2k, 2k + 1) as real and imaginary part; a single last one is 0."""
    pairs = vectors.shape[-1] // 2
    real, imaginary = vectors[..., 0 : 2 * pairs : 2], vectors[..., 1 : 2 * pairs : 2]
    rotated = torch.stack([-imaginary, real], -1).flatten(-2)
    return F.pad(rotated, (0, vectors.shape[-1] - 2 * pairs))
