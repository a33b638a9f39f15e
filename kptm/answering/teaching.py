"""Explaining answered questions by paths of relations, and fitting the classifier of paths to the explanations.

Several paths may lead to a question's answers by chance, where a film's writer directed it, too. All that do are kept (``path_search``), and which
is meant is settled by what the names of relations and the words of the other questions speak for: expectation maximisation (Dempster et al.
1977) with the classifier as its model.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from kptm.answering.path_classifier import Example, PathClassifier, merged
from kptm.answering.path_search import EXACT, PathSearch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from kg.graph import KnowledgeGraph
    from kptm.answering.path_search import Steps
    from kptm.answering.questions import Topic

SEARCHED = 300
"""Questions that are searched in full, at first and again of those that what was found does not explain."""
SAMPLE = 2_000
"""Questions that all known paths are tried on, whatever the classifier says, and whose other names teach that they are not asked about."""
ROUNDS = 5
SURE = 0.9
"""p from which on a path that leads to just the answers is the one that is meant."""
ENOUGH = 0.5
"""F1 from which on a path may be what a question asks for, though the graph says a little more or less."""
EVEN = 1e-6
"""p of a path that the classifier does not know."""
LEFT = 0.1
"""p from which on a name is not the one asked about."""
UNNAMED = 0.1
"""What a path weighs whose relations' names the question does not say; one whose names are all that it says weighs 1 more."""
SHARP = 8
"""The power of F1 that an explanation weighs: where answers are missing, many paths lead to some."""

Score: TypeAlias = "Callable[[str, tuple[str, ...]], dict[Steps, float]]"
"""p of paths for a question with its slot and the types of what it is about."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with its answers, and what it may be about."""

    question: str
    answers: frozenset[str]
    topics: tuple[Topic, ...]


class _Explanation(NamedTuple):
    """One of the topics of a question, by its number, and a path from it that leads to the answers."""

    topic: int
    path: Steps
    f1: float


class Teacher:
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
        self._sampled: set[int] = set()
        self._done = 0
        self._score: Score = lambda question, types: {}

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
        if not answered:
            self._settle([])

    def taught(self, at: int) -> bool:
        """Whether anything was learnt from a question."""
        asked = self._asked[at]
        return bool(self.found[at] if asked.answers else asked.topics)

    def without(self, questions: Iterable[int]) -> PathClassifier:
        """A classifier that has not seen some of the questions."""
        left = set(questions)
        return self._fitted([at for at in self._taught if at not in left],
                            [at for at in self._vain if at not in left], self._score)  # fmt: skip

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
        self._score = cache(lambda *asked: dict(model.score(*asked)))

    def _fitted(
        self, questions: Iterable[int], vain: Iterable[int], score: Score
    ) -> PathClassifier:
        """A classifier of answered questions, whose explanations are weighed by ``score``, and of those asked in vain."""
        explained = (x for at in questions if self.found[at] for x in self._weighed(at, score))
        unanswered = (x for at in vain for x in self._in_vain(at))
        return PathClassifier.fit(merged(chain(explained, unanswered)))

    def _weighed(self, at: int, score: Score) -> Iterator[Example]:
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
        about: Counter[str] = Counter()
        for item, weight in zip(found, weights, strict=True):
            _, types, question = topics[item.topic]
            about[question] += weight / total  # type: ignore[assignment]
            yield Example(question, item.path, weight / total * best, types)
        if at in self._sampled:
            others = {question: (1 - about[question]) * best for _, _, question in topics}
            yield from _nowhere(topics, others)

    def _in_vain(self, at: int) -> Iterator[Example]:
        """A question that the graph has no answer to: it is asked about none of its names, which weigh one together."""
        topics = self._asked[at].topics
        slots = {topic.question for topic in topics}
        return _nowhere(topics, dict.fromkeys(slots, 1 / max(1, len(slots))))


def _nowhere(topics: Sequence[Topic], weights: Mapping[str, float]) -> Iterator[Example]:
    """Names from which no path leads to what is asked for, as examples: all senses of one weigh together as the question with its slot does."""
    senses = Counter(topic.question for topic in topics)
    for topic in topics:
        weight = weights[topic.question]
        if weight > LEFT:
            yield Example(topic.question, (), weight / senses[topic.question], topic.types)


def _best(found: Iterable[_Explanation]) -> list[_Explanation]:
    """Those that may be meant: the exact ones if there are any, or else all that are good enough."""
    kept = sorted({item for item in found if item.f1 >= ENOUGH})
    return [item for item in kept if item.f1 >= EXACT] or kept
