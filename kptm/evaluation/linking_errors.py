"""Lists the differences between predicted links and gold, for people to read."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from kptm.evaluation.linking_compare import compare, everything, span_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kptm.evaluation.linking_compare import Compared, Pair, Span
    from kptm.evaluation.linking_gold import GoldSpan
    from kptm.linking import Link

Kind: TypeAlias = Literal["missed", "wrong span", "wrong sense", "should be NIL", "not in gold"]

KINDS: tuple[Kind, ...] = get_args(Kind)

CONTEXT_CHARACTERS = 40
"""Characters of context shown on either side."""


@dataclass(frozen=True, slots=True)
class LinkingMistake:
    """One difference between links and gold.

    Attributes:
        document: The number of the document, from 1.
        kind: "missed": a gold span without a link; "wrong span": a link that overlaps gold of its
            entity; "wrong sense": a link at a gold span of another entity; "should be NIL": a link
            where gold means something outside the graph; "not in gold": any other link.
        start: The start of the link, or of the gold span if there is no link.
        end: The end of the link or gold span.
        surface: The text between ``start`` and ``end``.
        gold: The key in gold, or None.
        gold_surface: The text of the gold span, or of a gold span that the link overlaps; None if
            there is neither.
        found: The key of the link, or None.
        score: The score of the link, or None.
        context: The surface in brackets with the text around it, on one line.
    """

    document: int
    kind: Kind
    start: int
    end: int
    surface: str
    gold: str | None
    gold_surface: str | None
    found: str | None
    score: float | None
    context: str


def find_mistakes(
    pairs: Iterable[Pair], *, counts: Callable[[Span], bool] = everything
) -> Iterator[LinkingMistake]:
    """List the mistakes of (gold, found) documents, by document, kind and position.

    Every link that is not a strong match is listed once, and so is every gold span without a strong
    match: with a wrong span, with a wrong sense, or as missed. Two links within one gold span are
    both wrong spans.

    Args:
        pairs: The pairs of documents, as for :func:`kptm.evaluation.linking_scores.score_linking`.
        counts: The spans that count, as for the same function.

    Raises:
        LinkingError: The two documents of a pair have different texts.
    """
    for number, (gold, linked) in enumerate(pairs, 1):
        compared = compare(gold, linked, counts)
        listed = [_mistake(number, linked.text, *item) for item in _classes(compared)]
        yield from sorted(listed, key=lambda item: (KINDS.index(item.kind), item.start, item.end))


def render(mistakes: Iterable[LinkingMistake], label: Callable[[str], str] | None = None) -> str:
    """Write mistakes as text: the number of each kind, then document by document.

    Args:
        mistakes: The mistakes, in the order of :func:`find_mistakes`.
        label: Returns the name of a key, to show before it.
    """

    def name(key: str) -> str:
        label_of_key = key if label is None else label(key)
        return key if label_of_key == key else f"{label_of_key} ({key})"

    listed = list(mistakes)
    if not listed:
        return "no mistakes"
    counts = Counter(item.kind for item in listed)
    lines = [", ".join(f"{kind} {counts[kind]:,}" for kind in KINDS)]
    for number, document in groupby(listed, key=lambda item: item.document):
        lines += ["", f"text {number}"]
        for kind, items in groupby(document, key=lambda item: item.kind):
            lines.append(f"  {kind}")
            for item in items:
                lines += _lines(item, name)
    return "\n".join(lines)


def _classes(seen: Compared) -> Iterator[tuple[Kind, GoldSpan | None, Link | None]]:
    """Yield (kind, gold span, link) of each mistake."""
    right = {span_of(link) for link in seen.links} & set(seen.wanted)
    missed = [span for span in seen.wanted if span not in right]
    at_place = {span[:2]: span for span in reversed(missed)}
    of_key: dict[str, list[Span]] = defaultdict(list)
    for span in missed:
        of_key[span[2]].append(span)
    gold_spans: list[GoldSpan] = [*seen.wanted, *((*place, None) for place in sorted(seen.nil))]
    listed: set[Span] = set()
    for link in seen.links:
        place = link.start, link.end
        over = [span for span in of_key[link.entity] if _overlap(span, link)]
        if span_of(link) in right:
            continue
        # a gold span at exactly this place takes precedence over overlapping ones
        if place in at_place:
            listed.add(at_place[place])
            yield "wrong sense", at_place[place], link
        elif place in seen.nil:
            yield "should be NIL", (*place, None), link
        elif over:
            gold = next((span for span in over if span not in listed), over[0])
            listed.add(gold)
            yield "wrong span", gold, link
        else:
            beside = next((span for span in gold_spans if _overlap(span, link)), None)
            yield "not in gold", beside and (*beside[:2], None), link
    for span in missed:
        if span not in listed:
            yield "missed", span, None


def _overlap(span: GoldSpan, link: Link) -> bool:
    return span[0] < link.end and link.start < span[1]


def _mistake(
    number: int, text: str, kind: Kind, gold: GoldSpan | None, link: Link | None
) -> LinkingMistake:
    first, last, key = gold or (0, 0, None)
    start, end = (first, last) if link is None else (link.start, link.end)
    return LinkingMistake(
        document=number,
        kind=kind,
        start=start,
        end=end,
        surface=text[start:end],
        gold=key,
        gold_surface=text[first:last] if gold else None,
        found=None if link is None else link.entity,
        score=None if link is None else link.score,
        context=_context(text, start, end),
    )


def _context(text: str, start: int, end: int) -> str:
    before, after = (
        text[max(0, start - CONTEXT_CHARACTERS) : start],
        text[end : end + CONTEXT_CHARACTERS],
    )
    shown = (
        f"{'…' if start > CONTEXT_CHARACTERS else ''}{before}[{text[start:end]}]{after}"
        f"{'…' if end + CONTEXT_CHARACTERS < len(text) else ''}"
    )
    return " ".join(shown.split())


def _lines(item: LinkingMistake, name: Callable[[str], str]) -> Iterator[str]:
    text = " ".join(item.surface.split())
    if item.found is not None:
        text += f" → {name(item.found)}, {item.score:.2f}"
    if item.gold_surface not in (None, item.surface):
        text += f"; gold: “{' '.join(str(item.gold_surface).split())}”"
    elif item.gold is not None:
        text += f"; gold: {name(item.gold)}"
    yield f"    {item.start}–{item.end} {text}"
    yield f"        {item.context}"
