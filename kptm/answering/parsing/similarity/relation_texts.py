"""Describes relations in short texts for a sentence encoder, with types of heads and tails."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import islice
from typing import TYPE_CHECKING

from kg.types import Step
from kg.values.value_forms import DATES, NUMERIC
from kptm.answering.lexicon import load
from kptm.answering.lexicon.columns.column_names import split_words
from kptm.answering.lexicon.columns.relation_keys import name_parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kg.graph import KnowledgeGraph
    from kg.types import Entity, Literal, Relation

SAMPLED_FACTS = 60
"""The number of facts of a relation from which the types of its heads and tails are read."""
MAX_TYPES = 3
"""The most types of heads, and of tails, in a text."""
MAX_TYPE_WORDS = 4
"""The most words that are taken from a description as a type."""


class RelationTexts:
    """Writes the texts of relations.

    Args:
        graph: The graph with facts, types and descriptions.
    """

    def __init__(self, graph: KnowledgeGraph) -> None:
        self._graph = graph
        self._kinds: dict[str, tuple[str, str]] = {}

    def of(self, relations: Iterable[Relation]) -> dict[Step, list[str]]:
        """The texts of each relation in both directions.

        The types of a relation's heads and tails are read only once. New facts rarely change them,
        and the cached vectors of its texts remain valid.
        """
        relations = sorted(relations, key=lambda item: item.key)
        self._read_kinds([item.key for item in relations if item.key not in self._kinds])
        texts = {}
        for item in relations:
            main, second, domain = name_parts(item.key, item.label)
            name = _join_words(second, main)
            heads, tails = self._kinds[item.key]
            domain = _join_words(domain)
            texts[Step(item.key)] = _unique(
                [
                    name,
                    f"{name} of a {domain or heads}",
                    f"{name} of a {domain}: {tails}",
                    f"{name} of {heads}: {tails}",
                ]
            )
            texts[Step(item.key, False)] = _unique(
                [
                    name,
                    f"{domain or heads} with {name}",
                    f"{domain} with {name}: {heads}",
                    f"{heads} whose {name} is {tails}",
                ]
            )
        return texts

    def _read_kinds(self, keys: Iterable[str]) -> None:
        """Read the most common types of the heads and tails of relations."""
        facts: dict[str, list[tuple[str, str]]] = {}
        values: dict[str, list[Literal]] = {}
        for key in keys:
            facts[key] = [
                (head, tail)
                for head, _, tail in islice(self._graph.match(None, key), SAMPLED_FACTS)
            ]
            values[key] = []
            if not facts[key]:
                some = list(islice(self._graph.attributes(relation=key), SAMPLED_FACTS))
                facts[key] = [(item.head, "") for item in some]
                values[key] = [item.value for item in some]
        named = sorted(
            {node for pairs in facts.values() for pair in pairs for node in pair if node}
        )
        entities = self._graph.entities(named)
        for key, pairs in facts.items():
            heads = _common(entities, dict.fromkeys(head for head, _ in pairs))
            tails = _common(entities, dict.fromkeys(tail for _, tail in pairs if tail))
            self._kinds[key] = heads, tails or _value_kind(values[key])


def _common(entities: Mapping[str, Entity], keys: Iterable[str]) -> str:
    """The most common types of entities, joined with commas."""
    counts: dict[str, int] = defaultdict(int)
    for key in keys:
        if key in entities:
            for kind in _kinds(entities[key]):
                counts[kind] += 1
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(kind for kind, _ in ranked[:MAX_TYPES])


def _kinds(entity: Entity) -> list[str]:
    """The types of an entity; without any, the beginning of its description."""
    if entity.types:
        return [split_words(kind) for kind in entity.types]
    kind = beginning(entity.description)
    return [kind] if kind else []


def beginning(description: str) -> str:
    """A description up to a function word or punctuation: "city" for "city in Texas"."""
    words: list[str] = []
    end = 0
    for token in load().tokens(description):
        between = description[end : token.start].strip()
        function = load().is_function_word(token)
        if words and (between or function):
            break
        end = token.end
        if not function and not any(char.isdigit() for char in token.text):
            words.append(token.text)
        if len(words) == MAX_TYPE_WORDS:
            break
    return " ".join(words)


def _value_kind(values: Iterable[Literal]) -> str:
    """The most common kind of some values: "date", "number" or "text"; "" if there are none."""
    counts = Counter(
        "date" if x.datatype in DATES else "number" if x.datatype in NUMERIC else "text"
        for x in values
    )
    return max(sorted(counts), key=counts.__getitem__) if counts else ""


def _join_words(*texts: str) -> str:
    """Join the words of texts, each word once."""
    return " ".join(dict.fromkeys(word for text in texts for word in split_words(text).split()))


def _unique(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(" ".join(text.split()) for text in texts))
