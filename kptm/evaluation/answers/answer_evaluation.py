"""Asks each question once and compares the answers with the right ones by key.

The report covers accuracy, completeness, calibration and speed.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from kptm.answering.questions.naming import value_keys
from kptm.evaluation.answers.answer_report import AnswersReport
from kptm.evaluation.answers.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from kg.graph import KnowledgeGraph
    from kptm.answering import Answer
    from kptm.examples.world_reader import WorldQuestion
    from kptm.linking import Linker

    Meaning: TypeAlias = Callable[[str], Collection[str]]


def evaluate_answers(
    ask: Callable[[str], Answer],
    questions: Iterable[WorldQuestion],
    *,
    meant: Meaning | None = None,
    asked: Callable[[Outcome], None] = lambda _: None,
) -> AnswersReport:
    """Ask all questions in turn and evaluate the answers.

    Args:
        ask: Answers a question, as :meth:`kptm.Predictor.ask` does.
        questions: The questions with their right answers; one without answers should be refused.
        meant: Returns the keys that the name of a right answer may mean, any of which counts
            (:class:`NameResolver`); by default names are keys.
        asked: Called with each outcome, for progress or to collect mistakes.
    """
    report = AnswersReport()
    for outcome in outcomes(ask, questions, meant or (lambda name: (name,))):
        report.add(outcome)
        asked(outcome)
    return report


def outcomes(
    ask: Callable[[str], Answer], questions: Iterable[WorldQuestion], meant: Meaning
) -> Iterator[Outcome]:
    """Ask the questions lazily and yield their outcomes; see :func:`evaluate_answers`."""
    for question in questions:
        wanted = _distinct(question.answers, meant)
        began = time.perf_counter()
        answer = ask(question.question)
        seconds = time.perf_counter() - began
        keys = list(dict.fromkeys(item.key for item in answer.answers))
        right = _largest_matching(keys, wanted)
        yield Outcome(
            question=question,
            answer=answer,
            hit=any(key in option for key in keys[:1] for option in wanted),
            precision=right / len(keys) if keys else 0.0,
            recall=right / len(wanted) if wanted else 0.0,
            seconds=seconds,
        )


def _distinct(names: Iterable[str], meant: Meaning) -> list[frozenset[str]]:
    """The keys that each name may mean; names with the same keys are one answer.

    A name without keys stays as an answer that nothing matches.
    """
    options = {name: frozenset(meant(name)) for name in names}
    return [*{option for option in options.values() if option}] + [
        option for option in options.values() if not option
    ]


def _largest_matching(keys: list[str], wanted: list[frozenset[str]]) -> int:
    """The size of the largest matching of keys to right answers."""
    fits = np.array([[key in option for option in wanted] for key in keys], np.int8)
    if not fits.any():
        return 0
    return int((maximum_bipartite_matching(csr_array(fits)) >= 0).sum())


class NameResolver:
    """Resolves names to keys of a graph: a key to itself, another name to all its entities.

    Args:
        graph: The graph.
        linker: Looks up names.

    Attributes:
        unknown: Names without an entity in the graph, which no answer can match.
    """

    def __init__(self, graph: KnowledgeGraph, linker: Linker) -> None:
        self._graph, self._linker = graph, linker
        self._known: dict[str, frozenset[str]] = {}
        self.unknown: set[str] = set()

    def __call__(self, name: str) -> frozenset[str]:
        """The keys that ``name`` may mean."""
        keys = self._known.get(name)
        if keys is None:
            keys = self._known[name] = self._look_up(name)
            if not keys:
                self.unknown.add(name)
        return keys

    def _look_up(self, name: str) -> frozenset[str]:
        values = (str(key) for key in value_keys(self._graph, name))
        if self._graph.entities([name]):
            return frozenset((name, *values))
        return frozenset((*(item.entity for item in self._linker.candidates(name)), *values))
