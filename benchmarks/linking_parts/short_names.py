"""Gold documents in which people are called by their first or last names alone.

Writers who know that their readers know a person leave out the first name; the gold documents have
few such mentions. Every person named in full is shortened, whether the graph has that person or
not, so the documents teach how often a surname alone means a person of the graph.
"""

from __future__ import annotations

import random
import re
from bisect import bisect_right
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from kptm.linking import LinkedText
from kptm.linking.names.english_lexicon import frequent_words, listed_words

if TYPE_CHECKING:
    from kptm.linking.training.linker_fitting import Gold

    Span = tuple[int, int]

FULL_NAME = re.compile(r"\b([A-Z][a-zé]+)(?: [A-Z]\.)* (?:[Dd]e |[Vv]an )?([A-Z][a-zé'’-]+)\b")
FIRST_NAMES = 0.25
"""The share of the documents that get first names; the others get last names."""
WEIGHT = 0.25
"""The weight of a mention, relative to one of the original documents."""


class Cuts(NamedTuple):
    """What is removed from a text: sorted spans that do not overlap."""

    spans: list[Span]

    def text(self, text: str) -> str:
        """The text without the spans."""
        kept, position = [], 0
        for start, end in self.spans:
            kept.append(text[position:start])
            position = end
        return "".join((*kept, text[position:]))

    def moved(self, at: int) -> int:
        """The new place of a position; of one within a cut, the place of the cut."""
        before = bisect_right(self.spans, (at,)) - 1
        removed = sum(end - start for start, end in self.spans[: before + 1])
        if before >= 0:
            removed -= max(self.spans[before][1] - at, 0)
        return at - removed


def shortened(gold: Gold, seed: int = 11) -> Gold:
    """The documents of a collection that name people in full, with the short names."""
    chance = random.Random(seed)
    documents, within, outside = [], [], []
    for number, document in enumerate(gold.documents):
        others = list(gold.outside[number]) if gold.outside is not None else []
        annotated = [*((link.start, link.end) for link in document.links), *others]
        cuts = Cuts(parts_left_out(document.text, annotated, chance.random() < FIRST_NAMES))
        if not cuts.spans:
            continue
        move = cuts.moved
        links = [(move(link.start), move(link.end), link.entity) for link in document.links]
        documents.append(LinkedText.from_spans(cuts.text(document.text), links))
        outside.append([(move(start), move(end)) for start, end in others])
        start, end = (0, len(document.text)) if gold.within is None else gold.within[number]
        within.append((move(start), move(end)))
    return gold._replace(
        documents=documents, within=within, outside=outside, weight=gold.weight * WEIGHT
    )


def parts_left_out(text: str, annotated: list[Span], first_names: bool) -> list[Span]:
    """The spans of a text that its short names leave out.

    A full name that shares only a part with an annotated span belongs to another name.
    """
    given, common = _word_lists()
    spans = []
    for match in FULL_NAME.finditer(text):
        start, end = match.span()
        if match[1].lower() not in given or match[2].lower() in common:
            continue
        if any(a < end and start < b and (a, b) != (start, end) for a, b in annotated):
            continue
        spans.append((match.end(1), end) if first_names else (start, match.start(2)))
    return spans


@cache
def _word_lists() -> tuple[frozenset[str], frozenset[str]]:
    """Given names, and common words that are no surnames, in lower case."""
    given, surnames = (
        frozenset(word.lower() for word in listed_words(f"{kind}.txt"))
        for kind in ("given-names", "surnames")
    )
    return given, frequent_words() - surnames
