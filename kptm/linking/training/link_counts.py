"""Counts in linked texts how often a name is linked to each entity, and how often it has no link.

An occurrence without a link is weak evidence against its name if the linker would not have linked
it either ("U.S." in "U.S. Route 66"), or if the annotators left out many links. So it counts as
p(link) · p(no link | not annotated), where p is the linker's probability of a link, and c the share
of the expected links that the documents have (Elkan and Noto 2008, *Learning classifiers from only
positive and unlabeled data*, KDD):

    p(no link | not annotated) = (1 - p) / (1 - p·c)
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kptm.linking.disambiguation.disambiguation_model import SMOOTHING
from kptm.linking.disambiguation.scoring_passes import score_candidates
from kptm.linking.names.english_lexicon import articles
from kptm.linking.names.function_words import FUNCTION_WORDS
from kptm.linking.names.surface_forms import FIRST_PART
from kptm.linking.text.passages import FoldedTexts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kptm.linking.disambiguation.disambiguation_model import Weights
    from kptm.linking.document import LinkedText
    from kptm.linking.index.overlay_index import Layers

Counts = Counter[tuple[str, str]]
"""Counts by (entity key, name)."""


class _NamePlace(NamedTuple):
    """An occurrence of a whole name of the graph in a text, written as in the graph.

    Attributes:
        name: The name.
        keys: The keys of the entities with this name.
        annotated: Whether a link of the document overlaps the occurrence.
        probability: The linker's p that the occurrence is a link.
    """

    name: str
    keys: tuple[str, ...]
    annotated: bool
    probability: float


def count_links(
    documents: Iterable[LinkedText],
    layers: Layers,
    weights: Weights,
    within: Sequence[tuple[int, int]] | None = None,
) -> tuple[Counts, Counts]:
    """The number of links of each (key, name), and of the name's occurrences without a link.

    Links of pronouns and of descriptions ("the city") are not counted, since they refer to
    different entities in different texts.

    Args:
        documents: Linked texts.
        layers: The index of the graph.
        weights: The coefficients of the linker.
        within: The start and end of each document's annotated span; by default the whole text.
    """
    linked: Counts = Counter()
    places: list[_NamePlace] = []
    for number, document in enumerate(documents):
        begin, stop = (0, len(document.text)) if within is None else within[number]
        linked.update(
            (link.entity, _without_article(link.surface))
            for link in document.links
            if begin <= link.start and link.end <= stop
            if not link.coreference and not _refers_back(link.surface)
        )
        places += _name_places(document, layers, weights, begin, stop)
    return linked, _missing_links(places)


def _missing_links(places: Sequence[_NamePlace]) -> Counts:
    """The weighted number of each name's occurrences without a link, rounded, by (key, name).

    The share c of a name's links that would be annotated is estimated from the other names. So if
    a name is never linked in documents that link all others, it counts as referring to something
    else.
    """
    annotated: defaultdict[str, float] = defaultdict(float)
    expected: defaultdict[str, float] = defaultdict(float)
    for place in places:
        annotated[place.name] += place.annotated
        expected[place.name] += place.probability
    all_annotated, all_expected = sum(annotated.values()), sum(expected.values())
    without: defaultdict[tuple[str, str], float] = defaultdict(float)
    for place in places:
        if place.annotated:
            continue
        others = all_annotated - annotated[place.name] + SMOOTHING
        share = min(1.0, others / (all_expected - expected[place.name] + SMOOTHING))
        meant_otherwise = (1 - place.probability) / max(1 - place.probability * share, 1e-9)
        for key in place.keys:
            without[key, place.name] += place.probability * meant_otherwise
    return Counter({pair: round(count) for pair, count in without.items() if round(count)})


def _refers_back(surface: str) -> bool:
    """Whether a surface form is a function word ("it") or a description ("the city")."""
    first, space, rest = surface.casefold().partition(" ")
    described = bool(space) and first in articles() and surface[-len(rest) :].islower()
    return described or surface.casefold() in FUNCTION_WORDS


def _without_article(name: str) -> str:
    """A name without the article before it ("the United States"); "The Hague" keeps its own."""
    first, space, rest = name.partition(" ")
    return rest if space and first in articles() and rest[:1].isupper() else name


def _name_places(
    document: LinkedText, layers: Layers, weights: Weights, begin: int, stop: int
) -> Iterator[_NamePlace]:
    if not document.text:
        return
    passages = FoldedTexts([document.text])
    scored = score_candidates(passages, layers, weights)
    candidates = scored.candidates
    links = [(link.start, link.end) for link in document.links]
    spans = passages.text_spans(candidates.mentions.start, candidates.mentions.end)
    for mention, (_, start, end) in enumerate(spans):
        rows = slice(int(candidates.first[mention]), int(candidates.first[mention + 1]))
        named = (candidates.kind[rows] < FIRST_PART) & candidates.exact[rows]
        if not named.any():
            continue
        if begin <= start and end <= stop:
            yield _NamePlace(
                document.text[start:end],
                tuple(layers.keys(candidates.entity[rows][named].tolist())),
                any(start < right and left < end for left, right in links),
                min(float(np.sum(scored.probability[rows])), 1.0) if scored.columns else 0.0,
            )
