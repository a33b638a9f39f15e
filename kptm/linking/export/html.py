"""Linked text as HTML: a ``<mark>`` per link shows its candidates when pointed at or focused.

There is no script. What a card says stands in an attribute, from where the style sheet shows it:
the text of the page is the text that was linked, character for character, for whoever copies or
parses it.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from kg.types import Candidate

if TYPE_CHECKING:
    from kptm.linking.link import Link, TextWithLinks

Labels: TypeAlias = Mapping[str, str] | Callable[[str], str] | None
"""What to call the entity of a key; None is by its key."""

CARD_LINES = 5
"""Candidates that a card shows; the style sheet draws a bar behind each of as many lines."""
LINE = 120
"""Characters of a line in a card, and of a title."""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_PAGE_STYLE = (
    ":root{color-scheme:light dark}"
    "body{max-width:46rem;margin:3rem auto;padding:0 1.25rem"
    " 12rem;background:#faf8f3;color:#1b1f27;"
    'font:1.15rem/1.7 "Iowan Old Style","Palatino Linotype",Palatino,Georgia,"Liberation'
    ' Serif",serif}'
    "h2{margin:2.5rem 0 .5rem;font:600 .85rem"
    " system-ui,sans-serif;opacity:.7;overflow-wrap:anywhere}"
    ".kptm{margin:0 0 1.1rem}"
    "@media (prefers-color-scheme:dark){body{background:#0f131b;color:#ebe8e0}}"
)
PAGE_END = "</main></body></html>\n"


def escape(value: object) -> str:
    """Escape for an element's content and for a quoted attribute alike.

    A parser makes line feeds of carriage returns, hence the reference; NUL is no character of HTML
    and becomes U+FFFD.
    """
    text = html.escape(str(value), quote=True)
    return text.replace("\r", "&#13;").replace("\0", "\ufffd")


def mark(document: TextWithLinks, attributes: Callable[[Link], str]) -> str:
    """The escaped text with each link in a ``<mark>`` of the given attributes, already escaped."""
    parts, position = [], 0
    for link in document.links:
        parts.append(escape(document.text[position : link.start]))
        parts.append(f"<mark {attributes(link)}>{escape(link.surface)}</mark>")
        position = link.end
    parts.append(escape(document.text[position:]))
    return "".join(parts)


def block(document: TextWithLinks, labels: Labels = None) -> str:
    """One text, for a page or fragment that has :func:`style`."""
    body = mark(document, lambda link: _attributes(link, labels))
    return f'<div class="kptm" dir="auto">{body}</div>'


def style() -> str:
    """The style sheet of :func:`block`, for light and dark screens."""
    return Path(__file__).with_name("html.css").read_text(encoding="utf-8")


def page_start(title: str) -> str:
    """What stands before the texts of a page; :data:`PAGE_END` closes it."""
    return (
        '<!doctype html><html><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f'<title>{escape(_one_line(title))}</title><link rel="icon" href="data:,">'
        f"<style>{_PAGE_STYLE}{style()}</style></head><body><main>"
    )


def heading(text: str) -> str:
    """A line above the texts of one source."""
    return f'<h2 dir="auto">{escape(text)}</h2>'


def to_html(document: TextWithLinks, labels: Labels, page: bool) -> str:
    """See :meth:`kptm.linking.LinkedText.to_html`."""
    if page:
        return page_start(document.text or "kptm") + block(document, labels) + PAGE_END
    return f"<style>{style()}</style>{block(document, labels)}"


def _attributes(link: Link, labels: Labels) -> str:
    """Reachable with Tab; how sure it is, the lines of its card and how long their bars are."""
    meant = link.candidates or (Candidate(link.entity, link.score),)
    if all(candidate.entity != link.entity for candidate in meant):
        meant = (Candidate(link.entity, link.score), *meant)
    shown = meant[:CARD_LINES]
    lines = [f"{c.prior:.2f}  {_name(c.entity, labels)}" for c in shown]
    if len(meant) > len(shown):
        lines.append(f"and {len(meant) - len(shown)} more")
    shares = [f"{_share(candidate.prior):.1%} 1.6em" for candidate in shown]
    shares += ["0 0"] * (CARD_LINES - len(shown))
    return (
        f'tabindex="0" style="--p:{_share(link.score):.3g};--w:{",".join(shares)}"'
        f' data-card="{escape(chr(10).join(lines))}"'
    )


def _name(key: str, labels: Labels) -> str:
    """The label, with the key behind it where that is another."""
    label = labels(key) if callable(labels) else (labels or {}).get(key)
    names = (label, key) if label and label != key else (key,)
    # An isolate around each, or digits beside a name in Arabic would change places with it.
    return " · ".join(f"\u2068{_one_line(name)}\u2069" for name in names)


def _share(p: float) -> float:
    """Between 0 and 1, whatever is given; NaN is 0."""
    return min(1.0, p) if p > 0 else 0.0


def _one_line(text: str) -> str:
    """Whitespace as single spaces, and no more than fits; an isolate of its own cannot end ours."""
    line = " ".join(text.split())
    line = line if len(line) <= LINE else line[: LINE - 1] + "…"
    return "".join(char for char in line if char not in "\u2066\u2067\u2068\u2069")
