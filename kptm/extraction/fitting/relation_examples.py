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

UNLABELLED_WEIGHT = 0.5
"""The weight of an unlabelled pair that may have a relation; see :func:`weight_of`."""


@dataclass(slots=True)
class RelationExamples:
    """N pairs with their features, labels and weights.

    Attributes:
        documents: The document number of each pair.
        pairs: The pairs.
        features: The features of each pair.
        labels: The labels of each pair.
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
        """The examples with the given numbers."""
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
    """Yield the pairs of texts, each with the number of its text and its features.

    Args:
        documents: A batch of texts with their mentions.
        knowledge: The graph's knowledge of the entities.
        encoder: Encodes the context of each pair.
    """
    knowledge.prepare(entity_keys([mentions for _, mentions in documents]))
    numbered = (
        (number, pair)
        for number, (text, mentions) in enumerate(documents)
        for window in windows_of(text, list(mentions))
        for pair in pairs_of(window)
    )
    if encoder is None:
        for number, pair in numbered:
            yield number, pair, features_of(pair, knowledge)
        return
    pairs = list(numbered)
    vectors = contexts(encoder, [pair for _, pair in pairs])
    for (number, pair), context in zip(pairs, vectors, strict=True):
        yield number, pair, features_of(pair, knowledge)._replace(context=context)


def labels_of(
    pair: Pair, stated: Callable[[TextMention, TextMention], set[str]]
) -> tuple[Label, ...]:
    """The labels of a pair, sorted."""
    first, second = pair.mentions
    labels = {Label(relation, True) for relation in stated(first, second)}
    labels |= {Label(relation, False) for relation in stated(second, first)}
    return tuple(sorted(labels))


def weight_of(pair: Pair, labels: tuple[Label, ...], knowledge: PairKnowledge) -> float:
    """The weight of a pair that the graph labels.

    It is lower for an unlabelled pair if the graph has no facts about one of the mentions, because
    the pair may have a relation that the graph lacks.
    """
    if labels:
        return 1.0
    known = [
        mention.kind == MentionKind.ENTITY and bool(knowledge.roles(mention.key))
        for mention in pair.mentions
    ]
    return 1.0 if all(known) else UNLABELLED_WEIGHT


def distant(
    documents: Iterable[Sequence[tuple[str, Sequence[TextMention]]]],
    knowledge: PairKnowledge,
    encoder: TokenEncoder | None = None,
    *,
    first: int = 0,
) -> RelationExamples:
    """Make examples by distant supervision: texts are assumed to state the graph's facts.

    See Mintz et al. 2009.

    Args:
        documents: Batches of texts with their mentions.
        knowledge: The graph's knowledge of the entities.
        encoder: See :func:`pairs_with_features`.
        first: The first document number.
    """
    examples = RelationExamples()
    before = first
    for batch in documents:
        for number, pair, features in pairs_with_features(batch, knowledge, encoder):
            labels = labels_of(pair, knowledge.relations)
            examples.add(
                before + number, pair, features, labels, weight_of(pair, labels, knowledge)
            )
        before += len(batch)
    return examples


def examples_of_rows(
    documents: Iterable[Sequence[tuple[str, Sequence[TextMention]]]],
    stated: Stated,
    knowledge: PairKnowledge,
    encoder: TokenEncoder | None = None,
) -> RelationExamples:
    """Make examples of labelled rows: a pair has exactly the relations that its row states.

    Args:
        documents: Batches of texts with their mentions.
        stated: Returns the relations that a text states between two mentions.
        knowledge: The graph's knowledge of the entities.
        encoder: See :func:`pairs_with_features`.
    """
    examples = RelationExamples()
    before = 0
    for batch in documents:
        for number, pair, features in pairs_with_features(batch, knowledge, encoder):
            at = before + number
            labels = labels_of(pair, lambda head, tail, at=at: stated(at, head, tail))  # type: ignore[misc]
            examples.add(at, pair, features, labels)
        before += len(batch)
    return examples
