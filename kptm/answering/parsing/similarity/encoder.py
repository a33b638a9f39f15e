"""A sentence encoder that compares a question with the relations of a graph.

A question without its names ("where was it born") is similar to the texts of the step that it asks
for (Berant and Liang 2014 compare questions with programs in words; the encoder is that of Reimers
and Gurevych 2019). Names are removed, because they are linked separately.
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
"""The word in place of a name."""
VARIANTS = 4
"""The most names of a question that are removed in turn."""
HELD = 4_000
"""The most questions whose vectors are cached."""


class SentenceEncoder(Protocol):
    """A sentence encoder; :class:`kptm.linking.disambiguation.description_encoder.Encoder`."""

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of texts that are stored, shape (N, width)."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of texts that are not stored, shape (N, width)."""

    def keep(self) -> None:
        """Write the vectors from :meth:`vectors` to disk."""

    def fingerprint(self) -> str:
        """The fingerprint that identifies the encoder."""


@dataclass(frozen=True)
class StepVectors:
    """The vectors of the steps of a graph.

    Attributes:
        encoder: The fingerprint of the encoder.
        at: The row of each step.
        rows: Unit vectors, shape (steps, width).
    """

    encoder: str
    at: Mapping[Step, int]
    rows: Vectors


@dataclass(frozen=True)
class EncodedQuestion:
    """The vector of a question, with the vectors of the steps of a graph.

    Attributes:
        vector: The unit vector of the question, shape (width,).
        steps: The vectors of the steps.
    """

    vector: Vectors
    steps: StepVectors

    def behind(self, learnt: QuestionMap | None = None) -> Mapping[Step, float]:
        """The difference in similarity between each step and the step most similar to the question.

        It is in standard deviations over all steps, and at most 0. A map for another encoder is
        ignored.
        """
        fits = learnt is not None and learnt.encoder == self.steps.encoder
        vector = learnt(self.vector) if learnt is not None and fits else self.vector
        similar = self.steps.rows @ vector
        spread = float(similar.std())
        scaled = (similar - similar.max()) / spread if spread > 0 else np.zeros_like(similar)
        return dict(zip(self.steps.at, scaled.tolist(), strict=True))


class RelationEncoder:
    """Encodes questions, and the present relations of a graph.

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
        """Encode the texts of new relations, and load the vectors of others from disk."""
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
        """The mean of a question's vectors, each without one name; None without relations."""
        if self._steps is None:
            return None
        variants = tuple(without_names(text, tokens, mentions, importance))
        if variants not in self._held:
            if len(self._held) >= HELD:
                self._held.clear()
            self._held[variants] = _unit(self._encoder.encode(variants).sum(0, keepdims=True))[0]
        return EncodedQuestion(self._held[variants], self._steps)


def without_names(
    text: str, tokens: Sequence[Token], mentions: Iterable[Mention], importance: Sequence[float]
) -> list[str]:
    """Copies of a question, each with a slot for one of its likely names; unchanged if none."""
    spans: dict[tuple[int, int], bool] = {}
    for item in mentions:
        if any(importance[item.start : item.end]):
            place = item.start, item.end
            spans[place] = spans.get(place, False) or item.kind in ("label", "alias")
    order = sorted(spans, key=lambda span: (not spans[span], span[0] - span[1], span))[:VARIANTS]
    found = [
        f"{text[: tokens[start].start]}{SLOT}{text[tokens[end - 1].end :]}" for start, end in order
    ]
    return list(dict.fromkeys(found)) or [text]


def _unit(rows: Vectors) -> Vectors:
    found: Vectors = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return found
