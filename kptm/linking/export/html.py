"""Linked text as HTML: one ``<mark>`` per link, which shows its candidates on hover and focus.

There is no script. The text of a card is an attribute that the style sheet displays, so the text
content of the page is exactly the linked text, whether it is copied or parsed.
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
"""The label of each key; without one, the key is shown."""

MAX_CARD_CANDIDATES = 5
"""The maximum number of candidates on a card; the style sheet has a rule for each bar."""
MAX_LINE_CHARACTERS = 120
"""The maximum number of characters of a title or of a name on a card."""
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
    """Escape a value for element content and for quoted attributes.

    A carriage return becomes a character reference, because parsers turn it into a line feed. NUL
    is not allowed in HTML and becomes U+FFFD.
    """
    text = html.escape(str(value), quote=True)
    return text.replace("\r", "&#13;").replace("\0", "\ufffd")


def mark(document: TextWithLinks, attributes: Callable[[Link], str]) -> str:
    """Escape the text and wrap each link in a ``<mark>``; ``attributes`` returns escaped HTML."""
    parts, position = [], 0
    for link in document.links:
        parts.append(escape(document.text[position : link.start]))
        parts.append(f"<mark {attributes(link)}>{escape(link.surface)}</mark>")
        position = link.end
    parts.append(escape(document.text[position:]))
    return "".join(parts)


def block(document: TextWithLinks, labels: Labels = None) -> str:
    """The HTML of one text, for a page or fragment that includes :func:`style`."""
    body = mark(document, lambda link: _attributes(link, labels))
    return f'<div class="kptm" dir="auto">{body}</div>'


def style() -> str:
    """The style sheet of :func:`block`, for light and dark screens."""
    return Path(__file__).with_name("html.css").read_text(encoding="utf-8")


def page_start(title: str) -> str:
    """The HTML of a page before its texts; :data:`PAGE_END` closes it."""
    return (
        '<!doctype html><html><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f'<title>{escape(_one_line(title))}</title><link rel="icon" href="data:,">'
        f"<style>{_PAGE_STYLE}{style()}</style></head><body><main>"
    )


def heading(text: str) -> str:
    """A heading above the texts of one source."""
    return f'<h2 dir="auto">{escape(text)}</h2>'


def to_html(document: TextWithLinks, labels: Labels, page: bool) -> str:
    """See :meth:`kptm.linking.LinkedText.to_html`."""
    if page:
        return page_start(document.text or "kptm") + block(document, labels) + PAGE_END
    return f"<style>{style()}</style>{block(document, labels)}"


def _attributes(link: Link, labels: Labels) -> str:
    """The attributes of a link: tab index, score, lengths of the bars, and text of the card."""
    meant = link.candidates or (Candidate(link.entity, link.score),)
    if all(candidate.entity != link.entity for candidate in meant):
        meant = (Candidate(link.entity, link.score), *meant)
    shown = meant[:MAX_CARD_CANDIDATES]
    lines = [f"{c.prior:.2f}  {_name(c.entity, labels)}" for c in shown]
    if len(meant) > len(shown):
        lines.append(f"and {len(meant) - len(shown)} more")
    shares = [f"{_share(candidate.prior):.1%} 1.6em" for candidate in shown]
    shares += ["0 0"] * (MAX_CARD_CANDIDATES - len(shown))
    return (
        f'tabindex="0" style="--p:{_share(link.score):.3g};--w:{",".join(shares)}"'
        f' data-card="{escape(chr(10).join(lines))}"'
    )


def _name(key: str, labels: Labels) -> str:
    """The label and the key, or the key alone if there is no other label."""
    label = labels(key) if callable(labels) else (labels or {}).get(key)
    names = (label, key) if label and label != key else (key,)
    # Isolates keep each name apart: without them, digits beside an Arabic name change order.
    return " · ".join(f"\u2068{_one_line(name)}\u2069" for name in names)


def _share(p: float) -> float:
    """Clip a probability to 0 … 1; NaN becomes 0."""
    return min(1.0, p) if p > 0 else 0.0


def _one_line(text: str) -> str:
    """Collapse white space, truncate to LINE characters, and remove directional isolates."""
    line = " ".join(text.split())
    line = line if len(line) <= MAX_LINE_CHARACTERS else line[: MAX_LINE_CHARACTERS - 1] + "…"
    return "".join(char for char in line if char not in "\u2066\u2067\u2068\u2069")
