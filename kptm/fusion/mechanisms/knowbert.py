"""KnowBERT's knowledge attention and recontextualisation (Peters et al. 2019, section 3.3).

    P = H W₁ + b₁                                    equation 2
    s_m = LN(Σ_t softmax_t(w · P_t) P_t)             over the tokens t of mention m
    Sᵉ = Transformer(s)                              equation 3, among the mentions of a text
    ψ_mk = MLP([⟨s_m, e_mk⟩ / √E, p_mk])             equation 4, for each candidate k, prior p_mk
    ẽ_m = Σ_k softmax(ψ_m)_k e_mk                    equation 5, over candidates with ψ_mk ≥ δ;
                                                     without any, ẽ_m is a learned null vector
    S′ = LN(Sᵉ + ẽ)
    P′ = Transformer(queries P, keys and values S′)  equation 6
    H′ = H + P′ W₂ + b₂                              equation 7

The model learns to link: it weighs all candidates of a mention by their scores ψ. A mention whose
link is certain has one candidate.

In the paper the linker is trained alone first; then W₂ is set to the pseudo-inverse of W₁, and the
whole model is trained. Here W₂ and b₂ are zero at the start, so that the fused model computes the
same as the backbone, and the linker is trained together with the rest. As in equation 7, and unlike
in the published code, no layer norm follows.

Shapes: B texts, L tokens, N = B·L, D hidden, M mentions, C candidates, K tokens of mentions, E
entity width.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from kptm.fusion.mechanisms.attention_blocks import AttentionBlock
from kptm.fusion.mechanisms.mechanism import Mechanism

if TYPE_CHECKING:
    from torch import Tensor

    from kptm.fusion.mechanisms.mechanism import MentionKnowledge, Sizes


class KnowBertFusion(Mechanism):
    """Knowledge attention after one layer or several, by default one in the middle.

    The link scores are the ψ of the last of these layers.
    """

    soft = True
    links = True
    lasting = True

    def __init__(self, sizes: Sizes, numbers: tuple[int, ...] | None) -> None:
        super().__init__(numbers or (max(0, sizes.layers // 2 - 1),))
        self.kars = nn.ModuleList(
            KnowledgeAttention(sizes.hidden, sizes.entity, sizes.heads) for _ in self.numbers
        )

    def after(self, place: int, hidden_BLD: Tensor, knowledge: MentionKnowledge) -> Tensor:
        """Link softly, and let the tokens of each text see what its mentions mean."""
        hidden_BLD, self.link_scores = self.kars[place](hidden_BLD, knowledge)
        return hidden_BLD


class KnowledgeAttention(nn.Module):
    """Knowledge attention and recontextualisation (KAR) after one layer: the formulas above.

    Args:
        hidden: D.
        entity: E.
        heads: The heads of both attentions.
        scorer: Width of the MLP that scores candidates.
        threshold: δ. The default excludes only the padding of candidates, whose ψ is -1e4.
    """

    def __init__(
        self, hidden: int, entity: int, heads: int, scorer: int = 100, threshold: float = -1e3
    ) -> None:
        super().__init__()
        self.project = nn.Linear(hidden, entity)
        self.pool = nn.Linear(entity, 1, bias=False)
        self.norm = nn.LayerNorm(entity)
        self.mentions = AttentionBlock(entity, heads)
        self.score = nn.Sequential(nn.Linear(2, scorer), nn.ReLU(), nn.Linear(scorer, 1))
        self.null = nn.Parameter(torch.zeros(entity))
        self.known_norm = nn.LayerNorm(entity)
        self.tokens = AttentionBlock(entity, heads)
        self.back = nn.Linear(entity, hidden)
        self.threshold = threshold
        nn.init.zeros_(self.back.weight)
        nn.init.zeros_(self.back.bias)

    def forward(self, hidden_BLD: Tensor, knowledge: MentionKnowledge) -> tuple[Tensor, Tensor]:
        """Hidden states of the same shape, and ψ, (M, C)."""
        flat_ND = hidden_BLD.reshape(-1, hidden_BLD.shape[-1])
        rows_NE = self.project(flat_ND)
        spans_ME = self.norm(self._pool_mentions(rows_NE, knowledge))
        spans_ME = self.mentions(spans_ME, spans_ME, knowledge.together_MM)
        meant_ME, psi_MC = self._weigh_candidates(spans_ME, knowledge)
        known_ME = self.known_norm(spans_ME + meant_ME)
        sees_NM = knowledge.sees(torch.arange(len(flat_ND), device=flat_ND.device))
        with_N1 = sees_NM.any(1, keepdim=True)  # tokens that see no mention do not change
        seen_ND = self.back(self.tokens(rows_NE, known_ME, sees_NM))
        return (flat_ND + seen_ND * with_N1).reshape(hidden_BLD.shape), psi_MC

    def _pool_mentions(self, rows_NE: Tensor, knowledge: MentionKnowledge) -> Tensor:
        rows_KE, mention_K = rows_NE[knowledge.tokens_K], knowledge.mention_K
        count = len(knowledge.spans_M3)
        score_K = self.pool(rows_KE).squeeze(-1)
        top_M = score_K.new_full((count,), -torch.inf)
        top_M = top_M.scatter_reduce(0, mention_K, score_K.detach(), "amax")
        weight_K = (score_K - top_M[mention_K]).exp()
        sum_M = weight_K.new_zeros(count).index_add(0, mention_K, weight_K)
        weight_K = weight_K / sum_M[mention_K]
        empty_ME = rows_KE.new_zeros((count, rows_KE.shape[1]))
        # In mixed precision exp returns float32.
        weighted_KE = (rows_KE * weight_K[:, None]).to(rows_KE.dtype)
        return empty_ME.index_add(0, mention_K, weighted_KE)

    def _weigh_candidates(
        self, spans_ME: Tensor, knowledge: MentionKnowledge
    ) -> tuple[Tensor, Tensor]:
        if knowledge.candidates_MCE is None or knowledge.priors_MC is None:
            candidates_MCE = knowledge.vectors_ME[:, None].to(spans_ME.dtype)
            priors_MC = candidates_MCE.new_ones(candidates_MCE.shape[:2])
        else:
            candidates_MCE = knowledge.candidates_MCE.to(spans_ME.dtype)
            priors_MC = knowledge.priors_MC.to(spans_ME.dtype)
        near_MC = torch.einsum("me,mce->mc", spans_ME, candidates_MCE) / spans_ME.shape[1] ** 0.5
        psi_MC = self.score(torch.stack([near_MC, priors_MC], -1)).squeeze(-1)
        psi_MC = psi_MC.masked_fill(priors_MC <= 0, -1e4)
        kept_MC = psi_MC >= self.threshold
        weight_MC = psi_MC.masked_fill(~kept_MC, -1e4).softmax(-1) * kept_MC
        meant_ME = torch.einsum("mc,mce->me", weight_MC, candidates_MCE)
        return meant_ME + self.null * (~kept_MC.any(-1, keepdim=True)), psi_MC
