"""Learning from answered questions, and nothing else, which paths of relations they ask for, and how sure one may be of that.

No question says which of its names is asked about, nor by which path (``teaching``). A question without an answer is one that the graph
cannot answer, and teaches that, too.
"""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from kptm.answering.lessons import NO_NAME, NO_PATH, Refusals, read_lessons
from kptm.answering.path_classifier import PathClassifier
from kptm.answering.ranking import Ranking
from kptm.answering.teaching import Asked, Teacher
from kptm.answering.words import question_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from kg.graph import KnowledgeGraph
    from kptm.answering.lessons import Lesson
    from kptm.answering.questions import QuestionReader
    from kptm.linking import Linker

MANY, FOLDS = 250, 5
"""From so many questions on readings are ranked, by classifiers each of which has not seen a fifth of the questions."""
WEIGHED, MOST = 5_000, 15
"""Readings that the ranking is fitted on, for which questions are cut into fifths again and again, but no more than so many are left out."""

Answered: TypeAlias = "tuple[str, frozenset[str]]"
"""A question and the keys of its answers."""


def learn(
    reader: QuestionReader,
    graph: KnowledgeGraph,
    linker: Linker,
    path: str | Path,
    *,
    seed: int = 0,
    weigh: Callable[[Iterable[Answered]], object] | None = None,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Read ``question⇥answer|answer`` lines; return how many taught something.

    Args:
        reader: Understands questions by what was learnt from now on.
        graph: The graph.
        linker: Finds the names of answers.
        path: The file. Answers may be keys, labels or aliases; none says that the graph has no answer.
        seed: Which questions are searched in full, and which are seen by which classifier.
        weigh: Given those whose answers no path leads to: nothing was learnt of them.
        progress: Called with how many questions were looked at; those that are read again count again.

    Raises:
        TripleFormatError: The file cannot be read, or a line is not of that form.
    """
    lessons = list(read_lessons(graph, linker, Path(path), Refusals()))
    reasons = teach(reader, graph, lessons, seed=seed, weigh=weigh, progress=progress)
    return sum(not reason for reason in reasons)


def teach(
    reader: QuestionReader,
    graph: KnowledgeGraph,
    lessons: Sequence[Lesson],
    *,
    seed: int = 0,
    weigh: Callable[[Iterable[Answered]], object] | None = None,
    progress: Callable[[int], None] | None = None,
) -> list[str]:
    """Learn from questions that were read; return why each taught nothing, "" where it did. See :func:`learn`."""
    pairs = [(item.question, item.answers) for item in lessons]
    texts = [question for question, _ in pairs]
    asked = [
        Asked(*pair, tuple(reader.topics(document)))
        for pair, document in zip(pairs, reader.link_many(texts), strict=True)
    ]
    reader.take(PathClassifier.empty())  # names alone are where learning starts
    # Asked of each question before the reader, whose relations these are, is given anything else to read by.
    told = cache(lambda question: dict(reader.relations.score(question_words(question))))
    progress = progress or (lambda count: None)
    teacher = Teacher(graph, asked, told, progress)
    order = sorted(range(len(asked)), key=lambda at: (pairs[at][0], sorted(pairs[at][1])))
    order = np.random.default_rng(seed).permutation(order).tolist()
    teacher.teach(order)
    reader.ranking = _ranking(reader, teacher, asked, order, progress)
    reader.take(teacher.classifier)
    if weigh:
        weigh(pairs[at] for at in sorted(order) if asked[at].answers and not teacher.found[at])
    return [
        "" if teacher.taught(at) else NO_PATH if item.topics else NO_NAME
        for at, item in enumerate(asked)
    ]


def _ranking(
    reader: QuestionReader,
    teacher: Teacher,
    asked: Sequence[Asked],
    order: Sequence[int],
    progress: Callable[[int], None],
) -> Ranking:
    """How readings are ranked, by questions of which the classifier that reads them has not learnt; the guess for few questions."""
    if len(order) < MANY:
        return Ranking()
    passes = min(MOST, math.ceil(FOLDS * WEIGHED / len(order)))
    rng = np.random.default_rng(0)
    samples = []
    for number in range(passes):
        if number and number % FOLDS == 0:
            order = rng.permutation(order).tolist()
        kept = order[number % FOLDS :: FOLDS]
        reader.take(teacher.without(kept))
        some = [asked[at] for at in kept[:WEIGHED]]
        documents = reader.link_many(item.question for item in some)
        for item, document in zip(some, documents, strict=True):
            sample = reader.sample(document, item.answers)
            if sample is not None:
                samples.append(sample)
            progress(len(asked) + len(samples))
    return Ranking.fit(samples)


def read_questions(
    graph: KnowledgeGraph, linker: Linker, path: str | Path
) -> Iterator[tuple[str, set[str]]]:
    """The questions of a file and the entities that their answers may mean; see :func:`kptm.answering.lessons.read_lessons`."""
    for item in read_lessons(graph, linker, Path(path), Refusals()):
        yield item.question, set(item.answers)
