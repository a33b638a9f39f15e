"""Questions that have become unanswerable: their name, or their relations, leave the graph."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .cases import STOP, Case, in_order
from .gold import Gold, same_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from .sources import Fact, Source

LONGEST = 8
"""Words of a name, at most."""
RELATIONS = 3
"""Relations between topic and answers, at most, or too much else would go with them."""


@dataclass(frozen=True, slots=True)
class Gap:
    """What a copy of the graph lacks, and the questions that it makes unanswerable.

    Attributes:
        kind: "name" or "relation".
        entities: Keys that are left out.
        relations: Relations that are left out.
        cases: The questions, whose gold is that there is no answer.
    """

    kind: str
    entities: frozenset[str]
    relations: frozenset[str]
    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class _Topic:
    case: Case
    bearers: frozenset[str]
    relations: frozenset[str]


class Gaps:
    """Finds a question's topic by its words, and what joins it to the gold answers in one hop."""

    def __init__(self, source: Source, everywhere: Collection[str] = ()) -> None:
        """``everywhere``: keys that all of the graph lies in, whose names a question can lack."""
        self._names = {
            name: keys
            for name, keys in source.names().items()
            if len(name) > 2 and name not in STOP and not keys & set(everywhere)
        }
        self._labels: dict[str, str] = {}
        for name, keys in sorted(self._names.items()):
            for key in keys:
                self._labels.setdefault(key, name)
        self._facts_of: dict[str, list[Fact]] = {}
        for fact in source.facts():
            for end in {fact[0], fact[2]}:
                self._facts_of.setdefault(end, []).append(fact)

    def topics(self, cases: Iterable[Case]) -> list[_Topic]:
        """Those of the questions whose topic is found; each question once."""
        once = {case.question: case for case in cases}.values()
        return [topic for case in once if (topic := self._topic(case))]

    def _topic(self, case: Case) -> _Topic | None:
        for name in names_in(case.question, self._names):
            relations = frozenset(
                fact[1]
                for key in self._names[name]
                for fact in self._facts_of.get(key, ())
                if self._is_answer(case, fact[2] if fact[0] == key else fact[0])
            )
            if relations:
                return _Topic(case, frozenset(self._names[name]), relations)
        return None

    def _is_answer(self, case: Case, end: str) -> bool:
        label = self._labels.get(end, end)
        return any(
            end == gold or same_text(gold, label)
            for reading in case.gold.readings
            for gold in reading
        )


def names_in(question: str, names: Iterable[str]) -> list[str]:
    """The names in a question, the longest first; of those that overlap the longer."""
    words = re.findall(r"[^\W_]+(?:[.'’-][^\W_]+)*\.?|\S", question.lower())
    forms = [(re.sub(r"['’]s$", "", word), word) for word in words]
    known = names if isinstance(names, dict) else set(names)
    found, taken = [], [False] * len(words)
    spans = [
        (a, b) for a in range(len(words)) for b in range(a + 1, min(a + LONGEST, len(words)) + 1)
    ]
    for a, b in sorted(spans, key=lambda span: (span[0] - span[1], span)):
        name = " ".join([*(word for _, word in forms[a : b - 1]), forms[b - 1][0].rstrip(".")])
        if name in known and not any(taken[a:b]):
            found.append(name)
            taken[a:b] = [True] * (b - a)
    return found


def name_gap(topics: Sequence[_Topic], limit: int, seed: int) -> Gap:
    """One copy without the topics of so many questions, and without whatever else is called so."""
    chosen = _sample(topics, limit, seed)
    entities = frozenset().union(*(topic.bearers for topic in chosen))
    return Gap(
        "name", entities, frozenset(), tuple(_unanswerable(topic, "name") for topic in chosen)
    )


def relation_gaps(topics: Sequence[_Topic], copies: int, limit: int, seed: int) -> list[Gap]:
    """So many copies, each without the relations of as many questions as possible.

    A copy lacks so many relations at most.
    """
    left = [topic for topic in topics if len(topic.relations) <= RELATIONS]
    gaps = []
    for _ in range(copies):
        counts = Counter(relation for topic in left for relation in topic.relations)
        if not counts:
            break
        most = min(counts, key=lambda relation: (-counts[relation], relation))
        chosen = _sample([topic for topic in left if most in topic.relations], limit, seed)
        relations = frozenset().union(*(topic.relations for topic in chosen))
        gaps.append(Gap("relation", frozenset(), relations,
        tuple(_unanswerable(x, "relation") for x in chosen)))  # fmt: skip
        left = [topic for topic in left if not topic.relations & relations]
    return gaps


def _sample(topics: Sequence[_Topic], limit: int, seed: int) -> list[_Topic]:
    by_question = {topic.case.question: topic for topic in topics}
    ordered = in_order((topic.case for topic in topics), seed)[:limit]
    return [by_question[case.question] for case in ordered]


def _unanswerable(topic: _Topic, kind: str) -> Case:
    return replace(topic.case, gold=Gold(refusal=True), group=kind, answers=())
