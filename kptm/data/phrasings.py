"""Phrasings of relations in the user's texts, mined from linked texts and the graph.

A sentence that links two entities probably states the triple that the graph has between them
(distant supervision, Mintz et al. 2009). With ``[X]`` and ``[Y]`` in place of the two names it is a
pattern. The pattern is a phrasing of a relation if several pairs of entities with this relation
occur in it, and not too many others.
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
"""The slots of a pattern, for the head and the tail of a triple."""
MAX_LENGTH, MAX_LINKS = 200, 6
"""The maximum numbers of characters and links of a text from which patterns are mined."""
MIN_PAIRS = 2
"""The minimum number of pairs with the relation that must occur in a pattern."""
MIN_SHARE = 0.3
"""The minimum share of the pairs in a pattern that must have the relation."""
MAX_MINED = 8
"""The maximum number of patterns of a relation that are mined at a time."""
MAX_JOINED = 16
"""The maximum number of patterns of a relation after those of other texts are added."""


class Phrasings:
    """The phrasings of relations, as patterns.

    Args:
        patterns: The patterns of each relation's key, the most typical first.
    """

    def __init__(self, patterns: Mapping[str, Sequence[str]]) -> None:
        self._patterns = {relation: tuple(texts) for relation, texts in patterns.items()}

    @classmethod
    def mine(cls, graph: KnowledgeGraph, documents: Iterable[LinkedText]) -> Phrasings:
        """Mine patterns from texts of at most :data:`MAX_LENGTH` characters.

        Memory grows with the pairs of entities that the texts link, not with the graph.
        """
        by_pair = _patterns_by_pair(documents)
        pairs_of: dict[str, Counter[str]] = defaultdict(Counter)
        for triple in graph.match():
            pairs_of[triple.relation].update(by_pair.get((triple.head, triple.tail), ()))
        all_pairs = Counter(pattern for patterns in by_pair.values() for pattern in patterns)
        mined = {
            relation: _most_typical(pairs, all_pairs)
            for relation, pairs in sorted(pairs_of.items())
        }
        return cls({relation: patterns for relation, patterns in mined.items() if patterns})

    def join_patterns(self, newer: Phrasings) -> Phrasings:
        """Join the patterns with newer ones: first those of both, then the old, then the new."""
        joined = {}
        for relation in sorted({*self._patterns, *newer._patterns}):
            old, new = self.patterns_of(relation), newer.patterns_of(relation)
            both = [pattern for pattern in old if pattern in new]
            joined[relation] = list(dict.fromkeys([*both, *old, *new]))[:MAX_JOINED]
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
        if HEAD in document.text or TAIL in document.text:  # they could not be told from the slots
            continue
        for first, second in permutations(document.links, 2):
            if first.entity != second.entity:
                pairs[first.entity, second.entity].add(_pattern(document, first, second))
    return pairs


def _most_typical(pairs: Counter[str], all_pairs: Counter[str]) -> tuple[str, ...]:
    """The best patterns of a relation, by their number of pairs times the share of its pairs.

    Args:
        pairs: For each pattern, how many pairs with the relation occur in it.
        all_pairs: For each pattern, how many pairs occur in it.
    """
    score = {
        pattern: count * count / all_pairs[pattern]
        for pattern, count in pairs.items()
        if count >= MIN_PAIRS and count >= MIN_SHARE * all_pairs[pattern]
    }
    return tuple(sorted(score, key=lambda pattern: (-score[pattern], pattern))[:MAX_MINED])


def _pattern(document: LinkedText, head: Link, tail: Link) -> str:
    """The text with slots in place of the two mentions."""
    text = document.text
    # From the end, so that the first replacement does not move the other mention.
    for link, slot in sorted(((head, HEAD), (tail, TAIL)), key=lambda item: -item[0].start):
        text = text[: link.start] + slot + text[link.end :]
    return text


def fill(pattern: str, names: Mapping[str, tuple[str, str | None]]) -> LinkedText:
    """Fill the slots of a pattern, and link the names.

    Args:
        pattern: A text in which each slot occurs at most once.
        names: For each slot, the name to put there, and the key of its entity or None for no link.
    """
    text = ""
    spans: list[tuple[int, int, str]] = []
    copied = 0  # how much of the pattern is in the text already
    for start, slot in sorted((pattern.index(slot), slot) for slot in names if slot in pattern):
        name, entity = names[slot]
        text += pattern[copied:start]
        if entity is not None:
            spans.append((len(text), len(text) + len(name), entity))
        text += name
        copied = start + len(slot)
    return LinkedText.from_spans(text + pattern[copied:], spans)
