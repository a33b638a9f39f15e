"""How the user's own texts say a relation: mined from linked text and the graph.

A sentence that links two entities between which the graph has a triple probably says it (distant
supervision: Mintz et al. 2009). What is kept is the sentence with the two names as ``[X]`` and
``[Y]``, if several pairs are said in it and most of them stand in the same relation.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING

from kg.deprecation import OldName
from kg.files.atomic import write_text
from kptm.errors import ConfigError
from kptm.linking import Link, LinkedText

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kg.graph import KnowledgeGraph

HEAD, TAIL = "[X]", "[Y]"
MAX_LENGTH = 200
MAX_LINKS = 6
MIN_PAIRS = 2
MIN_SHARE = 0.3
KEPT = 8
MOST = 16
"""Patterns of a relation after texts were added to others."""


class Phrasings:
    """Patterns by relation, the most telling first."""

    def __init__(self, patterns: Mapping[str, Sequence[str]]) -> None:
        self._patterns = {relation: tuple(found) for relation, found in patterns.items()}

    @classmethod
    def mine(cls, graph: KnowledgeGraph, documents: Iterable[LinkedText]) -> Phrasings:
        """Mine patterns; memory grows with the pairs that the texts link, not with the graph."""
        pairs = _patterns_by_pair(documents)
        said: dict[str, Counter[str]] = defaultdict(Counter)
        for triple in graph.match():
            said[triple.relation].update(pairs.get((triple.head, triple.tail), ()))
        total = Counter(pattern for found in pairs.values() for pattern in found)
        kept = {relation: _most_telling(counts, total) for relation, counts in sorted(said.items())}
        return cls({relation: patterns for relation, patterns in kept.items() if patterns})

    def join_patterns(self, newer: Phrasings) -> Phrasings:
        """These patterns with those of other texts: common ones, these, then the newer ones."""
        found = {}
        for relation in sorted({*self._patterns, *newer._patterns}):
            old, new = self.patterns_of(relation), newer.patterns_of(relation)
            both = [pattern for pattern in old if pattern in new]
            found[relation] = list(dict.fromkeys([*both, *old, *new]))[:MOST]
        return Phrasings(found)

    def relations(self) -> list[str]:
        """Relations that have a pattern."""
        return sorted(self._patterns)

    said = OldName("patterns_of")

    def patterns_of(self, relation: str) -> tuple[str, ...]:
        """Patterns of a relation that were found, best first."""
        return self._patterns.get(relation, ())

    def of(self, relation: str) -> tuple[str, ...]:
        """Patterns of a relation, best first; a plain one is made where none was found."""
        return self.patterns_of(relation) or (f"{HEAD} {relation.replace('_', ' ')} {TAIL}.",)

    def save(self, path: str | Path) -> None:
        """Write JSON, whole or not at all."""
        write_text(Path(path), json.dumps(self._patterns, ensure_ascii=False, indent=1))

    @classmethod
    def load(cls, path: str | Path) -> Phrasings:
        """Read what :meth:`save` wrote.

        Raises:
            ConfigError: The file is missing or malformed.
        """
        try:
            found = json.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ConfigError(f"{path}: no phrasings there ({error}); run kptm index") from error
        if not isinstance(found, dict) or not all(map(_are_patterns, found.values())):
            raise ConfigError(f"{path}: not lists of patterns by relation; run kptm index")
        return cls(found)


def _are_patterns(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(pattern, str) for pattern in value)


def _patterns_by_pair(documents: Iterable[LinkedText]) -> dict[tuple[str, str], set[str]]:
    pairs: dict[tuple[str, str], set[str]] = defaultdict(set)
    for document in documents:
        if len(document.text) > MAX_LENGTH or not 2 <= len(document.links) <= MAX_LINKS:
            continue
        for first, second in permutations(document.links, 2):
            if first.entity != second.entity:
                pairs[first.entity, second.entity].add(_pattern(document, first, second))
    return pairs


def _most_telling(counts: Counter[str], total: Counter[str]) -> tuple[str, ...]:
    """The patterns that several pairs share, and mostly pairs of this relation."""
    worth = {
        pattern: count * count / total[pattern]
        for pattern, count in counts.items()
        if count >= MIN_PAIRS and count >= MIN_SHARE * total[pattern]
    }
    return tuple(sorted(worth, key=lambda pattern: (-worth[pattern], pattern))[:KEPT])


def _pattern(document: LinkedText, head: Link, tail: Link) -> str:
    (first, name), (second, other) = sorted(
        ((head, HEAD), (tail, TAIL)), key=lambda item: item[0].start
    )
    text = document.text
    return text[: first.start] + name + text[first.end : second.start] + other + text[second.end :]


def fill(pattern: str, names: Mapping[str, tuple[str, str | None]]) -> LinkedText:
    """Put names into a pattern: slot → (surface, entity key, or None for no link)."""
    parts: list[str] = []
    spans: list[tuple[int, int, str]] = []
    length = position = 0
    slots = sorted((pattern.index(slot), slot) for slot in names if slot in pattern)
    for at, slot in slots:
        surface, entity = names[slot]
        before = pattern[position:at]
        start = length + len(before)
        if entity is not None:
            spans.append((start, start + len(surface), entity))
        parts += [before, surface]
        length = start + len(surface)
        position = at + len(slot)
    parts.append(pattern[position:])
    return LinkedText.from_spans("".join(parts), spans)
