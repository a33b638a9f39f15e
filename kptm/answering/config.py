"""Settings of the predictor."""

from __future__ import annotations

from dataclasses import dataclass

from kptm.answering.combination.source_weights import SourceWeights
from kptm.answering.sources.source import SOURCES, checked_sources


@dataclass(frozen=True, kw_only=True)
class PredictorConfig:
    """The sources of a predictor, its thresholds and its weights.

    Attributes:
        sources: The sources to ask, if they exist: "graph", "link prediction", "model", "texts",
            "modeledge".
        min_score: The minimum calibrated p of a predicted answer; below it the answer is "unknown".
        min_stated: The minimum p of the best reading of a question, for a parser that was not
            trained on this graph.
        min_learnt: The same for a parser that was trained on this graph; its p is better
            calibrated, so that a lower threshold suffices.
        conflict: The minimum p at which a different answer of a source is shown as a conflict.
        uncalibrated: Whether predictions without calibration are shown; their p may be far off.
        phrasings: The number of phrasings of a relation that the model reads.
        weights: The combination and calibration of the sources; the defaults do not calibrate.
    """

    sources: tuple[str, ...] = SOURCES
    min_score: float = 0.35
    min_stated: float = 0.4
    min_learnt: float = 0.2
    conflict: float = 0.3
    uncalibrated: bool = False
    phrasings: int = 3
    weights: SourceWeights = SourceWeights()  # noqa: RUF009 - frozen

    def __post_init__(self) -> None:
        checked_sources(self.sources)
