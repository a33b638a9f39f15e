"""Measures how often the best answer is right, on held-out facts.

Platt's calibration gives the probability that a triple is true if half of all triples are. The
answer to (head, relation, ?) is the best of all candidates, so its accuracy is measured separately.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np
import torch

from kg.embedding.calibration import BestAnswer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.embedding.scored_vectors import ScoredVectors

    Facts = Iterable[tuple[str, str, str]]

MAX_QUESTIONS = 1_000
"""The maximum number of questions that are asked."""


def best_answers(
    embeddings: ScoredVectors, held_out: Facts, known: Facts, seed: int
) -> tuple[BestAnswer, ...]:
    """Answer (head, relation, ?) and (?, relation, tail) for held-out facts.

    The candidates are the entities of the relation without the answers of known facts.

    Args:
        embeddings: The vectors.
        held_out: Held-out facts.
        known: The training facts.
        seed: The seed for sampling held-out facts.
    """
    gold, excluded, sides = _answers(held_out), _answers(known), _sides([*known, *held_out])
    questions = sorted(gold)
    order = np.random.default_rng(seed).permutation(len(questions))[:MAX_QUESTIONS].tolist()
    answers = []
    for i in sorted(order):
        entity, relation, forward = questions[i]
        candidates = sides[relation, forward] - excluded.get(questions[i], set()) - {entity}
        keys = sorted(key for key in candidates if key in embeddings)
        if entity not in embeddings or not keys:
            continue
        end = {"head": entity} if forward else {"tail": entity}
        scores = embeddings.scores(relation=relation, **end)
        p = torch.softmax(scores[[embeddings.row(key) for key in keys]].double(), 0)
        best = int(p.argmax())
        answers.append(BestAnswer(float(p[best]), keys[best] in gold[questions[i]]))
    return tuple(answers)


def _answers(facts: Facts) -> dict[tuple[str, str, bool], set[str]]:
    """The answers of facts to each question (entity, relation, whether the entity is the head)."""
    answers: dict[tuple[str, str, bool], set[str]] = defaultdict(set)
    for head, relation, tail in facts:
        answers[head, relation, True].add(tail)
        answers[tail, relation, False].add(head)
    return answers


def _sides(facts: Facts) -> dict[tuple[str, bool], set[str]]:
    """The tails (True) and the heads (False) of each relation."""
    sides: dict[tuple[str, bool], set[str]] = defaultdict(set)
    for head, relation, tail in facts:
        sides[relation, True].add(tail)
        sides[relation, False].add(head)
    return sides
