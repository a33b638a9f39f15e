"""Phrasings of relations in the user's texts, mined from linked texts and the graph.

A sentence that links two entities probably states the triple that the graph has between them
(distant supervision, Mintz et al. 2009). It becomes a pattern of the relation, with ``[X]`` and
``[Y]`` in place of the names, if several pairs occur in it and enough of them have this relation.
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
BEST = 8
"""The most patterns of a relation that are mined at a time."""
MOST = 16
"""The most patterns of a relation after those of other texts are added."""


class Phrasings:
    """Patterns by relation, the most typical first."""

    def __init__(self, patterns: Mapping[str, Sequence[str]]) -> None:
        self._patterns = {relation: tuple(texts) for relation, texts in patterns.items()}

    @classmethod
    def mine(cls, graph: KnowledgeGraph, documents: Iterable[LinkedText]) -> Phrasings:
        """Mine patterns; memory grows with the pairs that the texts link, not with the graph."""
        pairs = _patterns_by_pair(documents)
        counts_of: dict[str, Counter[str]] = defaultdict(Counter)
        for triple in graph.match():
            counts_of[triple.relation].update(pairs.get((triple.head, triple.tail), ()))
        total = Counter(pattern for patterns in pairs.values() for pattern in patterns)
        best = {
            relation: _most_typical(counts, total) for relation, counts in sorted(counts_of.items())
        }
        return cls({relation: patterns for relation, patterns in best.items() if patterns})

    def join_patterns(self, newer: Phrasings) -> Phrasings:
        """Join the patterns with newer ones: first those of both, then the old, then the new."""
        joined = {}
        for relation in sorted({*self._patterns, *newer._patterns}):
            old, new = self.patterns_of(relation), newer.patterns_of(relation)
            both = [pattern for pattern in old if pattern in new]
            joined[relation] = list(dict.fromkeys([*both, *old, *new]))[:MOST]
        return Phrasings(joined)

    def relations(self) -> list[str]:
        """The relations that have a pattern, sorted."""
        return sorted(self._patterns)

    said = OldName("patterns_of")

    def patterns_of(self, relation: str) -> tuple[str, ...]:
        """The mined patterns of a relation, best first."""
        return self._patterns.get(relation, ())

    def of(self, relation: str) -> tuple[str, ...]:
        """The patterns of a relation, best first; if none was mined, one made from its name."""
        return self.patterns_of(relation) or (f"{HEAD} {relation.replace('_', ' ')} {TAIL}.",)

    def save(self, path: str | Path) -> None:
        """Write JSON, atomically."""
        write_text(Path(path), json.dumps(self._patterns, ensure_ascii=False, indent=1))

    @classmethod
    def load(cls, path: str | Path) -> Phrasings:
        """Read what :meth:`save` wrote.

        Raises:
            ConfigError: The file is missing or malformed.
        """
        try:
            patterns = json.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ConfigError(f"{path}: no phrasings there ({error}); run kptm index") from error
        if not isinstance(patterns, dict) or not all(map(_are_patterns, patterns.values())):
            raise ConfigError(f"{path}: not lists of patterns by relation; run kptm index")
        return cls(patterns)


def _are_patterns(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(pattern, str) for pattern in value)


def _patterns_by_pair(documents: Iterable[LinkedText]) -> dict[tuple[str, str], set[str]]:
    """The patterns in which each pair of entities occurs."""
    pairs: dict[tuple[str, str], set[str]] = defaultdict(set)
    for document in documents:
        if len(document.text) > MAX_LENGTH or not 2 <= len(document.links) <= MAX_LINKS:
            continue
        for first, second in permutations(document.links, 2):
            if first.entity != second.entity:
                pairs[first.entity, second.entity].add(_pattern(document, first, second))
    return pairs


def _most_typical(counts: Counter[str], total: Counter[str]) -> tuple[str, ...]:
    """The patterns that several pairs of a relation share, and not too many other pairs."""
    score = {
        pattern: count * count / total[pattern]
        for pattern, count in counts.items()
        if count >= MIN_PAIRS and count >= MIN_SHARE * total[pattern]
    }
    return tuple(sorted(score, key=lambda pattern: (-score[pattern], pattern))[:BEST])


def _pattern(document: LinkedText, head: Link, tail: Link) -> str:
    """The text with slots in place of the two mentions."""
    (first, name), (second, other) = sorted(
        ((head, HEAD), (tail, TAIL)), key=lambda item: item[0].start
    )
    text = document.text
    return text[: first.start] + name + text[first.end : second.start] + other + text[second.end :]


def fill(pattern: str, names: Mapping[str, tuple[str, str | None]]) -> LinkedText:
    """Fill the slots of a pattern.

    Args:
        pattern: The pattern.
        names: For each slot, its text and the key of its entity; None makes no link.
    """
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
