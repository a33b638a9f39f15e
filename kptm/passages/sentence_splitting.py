"""Splits texts into passages of a few sentences, so that pronouns stay with their nouns."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, NamedTuple

from kptm.passages.passage_records import EntityLink

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kptm.linking import LinkedText

MAX_SENTENCES, MAX_CHARACTERS = 4, 600
"""The maximum number of sentences and characters of a passage; a longer sentence is a passage by
itself."""
MAX_SENSES, MIN_SENSE_P = 8, 0.002
"""The maximum number of entities that a span links to, and their minimum probability."""

# A full stop after an initial, or before a lower-case letter, does not end a sentence.
_END = re.compile(
    r"(?:(?<!\b\w)\.|[!?…])[\"'”’»)\]]*\s+(?=[^\sa-z])"
    r"|[。！？][」』）]*\s*|\n+"
)


class Piece(NamedTuple):
    """A new passage.

    Attributes:
        text: The sentences.
        digest: The digest that identifies the passage.
        links: The links to entities.
    """

    text: str
    digest: str
    links: list[EntityLink]


def digest_of(text: str) -> str:
    """A digest of a passage's text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def sentences(text: str, unbroken: Sequence[tuple[int, int]] = ()) -> list[tuple[int, int]]:
    """(start, end) of each sentence of a text; no sentence ends within a span of ``unbroken``."""
    bounds, start = [], 0
    for match in _END.finditer(text):
        boundary = match.end()
        if any(first < boundary < last for first, last in unbroken):
            continue
        if text[start:boundary].strip():
            bounds.append((start, boundary))
            start = boundary
    if text[start:].strip():
        bounds.append((start, len(text)))
    return bounds


def pieces(document: LinkedText) -> Iterator[Piece]:
    """Yield the passages of a linked text, in order."""
    bounds = sentences(document.text, [(link.start, link.end) for link in document.links])
    groups: list[list[tuple[int, int]]] = []
    for start, end in bounds:
        if groups and len(groups[-1]) < MAX_SENTENCES and end - groups[-1][0][0] <= MAX_CHARACTERS:
            groups[-1].append((start, end))
        else:
            groups.append([(start, end)])
    for group in groups:
        start, end = group[0][0], group[-1][1]
        start += len(document.text[start:end]) - len(document.text[start:end].lstrip())
        text = document.text[start:end].rstrip()
        yield Piece(text, digest_of(text), list(_links(document, start, start + len(text))))


def _links(document: LinkedText, start: int, end: int) -> Iterator[EntityLink]:
    for link in document.links:
        if start <= link.start and link.end <= end:
            senses = {item.entity: item.prior for item in link.candidates}
            senses[link.entity] = max(link.score, senses.get(link.entity, 0.0))
            best = sorted(senses.items(), key=lambda item: (-item[1], item[0]))[:MAX_SENSES]
            for number, (entity, p) in enumerate(best):
                if number == 0 or p >= MIN_SENSE_P:
                    yield EntityLink(link.start - start, link.end - start, entity, float(p))
