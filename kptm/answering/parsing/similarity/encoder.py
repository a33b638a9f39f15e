"""Compares a question with the relations of a graph by a sentence encoder.

A question whose name is replaced ("where was it born") is similar to the texts of the step that it
asks for. Berant and Liang (2014) compare questions with programs in this way; the encoder is that
of Reimers and Gurevych (2019). Names are replaced because they are linked separately.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from kptm.answering.parsing.similarity.relation_texts import RelationTexts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from kg.graph import KnowledgeGraph
    from kg.types import Relation, Step
    from kptm.answering.lexicon import Token
    from kptm.answering.parsing.question.question_spans import Mention
    from kptm.answering.parsing.similarity.question_map import QuestionMap

    Vectors = NDArray[np.float32]

SLOT = "it"
"""The word that replaces a name."""
MAX_VARIANTS = 4
"""The most names of a question that are replaced, one at a time."""
MAX_CACHED_QUESTIONS = 4_000
"""The most questions whose vectors are cached."""


class SentenceEncoder(Protocol):
    """The protocol of :class:`kptm.linking.disambiguation.description_encoder.Encoder`."""

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of texts, with a cache on disk; shape (N, width)."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of texts, without the cache; shape (N, width)."""

    def keep(self) -> None:
        """Write the vectors from :meth:`vectors` to disk."""

    def fingerprint(self) -> str:
        """The fingerprint that identifies the encoder."""


@dataclass(frozen=True)
class StepVectors:
    """The vectors of the steps of a graph.

    Attributes:
        encoder: The fingerprint of the encoder.
        at: The row of each step in ``rows``.
        rows: Unit vectors, shape (steps, width).
    """

    encoder: str
    at: Mapping[Step, int]
    rows: Vectors


@dataclass(frozen=True)
class EncodedQuestion:
    """The vector of a question, and the vectors of the graph's steps to compare it with.

    Attributes:
        vector: The unit vector of the question, shape (width,).
        steps: The vectors of the steps.
    """

    vector: Vectors
    steps: StepVectors

    def behind(self, learnt: QuestionMap | None = None) -> Mapping[Step, float]:
        """By step: its similarity to the question minus that of the most similar step.

        The values are at most 0, in standard deviations over all steps.

        Args:
            learnt: A map for the question's vector. A map for another encoder is ignored.
        """
        fits = learnt is not None and learnt.encoder == self.steps.encoder
        vector = learnt(self.vector) if learnt is not None and fits else self.vector
        similar = self.steps.rows @ vector
        spread = float(similar.std())
        scaled = (similar - similar.max()) / spread if spread > 0 else np.zeros_like(similar)
        return dict(zip(self.steps.at, scaled.tolist(), strict=True))


class RelationEncoder:
    """Encodes questions and the current relations of a graph.

    Args:
        graph: The graph.
        encoder: The sentence encoder.
    """

    def __init__(self, graph: KnowledgeGraph, encoder: SentenceEncoder) -> None:
        self._encoder = encoder
        self._texts = RelationTexts(graph)
        self._fingerprint = ""
        self._steps: StepVectors | None = None
        self._held: dict[tuple[str, ...], Vectors] = {}

    def refresh(self, relations: Sequence[Relation]) -> None:
        """Encode the texts of relations; known texts are read from the encoder's cache."""
        texts = self._texts.of(relations)
        if not texts:
            self._steps = None
            return
        flat = [text for some in texts.values() for text in some]
        vectors = self._encoder.vectors(flat)
        self._encoder.keep()
        owner = np.repeat(np.arange(len(texts)), [len(some) for some in texts.values()])
        rows = np.zeros((len(texts), vectors.shape[1]), np.float32)
        np.add.at(rows, owner, vectors)
        self._fingerprint = self._fingerprint or self._encoder.fingerprint()
        self._steps = StepVectors(
            self._fingerprint, {step: at for at, step in enumerate(texts)}, _unit(rows)
        )

    def encode(
        self,
        text: str,
        tokens: Sequence[Token],
        mentions: Iterable[Mention],
        importance: Sequence[float],
    ) -> EncodedQuestion | None:
        """Encode a question: the normalised mean over its copies with one name replaced in each.

        None if the graph has no relations.
        """
        if self._steps is None:
            return None
        variants = tuple(without_names(text, tokens, mentions, importance))
        if variants not in self._held:
            if len(self._held) >= MAX_CACHED_QUESTIONS:
                self._held.clear()
            self._held[variants] = _unit(self._encoder.encode(variants).sum(0, keepdims=True))[0]
        return EncodedQuestion(self._held[variants], self._steps)


def without_names(
    text: str, tokens: Sequence[Token], mentions: Iterable[Mention], importance: Sequence[float]
) -> list[str]:
    """Copies of a question in each of which one likely name is replaced by :data:`SLOT`.

    If there is no name, the only copy is the question itself.
    """
    spans: dict[tuple[int, int], bool] = {}
    for item in mentions:
        if any(importance[item.start : item.end]):
            place = item.start, item.end
            spans[place] = spans.get(place, False) or item.kind in ("label", "alias")
    order = sorted(spans, key=lambda span: (not spans[span], span[0] - span[1], span))[
        :MAX_VARIANTS
    ]
    copies = [
        f"{text[: tokens[start].start]}{SLOT}{text[tokens[end - 1].end :]}" for start, end in order
    ]
    return list(dict.fromkeys(copies)) or [text]


def _unit(rows: Vectors) -> Vectors:
    unit_rows: Vectors = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return unit_rows
