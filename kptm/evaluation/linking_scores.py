"""Linking against gold documents: strong and weak match, micro and macro.

The measures are those of GERBIL, restricted to what is in the graph ("InKB"): Usbeck et al. (2015),
*GERBIL: General Entity Annotator Benchmarking Framework*, WWW, doi:10.1145/2736277.2741626.
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
        """The scores of counts; all 1 if nothing is to be found and nothing is, as in GERBIL."""
        if not gold and not found:
            return cls(1.0, 1.0, 1.0)
        return cls(
            right / found if found else 0.0,
            right / gold if gold else 0.0,
            2 * right / (gold + found),
        )

    @classmethod
    def mean(cls, scores: Sequence[Scores]) -> Scores:
        """The mean of each over documents; F1 is the mean of their F1, as in GERBIL."""
        if not scores:
            return cls.of(0, 0, 0)
        return cls(
            fmean(item.precision for item in scores),
            fmean(item.recall for item in scores),
            fmean(item.f1 for item in scores),
        )


@dataclass(frozen=True, slots=True)
class LinkingReport:
    """How well links agree with gold, of the entities that are in the graph.

    Strong match is the very span and the entity. Weak match is an overlapping span and the entity,
    each link and each gold span used once.

    Attributes:
        precision: Strong match, micro: over all links of all documents.
        recall: The same.
        f1: The same.
        gold: Gold spans that count.
        found: Links that count.
        right: Links that are a strong match.
        weak_right: Links that are a weak match.
        strong_macro: Strong match, the mean over documents.
        weak_micro: Weak match over all links.
        weak_macro: Weak match, the mean over documents.
        nil_gold: Gold spans that mean something outside the graph.
        nil_linked: Those of them that were linked all the same.
        documents: How many.
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
    """Compare (gold, found) documents, streaming.

    Only what lies in the evaluation span of a gold document is looked at. A gold span with no key,
    or with one that does not count, is outside the graph (NIL): to find nothing there is right.

    Args:
        pairs: The same text with its gold and with our links.
        counts: Which spans count on either side (those in the graph, say).

    Raises:
        LinkingError: The two documents of a pair have different texts.
    """
    strong, weak = [], []
    nil_gold = nil_linked = 0
    for gold, found in pairs:
        seen = compare(gold, found, counts)
        given = [span_of(link) for link in seen.links]
        sizes = len(seen.wanted), len(given)
        strong.append((*sizes, len(set(seen.wanted) & set(given))))
        weak.append((*sizes, _overlapping(seen.wanted, given)))
        nil_gold += len(seen.nil)
        nil_linked += sum((start, end) in seen.nil for start, end, _ in given)
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


def _overlapping(wanted: Sequence[Span], given: Sequence[Span]) -> int:
    """Gold spans that, from the left, find an unused link of the same entity that overlaps them."""
    unused: dict[str, list[Span]] = defaultdict(list)
    for span in sorted(given):
        unused[span[2]].append(span)
    right = 0
    for start, end, key in wanted:
        mine = unused[key]
        place = next((at for at, x in enumerate(mine) if x[0] < end and start < x[1]), None)
        if place is not None:
            del mine[place]
            right += 1
    return right


def _total(counts: Iterable[tuple[int, int, int]]) -> tuple[int, int, int]:
    gold = found = right = 0
    for item in counts:
        gold, found, right = gold + item[0], found + item[1], right + item[2]
    return gold, found, right
