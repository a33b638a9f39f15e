"""Learns the map of question vectors from the steps of right programs.

A map overfits its training questions. So the weight of the similarity feature is learnt with
cross-fitting: each question is compared by a map that was trained on other questions (stacking,
Wolpert 1992).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import exp
from typing import TYPE_CHECKING

import numpy as np

from kg.programs import Follow, parts
from kptm.answering.parsing.programs.steps.step_rules import MAX_SIMILARITY_GAP
from kptm.answering.parsing.similarity.question_map import QuestionMap, fit_map

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from kg.programs import Program
    from kg.types import Step
    from kptm.answering.parsing.question.question import Question
    from kptm.answering.parsing.ranking.program_candidates import ProgramCandidate
    from kptm.answering.parsing.similarity.encoder import EncodedQuestion
    from kptm.answering.parsing.training.likelihood import Example

FOLDS = 5
"""The number of folds of the cross-fitting."""


@dataclass(frozen=True)
class QuestionMaps:
    """Cross-fitted maps, each trained without one fold, and a map trained on all questions.

    Attributes:
        folds: By fold: the map trained on the other folds. Question ``i`` is in fold
            ``i % len(folds)``.
        whole: The map trained on all questions; None without an encoder.
    """

    folds: tuple[QuestionMap | None, ...] = (None,) * FOLDS
    whole: QuestionMap | None = None

    def unseen(self, at: int) -> QuestionMap | None:
        """The map that was trained without question ``at``."""
        return self.folds[at % len(self.folds)]

    def compare_examples(
        self, examples: Sequence[Example], questions: Sequence[Question]
    ) -> list[Example]:
        """Compute the similarity features of each example by the map trained without it."""
        return [
            compare_candidates(example, question, self.unseen(at))
            for at, (example, question) in enumerate(zip(examples, questions, strict=True))
        ]


def learn_maps(examples: Sequence[Example], questions: Sequence[Question]) -> QuestionMaps:
    """Learn the maps from the right candidates; all are None if the questions have no vectors."""
    known = [
        (at, example, question.encoded)
        for at, (example, question) in enumerate(zip(examples, questions, strict=True))
        if question.encoded is not None
    ]
    if not known:
        return QuestionMaps()
    steps = known[0][2].steps
    vectors = np.stack([encoded.vector for _, _, encoded in known])
    right = np.stack([_right_steps(example, encoded) for _, example, encoded in known])
    fold = np.array([at % FOLDS for at, _, _ in known])
    return QuestionMaps(
        tuple(
            fit_map(vectors[fold != number], steps.rows, right[fold != number], steps.encoder)
            for number in range(FOLDS)
        ),
        fit_map(vectors, steps.rows, right, steps.encoder),
    )


def _right_steps(example: Example, encoded: EncodedQuestion) -> np.ndarray:
    """The weight of each step in the right programs, shape (steps,).

    A program counts by its reward, times its probability relative to the best right program.
    """
    weights = np.zeros(len(encoded.steps.at))
    chosen = [
        (item, reward, steps_of(item.derivation.program))
        for item, reward in zip(example.candidates, example.right, strict=True)
        if reward > 0
    ]
    top = max((item.score for item, _, _ in chosen), default=0.0)
    for item, reward, steps in chosen:
        for step in steps:
            if step in encoded.steps.at:
                share = reward * exp(item.score - top) / len(steps)
                weights[encoded.steps.at[step]] += share
    return weights


def steps_of(program: Program) -> list[Step]:
    """The steps of a program, except those of measures."""
    return [item.step for item in parts(program) if isinstance(item, Follow)]


def compare_candidates(
    example: Example,
    question: Question,
    learnt: QuestionMap | None,
    without: Collection[str] = (),
) -> Example:
    """Compute the similarity features of an example's candidates by a map.

    Args:
        example: The candidates.
        question: Their question.
        learnt: The map; without one, the candidates are returned as they are.
        without: Relations that the graph is supposed not to have.
    """
    if question.encoded is None or learnt is None:
        return example
    behind = question.encoded.behind(learnt)
    if without:
        others = {step: value for step, value in behind.items() if step.relation not in without}
        top = max(others.values(), default=0.0)
        behind = {step: value - top for step, value in others.items()}
    return replace(
        example, candidates=[_measure_candidate(item, behind) for item in example.candidates]
    )


def _measure_candidate(item: ProgramCandidate, behind: Mapping[Step, float]) -> ProgramCandidate:
    values = [behind[step] for step in steps_of(item.derivation.program) if step in behind]
    own = {
        "encoder": sum(values),
        "similar": float(sum(value > -MAX_SIMILARITY_GAP for value in values)),
    }
    return replace(item, features={**item.features, **own})
