"""Linked texts cut into sentences: a text speaks of two entities that share a sentence."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from kptm.linking import LinkedText

if TYPE_CHECKING:
    from collections.abc import Iterator

# A full stop after an initial, or before a small letter, ends no sentence.
_END = re.compile(
    r"(?:(?<!\b\w)\.|[!?…])[\"'”’»)\]]*\s+(?![a-z])"
    r"|[。！？][」』）]*\s*|\n+"
)


def sentences(document: LinkedText) -> Iterator[LinkedText]:
    """The sentences of a text with their links, without outer blanks; no link is ever cut.

    Sentences end at . ! ? … before white space, at their forms in Chinese and Japanese, and at the
    end of a line.
    """
    text, links = document.text, document.links
    ends = [found.end() for found in _END.finditer(text)]
    whole = [at for at in ends if not any(link.start < at < link.end for link in links)]
    start = 0
    for end in (*whole, len(text)):
        part = text[start:end]
        first = start + len(part) - len(part.lstrip())
        body = part.strip()
        if body:
            inside = (x for x in links if first <= x.start and x.end <= first + len(body))
            moved = (replace(x, start=x.start - first, end=x.end - first) for x in inside)
            yield LinkedText(body, tuple(moved))
        start = end
