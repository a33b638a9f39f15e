"""Learning from answered questions, and nothing else, which paths of relations they ask for.

No question says which of its names is asked about, nor by which path: several may lead to its answers by chance, where a film's
writer directed it, too. All paths that explain the answers are kept (``path_search``), and which is meant is settled by what
the names of relations and the words of the other questions speak for: expectation maximisation (Dempster et al. 1977) with the
classifier as its model.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from kg.errors import TripleFormatError
from kg.formats.files import open_bytes
from kg.formats.lines import text_lines
from kptm.answering.path_classifier import Example, PathClassifier, merged
from kptm.answering.path_search import EXACT, PathSearch
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
MANY, WEIGHED = 250, 2_000
"""From so many questions on some are kept back, and the most of them that are weighed by."""
ROUNDS = 5
SURE = 0.9
"""p from which on a path that leads to just the answers is the one that is meant."""
ENOUGH = 0.5
"""F1 from which on a path may be what a question asks for, though the graph says a little more or less."""
EVEN = 1e-6
"""p of a path that the classifier does not know."""
UNNAMED = 0.1
"""What a path weighs whose relations' names the question does not say; one whose names are all that it says weighs 1 more."""
SHARP = 8
"""The power of F1 that an explanation weighs: where answers are missing, many paths lead to some."""


Answered: TypeAlias = "tuple[str, frozenset[str]]"
"""A question and the keys of its answers."""


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
        path: The file. Answers may be keys, labels or aliases.
        seed: Which questions are searched in full, and which are kept back.
        weigh: Given those of which nothing was learnt yet: a fifth of many that is kept back for it and learnt from after,
            and all that the graph does not explain.
        progress: Called with how many questions were looked at.

    Raises:
        TripleFormatError: The file cannot be read, or a line is not of that form.
    """
    pairs = [(text, frozenset(found)) for text, found in read_questions(graph, linker, path)]
    documents = reader.link_many(question for question, _ in pairs)
    asked = [
        Asked(question, answers, tuple(reader.topics(document)))
        for (question, answers), document in zip(pairs, documents, strict=True)
    ]
    reader.take(PathClassifier.empty())  # names alone are where learning starts
    told = cache(lambda question: dict(reader.relations.score(question_words(question))))
    teacher = _Teacher(graph, asked, told, progress or (lambda count: None))
    order = sorted(range(len(asked)), key=lambda at: (pairs[at][0], sorted(pairs[at][1])))
    order = np.random.default_rng(seed).permutation(order).tolist()
    kept = len(asked) // 5 if weigh and len(asked) >= MANY else 0
    teacher.teach(order[kept:])
    reader.take(teacher.classifier)
    if weigh:
        dark = [at for at in order[kept:] if not teacher.found[at]]
        weigh(pairs[at] for at in sorted([*order[:kept][:WEIGHED], *dark]))
        reader.take(PathClassifier.empty())
        teacher.teach(order[:kept])
        reader.take(teacher.classifier)
    return sum(map(bool, teacher.found))


def read_questions(
    graph: KnowledgeGraph, linker: Linker, path: str | Path
) -> Iterator[tuple[str, set[str]]]:
    """Each line's question and the entities that its answers may mean: those of that key, or else of that name.

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
            names = rest.split("\t")[0].split("|")
            known = set(graph.entities(names))
            others = [name for name in names if name not in known]
            yield question, known | {x.entity for name in others for x in linker.candidates(name)}


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
        self._done = 0

    def teach(self, questions: Sequence[int]) -> None:
        """Explain questions, given by their numbers, and fit the classifier to all that were explained.

        At first a sample, by which the rest is explained faster.
        """
        first = 0 if self._taught else SAMPLE
        sample, rest = questions[:first], questions[first:]
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
                self.classifier.score(topic.question), key=lambda item: item[1], default=((), 0.0)
            )
            if p >= SURE and self._search.f1(topic.entity, path, asked.answers) >= EXACT:
                return [_Explanation(number, path, 1.0)]
        return self._by_paths(asked)

    def _settle(self, questions: Sequence[int]) -> None:
        """Fit the classifier to the explanations, each weighed by what it then says of them, until it has settled."""
        known = [at for at in questions if self.found[at]]
        model = PathClassifier.empty()
        for _ in range(ROUNDS):
            score = cache(lambda question, model=model: dict(model.score(question)))
            examples = (example for at in known for example in self._weighed(at, score))
            model = PathClassifier.fit(merged(examples))
        self.classifier = model

    def _weighed(self, at: int, score: Callable[[str], dict[Steps, float]]) -> Iterator[Example]:
        """A question's explanations as examples that weigh one together, less where none has just the answers."""
        found, topics = self.found[at], self._asked[at].topics
        weights = []
        for item in found:
            question = topics[item.topic].question
            named = self._told(question)
            told = sum(named.get(step.relation, 0.0) for step in item.path) / len(item.path)
            p = score(question).get(item.path, EVEN)
            weights.append(p * item.f1**SHARP * (UNNAMED + told))
        share = max(item.f1 for item in found) ** SHARP / sum(weights)
        for item, weight in zip(found, weights, strict=True):
            yield Example(topics[item.topic].question, item.path, weight * share)


def _best(found: Iterable[_Explanation]) -> list[_Explanation]:
    """Those that may be meant: the exact ones if there are any, or else all that are good enough."""
    kept = sorted({item for item in found if item.f1 >= ENOUGH})
    return [item for item in kept if item.f1 >= EXACT] or kept
