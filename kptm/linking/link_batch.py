"""Links batches of texts: cuts passages, scores candidates, and links mentions to the best one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from kg.types import Candidate
from kptm.linking.disambiguation.coreference import natures_of, resolve
from kptm.linking.disambiguation.scoring_passes import score_candidates
from kptm.linking.document import LinkedText
from kptm.linking.index.link_index import ranges
from kptm.linking.link import Link
from kptm.linking.text.passages import FoldedTexts
from kptm.linking.text.recasing import recase, without_case

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kptm.linking.disambiguation.disambiguation_model import Weights
    from kptm.linking.disambiguation.scoring_passes import ScoredCandidates, Similarity
    from kptm.linking.index.overlay_index import Layers

CHARACTERS_PER_BATCH = 65_536
"""Approximate number of characters in a batch."""
MAX_PASSAGE_CHARACTERS = 20_000
"""Maximum number of characters in a passage, the context of its mentions."""
MAX_STORED_CANDIDATES = 5
"""Maximum number of candidates stored with a link."""


def batches(texts: Iterable[str]) -> Iterator[list[str]]:
    """Group texts into batches of about :data:`CHARACTERS_PER_BATCH` characters."""
    batch: list[str] = []
    size = 0
    for text in texts:
        batch.append(text)
        size += len(text) + 1
        if size >= CHARACTERS_PER_BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def link_batch(
    texts: Sequence[str],
    layers: Layers,
    weights: Weights,
    similarity: Similarity | None = None,
    *,
    any_case: bool = False,
    coreference: bool = False,
) -> Iterator[LinkedText]:
    """Link the texts of a batch; a long text is linked passage by passage.

    Args:
        texts: The texts.
        layers: The index of the graph.
        weights: The coefficients.
        similarity: Computes the features of an encoder; None without one.
        any_case: Whether "france" may refer to France.
        coreference: Whether pronouns and descriptions are linked to entities named earlier.
    """
    pieces = [
        (number, start, end) for number, text in enumerate(texts) for start, end in cuts(text)
    ]
    links: dict[int, list[Link]] = {number: [] for number in range(len(texts))}
    for group in _groups(pieces):
        originals = [texts[number][start:end] for number, start, end in group]
        passages = FoldedTexts(
            [
                recase(text, layers) if not any_case and without_case(text) else text
                for text in originals
            ]
        )
        scored = score_candidates(passages, layers, weights, similarity, any_case=any_case)
        links_of_piece: list[list[Link]] = [[] for _ in group]
        for piece, link in _links(passages, originals, scored, layers, weights):
            links_of_piece[piece].append(link)
        for (number, offset, _), text, known in zip(group, originals, links_of_piece, strict=True):
            chosen = resolve(text, known, natures_of(layers, known)) if coreference else known
            links[number] += [_shift(link, offset) for link in chosen]
    for number, text in enumerate(texts):
        yield LinkedText(text, tuple(links[number]))


def cuts(text: str) -> list[tuple[int, int]]:
    """The (start, end) offsets of a text's passages, which are split after a space if possible."""
    offsets = []
    start = 0
    while len(text) - start > MAX_PASSAGE_CHARACTERS:
        end = (
            text.rfind(" ", start + MAX_PASSAGE_CHARACTERS // 2, start + MAX_PASSAGE_CHARACTERS) + 1
            or start + MAX_PASSAGE_CHARACTERS
        )
        offsets.append((start, end))
        start = end
    return [*offsets, (start, len(text))]


def _groups(pieces: Sequence[tuple[int, int, int]]) -> Iterator[list[tuple[int, int, int]]]:
    """Group pieces up to about a batch each, because a single text may exceed one batch."""
    source = iter(pieces)
    group: list[tuple[int, int, int]] = []
    size = 0
    for piece in source:
        group.append(piece)
        size += piece[2] - piece[1]
        if size >= CHARACTERS_PER_BATCH:
            yield group
            group, size = [], 0
    if group:
        yield group


def _links(
    passages: FoldedTexts,
    texts: Sequence[str],
    scored: ScoredCandidates,
    layers: Layers,
    weights: Weights,
) -> Iterator[tuple[int, Link]]:
    """Yield (passage number, link) by position, for mentions whose best p reaches the threshold."""
    candidates, probability = scored.candidates, scored.probability
    if not len(candidates.of):
        return
    best = np.maximum.reduceat(probability, candidates.first[:-1])
    chosen = np.flatnonzero(best >= weights.threshold)
    order = np.lexsort((candidates.entity, -probability, candidates.of))
    # All mentions are ranked at once: ``ranked`` concatenates the ``shown`` best of each.
    shown = np.minimum(np.diff(candidates.first)[chosen], MAX_STORED_CANDIDATES)
    candidate, _ = ranges(candidates.first[chosen], shown)
    ranked = order[candidate]
    keys, scores = layers.keys(candidates.entity[ranked].tolist()), probability[ranked].tolist()
    ranked_candidates = list(map(Candidate, keys, scores))
    spans = passages.text_spans(candidates.mentions.start[chosen], candidates.mentions.end[chosen])
    stops = np.cumsum(shown).tolist()
    ends = dict.fromkeys(range(len(texts)), 0)
    for (passage, first, last), stop, size in zip(spans, stops, shown.tolist(), strict=True):
        first, last = weights.convention.span(texts[passage], first, last, ends[passage])
        ends[passage] = last
        top = stop - size
        yield passage, Link(
            first, last, texts[passage][first:last], keys[top], scores[top],
            tuple(ranked_candidates[top:stop]),
        )  # fmt: skip


def _shift(link: Link, offset: int) -> Link:
    if not offset:
        return link
    return replace(link, start=link.start + offset, end=link.end + offset)
