"""A document with the scores of its candidates and the right ones, to estimate coefficients."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from kptm.linking.disambiguation.candidate_scores import Judged
    from kptm.linking.text.passages import FoldedTexts

    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]


class LabelledDocument(NamedTuple):
    """A judged document with what is right.

    Attributes:
        passages: Its text.
        judged: Its candidates.
        right: M, the candidate that is right, -1 for none.
        counts: M, whether the mention stands in the span that was looked at.
        certain: M, whether a mention that is not annotated is known to be no link.
        gold: How many links the document has there.
        complete: Whether its collection is annotated completely.
        weight: How much each of its mentions counts.
    """

    passages: FoldedTexts
    judged: Judged
    right: Ints
    counts: Bools
    certain: Bools
    gold: int
    complete: bool
    weight: float
