"""The last question and its answer, to which a follow-up refers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from kg.programs import Named, parts
from kg.values import ValueKey
from kptm.answering import lexicon
from kptm.answering.questions.content_words import stem
from kptm.linking.text.char_classes import fold

if TYPE_CHECKING:
    from kg.graph import KnowledgeGraph
    from kg.types import Entity
    from kptm.answering.answer import Answer
    from kptm.linking import Linker

_NOT_UNDERSTOOD = ("name", "relation", "words")
"""Values of ``Answer.why`` for refusals whose topic is only a guess."""
MAX_REFERENTS = 10
"""The maximum number of answers that "their" may refer to."""


class NamedEntity(NamedTuple):
    """An entity in a question, with the span of its name."""

    entity: Entity
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Turn:
    """The last question, with its answer.

    Attributes:
        question: The question, completed with all names.
        topic: The topic entity of the question, or None.
        mentions: The entities in the question, in order.
        answers: The entities of the answer.
        relation: The label of the relation if the question has one forward hop; otherwise "".
        is_truth: Whether the answer is yes or no.
    """

    question: str
    topic: Entity | None
    mentions: tuple[NamedEntity, ...]
    answers: tuple[Entity, ...]
    relation: str
    is_truth: bool = False

    @classmethod
    def of(cls, answer: Answer, graph: KnowledgeGraph, linker: Linker) -> Turn | None:
        """Create the turn of an answer; None if it has no entity that a follow-up can refer to.

        The entities of a refused question are those that the linker finds in the question.
        """
        named = [item.means for item in answer.meanings if item.kind == "entity"]
        program = answer.program
        if program is not None:
            inner = [part for part in parts(program) if isinstance(part, Named)]
            named += [key for part in inner for key in part.keys]
        topics = dict.fromkeys(key for key in (answer.topic, *named) if _is_entity(key))
        if answer.why in _NOT_UNDERSTOOD or not (topics or answer.found):
            topics = dict.fromkeys(_named_entities(answer.question, linker))
        answer_keys = [
            item.entity for item in answer.answers[: MAX_REFERENTS + 1] if item.entity is not None
        ]
        known = graph.entities([*topics, *answer_keys])
        about = [known[key] for key in topics if key in known]
        answers = [known[key] for key in answer_keys if key in known and key not in topics]
        if not about and not answers:
            return None
        mentions = [_mention(answer, entity) for entity in about]
        [step, *more] = answer.path or (None,)
        return cls(
            answer.question,
            about[0] if about else None,
            tuple(sorted((item for item in mentions if item is not None), key=_place)),
            tuple(answers) if len(answers) <= MAX_REFERENTS else (),
            "" if step is None or more or not step.forward
            else answer.labels.get(step.relation, step.relation),
            any(item.text in ("yes", "no") for item in answer.answers),
        )  # fmt: skip

    def is_kind(self, noun: str) -> bool:
        """Whether a noun is a type of the topic or of an answer, or a word of the question."""
        entities = [self.topic, *self.answers]
        typed = any(_is_of(entity, noun) for entity in entities if entity is not None)
        return typed or _stem(noun) in map(_stem, self.question.split())

    def is_answer_kind(self, noun: str) -> bool:
        """Whether a noun is a type of the answers, but not of the topic.

        If the answers have no types, the noun must be a word of the question.
        """
        if self.topic is not None and _is_of(self.topic, noun):
            return False
        if self.answers and self.answers[0].types:
            return _is_of(self.answers[0], noun)
        return _stem(noun) in map(_stem, self.question.split())


def _is_of(entity: Entity, noun: str) -> bool:
    return _stem(noun) in {_stem(word) for kind in entity.types for word in kind.split()}


def _stem(word: str) -> str:
    return stem(fold(word.strip("?.,!")))


def _place(mention: NamedEntity) -> int:
    return mention.start


def _is_entity(key: str) -> bool:
    return bool(key) and not isinstance(key, ValueKey)


def _mention(answer: Answer, entity: Entity) -> NamedEntity | None:
    """The entity with the longest span that names it in the question; None without a span."""
    names = {entity.label, entity.key.replace("_", " "), *entity.aliases} - {""}
    spans = [(item.start, item.end) for item in answer.meanings if item.means == entity.key]
    for name in sorted(names):
        pattern = rf"(?<!\w){re.escape(name)}(?!\w)"
        spans += [match.span() for match in re.finditer(pattern, answer.question, re.IGNORECASE)]
    if not spans:
        return None
    start, end = max(spans, key=lambda span: (span[1] - span[0], -span[0]))
    return NamedEntity(entity, start, end)


def _named_entities(question: str, linker: Linker) -> list[str]:
    """The entities that the linker finds in a question, unless a name is only function words.

    In a graph with a band called "The Who", the word "who" is no name.
    """
    words = lexicon.load()
    code = words.language(question)
    return [
        link.entity
        for link in linker.link(question, threshold=0.0, any_case=True).links
        if not all(words.is_function_word(x, code) for x in words.tokens(link.surface, code))
    ]
