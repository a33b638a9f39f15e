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
"""The least letters of a name that is replaced."""


def with_unknown_name(question: Question, example: Example) -> str | None:
    """A question in which the name that its best right program uses is unknown.

    The letters of the name are reversed: "what language do people speak in Ghana" becomes "what
    language do people speak in Anahg". So the unknown name has as many words and letters.

    Returns:
        The question; None if no right program has a name.
    """
    best = max(example.right, default=0.0)
    if best <= 0:
        return None
    names = example.candidates[example.right.index(best)].derivation.names
    changed, end = [], 0
    for at, token in enumerate(question.tokens):
        if names >> at & 1:
            changed += [question.text[end : token.start], _reverse_letters(token.text)]
            end = token.end
    text = "".join(changed) + question.text[end:]
    return text if names and text != question.text else None


def _reverse_letters(word: str) -> str:
    """A word with its letters reversed, and as many capitals at its beginning."""
    if len(word) < MIN_LETTERS:
        return word
    turned = word[::-1]
    return turned.lower().capitalize() if word[:1].isupper() and not word.isupper() else turned


def without_relations(
    question: Question, example: Example, learnt: QuestionMap | None
) -> Example | None:
    """The candidates of a question that do not take a step along a relation of a right program.

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
