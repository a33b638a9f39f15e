"""Looks up the senses of names, the labels of keys, and names that the graph does not have."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kg.errors import UnknownKeyError, shorten
from kg.values import ValueKey, value_text
from kptm.answering.questions.content_words import question_words
from kptm.data.tokenize import MASK

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from kg.graph import KnowledgeGraph
    from kg.types import Entity
    from kptm.linking import Linker

_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")
MAX_QUOTED_NAMES = 3
"""The maximum number of unknown names that a message quotes."""


def senses(graph: KnowledgeGraph, linker: Linker, name: str) -> list[tuple[str, float]]:
    """The entities or values that a name may mean, each with its p.

    The name may be a key, which means only its own entity, a label, an alias or a value.

    Raises:
        UnknownKeyError: The graph has no entity with this name.
    """
    known = graph.entities([name]).get(name)
    if known is not None:
        return [(known.key, 1.0)]
    candidates = [(item.entity, item.prior) for item in linker.candidates(name)]
    candidates = candidates or [(key, 1.0) for key in value_keys(graph, name)]
    if not candidates:
        reason = graph.suggestion(name) or "; check how it is written"
        raise UnknownKeyError(f"no entity is called {shorten(name)!r}{reason}")
    return candidates


class RelationNames:
    """Maps names of relations to keys, and keys to labels, with a cache until the graph changes."""

    def __init__(self, graph: KnowledgeGraph) -> None:
        self._graph = graph
        self._state: tuple[int, str, str] | None = None
        self._keys: dict[str, str] = {}
        self._labels: dict[str, str] = {}

    def labels(self, keys: Collection[str]) -> dict[str, str]:
        """The labels of relations by key; a relation that was removed has its key as label."""
        self._refresh()
        if not self._labels:
            self._labels = {item.key: item.label for item in self._graph.relations()}
        return {key: self._labels.get(key, key) for key in keys}

    def _refresh(self) -> None:
        state = self._graph.log.state()
        if state is None or state != self._state:
            self._state, self._keys, self._labels = state, {}, {}

    def key(self, name: str) -> str:
        """The key of the relation with this key or label.

        Raises:
            UnknownKeyError: The graph has no such relation.
        """
        self._refresh()
        if name not in self._keys:
            self._keys[name] = self._graph.relation(name).key
        return self._keys[name]


def labels(graph: KnowledgeGraph, keys: Iterable[str]) -> dict[str, str]:
    """The labels of entities and values by key; an entity that was removed has its key as label."""
    wanted = list(keys)
    entities = graph.entities(wanted)
    return {key: _label(entities, key) for key in wanted}


def _label(entities: Mapping[str, Entity], key: str) -> str:
    if isinstance(key, ValueKey):
        return value_text(key.literal)
    return entities[key].label if key in entities else key


def value_keys(graph: KnowledgeGraph, name: str) -> list[ValueKey]:
    """The values of the graph that a text denotes: a number, a date, a URL."""
    return [ValueKey(item) for item in graph.values(name)]


def unknown_names(question: str) -> list[str]:
    """The probable names in a question without entity links, for a message.

    These are the runs of capitalised words. Without any, they are all content words, because people
    may type names in lower case.
    """
    text = question.replace(MASK, " ")
    runs: list[list[str]] = []
    plain, end = [], -1
    for match in _WORD.finditer(text):
        word = match.group()
        if not question_words(word) and not word.isdigit():
            continue
        plain.append(word)
        if not word[0].islower():
            close = runs and text[end : match.start()].isspace()
            runs = [*runs[:-1], [*runs[-1], word]] if close else [*runs, [word]]
            end = match.end()
    names = [" ".join(run) for run in runs] or plain
    return list(dict.fromkeys(map(shorten, names)))[:MAX_QUOTED_NAMES]
