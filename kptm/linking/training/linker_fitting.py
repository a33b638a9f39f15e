"""Fits the coefficients on gold documents, pass by pass."""

from __future__ import annotations

from dataclasses import replace
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kptm.errors import LinkingError
from kptm.linking.detection.lookup import lookup
from kptm.linking.disambiguation.candidate_features import EVIDENCE, RANKING_FEATURES
from kptm.linking.disambiguation.coherence import COHERENCE
from kptm.linking.disambiguation.conventions import Convention
from kptm.linking.disambiguation.description_encoder import SIMILARITY, SIMILARITY_OF_PART
from kptm.linking.disambiguation.disambiguation_model import (
    BESIDE,
    KIND_BESIDE,
    LINKS,
    Pass,
    Weights,
    best,
    probabilities,
)
from kptm.linking.disambiguation.scoring_passes import (
    add_coherence,
    add_similarity,
    candidates_with_features,
)
from kptm.linking.text.passages import FoldedTexts
from kptm.linking.training.estimation import fit_disambiguation, fit_nil
from kptm.linking.training.labelled_document import LabelledDocument

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from kptm.linking.disambiguation.scoring_passes import ScoredCandidates, Similarity
    from kptm.linking.document import LinkedText
    from kptm.linking.index.overlay_index import Layers

    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]
    Floats = NDArray[np.float64]

THRESHOLDS = np.arange(0.1, 0.7, 0.05)
PRECISE_THRESHOLDS = np.arange(0.3, 0.96, 0.01)
TRANSFER_RATIO = 0.9
"""F1 on a collection that was left out of the training, as a share of F1 on those that taught.

Measured on five sets: .59 where the sets that taught have .67."""
NOTHING = Weights(local=Pass({}, {}), joint=Pass({}, {}), encoder=None, threshold=0.5)
"""The coefficients before fitting: all are 0."""


ONLY_RANKING = frozenset(
    {"prior", EVIDENCE, LINKS, *COHERENCE, *SIMILARITY, SIMILARITY_OF_PART, *KIND_BESIDE, *BESIDE}
) - {"after the", "a verb follows", "a noun follows"}
"""Columns that NIL prediction does not use; it uses log p of the best candidate instead.

The features of coherence and of an encoder are added in their passes.
"""


class Gold(NamedTuple):
    """A collection of gold documents for one graph.

    Attributes:
        layers: The index of the graph.
        documents: Texts with their links to the graph.
        within: The start and end of the annotated span of each document; None for the whole texts.
        similarity: Computes an encoder's features; None without an encoder.
        outside: For each document, the spans that refer to something that the graph does not have.
        complete: Whether all links are annotated. If not, a mention without a link is a negative
            example only if it overlaps an annotation, since annotators may have left out links.
        weight: Weight of each mention.
        peoples: Whether the name of a people is always annotated as its place: "American" as the
            United States. If not, such a mention without a link is ignored, unless it is part of a
            longer name.
    """

    layers: Layers
    documents: Sequence[LinkedText]
    within: Sequence[tuple[int, int]] | None = None
    similarity: Similarity | None = None
    outside: Sequence[Sequence[tuple[int, int]]] | None = None
    complete: bool = True
    weight: float = 1.0
    peoples: bool = True


class LabelledCollection(NamedTuple):
    """A collection of gold documents with their candidates, features and correct candidates."""

    gold: Gold
    documents: Sequence[LabelledDocument]


def fit(
    gold: Iterable[Gold], convention: Convention | None = None, precision: float = 0.0
) -> Weights:
    """Fit all passes, then the threshold.

    Args:
        gold: Collections of gold documents.
        convention: What counts as a mention; by default the convention of the documents.
        precision: Precision that the links must have on the gold documents; 0 maximises F1 instead.

    Raises:
        LinkingError: No mention has a correct candidate.
    """
    sets = list(gold)
    if convention is None:
        convention = _convention(sets)
    return fit_labelled([label(item, convention) for item in sets], convention, precision)


