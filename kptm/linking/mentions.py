"""Mentions: where the text says a name the graph knows."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import ahocorasick_rs

from kptm.errors import LinkingError
from kptm.linking.text import fold_marks, is_boundary

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_ALIAS = 200
"""Characters; longer surface forms are kept in the graph but not looked for in text."""
ACRONYM = 4
"""All-capital names up to this length are only themselves: "US" is not "us"."""

FUNCTION_WORDS = frozenset(
    "a an the this that these those i me my you your he him his she her it its we us our they them their"
    " who whom whose which what is am are was were be been being do does did has have had would shall"
    " should could of in on at to by for from with as into onto over under about after"
    " before between through during against out off up down and or but nor so yet if then than when where"
    " while because not no all any some each both such only very too also just more most there here".split()
)
"""English words of the closed classes. Country codes and titles spell them too ("to", "in", "it"), but a text
that has one seldom means the entity: they are names only as acronyms ("US", "IT"), written as the graph has
them."""


class Mention(NamedTuple):
    """A span and the surface forms of the graph that it may be."""

    start: int
    end: int
    surfaces: tuple[str, ...]


class MentionFinder:
    """Finds, at each place, the longest name that has valid boundaries and a fitting case."""

    def __init__(self, surfaces: Iterable[str]) -> None:
        folded: dict[str, list[str]] = defaultdict(list)
        for surface in surfaces:
            if len(surface) <= MAX_ALIAS and any(char.isalnum() for char in surface):
                folded[fold_marks(surface)[0]].append(surface)
        self._patterns = list(folded)
        self._surfaces = [tuple(folded[pattern]) for pattern in self._patterns]
        self._automaton = ahocorasick_rs.AhoCorasick(self._patterns)

    def find(self, text: str) -> list[Mention]:
        """Mentions from left to right, never overlapping; the longest valid match wins.

        Validity is checked before the choice, so that an invalid long match hides no valid short
        one.

        Raises:
            LinkingError: The text holds half of a surrogate pair, which is no character.
        """
        folded, places = fold_marks(text)
        try:
            matches = self._automaton.find_matches_as_indexes(folded, overlapping=True)
        except UnicodeEncodeError as error:
            at = error.start if places is None else places[error.start]
            raise LinkingError(
                f"character {at} of the text, {text[at]!r}, is half of a surrogate pair;"
                " decode the text with errors='replace'"
            ) from error
        if places is not None:
            matches = [(pattern, places[start], places[end]) for pattern, start, end in matches]
        # Leftmost first, then longest; an Aho-Corasick automaton reports by end.
        matches.sort(key=lambda match: (match[1], -match[2]))
        found: list[Mention] = []
        position = 0
        for pattern, start, end in matches:
            if start < position or not (is_boundary(text, start) and is_boundary(text, end)):
                continue
            written = text[start:end]
            fitting = tuple(name for name in self._surfaces[pattern] if fits_case(name, written))
            if fitting:
                found.append(Mention(start, end, fitting))
                position = end
        return found


def fits_case(name: str, written: str) -> bool:
    """Whether ``written``, which is ``name`` but for case and accents, may be it by its capitals.

    A name in small letters may stand anywhere ("copper", "Copper ore is…", "COPPER"); a capitalised
    one keeps its first capital ("turkey" is not Turkey); a short acronym is only itself, and short
    words in capitals are acronyms. A function word is a name only as an acronym.
    """
    if name.casefold() in FUNCTION_WORDS:
        return name == written and name.isupper() and len(name) > 1
    if name == written:
        return True
    if name.isupper() and len(name) <= ACRONYM:
        return False
    if written.isupper() and len(written) > ACRONYM:
        return True
    if name[0].isupper():
        return written[0].isupper()
    return not written.isupper() or written[1:] == name[1:]
