"""Annotation conventions: what counts as a mention, and which characters belong to it.

Collections of linked texts differ in this. There are three policies, each with its own
coefficients, so that p is the probability of the annotation in a text of this convention:

    names    proper names, without the article before them and the possessive after them
    all      everything that refers to an entity: common nouns too, with article and possessive
    strict   names that a newspaper's annotators would mark, at a threshold of high precision
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from kptm.errors import LinkingError
from kptm.linking.names.english_lexicon import articles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kptm.linking.document import LinkedText
    from kptm.linking.link import Link

    WrittenSo = Callable[[str, str], bool]

_POSSESSIVE = re.compile(r"['’]s(?!\w)|(?<=s)['’](?= \w)")
_QUOTES = "'‘"
MIN_EXAMPLES = 20
"""The minimum number of examples that decide whether mentions include articles, or possessives."""
MIN_LOWERCASE_SHARE = 0.01
"""The share of lowercase links above which common nouns count as mentions.

A name that the graph writes in lowercase too is not counted as lowercase."""


class Policy(StrEnum):
    """The built-in conventions."""

    NAMES = "names"
    ALL = "all"
    STRICT = "strict"


def checked_policy(name: str) -> Policy:
    """The policy with this name.

    Raises:
        LinkingError: There is no such policy.
    """
    if name not in list(Policy):
        raise LinkingError(f"policy must be one of {', '.join(Policy)}, not {name!r}")
    return Policy(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Convention:
    """An annotation convention: what a mention is.

    Attributes:
        articles: Whether a mention includes the article before the name: "the United States".
        possessives: Whether a mention includes the possessive after the name: "Ireland's".
        common_nouns: Whether "mathematics" may refer to an entity with the label "Mathematics".
    """

    articles: bool = False
    possessives: bool = False
    common_nouns: bool = False

    def span(self, text: str, start: int, end: int, since: int = 0) -> tuple[int, int]:
        """The start and end of the mention with the name from ``start`` to ``end``.

        Args:
            text: The text.
            start: Offset of the name.
            end: Offset after it.
            since: The least offset at which the mention may begin.
        """
        if self.articles:
            start = _article(text, start, since)
        if self.possessives:
            possessive = _POSSESSIVE.match(text, end)
            quoted = start > 0 and text[start - 1] in _QUOTES
            end = possessive.end() if possessive and not quoted else end
        return start, end

    @classmethod
    def of(cls, documents: Iterable[LinkedText], written_so: WrittenSo) -> Convention:
        """The convention of gold documents, as their links show it.

        Without examples it is the convention of the policy "names".

        Args:
            documents: Linked texts.
            written_so: Returns whether the graph writes this name of an entity in lowercase.
        """
        counts = _Counts()
        for document in documents:
            for link in document.links:
                counts.add(document.text, link, written_so)
        return cls(
            articles=_mostly(counts.article_inside, counts.article_outside),
            possessives=_mostly(counts.possessive_inside, counts.possessive_outside),
            common_nouns=counts.small > MIN_LOWERCASE_SHARE * counts.links,
        )


CONVENTIONS = {
    Policy.NAMES: Convention(),
    Policy.ALL: Convention(articles=True, possessives=True, common_nouns=True),
    Policy.STRICT: Convention(),
}
"""The convention of each policy."""


@dataclass(slots=True)
class _Counts:
    """Counts of gold links: articles and possessives inside and outside, lowercase names."""

    links: int = 0
    article_inside: int = 0
    article_outside: int = 0
    possessive_inside: int = 0
    possessive_outside: int = 0
    small: int = 0

    def add(self, text: str, link: Link, written_so: WrittenSo) -> None:
        start, end, surface = link.start, link.end, link.surface
        first, space, name = surface.partition(" ")
        self.links += 1
        name = name if first.lower() in articles() else surface
        self.small += name.islower() and not written_so(name, link.entity)
        self.article_inside += bool(space) and first.lower() in articles()
        self.article_outside += _article(text, start, 0) < start
        self.possessive_inside += surface.endswith(("'s", "’s"))
        self.possessive_outside += text.startswith(("'s", "’s"), end)


def _mostly(inside: int, outside: int) -> bool:
    return inside > outside and inside + outside >= MIN_EXAMPLES


def _article(text: str, start: int, since: int) -> int:
    """The offset of the article before ``start``; ``start`` if there is no article."""
    before = text[since:start]
    word = before.rstrip(" ").rpartition(" ")[2].lstrip("(\"'“‘\n")
    if word.lower() not in articles() or before == before.rstrip(" "):
        return start
    return since + before.rfind(word)
