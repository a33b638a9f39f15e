"""Splits linked texts into sentences."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from kptm.linking import LinkedText

if TYPE_CHECKING:
    from collections.abc import Iterator

# A full stop after an initial, or before a small letter, does not end a sentence.
_END = re.compile(
    r"(?:(?<!\b\w)\.|[!?…])[\"'”’»)\]]*\s+(?![a-z])"
    r"|[。！？][」』）]*\s*|\n+"
)


def sentences(document: LinkedText) -> Iterator[LinkedText]:
    """Yield the sentences of a text with their links, without surrounding white space.

    Sentences end at . ! ? … before white space, at the Chinese and Japanese forms of these, and at
    the end of a line, but never within a link.
    """
    text, links = document.text, document.links
    all_ends = [match.end() for match in _END.finditer(text)]
    ends = [
        position
        for position in all_ends
        if not any(link.start < position < link.end for link in links)
    ]
    start = 0
    for end in (*ends, len(text)):
        part = text[start:end]
        first = start + len(part) - len(part.lstrip())
        body = part.strip()
        if body:
            inside = (x for x in links if first <= x.start and x.end <= first + len(body))
            shifted = (replace(x, start=x.start - first, end=x.end - first) for x in inside)
            yield LinkedText(body, tuple(shifted))
        start = end
