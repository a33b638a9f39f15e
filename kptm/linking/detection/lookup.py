"""Looks up every span of a short text that is a name, in any case, with all its entities.

This module decides nothing: the question parser decides which spans of a question are names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kptm.linking.detection.spotting import matches
from kptm.linking.names.surface_forms import Kind
from kptm.linking.text.passages import FoldedTexts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kptm.linking.index.overlay_index import Layers


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
