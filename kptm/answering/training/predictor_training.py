"""Trains a predictor from answered questions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kptm.answering.parsing.training.answer_matching import NO, YES, AnswerMatcher, as_number
from kptm.answering.parsing.training.parser_training import ParserExample, Trainer
from kptm.answering.training import lessons as files
from kptm.answering.training.lessons import LearnReport, Refusals

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from kg.graph import KnowledgeGraph
    from kptm.answering.predictor import Predictor
    from kptm.linking import Linker

MAX_ACCURACY_LOSS = 0.02
"""A trained parser is used if its accuracy on held-out lines falls by at most this much."""


def learn(
    predictor: Predictor,
    graph: KnowledgeGraph,
    linker: Linker,
    lessons: Sequence[files.Lesson],
    new: int,
    *,
    seed: int = 0,
    progress: Callable[[int], None] | None = None,
) -> LearnReport:
    """Train the parser and the weights of the sources; the predictor uses them from then on.

    The weights are fitted to the questions that no program over the graph answers.

    Args:
        predictor: The predictor, which is changed in place.
        graph: The graph.
        linker: Links the names of answers to entities.
        lessons: The questions; those of earlier trainings come first.
        new: The number of new questions, which are the last ones.
        seed: The seed of the sample if there are many questions.
        progress: Called with the number of questions processed so far.
    """
    meant = [files.meanings(graph, linker, item) for item in lessons]
    taught = [
        ParserExample(item.question, AnswerMatcher(item.answers, keys))
        for item, keys in zip(lessons, meant, strict=True)
    ]
    before = predictor.parser.model
    training = Trainer(predictor.parser, graph, progress or (lambda count: None)).train(
        taught, seed=seed
    )
    is_kept = not any(
        count and after < earlier - MAX_ACCURACY_LOSS
        for earlier, after, count in (training.held_out, training.by_name)
    )
    weighed = 0
    if is_kept:
        combiner = predictor.weights.combiner
        unexplained = [
            (item.question, frozenset(key for keys in meanings.values() for key in keys))
            for item, meanings, explained in zip(lessons, meant, training.explained, strict=True)
            if explained is False
        ]
        predictor.weigh(unexplained)
        weighed = predictor.weights.count if predictor.weights.combiner is not combiner else 0
    else:
        predictor.parser.model = before
    first = len(lessons) - new
    refusals = Refusals()
    for at in range(first, len(lessons)):
        if training.explained[at] is False:
            refusals.add(
                _reason(lessons[at], meant[at], named=training.named[at]),
                lessons[at].line,
                lessons[at].question,
            )
    looked_at = [item for item in training.explained[first:] if item is not None]
    return LearnReport(
        lines=new,
        used=sum(looked_at),
        weighed=weighed,
        sampled_out=new - len(looked_at),
        held_out=training.held_out,
        by_name=training.by_name,
        kept=is_kept,
        unused=refusals.list_reasons(),
        earlier=first,
    )


def _reason(lesson: files.Lesson, meant: Mapping[str, frozenset[str]], *, named: bool) -> str:
    """The reason why a lesson could not be used: its answers, its names, or its program."""
    known = any(meant.values()) or any(
        as_number(name) is not None or name.casefold() in YES | NO for name in lesson.answers
    )
    if not known:
        return files.UNKNOWN_ANSWERS
    return files.NO_PROGRAM if named else files.NO_NAME
