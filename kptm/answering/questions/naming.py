"""Names: their meanings, entities' labels, and words of a question that name nothing."""

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
SHOWN = 3
"""Unknown names that a reason quotes."""


def senses(graph: KnowledgeGraph, linker: Linker, name: str) -> list[tuple[str, float]]:
    """The entities that a key, label or alias may mean, with p; a key means its own entity.

    Raises:
        UnknownKeyError: Nothing is called so.
    """
    known = graph.entities([name]).get(name)
    if known is not None:
        return [(known.key, 1.0)]
    found = [(item.entity, item.prior) for item in linker.candidates(name)]
    found = found or [(key, 1.0) for key in value_keys(graph, name)]
    if not found:
        reason = graph.suggestion(name) or "; check how it is written"
        raise UnknownKeyError(f"no entity is called {shorten(name)!r}{reason}")
    return found


class RelationNames:
    """The keys of relations by their names, looked up once while the graph stays as it is."""

    def __init__(self, graph: KnowledgeGraph) -> None:
        self._graph = graph
        self._state: tuple[int, str, str] | None = None
        self._keys: dict[str, str] = {}
        self._labels: dict[str, str] = {}

    def labels(self, keys: Collection[str]) -> dict[str, str]:
        """What relations are called, by key; one that is gone is its own name."""
        self._refresh()
        if not self._labels:
            self._labels = {item.key: item.label for item in self._graph.relations()}
        return {key: self._labels.get(key, key) for key in keys}

    def _refresh(self) -> None:
        state = self._graph.log.state()
        if state is None or state != self._state:
            self._state, self._keys, self._labels = state, {}, {}

    def key(self, name: str) -> str:
        """The key of a relation's key or label.

        Raises:
            UnknownKeyError: There is none.
        """
        self._refresh()
        if name not in self._keys:
            self._keys[name] = self._graph.relation(name).key
        return self._keys[name]


def labels(graph: KnowledgeGraph, keys: Iterable[str]) -> dict[str, str]:
    """What entities are called, by key, and values for people; a gone key is its own name."""
    wanted = list(keys)
    found = graph.entities(wanted)
    return {key: _label(found, key) for key in wanted}


def _label(found: Mapping[str, Entity], key: str) -> str:
    if isinstance(key, ValueKey):
        return value_text(key.literal)
    return found[key].label if key in found else key


def value_keys(graph: KnowledgeGraph, name: str) -> list[ValueKey]:
    """The values of the graph that a name writes: a number, a date, a URL."""
    return [ValueKey(item) for item in graph.values(name)]


def unknown_names(question: str) -> list[str]:
    """Probable names in a question without links: neighbouring words with a capital.

    Without any it is all words that are not grammar: somebody may write names in small letters.
    """
    text = question.replace(MASK, " ")
    runs: list[list[str]] = []
    plain, end = [], -1
    for found in _WORD.finditer(text):
        word = found.group()
        if not question_words(word) and not word.isdigit():
            continue
        plain.append(word)
        if not word[0].islower():
            close = runs and text[end : found.start()].isspace()
            runs = [*runs[:-1], [*runs[-1], word]] if close else [*runs, [word]]
            end = found.end()
    names = [" ".join(run) for run in runs] or plain
    return list(dict.fromkeys(map(shorten, names)))[:SHOWN]
