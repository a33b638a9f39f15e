"""What linked texts teach: how often a name meant an entity, and how often it had no link."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from kptm.linking.detection.mention_candidates import candidates_of
from kptm.linking.names.english_lexicon import articles
from kptm.linking.names.function_words import FUNCTION_WORDS
from kptm.linking.names.surface_forms import FIRST_PART
from kptm.linking.text.passages import FoldedTexts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kptm.linking.document import LinkedText
    from kptm.linking.index.overlay_index import Layers

Counts = Counter[tuple[str, str]]
"""By (key, name)."""


def count_links(documents: Iterable[LinkedText], layers: Layers) -> tuple[Counts, Counts]:
    """How often each entity was meant by a name, and how often its name stood without a link.

    Pronouns and their like are no names: they mean whatever was said before.
    """
    linked: Counts = Counter()
    unlinked: Counts = Counter()
    for document in documents:
        linked.update(
            (link.entity, _without_article(link.surface))
            for link in document.links
            if not link.coreference and link.surface.casefold() not in FUNCTION_WORDS
        )
        unlinked.update(_unlinked_names(document, layers))
    return linked, unlinked


def _without_article(name: str) -> str:
    """The name itself: "United States" for "the United States", but "The Hague" as it is."""
    first, space, rest = name.partition(" ")
    return rest if space and first in articles() and rest[:1].isupper() else name


def _unlinked_names(document: LinkedText, layers: Layers) -> Iterable[tuple[str, str]]:
    if not document.text:
        return
    passages = FoldedTexts([document.text])
    found = candidates_of(passages, layers)
    taken = [(link.start, link.end) for link in document.links]
    for row in ((found.kind < FIRST_PART) & found.exact).nonzero()[0].tolist():
        mention = int(found.of[row])
        start, end = int(found.mentions.start[mention]), int(found.mentions.end[mention])
        _, first, last = passages.text_span(start, end)
        if not any(first < right and left < last for left, right in taken):
            yield layers.keys([int(found.entity[row])])[0], document.text[first:last]
