"""Fits the weights of the sources and the calibration of p on held-out questions.

Only questions without an answer in the graph are used. The model was trained on the facts of the
graph, and the modeledge store holds texts that state them, so on other questions both would look
too reliable.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kptm.answering.combination import combiner as combining
from kptm.answering.combination.combiner import LogLinearPool, relation_name
from kptm.answering.combination.p_calibration import ProbabilityCalibration
from kptm.answering.combination.source_weights import SourceWeights
from kptm.answering.sources.source import from_modeledge, last_best
from kptm.modeledge.knn.interpolation import Interpolation
from kptm.modeledge.knn.interpolation_fit import HeldOutQuestion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kptm.answering.sources.source import SourceQuery, SourceScores
    from kptm.modeledge import Hit

MIN_QUESTIONS = 50
"""The minimum number of questions to which weights are fitted."""
FOLDS = 5
"""The number of folds of the cross-validation that computes p for the calibration."""


@dataclass(frozen=True, slots=True)
class CombinationExample:
    """A question whose right answers are known, but are not in the graph.

    Attributes:
        answers: The keys of the right entities.
        asked: The query to the sources.
        opinions: The scores of link prediction, the model and texts.
        hits: The neighbours that state the relation.
    """

    answers: frozenset[str]
    asked: SourceQuery
    opinions: Sequence[SourceScores]
    hits: Sequence[Hit]

    @property
    def relation(self) -> str:
        """The relation with its direction, as ``relation_name`` writes it."""
        return relation_name(self.asked.reading.relation, self.asked.reading.forward)

    @property
    def right(self) -> list[int]:
        """The positions of the right answers among the candidates."""
        place = self.asked.side.place
        return sorted(place[key] for key in self.answers if key in place)


def fit_weights(silent: Sequence[CombinationExample], *, space: str, k: int) -> SourceWeights:
    """Fit the combination; with fewer than :data:`MIN_QUESTIONS` questions, return the defaults.

    The calibration is fitted to cross-validated p, because the p of questions to which the weights
    were fitted are too high.
    """
    if len(silent) < MIN_QUESTIONS:
        return SourceWeights(space=space)
    combiner = _combiner(silent)
    return SourceWeights(
        space=space,
        combiner=combiner,
        neighbours=Interpolation.fit(_held_out(silent, combiner), k=k),
        calibration=_calibration(silent, k),
        count=len(silent),
    )


def _combiner(silent: Sequence[CombinationExample]) -> LogLinearPool:
    examples = (combining.example(item.opinions, item.relation, item.right) for item in silent)
    return combining.fit([item for item in examples if item is not None])


def _held_out(
    silent: Sequence[CombinationExample], combiner: LogLinearPool
) -> list[HeldOutQuestion]:
    """Each right answer with its p from the pool, which the neighbours should increase."""
    questions = []
    for item in silent:
        pooled = combiner.pool(item.opinions, item.relation)
        place = item.asked.side.place
        for answer in sorted(item.answers):
            p = 0.0 if pooled is None or answer not in place else float(pooled[place[answer]])
            questions.append(HeldOutQuestion(answer, p, item.hits))
    return questions


def _calibration(silent: Sequence[CombinationExample], k: int) -> ProbabilityCalibration:
    """Fit the calibration; each fold is answered with weights fitted to the other folds."""
    rows = []
    for fold in range(FOLDS):
        seen = [item for number, item in enumerate(silent) if number % FOLDS != fold]
        combiner = _combiner(seen)
        neighbours = Interpolation.fit(_held_out(seen, combiner), k=k)
        rows += [_best(item, combiner, neighbours) for item in silent[fold::FOLDS]]
    answered = [row for row in rows if row is not None]
    return ProbabilityCalibration.fit(
        [x[0] for x in answered], [x[1] for x in answered], [x[2] for x in answered]
    )


def _best(
    item: CombinationExample, combiner: LogLinearPool, neighbours: Interpolation
) -> tuple[float, bool, bool] | None:
    """The p of the best answer, whether it is right, and whether modeledge contributed."""
    near = from_modeledge(item.hits, item.asked, neighbours)
    p = combiner.combine_scores([*item.opinions, *([near] if near else [])], item.relation)
    if p is None:
        return None
    best = last_best(p)
    return float(p[best]), item.asked.side.keys[best] in item.answers, near is not None
