"""Finds names of the graph in texts by the hashes of their surface forms.

All candidate spans grow together, one boundary a step, as long as a surface form begins with them.
So the search takes a few array operations, however many surface forms the graph has.

The linker combines :func:`matches`, :func:`fitting` and :func:`longest`. :func:`lookup` returns all
matches with all their entities, in any case and without a decision, for the question parser.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kptm.linking.index.index_build import function_word_hashes
from kptm.linking.index.link_index import ALL_CAPITALS, CAPITAL, MAX_ACRONYM_LENGTH, SHORT
from kptm.linking.names.surface_forms import MAX_FORM_CHARACTERS, Kind
from kptm.linking.text.characters import SPACE, WORD
from kptm.linking.text.passages import FoldedTexts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kptm.linking.index.overlay_index import Entries, Layers

    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]


class Spans(NamedTuple):
    """Spans of folded characters, sorted by start: starts, ends and hashes."""

    start: Ints
    end: Ints
    hash: NDArray[np.uint64]

    def take(self, rows: NDArray[np.int64] | Bools) -> Spans:
        """The spans at the given indices, or where a mask is true."""
        return Spans(self.start[rows], self.end[rows], self.hash[rows])


class NameMatch(NamedTuple):
    """A span of a text and an entity that it may refer to.

    Attributes:
        text: Index of the text.
        start: Offset of the span, in characters.
        end: Offset after it.
        entity: The entity's key.
        kind: How the name derives from the entity, a
            :class:`~kptm.linking.names.surface_forms.Kind`.
        exact: Whether the span is written as in the graph, including capitals.
        weight: Weight of the entity for this name, before counts, in an arbitrary unit.
    """

    text: int
    start: int
    end: int
    entity: str
    kind: int
    exact: bool
    weight: float


def matches(passages: FoldedTexts, layers: Layers) -> Spans:
    """All spans with valid boundaries that fold to a surface form, by start, then longest first."""
    folded = passages.folded
    codes, flags, boundary = folded.codes, folded.flags, folded.boundary
    solid = (flags & SPACE) == 0
    start = np.flatnonzero(boundary[:-1] & solid & (codes != 0))
    ends = np.flatnonzero(boundary[1:] & solid) + 1
    step = np.searchsorted(ends, start, "right")
    rounds: list[Spans] = []
    # Each round extends all spans by one boundary and drops those that begin no surface form.
    while len(start):
        inside = step < len(ends)
        start, step = start[inside], step[inside]
        end = ends[step]
        hashes = passages.hashes(start, end)
        begins = layers.begins(hashes) & (end - start <= MAX_FORM_CHARACTERS)
        start, step = start[begins], step[begins] + 1
        rounds.append(Spans(start, end[begins], hashes[begins]))
    parts = [np.concatenate(column) for column in zip(*rounds, strict=True)]
    spans = Spans(*parts) if parts else Spans(start, start, np.empty(0, np.uint64))
    spans = spans.take(layers.has_form(spans.hash))
    spans = spans.take(~_cuts_initials(passages, spans))
    return spans.take(np.lexsort((-spans.end, spans.start)))


def _cuts_initials(passages: FoldedTexts, spans: Spans) -> Bools:
    """Whether a span ends after the first of several initials: "The U" of "The U.S."."""
    codes, flags = passages.folded.codes, passages.folded.flags
    last = len(codes) - 1
    word = (flags & WORD) != 0
    end = spans.end
    # Indices are clipped to the text: a match near its end has no initial after it.
    stop = codes[np.minimum(end, last)] == ord(".")
    goes_on = word[np.minimum(end + 1, last)] & ~word[np.minimum(end + 2, last)]
    initial = ~word[np.maximum(end - 2, 0)] | (end - 1 == spans.start)
    return stop & goes_on & initial


def fitting(passages: FoldedTexts, spans: Spans, entries: Entries) -> Bools:
    """Whether each entry matches the case of its span.

    A lowercase form matches any case ("copper", "Copper ore is…", "COPPER"). A capitalised form
    needs its first capital ("turkey" is not Turkey). A short acronym matches only itself, and
    short words in capitals are taken for acronyms. A function word is a name only as an acronym
    ("US", "IT"), written as in the graph.
    """
    start, end, hashes = spans.take(entries.of)
    exact = passages.exact_hashes(start, end) == entries.exact
    capitals = (entries.case & ALL_CAPITALS) != 0
    written = passages.all_capitals(start, end)
    long = end - start > MAX_ACRONYM_LENGTH
    by_case = np.where((entries.case & CAPITAL) != 0, passages.capital(start), ~written)
    # A long word in capitals may be part of a heading ("FRANCE"); a short one is an acronym.
    plain = exact | (~(capitals & ((entries.case & SHORT) != 0)) & ((written & long) | by_case))
    function = np.isin(hashes, function_word_hashes())
    return np.where(function, exact & capitals & (end - start > 1), plain)


def longest(spans: Spans) -> Ints:
    """Indices of the spans that a greedy search from left to right selects, none of which overlap.

    At each position it takes the longest span.
    """
    chosen: list[int] = []
    position = 0
    for index, (start, end) in enumerate(
        zip(spans.start.tolist(), spans.end.tolist(), strict=True)
    ):
        if start >= position:
            chosen.append(index)
            position = end
    return np.array(chosen, np.int64)


def lookup(layers: Layers, texts: Sequence[str]) -> list[NameMatch]:
    """All names in the texts, by position; the entities of one span by descending weight."""
    passages = FoldedTexts(texts)
    spans = matches(passages, layers)
    entries = layers.entries(spans.hash)
    entries = entries.take(entries.kind != Kind.PLURAL)  # the question parser inflects names itself
    if not len(entries.of):
        return []
    start, end, _ = spans.take(entries.of)
    exact = passages.exact_hashes(start, end) == entries.exact
    keys = layers.keys(entries.entity.tolist())
    places = {
        (first, last): passages.text_span(first, last)
        for first, last in set(zip(start.tolist(), end.tolist(), strict=True))
    }
    matches_of = [
        NameMatch(*places[first, last], key, int(kind), bool(same), float(weight))
        for first, last, key, kind, same, weight in zip(
            start.tolist(), end.tolist(), keys, entries.kind, exact, np.asarray(entries.weight),
            strict=True,
        )
    ]  # fmt: skip
    return sorted(matches_of, key=lambda x: (x.text, x.start, -x.end, -x.weight, x.entity, x.kind))
