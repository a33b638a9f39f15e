"""Measures how often the best answer is right, on held-out facts.

Platt's calibration gives the probability that a triple is true among as many false ones. A question
(head, relation, ?) takes the best of all candidates, whose accuracy is measured separately.
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

ASKED = 1_000
"""The most held-out facts to ask for, from both sides."""


def best_answers(
    embeddings: ScoredVectors, held: Facts, known: Facts, seed: int
) -> tuple[BestAnswer, ...]:
    """The best answers to (head, relation, ?) and (?, relation, tail) of held-out facts.

    Answers of known facts are left out.

    Args:
        embeddings: The vectors.
        held: Held-out facts.
        known: The training facts.
        seed: The seed for sampling held-out facts.
    """
    wanted, taken, sides = _answers(held), _answers(known), _sides([*known, *held])
    questions = sorted(wanted)
    order = np.random.default_rng(seed).permutation(len(questions))[:ASKED].tolist()
    found = []
    for at in sorted(order):
        entity, relation, forward = questions[at]
        left = sides[relation, forward] - taken.get(questions[at], set()) - {entity}
        keys = sorted(key for key in left if key in embeddings)
        if entity not in embeddings or not keys:
            continue
        end = {"head": entity} if forward else {"tail": entity}
        scores = embeddings.scores(relation=relation, **end)
        p = torch.softmax(scores[[embeddings.row(key) for key in keys]].double(), 0)
        best = int(p.argmax())
        found.append(BestAnswer(float(p[best]), keys[best] in wanted[questions[at]]))
    return tuple(found)


def _answers(facts: Facts) -> dict[tuple[str, str, bool], set[str]]:
    """The known answers of each (entity, relation, whether the entity is the head)."""
    found: dict[tuple[str, str, bool], set[str]] = defaultdict(set)
    for head, relation, tail in facts:
        found[head, relation, True].add(tail)
        found[tail, relation, False].add(head)
    return found


def _sides(facts: Facts) -> dict[tuple[str, bool], set[str]]:
    """The tails of each relation (forward), and its heads."""
    found: dict[tuple[str, bool], set[str]] = defaultdict(set)
    for head, relation, tail in facts:
        found[relation, True].add(tail)
        found[relation, False].add(head)
    return found
