"""What the graph says about a candidate that a text could echo."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kptm.linking.text import fold_marks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kg.graph import KnowledgeGraph

_WORD = re.compile(r"[^\W\d_]{3,}|[\u3400-\u9fff]")
_STOP = frozenset(
    re.findall(
        r"\w+",
        """the and for with from that this was were are has had have been its his her their they
        she who which what when where whose into onto over under than then also not but one two
        all any can may will would could most more some other such only very about after before
        between""",
    )
)
CACHE = 200_000
"""Candidates whose context is kept; beyond it the cache starts anew."""


def words(text: str) -> set[str]:
    """Content words, folded, with a plain English plural cut off."""
    found = set(_WORD.findall(fold_marks(text)[0])) - _STOP
    return {word[:-1] if len(word) > 4 and word.endswith("s") else word for word in found}


class EntityContext:
    """Words and neighbours of entities, read from the graph in batches and kept."""

    def __init__(self, graph: KnowledgeGraph, max_neighbours: int = 200) -> None:
        self._graph = graph
        self._limit = max_neighbours
        self._words: dict[str, frozenset[str]] = {}
        self._neighbours: dict[str, frozenset[str]] = {}
        self._near_words: dict[str, frozenset[str]] = {}

    def words(self, key: str) -> frozenset[str]:
        """Words of the description, types and disambiguating part of the label or aliases."""
        return self._words.get(key, frozenset())

    def near_words(self, key: str) -> frozenset[str]:
        """Words of the relations and labels around the entity."""
        return self._near_words.get(key, frozenset())

    def neighbours(self, key: str) -> frozenset[str]:
        """Keys one hop away."""
        return self._neighbours.get(key, frozenset())

    def fetch(self, keys: Iterable[str]) -> None:
        """Read what is not known yet of ``keys``."""
        wanted = set(keys)
        missing = sorted(wanted - self._words.keys())
        if not missing:
            return
        if len(self._words) + len(missing) > CACHE:
            for store in (self._words, self._neighbours, self._near_words):
                store.clear()
            missing = sorted(wanted)
        around: dict[str, list[tuple[str, str]]] = {key: [] for key in missing}
        for key, relation, other in self._edges(missing):
            if len(around[key]) < self._limit:
                around[key].append((relation, other))
        others = {other for edges in around.values() for _, other in edges}
        labels = self._graph.entities({*missing, *others})
        for key in missing:
            entity = labels.get(key)
            if entity is not None:
                name = words(entity.label)
                said = words(f"{entity.description} {' '.join(entity.types)} {key}")
                self._words[key] = frozenset(said - name)
            else:
                self._words[key] = frozenset()
            self._neighbours[key] = frozenset(other for _, other in around[key]) - {key}
            near: set[str] = set()
            for relation, other in around[key]:
                near |= words(relation)
                if other in labels:
                    near |= words(labels[other].label)
            self._near_words[key] = frozenset(near)

    def _edges(self, keys: list[str]) -> Iterator[tuple[str, str, str]]:
        wanted = set(keys)
        for triple in self._graph.touching(keys):
            if triple.head in wanted:
                yield triple.head, triple.relation, triple.tail
            if triple.tail in wanted:
                yield triple.tail, triple.relation, triple.head
