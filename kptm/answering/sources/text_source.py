"""The source "texts": answers that a reader finds in passages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kptm.answering.answer_parts import Evidence, Span
from kptm.answering.combination.p_calibration import Curve
from kptm.answering.sources.source import TEXTS, SourceScores
from kptm.passages.reader.answer_pairs import TopicStep
from kptm.passages.sentence_splitting import sentences

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kptm.answering.questions.path_reading import Reading
    from kptm.answering.sources.source import SourceQuery
    from kptm.passages.reader.passage_reader import AnswerPlace, ReadAnswer, Reader
    from kptm.passages.reader.reader_model import HeldOutAnswer

MIN_CURVE_ANSWERS = 50
"""The minimum number of held-out answers to which a calibration curve is fitted.

For a kind with fewer answers, the share of right answers of all kinds is a prior with the weight of
this many answers.
"""
MIN_COUNTED_P = 0.5
"""With too few answers for a curve, only answers of at least this p count for their share."""
MAX_SHOWN_SENTENCES = 3
"""The maximum number of sentences that are shown for an answer."""
MIN_SHARE_OF_BEST = 0.05
"""The minimum p of a shown sentence, as a share of the best sentence's p."""


class TextSource:
    """Asks a reader of passages, and calibrates its p.

    Args:
        reader: The reader of passages.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        best = reader.model.best
        self._all = Curve.fit([answer.p for answer in best], [answer.right for answer in best])
        self._enough = len(best) >= MIN_CURVE_ANSWERS
        self._share = _share(
            [answer.right for answer in best if answer.p >= MIN_COUNTED_P], 0.5, 2.0
        )
        by_kind: dict[str, list[HeldOutAnswer]] = {}
        for answer in best:
            by_kind.setdefault(answer.kind, []).append(answer)
        self._curves = {
            kind: Curve.fit([answer.p for answer in own], [answer.right for answer in own])
            for kind, own in by_kind.items()
            if len(own) >= MIN_CURVE_ANSWERS
        }
        # With few answers of a kind, the share of right ones is smoothed by that of all kinds.
        self._beside = {
            kind: _share(
                [answer.right for answer in own if answer.p >= MIN_COUNTED_P],
                self._share,
                MIN_CURVE_ANSWERS,
            )
            / self._share
            for kind, own in by_kind.items()
        }

    def answers(self, reading: Reading, name: str) -> tuple[ReadAnswer, ...]:
        """The answers that the reader finds in passages to a question of one hop.

        Args:
            reading: The entity and relation.
            name: The relation's name.
        """
        step = TopicStep(reading.entity, reading.relation, reading.forward, name)
        return tuple(self._reader.answers(step))

    def worth(self, p: float, kind: str = "entity") -> float:
        """The calibrated p: the rate at which best answers with this p are right on held-out facts.

        Args:
            p: The reader's p.
            kind: "entity", "value", or "name" if the graph has no such entity.
        """
        if kind in self._curves:
            return self._curves[kind].of(p)
        whole = self._all.of(p) if self._enough else p * self._share
        return min(1.0, whole * self._beside.get(kind, 1.0))


def _share(right: Sequence[bool], prior: float, weight: float) -> float:
    """The share of right answers, smoothed by a prior that counts as ``weight`` answers."""
    return (sum(right) + prior * weight) / (len(right) + weight)


def from_texts(query: SourceQuery) -> SourceScores | None:
    """The reader's p over the candidates; the remaining probability is spread evenly.

    None if no passage contains the entity.
    """
    if not query.read:
        return None
    place = query.side.place
    p = np.zeros(len(query.side))
    p[[place[item.node] for item in query.read]] = [item.p for item in query.read]
    p += max(0.0, 1.0 - float(p.sum())) / len(p)
    return SourceScores(TEXTS, p, len(query.read))


def evidence(
    query: SourceQuery, answers: list[str], named: Mapping[str, str]
) -> Iterator[Evidence]:
    """Yield the evidence for answers from passages: the number of passages, and their sentences."""
    for item in query.read:
        if item.node not in answers:
            continue
        best = item.places[0].p
        shown = [place for place in item.places if place.p >= MIN_SHARE_OF_BEST * best]
        by_text = {place.passage.id: place for place in reversed(shown)}
        count = f"{len(by_text)} passages" if len(by_text) > 1 else "a passage"
        text = f"{named[item.node]}: {count} of the indexed texts, p = {item.p:.2f}"
        yield Evidence(TEXTS, text, item.node, item.p)
        for place in sorted(
            by_text.values(), key=lambda shown_place: (-shown_place.p, shown_place.passage.id)
        )[:MAX_SHOWN_SENTENCES]:
            yield _sentence(query, item, place)


def _sentence(query: SourceQuery, item: ReadAnswer, place: AnswerPlace) -> Evidence:
    """The sentences from the topic to the answer as evidence, with the spans of both names."""
    text = place.passage.text
    first, last = min(place.topic[0], place.answer[0]), max(place.topic[1], place.answer[1])
    inside = [(start, end) for start, end in sentences(text) if start < last and first < end]
    start = min((sentence_start for sentence_start, _ in inside), default=0)
    end = max((sentence_end for _, sentence_end in inside), default=len(text))
    passage = text[start:end].rstrip()
    spans = sorted(
        [
            Span(place.topic[0] - start, place.topic[1] - start, query.reading.entity),
            Span(place.answer[0] - start, place.answer[1] - start, item.node),
        ],
        key=lambda span: span.start,
    )
    sources = (place.passage.source,) if place.passage.source else ()
    return Evidence("sentence", passage, item.node, place.p, sources=sources, spans=tuple(spans))
