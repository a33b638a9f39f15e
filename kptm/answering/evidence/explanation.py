"""Formats the explanation of an answer, which is groups of lines, as text or as HTML."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, NamedTuple
from unicodedata import category

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kptm.answering.answer_parts import Span

_CONTROL = ("Cc", "Zl", "Zp")
_TURNS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Characters that change the direction of the text after them, so that they could disguise it."""
MARKS = "«", "»"
"""The marks around a highlighted span, in text."""


class Line(NamedTuple):
    """A line of an explanation, with the spans of its entities and its source."""

    text: str
    spans: tuple[Span, ...] = ()
    origin: str = ""


class Group(NamedTuple):
    """Lines of one kind under a heading."""

    heading: str
    lines: list[Line]


def as_text(head: Iterable[str], groups: Iterable[Group]) -> str:
    """The first lines, then each group as a heading with indented lines."""
    lines = [*head]
    for group in groups:
        lines.append(f"  {group.heading}")
        for line in group.lines:
            origin = f"  [{line.origin}]" if line.origin else ""
            lines.append(f"    {_mark_spans(line.text, line.spans, *MARKS)}{origin}")
    return "\n".join(map(_one_line, lines))


def as_html(headline: str, groups: Iterable[Group]) -> str:
    """A piece of HTML without scripts, styles or links; all data are escaped."""
    parts = [f'<div class="answer"><p><strong>{escape(headline)}</strong></p><dl>']
    for group in groups:
        parts.append(f"<dt>{escape(group.heading)}</dt>")
        for line in group.lines:
            text = _marked_html(line)
            origin = f" <small>{escape(line.origin)}</small>" if line.origin else ""
            parts.append(f'<dd dir="auto">{text}{origin}</dd>')
    return "".join([*parts, "</dl></div>"])


def _one_line(text: str) -> str:
    """The text on one line: control and bidirectional characters become spaces, joiners stay."""
    return "".join(
        " " if category(letter) in _CONTROL or letter in _TURNS else letter for letter in text
    )


def _pieces(text: str, spans: tuple[Span, ...]) -> Iterator[tuple[str, bool]]:
    """Yield (part of the text, whether to highlight it); ignores overlapping and invalid spans."""
    at = 0
    for span in sorted(spans, key=lambda item: (item.start, item.end)):
        if at <= span.start < span.end <= len(text):
            yield text[at : span.start], False
            yield text[span.start : span.end], True
            at = span.end
    yield text[at:], False


def _mark_spans(text: str, spans: tuple[Span, ...], before: str, behind: str) -> str:
    parts = _pieces(text, spans)
    return "".join(f"{before}{part}{behind}" if named else part for part, named in parts)


def _marked_html(line: Line) -> str:
    parts = _pieces(line.text, line.spans)
    return "".join(
        f"<mark>{escape(part)}</mark>" if named else escape(part) for part, named in parts
    )
