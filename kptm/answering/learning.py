"""Learning from answered questions, and nothing else, which paths of relations they ask for.

No question says which of its names is asked about, nor by which path. What explains the answers is taken (``path_search``), and
where several things do, what the words of other questions speak for: a few questions are searched in full, a classifier
is fitted to what was found, and the rest are explained by the paths that it holds likely. After a second round each
question is explained by the classifier that all of them made (expectation maximisation: Dempster et al. 1977).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kg.errors import TripleFormatError
from kg.formats.files import open_bytes
from kg.formats.lines import text_lines
from kptm.answering.path_classifier import Example, PathClassifier, merged
from kptm.answering.path_search import EXACT, PathSearch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from kg.graph import KnowledgeGraph
    from kptm.answering.questions import QuestionReader, Topic
    from kptm.linking import Linker

SEARCHED = 300
"""Questions of each round that are searched in full."""
ROUNDS = 3
TRIED = 5
"""Paths of the classifier that are tried on a question."""
UNLIKELY = 0.02
"""p below which they are not."""
SURE = 0.9
"""p from which on a path that leads to just the answers is the one that is meant."""
ENOUGH = 0.5
"""F1 from which on a path is what a question asks for, though the graph says a little more or less."""


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
    progress: Callable[[int], None] | None = None,
) -> int:
    """Read ``question⇥answer|answer`` lines; return how many taught something.

    Args:
        reader: Understands questions by what was learnt from now on.
        graph: The graph.
        linker: Finds the names of answers.
        path: The file. Answers may be keys, labels or aliases.
        seed: Which questions are searched in full.
        progress: Called with how many questions were worked at more; each is, once a round.

    Raises:
        TripleFormatError: The file cannot be read, or a line is not of that form.
    """
    pairs = [(text, frozenset(found)) for text, found in read_questions(graph, linker, path)]
    documents = reader.link_many(question for question, _ in pairs)
    asked = [
        Asked(question, answers, tuple(reader.topics(document)))
        for (question, answers), document in zip(pairs, documents, strict=True)
    ]
    teacher = _Teacher(graph, asked, seed, progress or (lambda count: None))
    for _ in range(ROUNDS):
        if teacher.round():
            break
    reader.paths = teacher.classifier
    return sum(bool(examples) for examples in teacher.examples)


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


class _Teacher:
    """Explains questions, round by round."""

    def __init__(
        self,
        graph: KnowledgeGraph,
        asked: Sequence[Asked],
        seed: int,
        progress: Callable[[int], None],
    ) -> None:
        self._asked = asked
        self._search = PathSearch(graph)
        self._progress = progress
        self.classifier = PathClassifier.empty()
        self.examples: list[list[Example]] = [[] for _ in asked]
        order = sorted(
            range(len(asked)), key=lambda at: (asked[at].question, sorted(asked[at].answers))
        )
        self._order: list[int] = np.random.default_rng(seed).permutation(order).tolist()

    def round(self) -> bool:
        """Explain all questions by the paths that are known; search some that these do not explain.

        Returns:
            Whether nothing new was found, so that another round would find the same.
        """
        before = list(self.examples)
        dark = []
        for at in self._order:
            self.examples[at] = self._by_classifier(self._asked[at])
            if sum(item.weight for item in self.examples[at]) < EXACT:
                dark.append(at)
            self._progress(1)
        for at in dark[:SEARCHED]:
            found = self._by_search(self._asked[at])
            if sum(x.weight for x in found) > sum(x.weight for x in self.examples[at]):
                self.examples[at] = found
        self.classifier = PathClassifier.fit(merged(x for found in self.examples for x in found))
        return before == self.examples

    def _by_classifier(self, asked: Asked) -> list[Example]:
        """What likely ones of the known paths explain best; where several do as well, each by its p (soft EM)."""
        proposals = sorted(
            (-p, number, path)
            for number, topic in enumerate(asked.topics)
            for path, p in self.classifier.score(topic.question)[:TRIED]
            if p >= UNLIKELY
        )
        best: list[tuple[float, Example]] = []
        for minus_p, number, path in proposals:
            topic = asked.topics[number]
            f1 = self._search.f1(topic.entity, path, asked.answers)
            reached = best[0][1].weight if best else ENOUGH
            if f1 >= reached:
                kept = best if f1 == reached else []
                best = [*kept, (-minus_p, Example(topic.question, path, f1))]
            if f1 >= EXACT and -minus_p >= SURE:
                break
        total = sum(p for p, _ in best)
        return [replace(example, weight=example.weight * p / total) for p, example in best]

    def _by_search(self, asked: Asked) -> list[Example]:
        """What a full search from each name explains best; where several paths are as good, each a part."""
        best: list[Example] = []
        for topic in asked.topics:
            found = self._search.explain(topic.entity, asked.answers)
            if found and found[0].f1 >= ENOUGH and found[0].f1 > sum(x.weight for x in best) + 1e-9:
                best = [Example(topic.question, x.path, x.f1 / len(found)) for x in found]
        return best
