"""Questions that the graph cannot answer, made from answered ones.

Users ask for names and relations that the graph does not have. Their lessons are questions with
answers, from which a model would learn that words may be left unexplained. So some lessons are
used again: with a name that is not in the graph, or without the relations that answer them.
Rajpurkar et al. (2018) train readers of texts with such questions.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kptm.answering.parsing.training.similarity_training import compare_candidates, steps_of

if TYPE_CHECKING:
    from kptm.answering.parsing.question.question import Question
    from kptm.answering.parsing.similarity.question_map import QuestionMap
    from kptm.answering.parsing.training.likelihood import Example

MIN_LETTERS = 3
"""The least letters of a name that is reversed."""
UNSURE = frozenset(("part", "slip"))
"""Kinds of mentions that are no whole names of the graph."""


def names_of(example: Example) -> int:
    """Bit mask of the tokens of names in the best right program; 0 if no program is right."""
    best = max(example.right, default=0.0)
    return example.candidates[example.right.index(best)].derivation.names if best > 0 else 0


def reverse_names(question: Question, names: int) -> str:
    """A question with the letters of names reversed, so that they are unknown.

    "What language do people speak in Ghana" becomes "what language do people speak in Anahg". The
    unknown name has as many words and letters.

    Args:
        question: The question.
        names: Bit mask of the tokens of the names.
    """
    changed, end = [], 0
    for at, token in enumerate(question.tokens):
        if names >> at & 1:
            changed += [question.text[end : token.start], _reverse_letters(token.text)]
            end = token.end
    return "".join(changed) + question.text[end:]


def has_known_name(question: Question, names: int) -> bool:
    """Whether a name is in the graph although it is reversed: "Leon" for "Noel", "Room 21"."""
    return any(item.mask & names and item.kind not in UNSURE for item in question.mentions)


def _reverse_letters(word: str) -> str:
    """A word with its letters reversed, and as many capitals at its beginning."""
    if len(word) < MIN_LETTERS:
        return word
    turned = word[::-1]
    return turned.lower().capitalize() if word[:1].isupper() and not word.isupper() else turned


def remove_relations(
    question: Question, example: Example, learnt: QuestionMap | None
) -> Example | None:
    """Remove the candidates that take a step along a relation of a right program.

    Args:
        question: The question.
        example: Its candidates with their rewards.
        learnt: The map of question vectors with which similarities are computed.

    Returns:
        The other candidates, none of which is right; None if no program is right.
    """
    gone = {
        step.relation
        for item, reward in zip(example.candidates, example.right, strict=True)
        if reward > 0
        for step in steps_of(item.derivation.program)
    }
    if not gone:
        return None
    left = [
        item
        for item in example.candidates
        if not any(step.relation in gone for step in steps_of(item.derivation.program))
    ]
    kept = replace(example, candidates=left, right=[0.0] * len(left))
    return compare_candidates(kept, question, learnt, without=gone)
