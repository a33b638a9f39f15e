"""How the user's own texts say a relation: mined from linked text and the graph.

A sentence that links two entities between which the graph has a triple probably says it (distant
supervision: Mintz et al. 2009). What is kept is the sentence with the two names as ``[X]`` and ``[Y]``,
if several pairs are said in it and most of them stand in the same relation.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

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


class Phrasings:
    """Patterns by relation, the most telling first."""

    def __init__(self, patterns: Mapping[str, Sequence[str]]) -> None:
        self._patterns = {relation: tuple(found) for relation, found in patterns.items()}

    @classmethod
    def mine(cls, graph: KnowledgeGraph, documents: Iterable[LinkedText]) -> Phrasings:
        """Mine patterns; memory grows with the pairs that the texts link, not with the graph."""
        pairs: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        for document in documents:
            if len(document.text) > MAX_LENGTH or not 2 <= len(document.links) <= MAX_LINKS:
                continue
            for first in document.links:
                for second in document.links:
                    if first.entity != second.entity:
                        pattern = _pattern(document, first, second)
                        pairs[first.entity, second.entity][pattern] += 1
        said: dict[str, Counter[str]] = defaultdict(Counter)
        for triple in graph.match():
            for pattern in pairs.get((triple.head, triple.tail), ()):
                said[triple.relation][pattern] += 1
        total: Counter[str] = Counter()
        for found in pairs.values():
            total.update(dict.fromkeys(found, 1))
        kept = {}
        for relation, counts in sorted(said.items()):
            ranked = sorted(
                (
                    (count * count / total[pattern], pattern)
                    for pattern, count in counts.items()
                    if count >= MIN_PAIRS and count >= MIN_SHARE * total[pattern]
                ),
                key=lambda item: (-item[0], item[1]),
            )
            if ranked:
                kept[relation] = tuple(pattern for _, pattern in ranked[:KEPT])
        return cls(kept)

    def relations(self) -> list[str]:
        """Relations that have a pattern."""
        return sorted(self._patterns)

    def of(self, relation: str) -> tuple[str, ...]:
        """Patterns of a relation, best first; a plain one is made where none was found."""
        return self._patterns.get(relation, (f"{HEAD} {relation.replace('_', ' ')} {TAIL}.",))

    def save(self, path: str | Path) -> None:
        """Write JSON."""
        Path(path).write_text(
            json.dumps(self._patterns, ensure_ascii=False, indent=1), encoding="utf-8"
        )

    @classmethod
    def load(cls, path: str | Path) -> Phrasings:
        """Read what :meth:`save` wrote.

        Raises:
            ConfigError: The file is missing or malformed.
        """
        try:
            return cls(json.loads(Path(path).read_text(encoding="utf-8")))
        except (OSError, ValueError, AttributeError) as error:
            raise ConfigError(f"{path}: no phrasings there ({error}); run kptm index") from error


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
