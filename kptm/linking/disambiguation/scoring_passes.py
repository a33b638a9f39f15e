"""Scores the candidates of passages in two or three passes.

The first pass scores each mention independently, the second adds the coherence with the other
mentions, and the third the similarity by an encoder, if there is one. The features of the later
passes depend on the probabilities of the pass before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from kptm.linking.detection.mention_candidates import candidates_of
from kptm.linking.disambiguation.candidate_features import features
from kptm.linking.disambiguation.coherence import coherence
from kptm.linking.disambiguation.disambiguation_model import probabilities

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from kptm.linking.detection.mention_candidates import Candidates
    from kptm.linking.disambiguation.conventions import Convention
    from kptm.linking.disambiguation.disambiguation_model import Weights
    from kptm.linking.index.overlay_index import Layers
    from kptm.linking.text.passages import FoldedTexts

    Floats = NDArray[np.float64]


Similarity: TypeAlias = "Callable[[FoldedTexts, Layers, Candidates, Floats], dict[str, Floats]]"
"""Computes an encoder's features from candidates and their probabilities of the second pass."""


class ScoredCandidates(NamedTuple):
    """Candidates with the probability of each, and the features that it was computed from.

    Attributes:
        candidates: C candidates of M mentions.
        probability: C, the probability of each candidate.
        columns: The features by name, C numbers each; empty without candidates.
    """

    candidates: Candidates
    probability: Floats
    columns: dict[str, Floats]


def score_candidates(
    passages: FoldedTexts,
    layers: Layers,
    weights: Weights,
    similarity: Similarity | None = None,
    *,
    any_case: bool = False,
) -> ScoredCandidates:
    """Score the candidates of all mentions in passages.

    Common nouns are mentions too if the convention of the weights includes them.
    """
    scored = candidates_with_features(passages, layers, weights.convention, any_case=any_case)
    if not scored.columns:
        return scored
    scored = add_coherence(scored, layers, weights)
    probability = probabilities(
        scored.columns, weights.joint, scored.candidates.first, scored.candidates.of
    )
    if similarity is not None and weights.encoder is not None:
        scored = add_similarity(scored, passages, layers, weights, similarity)
        probability = probabilities(
            scored.columns, weights.encoder, scored.candidates.first, scored.candidates.of
        )
    return scored._replace(probability=probability)


def candidates_with_features(
    passages: FoldedTexts, layers: Layers, convention: Convention, *, any_case: bool = False
) -> ScoredCandidates:
    """Candidates with the features of the first pass, which depend on no other mention.

    Their probability is the prior.
    """
    common_nouns = convention.common_nouns
    candidates = candidates_of(
        passages, layers, any_case=any_case or common_nouns, plurals=common_nouns
    )
    columns = features(passages, layers, candidates) if len(candidates.of) else {}
    return ScoredCandidates(candidates, candidates.prior, columns)


def add_coherence(scored: ScoredCandidates, layers: Layers, weights: Weights) -> ScoredCandidates:
    """``scored`` with the probabilities of the first pass, and coherence features from these."""
    candidates = scored.candidates
    probability = probabilities(scored.columns, weights.local, candidates.first, candidates.of)
    return ScoredCandidates(
        candidates, probability, scored.columns | coherence(layers, candidates, probability)
    )


def add_similarity(
    scored: ScoredCandidates,
    passages: FoldedTexts,
    layers: Layers,
    weights: Weights,
    similarity: Similarity,
) -> ScoredCandidates:
    """``scored`` with the probabilities of the second pass, and the encoder's features."""
    candidates = scored.candidates
    probability = probabilities(scored.columns, weights.joint, candidates.first, candidates.of)
    columns = scored.columns | similarity(passages, layers, candidates, probability)
    return ScoredCandidates(candidates, probability, columns)