def fit_labelled(
    collections: Sequence[LabelledCollection], convention: Convention, precision: float = 0.0
) -> Weights:
    """Fit all passes, then the threshold, on collections that :func:`label` returned.

    Args:
        collections: Collections that were labelled with this convention; several fits may share
            them.
        convention: What counts as a mention.
        precision: Precision that the links must have on the gold documents; 0 maximises F1 instead.

    Raises:
        LinkingError: No mention has a correct candidate.
    """
    weights = replace(NOTHING, convention=convention)
    weights = replace(weights, local=_fit_step([item.documents for item in collections], "local"))
    labelled = [_with_coherence(item, weights) for item in collections]
    weights = replace(weights, joint=_fit_step([item.documents for item in labelled], "joint"))
    if all(item.gold.similarity is not None for item in labelled):
        labelled = [_with_similarity(item, weights) for item in labelled]
        encoder = _fit_step([item.documents for item in labelled], "encoder")
        weights = replace(weights, encoder=encoder)
    chosen = weights.encoder or weights.joint
    documents = [
        item.documents for item in labelled if any(document.gold for document in item.documents)
    ]
    if precision:
        return replace(weights, threshold=_precise(documents, chosen, precision))
    threshold = fmean(_threshold(some, chosen) for some in documents)
    # Several collections teach what is used on others, a single one what is used on its like.
    return replace(weights, threshold=threshold * (TRANSFER_RATIO if len(documents) > 1 else 1.0))


def _with_coherence(collection: LabelledCollection, weights: Weights) -> LabelledCollection:
    """The collection with the features of the second pass."""
    layers = collection.gold.layers
    documents = [
        document._replace(scored=add_coherence(document.scored, layers, weights))
        if document.scored.columns
        else document
        for document in collection.documents
    ]
    return collection._replace(documents=documents)


def _with_similarity(collection: LabelledCollection, weights: Weights) -> LabelledCollection:
    """The collection with the features of the third pass."""
    gold, documents = collection.gold, []
    for document in collection.documents:
        if document.scored.columns and gold.similarity is not None:
            scored = add_similarity(
                document.scored, document.passages, gold.layers, weights, gold.similarity
            )
            document = document._replace(scored=scored)
        documents.append(document)
    return collection._replace(documents=documents)


def _convention(sets: Sequence[Gold]) -> Convention:
    """The annotation convention of gold documents."""

    def written_so(name: str, entity: str) -> bool:
        return any(
            entry.exact and entry.entity == entity
            for item in sets
            for entry in lookup(item.layers, [name])
        )

    return Convention.of((document for item in sets for document in item.documents), written_so)


def label(gold: Gold, convention: Convention) -> LabelledCollection:
    """Find the candidates of gold documents, their features and the correct candidates."""
    return LabelledCollection(gold, list(_labelled_documents(gold, convention)))


def _labelled_documents(gold: Gold, convention: Convention) -> Iterator[LabelledDocument]:
    for number, document in enumerate(gold.documents):
        begin, stop = (0, len(document.text)) if gold.within is None else gold.within[number]
        links = {
            (link.start, link.end): link.entity
            for link in document.links
            if begin <= link.start and link.end <= stop
        }
        annotated = [*links, *(gold.outside[number] if gold.outside is not None else ())]
        passages = FoldedTexts([document.text])
        scored = candidates_with_features(passages, gold.layers, convention)
        candidates = scored.candidates
        right = np.full(len(candidates.first) - 1, -1, np.int64)
        counts = np.zeros(len(right), np.bool_)
        certain = np.full(len(right), gold.complete)
        places = passages.text_spans(candidates.mentions.start, candidates.mentions.end)
        for mention, (_, *place) in enumerate(places):
            span = convention.span(document.text, *place)
            counts[mention] = begin <= span[0] and span[1] <= stop
            certain[mention] |= any(span[0] < end and start < span[1] for start, end in annotated)
            if counts[mention] and span in links:
                first, last = int(candidates.first[mention]), int(candidates.first[mention + 1])
                keys = gold.layers.keys(candidates.entity[first:last].tolist())
                if links[span[0], span[1]] in keys:
                    right[mention] = first + keys.index(links[span[0], span[1]])
        if not gold.peoples and scored.columns:
            counts &= (right >= 0) | ~_called_by_people(scored)
        yield LabelledDocument(
            passages, scored, right, counts, certain, len(links), gold.complete, gold.weight
        )


