"""Every span of a short text that is a name, in any case, with everything that it may mean.

Nothing is decided here: the reading of a question decides which of its spans are names.
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
    """A span of a text and an entity that it may mean.

    Attributes:
        text: Which of the texts.
        start: Where the span begins, in characters.
        end: Where it ends.
        entity: The entity's key.
        kind: How the name comes from the entity: a :class:`~kptm.linking.names.surface_forms.Kind`.
        exact: Whether the name is written as the graph has it, capitals included.
        weight: How often the entity is meant by such a name, in any unit.
    """

    text: int
    start: int
    end: int
    entity: str
    kind: int
    exact: bool
    weight: float


def lookup(layers: Layers, texts: Sequence[str]) -> list[NameMatch]:
    """All names in some texts, by where they stand; of one span the weightiest meaning first."""
    passages = FoldedTexts(texts)
    spans = matches(passages, layers)
    entries = layers.entries(spans.hash)
    entries = entries.take(entries.kind != Kind.PLURAL)  # questions have an inflection of their own
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
