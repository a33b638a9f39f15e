"""A training example: a document with its scored candidates and the correct ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from kptm.linking.disambiguation.scoring_passes import ScoredCandidates
    from kptm.linking.text.passages import FoldedTexts

    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]


class LabelledDocument(NamedTuple):
    """A document with C candidates of M mentions, and the correct ones.

    Attributes:
        passages: The text, as one passage.
        scored: The candidates with their features.
        right: M, the index of the correct candidate, -1 if there is none.
        counts: M, whether the mention is used: it is within the annotated span, and not excluded.
        certain: M, whether a mention without a gold link is known not to be a link.
        gold: Number of gold links within the annotated span.
        complete: Whether the collection is annotated completely.
        weight: Weight of each mention.
    """

    passages: FoldedTexts
    scored: ScoredCandidates
    right: Ints
    counts: Bools
    certain: Bools
    gold: int
    complete: bool
    weight: float
