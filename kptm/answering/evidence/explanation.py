"""An answer with its path and evidence for people: one outline, written as lines of text or as a piece of HTML."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, NamedTuple
from unicodedata import category

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kptm.answering.answer import Answer, Evidence, NearReading, Span

HEADINGS = {
    "triple": "facts",
    "sentence": "sentences",
    "link prediction": "link prediction",
    "model": "model",
    "modeledge": "modeledge",
    "texts": "texts",
    "linking": "names",
    "note": "notes",
    "stale": "stale",
}
"""The groups of evidence, in their order; other kinds follow by their own name."""
_CONTROL = ("Cc", "Zl", "Zp")
_TURNS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
MARKS = "«", "»"
"""Around a highlighted part of a sentence, in text."""


class _Line(NamedTuple):
    """What is said, the parts of it that name entities, and where it comes from."""

    text: str
    spans: tuple[Span, ...] = ()
    origin: str = ""


class _Group(NamedTuple):
    heading: str
    lines: list[_Line]


def as_text(answer: Answer, *, reading: bool = False) -> str:
    """The answer, the same in words, then a heading and indented lines for each kind of evidence; with how the question was read, if wanted."""
    lines = _head(answer)
    for group in _outline(answer, reading=reading):
        lines.append(f"  {group.heading}")
        for line in group.lines:
            origin = f"  [{line.origin}]" if line.origin else ""
            lines.append(f"    {_marked(line.text, line.spans, *MARKS)}{origin}")
    return "\n".join(map(_one_line, lines))


def as_html(answer: Answer, *, reading: bool = False) -> str:
    """The same as a piece of HTML without scripts, styles or links; whatever comes from data is escaped."""
    parts = [f'<div class="answer"><p><strong>{escape(_headline(answer))}</strong></p><dl>']
    for group in _outline(answer, reading=reading):
        parts.append(f"<dt>{escape(group.heading)}</dt>")
        for line in group.lines:
            text = _marked_html(line)
            origin = f" <small>{escape(line.origin)}</small>" if line.origin else ""
            parts.append(f'<dd dir="auto">{text}{origin}</dd>')
    return "".join([*parts, "</dl></div>"])


def _head(answer: Answer) -> list[str]:
    """The answer by itself, for whoever reads the first line alone, and in words; what is predicted says so first."""
    if answer.found and answer.sentence and not answer.predicted:
        return [f"{answer} ({answer.score:.2f})", f"  {answer.sentence}"]
    return [_headline(answer)]


def _headline(answer: Answer) -> str:
    """The answer in words; how sure it is, unless the words say so."""
    if not answer.found:
        return answer.sentence or str(answer)
    if answer.sentence and answer.predicted:
        return answer.sentence
    return f"{answer.sentence or answer} ({answer.score:.2f})"


def _outline(answer: Answer, *, reading: bool) -> Iterator[_Group]:
    if answer.path:
        yield _Group("asked", [_Line(path_in_words(answer))])
    if reading:
        yield from _reading(answer)
    if answer.readings:
        near = [
            _Line(f"{answer.expression_of(item.program)}, p = {item.score:.2f}{_without(item)}")
            for item in answer.readings
        ]
        yield _Group("may have meant", near)
    grouped: dict[str, list[_Line]] = {kind: [] for kind in HEADINGS}
    for item in answer.evidence:
        grouped.setdefault(item.kind, []).append(_Line(item.text, item.spans, _origin(item)))
    for kind, lines in grouped.items():
        if lines:
            yield _Group(HEADINGS.get(kind, kind), lines)
    if answer.conflicts:
        said = [
            _Line(f"{item.kind}: {item.label} ({item.entity}), p = {item.score:.2f}")
            for item in answer.conflicts
        ]
        yield _Group("would be answered otherwise by", said)
    if answer.senses:
        meant = [
            _Line(f"{item.label} ({item.entity}): {', '.join(item.answers) or 'nothing is known'}")
            for item in answer.senses
        ]
        yield _Group("if another is meant", meant)


def _reading(answer: Answer) -> Iterator[_Group]:
    """What was evaluated, what the words were understood as, and which were not."""
    if answer.expression:
        yield _Group("evaluated", [_Line(answer.expression)])
    if answer.meanings:
        understood = [
            _Line(f"{item.text!r} is the {item.kind} {with_key(answer, item.means)}")
            for item in answer.meanings
        ]
        yield _Group("understood", understood)
    if answer.unexplained:
        yield _Group("not understood", [_Line(", ".join(map(repr, answer.unexplained)))])


def _without(reading: NearReading) -> str:
    words = ", ".join(map(repr, reading.unexplained))
    return f", without {words}" if words else ""


def path_in_words(answer: Answer) -> str:
    """The hops from the entity that was asked about, an arrow each in the direction of its facts."""
    hops = [
        f"—{label}→" if step.forward else f"←{label}—"
        for step in answer.path
        for label in (with_key(answer, step.relation),)
    ]
    return f"{with_key(answer, answer.topic)} {' · '.join(hops)} ?"


def with_key(answer: Answer, key: str) -> str:
    """The label of a key with the key, where that says more."""
    label = answer.labels.get(key, key)
    return label if key in (label, label.replace(" ", "_")) else f"{label} ({key})"


def _origin(item: Evidence) -> str:
    parts = list(item.sources)
    if item.revision is not None and item.triple is not None:
        parts.append(f"revision {item.revision}")
    return ", ".join(parts)


def _one_line(text: str) -> str:
    """On one line, without what would move a terminal's cursor or turn the direction of what follows; joiners stay."""
    return "".join(
        " " if category(letter) in _CONTROL or letter in _TURNS else letter for letter in text
    )


def _pieces(text: str, spans: tuple[Span, ...]) -> Iterator[tuple[str, bool]]:
    """The text in parts, and whether each is to be highlighted; spans that overlap or leave it are passed over."""
    at = 0
    for span in sorted(spans, key=lambda item: (item.start, item.end)):
        if at <= span.start < span.end <= len(text):
            yield text[at : span.start], False
            yield text[span.start : span.end], True
            at = span.end
    yield text[at:], False


def _marked(text: str, spans: tuple[Span, ...], before: str, behind: str) -> str:
    parts = _pieces(text, spans)
    return "".join(f"{before}{part}{behind}" if named else part for part, named in parts)


def _marked_html(line: _Line) -> str:
    parts = _pieces(line.text, line.spans)
    return "".join(
        f"<mark>{escape(part)}</mark>" if named else escape(part) for part, named in parts
    )
