"""Learning from answered questions, and nothing else, which paths of relations they ask for.

No question says which of its names is asked about, nor by which path: several may lead to its answers by chance, where a film's
writer directed it, too. All paths that explain the answers are kept (``path_search``), and which is meant is settled by what
the names of relations and the words of the other questions speak for: expectation maximisation (Dempster et al. 1977) with the
classifier as its model. A question without an answer is one that the graph cannot answer, and teaches that, too.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from kg.errors import TripleFormatError
from kg.formats.files import open_bytes
from kg.formats.lines import text_lines
from kptm.answering.path_classifier import Example, PathClassifier, merged
from kptm.answering.path_search import EXACT, PathSearch
from kptm.answering.ranking import Ranking
from kptm.answering.words import question_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from kg.graph import KnowledgeGraph
    from kptm.answering.path_search import Steps
    from kptm.answering.questions import QuestionReader, Topic
    from kptm.linking import Linker

SEARCHED = 300
"""Questions that are searched in full, at first and again of those that what was found does not explain."""
SAMPLE = 2_000
"""Questions that all known paths are tried on, whatever the classifier says."""
MANY, WEIGHED, FOLDS = 250, 2_000, 5
"""From so many questions on it is measured what a reading is worth, on at most so many, by classifiers that have not seen their fifth."""
ROUNDS = 5
SURE = 0.9
"""p from which on a path that leads to just the answers is the one that is meant."""
ENOUGH = 0.5
"""F1 from which on a path may be what a question asks for, though the graph says a little more or less."""
EVEN = 1e-6
"""p of a path that the classifier does not know."""
LEFT = 0.1
UNNAMED = 0.1
"""What a path weighs whose relations' names the question does not say; one whose names are all that it says weighs 1 more."""
SHARP = 8
"""The power of F1 that an explanation weighs: where answers are missing, many paths lead to some."""


