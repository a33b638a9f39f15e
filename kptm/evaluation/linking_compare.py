"""Selects the gold spans and links of a document that count for linking scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from kptm.errors import LinkingError
from kptm.evaluation.linking_gold import GoldDocument
from kptm.linking import LinkedText

if TYPE_CHECKING:
    from collections.abc import Callable

    from kptm.linking import Link

Span = tuple[int, int, str]
"""Start, end and key."""

Pair: TypeAlias = "tuple[GoldDocument | LinkedText, LinkedText]"
"""A text with its gold links, and the same text with predicted links."""


def span_of(link: Link) -> Span:
    """The start, end and key of a link."""
    return link.start, link.end, link.entity


def everything(span: Span) -> bool:
    """Count every span."""
    return True


@dataclass(frozen=True, slots=True)
class Compared:
    """The spans and links of a document that count.

    Attributes:
        wanted: The gold spans of entities in the graph, by position, each once.
        nil: The (start, end) of gold spans that mean only things outside the graph.
        links: The predicted links.
    """

    wanted: tuple[Span, ...]
    nil: frozenset[tuple[int, int]]
    links: tuple[Link, ...]


def compare(
    gold: GoldDocument | LinkedText, linked: LinkedText, counts: Callable[[Span], bool]
) -> Compared:
    """Select what counts; see :func:`kptm.evaluation.linking_scores.score_linking`."""
    if isinstance(gold, LinkedText):
        gold = GoldDocument.from_links(gold)
    if gold.text != linked.text:
        raise LinkingError(
            f"the gold text {gold.text[:40]!r} differs from the linked text {linked.text[:40]!r};"
            " link the same text"
        )
    first, last = gold.evaluation_span or (0, len(gold.text))
    wanted: set[Span] = set()
    nil: set[tuple[int, int]] = set()
    for start, end, key in gold.spans:
        if not first <= start < end <= last:
            continue
        if key is not None and counts((start, end, key)):
            wanted.add((start, end, key))
        else:
            nil.add((start, end))
    return Compared(
        tuple(sorted(wanted)),
        frozenset(nil - {(start, end) for start, end, _ in wanted}),
        tuple(
            link
            for link in linked.links
            if first <= link.start and link.end <= last and counts(span_of(link))
        ),
    )
