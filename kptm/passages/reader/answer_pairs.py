"""The candidates of a question: the other mentions in passages of its topic, with features.

Shapes: M rows (a mention in one sense), D dense features.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

import numpy as np

from kptm.linking.text.char_classes import fold
from kptm.passages.reader.answer_features import WORDS_AROUND, pair_features
from kptm.passages.reader.mention_words import PREFIX_CHARACTERS, name_sense

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from kg.store.read.roles import Roles
    from kptm.passages.reader.mention_words import MentionSense, PassageMention, ReadPassage

DENSE = (
    "log facts of the relation that end in it",
    "whether any does",
    "log p of its link",
    "log p of the topic's link",
    "words of the relation's name near the two",
    "words of the relation's name in the passage",
    "whether it is a value",
    "whether it is a name that the graph lacks",
    "share of the relation's tails that are of its kind",
)
"""The dense features of a row, in their order; "it" is the candidate."""
MAX_ROLES = 40
"""Number of roles and types read per candidate, the rarest first."""
MIN_P = 1e-3
"""The smallest p of which a logarithm is taken."""

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WORD = re.compile(r"[^\W_]+")


class TopicStep(NamedTuple):
    """A topic and a step from it.

    Attributes:
        topic: The entity of the question.
        relation: The relation's key.
        forward: Whether the topic is the head.
        name: The label of the relation.
        values: The share of values among the answers of this step in the graph.
    """

    topic: str
    relation: str
    forward: bool
    name: str
    values: float = 0.0

    @property
    def way(self) -> str:
        """The relation with its direction."""
        return self.relation if self.forward else f"^{self.relation}"


@dataclass(frozen=True, slots=True)
class Known:
    """The graph's knowledge of candidates.

    Attributes:
        roles: The relations of each entity, with their direction.
        types: The types of each entity.
    """

    roles: Mapping[str, Roles]
    types: Mapping[str, Collection[str]]


class Row(NamedTuple):
    """A candidate at one place of a text.

    Attributes:
        node: An entity's key, a value, or a name of the text.
        read: The passage.
        topic: The mention of the topic.
        answer: The mention of the candidate.
        hashes: The hashed features.
        dense: The dense features, shape (D,).
    """

    node: str
    read: ReadPassage
    topic: PassageMention
    answer: PassageMention
    hashes: NDArray[np.int64]
    dense: list[float]


def name_words(name: str) -> list[str]:
    """The words of a relation's name, folded; "birthPlace" has two."""
    return [fold(word) for word in _WORD.findall(_CAMEL.sub(" ", name))]


def name_stems(name: str) -> frozenset[str]:
    """The prefixes of the words in a relation's name, without short words if there are others."""
    words = name_words(name)
    return frozenset(word[:PREFIX_CHARACTERS] for word in words if len(word) > 2) or frozenset(
        words
    )


def rows_of(
    question: TopicStep,
    passages: Sequence[ReadPassage],
    known: Known,
    *,
    answers: Collection[str] = (),
    hidden: bool = False,
) -> list[Row]:
    """Make the rows of a question.

    Args:
        question: The question.
        passages: The passages that mention its topic.
        known: The graph's knowledge of candidates.
        answers: The answers in the graph, whose facts are not used in features.
        hidden: Whether these answers are presented as unknown names, so that the model learns to
            read such names.
    """
    stems = name_stems(question.name)
    rows: list[Row] = []
    for read in passages:
        for topic, p in _topics(read, question.topic):
            for answer in read.mentions:
                if answer.first < topic.last and topic.first < answer.last:
                    continue
                rows += _rows(question, read, (topic, p), answer, known, answers, hidden, stems)
    return rows


def _topics(read: ReadPassage, key: str) -> Iterator[tuple[PassageMention, float]]:
    """Yield the mentions of an entity, with the probability of its link."""
    for mention in read.mentions:
        if mention.kind == "entity":
            p = next((link.p for link in read.passage.links if _is(link, mention, key)), None)
            if p is not None:
                yield mention, p


def _is(link: object, mention: PassageMention, key: str) -> bool:
    return (link.start, link.end, link.entity) == (mention.start, mention.end, key)  # type: ignore[attr-defined]


def _rows(
    question: TopicStep,
    read: ReadPassage,
    topic: tuple[PassageMention, float],
    answer: PassageMention,
    known: Known,
    answers: Collection[str],
    hidden: bool,
    stems: frozenset[str],
) -> Iterator[Row]:
    senses = [item for item in answer.senses if item.node != question.topic]
    if hidden and any(item.node in answers for item in senses):
        surface = read.passage.text[answer.start : answer.end]
        answer = replace(answer, kind="name")
        senses = [replace(name_sense(surface), p=1.0)]
    if not senses:
        return
    pair = pair_features(read, topic[0], answer)
    near = _overlap(stems, _near(read, topic[0], answer))
    here = _overlap(stems, read.alphabetic)
    for sense in senses:
        count, names = _typing(question, sense, answer, known, answers)
        dense = [
            float(np.log1p(count)),
            float(count > 0),
            float(np.log(max(sense.p, MIN_P))),
            float(np.log(max(topic[1], MIN_P))),
            near,
            here,
            float(answer.kind == "value"),
            float(answer.kind == "name"),
            question.values if answer.kind == "value" else 1.0 - question.values,
        ]
        hashes = np.array([*pair, *(crc32(name.encode()) for name in names)], np.int64)
        yield Row(sense.node, read, topic[0], answer, hashes, dense)


def _near(read: ReadPassage, topic: PassageMention, answer: PassageMention) -> set[str]:
    first, second = sorted((topic, answer), key=lambda item: item.first)
    return set(read.stems[max(0, first.first - WORDS_AROUND) : second.last + WORDS_AROUND])


def _overlap(stems: frozenset[str], words: Collection[str]) -> float:
    return len(stems.intersection(words)) / len(stems) if stems else 0.0


def _typing(
    question: TopicStep,
    sense: MentionSense,
    answer: PassageMention,
    known: Known,
    answers: Collection[str],
) -> tuple[int, list[str]]:
    """The number of the relation's other facts with the candidate; names of its roles and types."""
    if answer.kind != "entity":
        return 0, [f"t:{answer.kind}"]
    role_of_answer = question.relation, not question.forward
    counts = dict(known.roles.get(sense.node, {}))
    if role_of_answer in counts:
        counts[role_of_answer] -= sense.node in answers
    count = counts.get(role_of_answer, 0)
    ordered = sorted((number, role) for role, number in counts.items() if number > 0)
    names = [f"r:{relation} {'h' if head else 't'}" for _, (relation, head) in ordered[:MAX_ROLES]]
    types = sorted(known.types.get(sense.node, ()))[:MAX_ROLES]
    names += [f"y:{name}" for name in types]
    return count, names or ["t:bare"]
