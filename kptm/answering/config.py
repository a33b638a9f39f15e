"""Settings of the predictor."""

from __future__ import annotations

from dataclasses import dataclass

from kptm.answering.combination.source_weights import SourceWeights
from kptm.answering.sources.source import SOURCES, checked_sources


@dataclass(frozen=True, kw_only=True)
class PredictorConfig:
    """Thresholds and weights.

    Attributes:
        sources: The sources to ask, if they exist: "graph", "link prediction", "model", "texts",
            "modeledge".
        min_score: The least calibrated p of a predicted answer; below it the answer is "unknown".
        min_stated: The least p of a question's best reading, with a parser that was not trained on
            this graph.
        min_learnt: The least p of a question's best reading, with a parser trained on this graph,
            whose p is better calibrated.
        conflict: The least p at which another answer of a source is shown as a conflict.
        uncalibrated: Whether predictions without calibration are shown; their p may be far off.
        phrasings: The number of phrasings of a relation that the model reads.
        weights: The combination and calibration of sources; the defaults do not calibrate.
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
