"""Extracts the facts that texts probably state, from pairs of their mentions."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from kptm.errors import ModelError
from kptm.extraction import extractor_storage
from kptm.extraction.candidates.text_mentions import MentionKind
from kptm.extraction.candidates.text_values import as_stored
from kptm.extraction.fitting.relation_examples import pairs_with_features

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from kg.types import Literal
    from kptm.encoders import TokenEncoder
    from kptm.extraction.candidates.mention_pairs import Pair
    from kptm.extraction.candidates.pair_features import Features
    from kptm.extraction.candidates.pair_knowledge import PairKnowledge
    from kptm.extraction.candidates.text_mentions import TextMention
    from kptm.extraction.fitting.relation_thresholds import RelationThresholds
    from kptm.extraction.relation_classifier import Classifier

PAIRS_PER_BATCH = 4_096
"""The number of pairs that are scored at a time."""


@dataclass(frozen=True, slots=True)
class StatedFact:
    """A fact that a text probably states.

    Attributes:
        document: The number of the text in its batch.
        head: The mention of the head.
        relation: The relation.
        tail: The mention of the tail.
        end: The tail as the graph would store it: a key, the name of a new entity, or a value in
            the form of the relation's values.
        confidence: The probability that the text states the fact.
        span: Start and end of the sentences with both mentions.
        is_known: Whether the graph has the fact.
    """

    document: int
    head: TextMention
    relation: str
    tail: TextMention
    end: str | Literal
    confidence: float
    span: tuple[int, int]
    is_known: bool


class Extractor:
    """Extracts the facts that texts probably state.

    Args:
        classifier: Scores pairs of mentions.
        calibration: Turns scores into probabilities, and has the thresholds.
        encoder: The encoder with which the classifier was trained, or None.

    Raises:
        ModelError: The classifier was trained with another encoder.
    """

    def __init__(
        self,
        classifier: Classifier,
        calibration: RelationThresholds,
        encoder: TokenEncoder | None = None,
    ) -> None:
        if classifier.encoder != ("" if encoder is None else encoder.fingerprint):
            reason = "no encoder" if not classifier.encoder else "another encoder"
            raise ModelError(
                f"the extractor was trained with {reason}; set texts.extraction_encoder as before,"
                " or train it again (kptm extract --retrain)"
            )
        self.classifier, self.calibration, self._encoder = classifier, calibration, encoder

    @property
    def relations(self) -> tuple[str, ...]:
        """The relations that can be extracted."""
        return tuple(self.classifier.space.kinds)

    def out_of_reach(self, precision: float) -> tuple[str, ...]:
        """The relations that are not extracted, as held-out predictions lack the precision."""
        return tuple(
            relation
            for relation in self.relations
            if not self.calibration.reaches(relation, precision)
        )

    @cached_property
    def fingerprint(self) -> str:
        """A hash of classifier and calibration."""
        return hashlib.sha256(
            extractor_storage.content(self.classifier, self.calibration)
        ).hexdigest()[:32]

    def extract(
        self,
        documents: Sequence[tuple[str, Sequence[TextMention]]],
        knowledge: PairKnowledge,
        *,
        precision: float = 0.9,
    ) -> list[StatedFact]:
        """Extract the facts of a batch of texts, in the order of the texts.

        Args:
            documents: Texts with their mentions.
            knowledge: The graph's knowledge of their entities.
            precision: The precision on held-out texts, which each relation's threshold must reach.
        """
        facts: list[StatedFact] = []
        block: list[tuple[int, Pair, Features]] = []
        for item in pairs_with_features(documents, knowledge, self._encoder):
            block.append(item)
            if len(block) >= PAIRS_PER_BATCH:
                facts += self._classify(block, knowledge, precision)
                block = []
        return [*facts, *self._classify(block, knowledge, precision)]

    def _classify(
        self,
        block: Sequence[tuple[int, Pair, Features]],
        knowledge: PairKnowledge,
        precision: float,
    ) -> Iterator[StatedFact]:
        if not block or not self.classifier.space.labels:
            return
        labels = self.classifier.space.labels
        p_NL = self.classifier.probabilities(
            [pair for _, pair, _ in block], [features for *_, features in block]
        )
        # N pairs, L labels
        confidences_NL = self.calibration.confidence(p_NL)
        thresholds_L = np.array([self.calibration.threshold(x.relation, precision) for x in labels])
        for row, column in np.argwhere(confidences_NL >= thresholds_L).tolist():
            number, pair, _ = block[row]
            label = labels[column]
            first, second = pair.mentions
            head, tail = (first, second) if label.forward else (second, first)
            yield StatedFact(
                number,
                head,
                label.relation,
                tail,
                _end(label.relation, tail, knowledge),
                float(confidences_NL[row, column]),
                pair.span,
                label.relation in knowledge.relations(head, tail),
            )

    def save(self, path: str | Path) -> None:
        """Write the extractor to a file, atomically."""
        extractor_storage.save(self.classifier, self.calibration, path)

    @classmethod
    def load(cls, path: str | Path, *, encoder: TokenEncoder | None = None) -> Extractor:
        """Read an extractor.

        Args:
            path: The file.
            encoder: The encoder with which it was trained.

        Raises:
            ModelError: The file is missing, damaged, or of another kind; or the extractor was
                trained with another encoder.
        """
        return cls(*extractor_storage.load(path), encoder)


def _end(relation: str, tail: TextMention, knowledge: PairKnowledge) -> str | Literal:
    """The tail of a fact; see :attr:`StatedFact.end`."""
    decision = knowledge.decision(relation)
    if tail.value is not None:
        return tail.value if decision is None else as_stored(tail.value, decision)
    if tail.kind == MentionKind.NAME and decision is not None and decision.kind == "text":
        from kg.types import Literal

        return Literal(tail.key)
    return tail.key
