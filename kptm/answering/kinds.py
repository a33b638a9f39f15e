"""Kinds of things: what a question asks for ("which river …"), and what stands at the ends of a relation."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from kg.types import Step
from kptm.answering.words import question_words

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from kg.graph import KnowledgeGraph

SAMPLE = 300
"""Triples of a relation that its typical heads and tails are read from."""
LOOKED_AT = 100
"""Answers whose types are compared with what is asked for."""
_ASKED = re.compile(
    r"\b(?:which|what)\s+((?:\w+[\s-]+){0,2}\w+)|\bthe\s+(\w+)\s+of\s+\[MASK\]"
    r"|(\w+)\s+(?=\[MASK\])|(?<=\[MASK\])\s+(\w+)",
    re.IGNORECASE,
)


class Kinds:
    """Types of entities, by the words of their names.

    Args:
        graph: The graph.
        relations: The words of the relations' names.
    """

    def __init__(self, graph: KnowledgeGraph, relations: Mapping[str, Collection[str]]) -> None:
        self._graph = graph
        self._relation_words = {word for words in relations.values() for word in words}
        self._revision = -1
        self._at: dict[Step, Counter[str]] = {}

    def refresh(self) -> None:
        """Forget what was sampled if the graph has changed."""
        revision = self._graph.revision()
        if revision != self._revision:
            self._revision = revision
            self._at.clear()

    def asked(self, question: str, steps: Iterable[Step]) -> set[str]:
        """The words of types that a question asks for: "which river", "the river [MASK]", "the city of [MASK]".

        Not "the capital of [MASK]": what is a relation's name says what is asked of it.

        Args:
            question: The question.
            steps: The last steps of the paths that it may mean; a type that none of them leads to is none.
        """
        said: set[str] = set()
        for found in _ASKED.finditer(question):
            words = question_words(next(filter(None, found.groups())))
            said.update(words if found[2] is None else set(words) - self._relation_words)
        if not said:
            return said
        back = [Step(step.relation, not step.forward) for step in steps]
        kinds = {kind for step in back for kind in self._types(step)}
        return said & {word for kind in kinds for word in question_words(kind)}

    def of(self, entities: Collection[str]) -> dict[str, set[str]]:
        """The words of the types of entities; those of which no type is known are left out."""
        found = {}
        for key, entity in self._graph.entities(entities).items() if entities else ():
            words = {word for kind in entity.types for word in question_words(kind)}
            if words:
                found[key] = words
        return found

    def begins(self, step: Step, types: Sequence[str]) -> bool:
        """Whether entities of one of these types stand where the step starts; of no types nothing is known."""
        return not types or any(self._types(step)[kind] for kind in types)

    def _types(self, step: Step) -> Counter[str]:
        """The types of a sample of the entities that a step starts from."""
        if step not in self._at:
            sample = []
            for item in self._graph.match(None, step.relation):
                sample.append(item.head if step.forward else item.tail)
                if len(sample) == SAMPLE:
                    break
            counts: Counter[str] = Counter()
            for found in self._graph.entities(sample).values():
                counts.update(found.types)
            self._at[step] = counts
        return self._at[step]


def fit(
    answers: Sequence[str], asked: Collection[str], kinds: Mapping[str, set[str]]
) -> bool | None:
    """Whether some of the first answers are of a kind that is asked for; None where none is, or no type is known.

    Args:
        answers: Keys.
        asked: What :meth:`Kinds.asked` gave.
        kinds: What :meth:`Kinds.of` gave of the first :data:`LOOKED_AT` answers.
    """
    if not asked:
        return None
    found = [kinds[key] for key in answers[:LOOKED_AT] if key in kinds]
    return any(not words.isdisjoint(asked) for words in found) if found else None


def narrowed(
    answers: tuple[str, ...], asked: Collection[str], kinds: Mapping[str, set[str]]
) -> tuple[str, ...]:
    """Of "which river" the rivers alone, where some answers are rivers and some are not; of too many answers all."""
    if not asked or not 1 < len(answers) <= LOOKED_AT:
        return answers
    kept = [key for key in answers if not kinds.get(key, set()).isdisjoint(asked)]
    return tuple(kept) or answers
