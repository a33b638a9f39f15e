"""Training examples: pairs of mentions, labelled by a row or by the graph."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kptm.extraction.candidates.mention_pairs import pairs_of
from kptm.extraction.candidates.pair_context import contexts
from kptm.extraction.candidates.pair_features import features_of
from kptm.extraction.candidates.pair_knowledge import entity_keys
from kptm.extraction.candidates.text_mentions import MentionKind
from kptm.extraction.candidates.text_windows import windows_of
from kptm.extraction.relation_classifier import Label

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from kptm.encoders import TokenEncoder
    from kptm.extraction.candidates.mention_pairs import Pair
    from kptm.extraction.candidates.pair_features import Features
    from kptm.extraction.candidates.pair_knowledge import PairKnowledge
    from kptm.extraction.candidates.text_mentions import TextMention

    Stated = Callable[[int, TextMention, TextMention], set[str]]
    """The relations that document ``n`` states from one mention to another."""

UNKNOWN = 0.5
"""The weight of an unlabelled pair that the graph knows nothing about; it may have a relation."""


@dataclass(slots=True)
class RelationExamples:
    """N pairs with their features, labels and weights.

    Attributes:
        documents: The document number of each pair.
        pairs: The pairs.
        features: Their features.
        labels: Their labels.
        weights: The weight of each pair.
    """

    documents: list[int] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    features: list[Features] = field(default_factory=list)
    labels: list[tuple[Label, ...]] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.pairs)

    def add(
        self,
        document: int,
        pair: Pair,
        features: Features,
        labels: tuple[Label, ...],
        weight: float = 1.0,
    ) -> None:
        """Add an example."""
        self.documents.append(document)
        self.pairs.append(pair)
        self.features.append(features)
        self.labels.append(labels)
        self.weights.append(weight)

    def join_examples(self, other: RelationExamples) -> RelationExamples:
        """These examples and others."""
        return RelationExamples(
            self.documents + other.documents,
            self.pairs + other.pairs,
            self.features + other.features,
            self.labels + other.labels,
            self.weights + other.weights,
        )

    def select_examples(self, numbers: Sequence[int]) -> RelationExamples:
        """The examples of some numbers."""
        return RelationExamples(
            [self.documents[number] for number in numbers],
            [self.pairs[number] for number in numbers],
            [self.features[number] for number in numbers],
            [self.labels[number] for number in numbers],
            [self.weights[number] for number in numbers],
        )


def pairs_with_features(
    documents: Sequence[tuple[str, Sequence[TextMention]]],
    knowledge: PairKnowledge,
    encoder: TokenEncoder | None = None,
) -> Iterator[tuple[int, Pair, Features]]:
    """The pairs of texts, with the number of their text and their features.

    Args:
        documents: Texts with their mentions, a batch of them.
        knowledge: What the graph knows.
        encoder: Gives each pair its context.
    """
    knowledge.prepare(entity_keys([mentions for _, mentions in documents]))
    found = (
        (number, pair)
        for number, (text, mentions) in enumerate(documents)
        for window in windows_of(text, list(mentions))
        for pair in pairs_of(window)
    )
    if encoder is None:
        for number, pair in found:
            yield number, pair, features_of(pair, knowledge)
        return
    pairs = list(found)
    seen = contexts(encoder, [pair for _, pair in pairs])
    for (number, pair), context in zip(pairs, seen, strict=True):
        yield number, pair, features_of(pair, knowledge)._replace(context=context)


def labels_of(
    pair: Pair, stated: Callable[[TextMention, TextMention], set[str]]
) -> tuple[Label, ...]:
    """The labels of a pair, sorted."""
    first, second = pair.mentions
    found = {Label(relation, True) for relation in stated(first, second)}
    found |= {Label(relation, False) for relation in stated(second, first)}
    return tuple(sorted(found))


def weight_of(pair: Pair, labels: tuple[Label, ...], knowledge: PairKnowledge) -> float:
    """The weight of a pair that the graph labels.

    If the graph knows nothing about either mention, an unlabelled pair may have a relation that the
    graph lacks.
    """
    if labels:
        return 1.0
    known = [
        mention.kind == MentionKind.ENTITY and bool(knowledge.roles(mention.key))
        for mention in pair.mentions
    ]
    return 1.0 if all(known) else UNKNOWN


def distant(
    documents: Iterable[Sequence[tuple[str, Sequence[TextMention]]]],
    knowledge: PairKnowledge,
    encoder: TokenEncoder | None = None,
    *,
    first: int = 0,
) -> RelationExamples:
    """Examples by distant supervision (Mintz et al. 2009): texts state what the graph has.

    Args:
        documents: Batches of texts with their mentions.
        knowledge: What the graph knows.
        encoder: See :func:`pairs_with_features`.
        first: The first document number.
    """
    found = RelationExamples()
    before = first
    for batch in documents:
        for number, pair, features in pairs_with_features(batch, knowledge, encoder):
            labels = labels_of(pair, knowledge.relations)
            found.add(before + number, pair, features, labels, weight_of(pair, labels, knowledge))
        before += len(batch)
    return found


def examples_of_rows(
    documents: Iterable[Sequence[tuple[str, Sequence[TextMention]]]],
    stated: Stated,
    knowledge: PairKnowledge,
    encoder: TokenEncoder | None = None,
) -> RelationExamples:
    """Examples of labelled rows: a pair has exactly the relations that its row states.

    Args:
        documents: Batches of texts with their mentions.
        stated: What each text states.
        knowledge: What the graph knows.
        encoder: See :func:`pairs_with_features`.
    """
    found = RelationExamples()
    before = 0
    for batch in documents:
        for number, pair, features in pairs_with_features(batch, knowledge, encoder):
            at = before + number
            labels = labels_of(pair, lambda head, tail, at=at: stated(at, head, tail))  # type: ignore[misc]
            found.add(at, pair, features, labels)
        before += len(batch)
    return found