Answered: TypeAlias = "tuple[str, frozenset[str]]"
"""A question and the keys of its answers."""
_Score: TypeAlias = "Callable[[str, tuple[str, ...]], dict[Steps, float]]"
"""p of paths for a question with its slot and the types of what it is about."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with its answers, and what it may be about."""

    question: str
    answers: frozenset[str]
    topics: tuple[Topic, ...]


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
        progress: Called with how many questions were looked at.

    Raises:
        TripleFormatError: The file cannot be read, or a line is not of that form.
    """
    pairs = [(text, frozenset(found)) for text, found in read_questions(graph, linker, path)]
    texts = [question for question, _ in pairs]
    asked = [
        Asked(question, answers, tuple(reader.topics(document)))
        for (question, answers), document in zip(pairs, reader.link_many(texts), strict=True)
    ]
    reader.take(PathClassifier.empty())  # names alone are where learning starts
    told = cache(lambda question: dict(reader.relations.score(question_words(question))))
    teacher = _Teacher(graph, asked, told, progress or (lambda count: None))
    order = sorted(range(len(asked)), key=lambda at: (pairs[at][0], sorted(pairs[at][1])))
    order = np.random.default_rng(seed).permutation(order).tolist()
    teacher.teach(order)
    reader.ranking = _ranking(reader, teacher, asked, order)
    reader.take(teacher.classifier)
    if weigh:
        weigh(pairs[at] for at in sorted(order) if asked[at].answers and not teacher.found[at])
    return sum(teacher.taught(at) for at in order)


def _ranking(
    reader: QuestionReader, teacher: _Teacher, asked: Sequence[Asked], order: Sequence[int]
) -> Ranking:
    """How readings are ranked, by questions of which the classifier that reads them has not learnt; the guess for few questions."""
    if len(order) < MANY:
        return Ranking()
    folds = min(FOLDS, math.ceil(FOLDS * WEIGHED / len(order)))
    samples = []
    for fold in range(folds):
        kept = order[fold::FOLDS]
        reader.take(teacher.without(kept))
        some = [asked[at] for at in kept[: WEIGHED // folds]]
        documents = reader.link_many(item.question for item in some)
        for item, document in zip(some, documents, strict=True):
            sample = reader.sample(document, item.answers)
            if sample is not None:
                samples.append(sample)
    return Ranking.fit(samples)


def read_questions(
    graph: KnowledgeGraph, linker: Linker, path: str | Path
) -> Iterator[tuple[str, set[str]]]:
    """Each line's question and the entities that its answers may mean: those of that key, or else of that name.

    A line without an answer has none; one whose answers the graph does not know is left out.

    Raises:
        TripleFormatError: The file cannot be read, or a line is not ``question⇥answer|answer``.
    """
    path = Path(path)
    with open_bytes(path) as stream:
        for number, text in text_lines(stream, path):
            if isinstance(text, TripleFormatError):
                raise text
            question, tab, rest = text.partition("\t")
            if not tab or not question.strip():
                raise TripleFormatError(path, number, "expected question⇥answer|answer", text)
            names = [name for name in rest.split("\t")[0].split("|") if name.strip()]
            known = set(graph.entities(names))
            others = [name for name in names if name not in known]
            known |= {x.entity for name in others for x in linker.candidates(name)}
            if known or not names:
                yield question, known


class _Explanation(NamedTuple):
    """One of the topics of a question, by its number, and a path from it that leads to the answers."""

    topic: int
    path: Steps
    f1: float


class _Teacher:
    """Explains questions, and fits a classifier to the explanations."""

    def __init__(
        self,
        graph: KnowledgeGraph,
        asked: Sequence[Asked],
        told: Callable[[str], dict[str, float]],
        progress: Callable[[int], None],
    ) -> None:
        self._asked = asked
        self._told = told
        self._search = PathSearch(graph)
        self._progress = progress
        self._paths: set[Steps] = set()
        self.classifier = PathClassifier.empty()
        self.found: list[list[_Explanation]] = [[] for _ in asked]
        self._taught: list[int] = []
        self._vain: list[int] = []
        self._done = 0

    def teach(self, questions: Sequence[int]) -> None:
        """Explain questions, given by their numbers, and fit the classifier to all that were explained.

        At first a sample, by which the rest is explained faster.
        """
        answered = [at for at in questions if self._asked[at].answers]
        self._vain = [at for at in questions if not self._asked[at].answers]
        sample, rest = answered[:SAMPLE], answered[SAMPLE:]
        self._sampled = set(sample)
        self._widen(sample[:SEARCHED])
        for part, explain in ((sample, self._by_paths), (rest, self._by_classifier)):
            for at in part:
                self.found[at] = explain(self._asked[at])
                self._done += 1
                self._progress(self._done)
            self._widen([at for at in part if not self._explained(at)][:SEARCHED])
            self._taught += part
            if part:
                self._settle(self._taught)

    def taught(self, at: int) -> bool:
        """Whether anything was learnt from a question."""
        asked = self._asked[at]
        return bool(self.found[at] if asked.answers else asked.topics)

    def without(self, questions: Iterable[int]) -> PathClassifier:
        """A classifier that has not seen some of the questions."""
        left = set(questions)
        score = cache(lambda *asked: dict(self.classifier.score(*asked)))
        return self._fitted([at for at in self._taught if at not in left],
                            [at for at in self._vain if at not in left], score)  # fmt: skip

    def _explained(self, at: int) -> bool:
        return any(item.f1 >= EXACT for item in self.found[at])

    def _widen(self, questions: Iterable[int]) -> None:
        """Search in full what leads to the answers of some questions."""
        for at in questions:
            asked = self._asked[at]
            searched = [
                _Explanation(number, *explained)
                for number, topic in enumerate(asked.topics)
                for explained in self._search.explain(topic.entity, asked.answers)
            ]
            self.found[at] = _best([*self.found[at], *searched])
            self._paths.update(item.path for item in self.found[at])

    def _by_paths(self, asked: Asked) -> list[_Explanation]:
        """All that the known paths explain."""
        return _best(
            _Explanation(number, *explained)
            for number, topic in enumerate(asked.topics)
            for explained in self._search.among(topic.entity, asked.answers, self._paths)
        )

    def _by_classifier(self, asked: Asked) -> list[_Explanation]:
        """What is surely meant and leads to just the answers, or else all that the known paths explain."""
        for number, topic in enumerate(asked.topics):
            path, p = max(
                self.classifier.score(topic.question, topic.types),
                key=lambda item: item[1],
                default=((), 0.0),
            )
            if p >= SURE and self._search.f1(topic.entity, path, asked.answers) >= EXACT:
                return [_Explanation(number, path, 1.0)]
        return self._by_paths(asked)

    def _settle(self, questions: Sequence[int]) -> None:
        """Fit the classifier to the explanations, each weighed by what it then says of them, until it has settled."""
        model = PathClassifier.empty()
        for _ in range(ROUNDS):
            score = cache(lambda *asked, model=model: dict(model.score(*asked)))
            model = self._fitted(questions, self._vain, score)
        self.classifier = model

    def _fitted(
        self, questions: Iterable[int], vain: Iterable[int], score: _Score
    ) -> PathClassifier:
        """A classifier of answered questions, whose explanations are weighed by ``score``, and of those asked in vain."""
        explained = (x for at in questions if self.found[at] for x in self._weighed(at, score))
        unanswered = (x for at in vain for x in self._nowhere(at))
        return PathClassifier.fit(merged(chain(explained, unanswered)))

    def _weighed(self, at: int, score: _Score) -> Iterator[Example]:
        """A question's explanations as examples that weigh one together, less where none has just the answers."""
        found, topics = self.found[at], self._asked[at].topics
        weights = []
        for item in found:
            _, types, question = topics[item.topic]
            named = self._told(question)
            told = sum(named.get(step.relation, 0.0) for step in item.path) / len(item.path)
            p = score(question, types).get(item.path, EVEN)
            weights.append(p * item.f1**SHARP * (UNNAMED + told))
        total, best = sum(weights), max(item.f1 for item in found) ** SHARP
        asked: Counter[str] = Counter()
        for item, weight in zip(found, weights, strict=True):
            _, types, question = topics[item.topic]
            asked[question] += weight / total  # type: ignore[assignment]
            yield Example(question, item.path, weight / total * best, types)
        if at in self._sampled:
            senses = Counter(topic.question for topic in topics)
            for topic in topics:
                left = (1 - asked[topic.question]) * best
                if left > LEFT:
                    yield Example(topic.question, (), left / senses[topic.question], topic.types)

    def _nowhere(self, at: int) -> Iterator[Example]:
        """A question that the graph has no answer to as examples that weigh one together."""
        topics = self._asked[at].topics
        for topic in topics:
            yield Example(topic.question, (), 1 / len(topics), topic.types)


def _best(found: Iterable[_Explanation]) -> list[_Explanation]:
    """Those that may be meant: the exact ones if there are any, or else all that are good enough."""
    kept = sorted({item for item in found if item.f1 >= ENOUGH})
    return [item for item in kept if item.f1 >= EXACT] or kept