def _called_by_people(scored: ScoredCandidates) -> Bools:
    """Whether each mention is the name of a people, and no capital follows, M: "American poet"."""
    first = scored.candidates.first[:-1]
    people = np.maximum.reduceat(scored.columns["people of"], first) > 0
    goes_on = scored.columns["a name follows"][first] + scored.columns["a capital follows"][first]
    return people & (goes_on == 0)


def _fit_step(collections: Sequence[Sequence[LabelledDocument]], step: str) -> Pass:
    """Fit a pass: "local", "joint" with coherence, or "encoder" with coherence and similarity."""
    with_candidates = [
        [example for example in collection if example.scored.columns] for collection in collections
    ]
    known = [example for collection in with_candidates for example in collection]
    if not any((example.right >= 0).any() for example in known):
        raise LinkingError(
            "no gold link of the documents is a name that the graph knows; nothing to learn"
        )
    later = {"local": (), "joint": COHERENCE, "encoder": COHERENCE}[step]
    added_to_ranking = (*later, *SIMILARITY) if step == "encoder" else later
    added_to_nil = (*later, SIMILARITY_OF_PART) if step == "encoder" else later
    base = [name for name in known[0].scored.columns if name not in ONLY_RANKING]
    ranking = fit_disambiguation(known, [*RANKING_FEATURES, *added_to_ranking])
    return Pass(ranking, fit_nil(with_candidates, [*base, *added_to_nil], ranking))


def _threshold(known: Sequence[LabelledDocument], weights: Pass) -> float:
    """Half of the best F1 at any threshold in a collection.

    This threshold maximises F1 if p is calibrated (Lipton, Elkan and Naryanaswamy 2014, *Optimal
    thresholding of classifiers to maximize F1 measure*).
    """
    probability, right = _outcomes(known, weights)
    gold = sum(example.gold for example in known)
    top_score = 0.0
    for threshold in THRESHOLDS:
        linked = probability >= threshold
        top_score = max(
            top_score, 2 * float((linked & right).sum()) / max(gold + int(linked.sum()), 1)
        )
    return top_score / 2


def _precise(
    collections: Sequence[Sequence[LabelledDocument]], weights: Pass, precision: float
) -> float:
    """The lowest threshold with at least this precision; the highest one if none has it."""
    parts = [_outcomes(known, weights) for known in collections]
    probability, right = (np.concatenate(part) for part in zip(*parts, strict=True))
    for threshold in PRECISE_THRESHOLDS:
        linked = probability >= threshold
        if right[linked].sum() >= precision * linked.sum():
            return float(threshold)
    return float(PRECISE_THRESHOLDS[-1])


def _outcomes(known: Sequence[LabelledDocument], weights: Pass) -> tuple[Floats, Bools]:
    """P of the best candidate of each mention that counts, and whether this one is correct."""
    best_probabilities, right = [np.empty(0)], [np.empty(0, np.bool_)]
    for example in known:
        candidates = example.scored.candidates
        if example.scored.columns:
            probability = probabilities(
                example.scored.columns, weights, candidates.first, candidates.of
            )
            chosen = best(probability, candidates.first, candidates.of)
            best_probabilities.append(probability[chosen][example.counts])
            right.append((chosen == example.right)[example.counts])
    return np.concatenate(best_probabilities), np.concatenate(right)
