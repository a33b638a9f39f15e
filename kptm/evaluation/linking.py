"""Linking against gold documents: strong match, micro."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kptm.linking import LinkedText

Span = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class LinkingReport:
    """Micro precision, recall and F1 of exact spans with the right entity."""

    precision: float
    recall: float
    f1: float
    gold: int
    found: int
    right: int


def score_linking(
    pairs: Iterable[tuple[LinkedText, LinkedText]],
    *,
    counts: Callable[[Span], bool] = lambda span: True,
) -> LinkingReport:
    """Compare (gold, found) documents.

    Args:
        pairs: The same text with its gold links and with ours.
        counts: Which spans count on either side (those in the graph, say).
    """
    gold_count = found_count = right = 0
    for gold, found in pairs:
        wanted = {span for span in _spans(gold) if counts(span)}
        given = {span for span in _spans(found) if counts(span)}
        gold_count += len(wanted)
        found_count += len(given)
        right += len(wanted & given)
    precision = right / found_count if found_count else 0.0
    recall = right / gold_count if gold_count else 0.0
    f1 = 2 * right / (gold_count + found_count) if gold_count + found_count else 0.0
    return LinkingReport(precision, recall, f1, gold_count, found_count, right)


def _spans(document: LinkedText) -> set[Span]:
    return {(link.start, link.end, link.entity) for link in document.links}
