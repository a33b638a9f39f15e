"""Scores of linking against gold documents: strong and weak match, micro and macro.

The measures are those of GERBIL, restricted to entities in the graph ("InKB"): Usbeck et al.
(2015), *GERBIL: General Entity Annotator Benchmarking Framework*, WWW, doi:10.1145/2736277.2741626.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from kptm.evaluation.linking_compare import compare, everything, span_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from kptm.evaluation.linking_compare import Pair, Span


@dataclass(frozen=True, slots=True)
class Scores:
    """Precision, recall and F1, between 0 and 1."""

    precision: float
    recall: float
    f1: float

    @classmethod
    def of(cls, gold: int, found: int, right: int) -> Scores:
        """The scores from counts; all 1 if both gold and prediction are empty, as in GERBIL."""
        if not gold and not found:
            return cls(1.0, 1.0, 1.0)
        return cls(
            right / found if found else 0.0,
            right / gold if gold else 0.0,
            2 * right / (gold + found),
        )

    @classmethod
    def mean(cls, scores: Sequence[Scores]) -> Scores:
        """The mean of each score over documents; F1 is the mean of the F1s, as in GERBIL."""
        if not scores:
            return cls.of(0, 0, 0)
        return cls(
            fmean(item.precision for item in scores),
            fmean(item.recall for item in scores),
            fmean(item.f1 for item in scores),
        )


@dataclass(frozen=True, slots=True)
class LinkingReport:
    """Agreement of predicted links with gold, for entities in the graph.

    A strong match has the same span and entity as gold. A weak match has an overlapping span and
    the same entity, where each link and each gold span is used once.

    Attributes:
        precision: Precision of strong matches, micro-averaged over all links of all documents.
        recall: Recall of strong matches, micro-averaged.
        f1: F1 of strong matches, micro-averaged.
        gold: The number of gold spans that count.
        found: The number of links that count.
        right: The number of strong matches.
        weak_right: The number of weak matches.
        strong_macro: The scores of strong matches, averaged over documents.
        weak_micro: The scores of weak matches, micro-averaged.
        weak_macro: The scores of weak matches, averaged over documents.
        nil_gold: The number of gold spans that mean something outside the graph.
        nil_linked: The number of these that were linked nevertheless.
        documents: The number of documents.
    """

    precision: float
    recall: float
    f1: float
    gold: int
    found: int
    right: int
    weak_right: int
    strong_macro: Scores
    weak_micro: Scores
    weak_macro: Scores
    nil_gold: int
    nil_linked: int
    documents: int


def score_linking(
    pairs: Iterable[Pair], *, counts: Callable[[Span], bool] = everything
) -> LinkingReport:
    """Score pairs of (gold, predicted) documents in a stream.

    Only spans within the evaluation span of a gold document count. A gold span without a key, or
    with one that does not count, is outside the graph (NIL); leaving it unlinked is right.

    Args:
        pairs: Each text with its gold links, and with predicted links.
        counts: Returns whether a span counts on either side, for example whether it is in the
            graph.

    Raises:
        LinkingError: The two documents of a pair have different texts.
    """
    strong, weak = [], []
    nil_gold = nil_linked = 0
    for gold, linked in pairs:
        compared = compare(gold, linked, counts)
        predicted = [span_of(link) for link in compared.links]
        sizes = len(compared.wanted), len(predicted)
        strong.append((*sizes, len(set(compared.wanted) & set(predicted))))
        weak.append((*sizes, _overlapping(compared.wanted, predicted)))
        nil_gold += len(compared.nil)
        nil_linked += sum((start, end) in compared.nil for start, end, _ in predicted)
    gold_count, found_count, right = _total(strong)
    micro = Scores.of(gold_count, found_count, right)
    return LinkingReport(
        micro.precision,
        micro.recall,
        micro.f1,
        gold_count,
        found_count,
        right,
        weak_right=_total(weak)[2],
        strong_macro=Scores.mean([Scores.of(*item) for item in strong]),
        weak_micro=Scores.of(*_total(weak)),
        weak_macro=Scores.mean([Scores.of(*item) for item in weak]),
        nil_gold=nil_gold,
        nil_linked=nil_linked,
        documents=len(strong),
    )


def _overlapping(wanted: Sequence[Span], predicted: Sequence[Span]) -> int:
    """Count gold spans, from the left, that overlap an unused link of the same entity."""
    unused: dict[str, list[Span]] = defaultdict(list)
    for span in sorted(predicted):
        unused[span[2]].append(span)
    right = 0
    for start, end, key in wanted:
        of_entity = unused[key]
        place = next(
            (
                i
                for i, span_of_entity in enumerate(of_entity)
                if span_of_entity[0] < end and start < span_of_entity[1]
            ),
            None,
        )
        if place is not None:
            del of_entity[place]
            right += 1
    return right


def _total(counts: Iterable[tuple[int, int, int]]) -> tuple[int, int, int]:
    gold = totals = right = 0
    for item in counts:
        gold, totals, right = gold + item[0], totals + item[1], right + item[2]
    return gold, totals, right
