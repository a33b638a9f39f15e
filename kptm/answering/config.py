"""When to answer, and by what."""

from __future__ import annotations

from dataclasses import dataclass

from kptm.answering.combination.source_weights import SourceWeights
from kptm.answering.sources.source import SOURCES, checked_sources


@dataclass(frozen=True, kw_only=True)
class PredictorConfig:
    """Thresholds and weights.

    Attributes:
        sources: Who is asked: "graph", "link prediction", "model", "texts", "modeledge", as far as
            they are there.
        min_score: Calibrated p below which a predicted answer is "unknown".
        min_stated: p of the best reading of a question below which it is not answered, before
            anything was learnt.
        min_learnt: The same after questions of this graph were learnt from: its p is worth what it
            says then.
        conflict: P from which on a source's other answer is shown as a conflict.
        uncalibrated: Whether predictions are shown whose p nothing was calibrated by: such a p may
            be worth anything.
        phrasings: How many phrasings of a relation the model is asked in.
        weights: How sources are combined and calibrated; the defaults say "as sure as they seem".
    """

    sources: tuple[str, ...] = SOURCES
    min_score: float = 0.35
    min_stated: float = 0.4
    min_learnt: float = 0.3
    conflict: float = 0.3
    uncalibrated: bool = False
    phrasings: int = 3
    weights: SourceWeights = SourceWeights()  # noqa: RUF009 - frozen

    def __post_init__(self) -> None:
        checked_sources(self.sources)
