"""The senses of a name in a question: what each leaves of the question's words, and which of them the question describes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from kg.values import ValueKey
from kptm.answering.words import question_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kg.graph import KnowledgeGraph
    from kg.types import Step
    from kptm.answering.relations import RelationReader

Described: TypeAlias = "Literal['', 'sense', 'type']"
"""What of another sense the question describes better: nothing, its description, or its type."""


class Sense(NamedTuple):
    """A sense of a name.

    Attributes:
        entity: Its key.
        types: Its types.
        words: What is left of the question's words: "the song Waterloo" says nothing of what is asked of the song.
        described: The words that describe it.
        typed: Those of them that are its types.
    """

    entity: str
    types: tuple[str, ...]
    words: list[str]
    described: set[str]
    typed: set[str]


def senses(
    graph: KnowledgeGraph, relations: RelationReader, keys: Iterable[str], words: Sequence[str]
) -> list[Sense]:
    """Those of ``keys`` that the graph has, as senses of a name beside a question's other ``words``."""
    asked, meant = set(words), list(keys)
    values = (key for key in meant if isinstance(key, ValueKey))
    found = [Sense(value, (), list(words), set(), set()) for value in values]
    for entity in graph.entities(meant).values():
        typed = asked & set(question_words(" ".join(entity.types)))
        described = typed | asked & set(question_words(entity.description))
        left = [word for word in words if word not in described]
        # "the capital Paris is the capital of": a relation's name may be a description, too.
        kept = left if relations.score(left) else list(words)
        found.append(Sense(entity.key, entity.types, kept, described, typed))
    return found


def better_described(
    found: Sequence[Sense], path: Sequence[Step], relations: RelationReader
) -> dict[str, Described]:
    """By sense, what the question describes better of another one: "the planet Mercury" is not the god.

    The names of the relations that are asked for describe nobody: "the largest city of Djibouti" may be the country.
    """
    said = {word for step in path for word in relations.names.get(step.relation, ())}
    counts = [len(sense.described - said) for sense in found]
    most = max(counts)
    typed = any(
        sense.typed - said for sense, count in zip(found, counts, strict=True) if count == most
    )
    worse: Described = "type" if typed else "sense"
    return {
        sense.entity: "" if count == most else worse
        for sense, count in zip(found, counts, strict=True)
    }
