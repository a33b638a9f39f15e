"""Finds the names of a graph's entities in a question, even if they are inflected or misspelt."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from itertools import accumulate, islice
from typing import TYPE_CHECKING, NamedTuple

from kptm.answering.lexicon.spelling.edit_variants import one_edit
from kptm.answering.parsing.question.question_spans import Mention
from kptm.linking.detection.lookup import lookup
from kptm.linking.names.surface_forms import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from kptm.answering.lexicon import Token
    from kptm.linking.detection.lookup import NameMatch
    from kptm.linking.index.overlay_index import Layers

MAX_SENSES = 8
"""The most entities that a span may name in full."""
MAX_SENSES_OF_PART = 3
"""The most entities for a span that is only a part of their names; many may share the part."""
LONG_WORD_LETTERS = 4
"""The fewest letters of a word that is checked for inflection and misspelling."""
MAX_WORDS_BEFORE = 2
"""The most words before an inflected word, or a noun, that may belong to the same name."""
MAX_WORDS_BESIDE = 3
"""The most words on each side of a misspelt word that may belong to the same name."""
MAX_MISSPELT_WORDS = 20
"""The most words of a question that are tried as misspellings."""
_SHORT = {
    "mt": ("mount",), "mtn": ("mountain",), "st": ("saint", "street"), "ste": ("sainte",),
    "ft": ("fort",), "pt": ("point", "port"), "isl": ("island",), "natl": ("national",),
    "nat": ("national",), "intl": ("international",), "univ": ("university",),
    "uni": ("university",), "inst": ("institute",), "assn": ("association",), "dr": ("doctor",),
    "prof": ("professor",), "gov": ("governor",), "sen": ("senator",), "gen": ("general",),
    "pres": ("president",), "jr": ("junior",), "sr": ("senior",), "bros": ("brothers",),
    "co": ("company", "county"), "corp": ("corporation",), "inc": ("incorporated",),
    "ltd": ("limited",), "govt": ("government",), "rd": ("road",), "ave": ("avenue",),
    "sq": ("square",), "vol": ("volume",), "pkwy": ("parkway",), "hwy": ("highway",),
}  # fmt: skip
"""Words of names by their abbreviations."""
_FULL = {
    word: tuple(short for short, words in _SHORT.items() if word in words)
    for word in sorted({word for words in _SHORT.values() for word in words})
}
MAX_ABBREVIATED_WORDS = 4
"""The most words of a name with an abbreviation."""
_ADJECTIVES = (
    ("ean", "e"), ("ian", "y"), ("ian", "ia"), ("ian", "i"), ("ian", ""), ("an", "a"), ("an", ""),
    ("n", ""), ("ese", ""), ("ese", "a"), ("ish", ""), ("ish", "land"), ("i", ""), ("ic", ""),
    ("er", ""),
)  # fmt: skip
"""(ending of an English adjective, ending of the place's name): "Chilean" gives "Chile"."""


class MentionFinder:
    """Finds the mentions of a question.

    Args:
        layers: Returns the index of the graph's current names.
    """

    def __init__(self, layers: Callable[[], Layers]) -> None:
        self._layers = layers

    def find(self, text: str, tokens: Sequence[Token]) -> list[Mention]:
        """Find all spans that are names in the graph as they are written, or with abbreviations."""
        starts, ends = [token.start for token in tokens], [token.end for token in tokens]
        spans: dict[tuple[int, int], list[NameMatch]] = defaultdict(list)
        for match in lookup(self._layers(), [text]):
            # Names may begin or end with punctuation, which tokens do not include: "Yahoo!".
            first, last = bisect_left(starts, match.start), bisect_right(ends, match.end)
            before = ends[first - 1] if first else 0
            after = starts[last] if last < len(starts) else len(text)
            if first < last and before <= match.start and match.end <= after:
                spans[first, last].append(match)
        written = [
            mention
            for place, matches in sorted(spans.items())
            for mention in _senses(place, _longest(matches))
        ]
        whole = {(item.start, item.end) for item in written if item.kind != "part"}
        short = self._find_abbreviated(tokens)
        return written + [item for item in short if (item.start, item.end) not in whole]

    def find_numbered(
        self, tokens: Sequence[Token], mentions: Iterable[Mention], nouns: Iterable[str]
    ) -> list[Mention]:
        """Find things that only their number names: "204" for "Room 204".

        Args:
            tokens: The tokens.
            mentions: The names that are written in full.
            nouns: Nouns for things that may have numbers.
        """
        named = {
            at for item in mentions for at in range(item.start, item.end) if item.kind != "value"
        }
        variants = {
            (at, at + 1): [f"{noun} {token.folded}" for noun in nouns]
            for at, token in enumerate(tokens)
            if at not in named and any(char.isdigit() for char in token.folded)
        }
        return _mentions(self._matches(variants), "number")

    def find_inflected(self, tokens: Sequence[Token], meaningful: int, named: int) -> list[Mention]:
        """Find words that become names without their plural or adjective ending.

        Up to two words before may belong to the name: "noble gases".

        Args:
            tokens: The tokens.
            meaningful: Bit mask of the tokens that have a meaning. They are tried only together
                with words before them.
            named: Bit mask of the tokens of names, which are not tried.
        """
        variants: dict[tuple[int, int], list[str]] = {}
        for at, token in enumerate(tokens):
            if named >> at & 1 or len(token.folded) < LONG_WORD_LETTERS:
                continue
            words = _without_endings(token.folded)
            for start in range(max(0, at - MAX_WORDS_BEFORE), at + (not meaningful >> at & 1)):
                before = "".join(f"{item.folded} " for item in tokens[start:at])
                variants[start, at + 1] = [before + word for word in words]
        return _mentions(self._matches(variants), "people")

    def _find_abbreviated(self, tokens: Sequence[Token]) -> list[Mention]:
        """Find names of which one word is abbreviated, or is abbreviated in the graph: "mt fuji".

        A name of one word is none: "st" alone is no saint.
        """
        variants: dict[tuple[int, int], list[str]] = defaultdict(list)
        words = [token.folded for token in tokens]
        for at, word in enumerate(words):
            for other in (*_SHORT.get(word, ()), *_FULL.get(word, ())):
                changed = [*words[:at], other, *words[at + 1 :]]
                for start in range(max(0, at - MAX_ABBREVIATED_WORDS + 1), at + 1):
                    for end in range(at + 1, min(len(words), start + MAX_ABBREVIATED_WORDS) + 1):
                        if end - start > 1:
                            variants[start, end].append(" ".join(changed[start:end]))
        return _mentions(self._matches(variants), "alias")

    def find_misspelt(self, tokens: Sequence[Token], places: Iterable[int]) -> list[Mention]:
        """Find misspelt names at the given token positions, alone or with neighbouring words.

        A missing apostrophe ("queens bridge") is no misspelling: such a mention is an alias.
        """
        edited: list[_EditedWord] = []
        without_apostrophe: set[int] = set()
        for at in islice(places, MAX_MISSPELT_WORDS):
            word = tokens[at].folded
            if len(word) < LONG_WORD_LETTERS:
                continue
            edited += [_EditedWord.of(tokens, at, edit) for edit in one_edit(word)]
            possessives = [_EditedWord.of(tokens, at, edit) for edit in _possessives(word)]
            without_apostrophe.update(range(len(edited), len(edited) + len(possessives)))
            edited += possessives
        spans: dict[tuple[int, int], list[NameMatch]] = defaultdict(list)
        names: dict[tuple[int, int], list[NameMatch]] = defaultdict(list)
        if edited:
            for match in lookup(self._layers(), [item.text for item in edited]):
                place = edited[match.text].tokens_of(match.start, match.end)
                if place is not None and match.kind < Kind.FIRST:
                    (names if match.text in without_apostrophe else spans)[place].append(match)
        return [*_mentions(spans, "slip"), *_mentions(names, "alias")]

    def find_by_name(self, name: str, start: int, end: int) -> list[Mention]:
        """The mentions of a span that translates to ``name``."""
        return _mentions(self._matches({(start, end): [name]}), "alias")

    def _matches(
        self, variants: Mapping[tuple[int, int], Sequence[str]]
    ) -> dict[tuple[int, int], list[NameMatch]]:
        """For each span (start, end), the full names that one of its variants is."""
        texts = [(place, text) for place, some in variants.items() for text in some]
        spans: dict[tuple[int, int], list[NameMatch]] = defaultdict(list)
        if texts:
            for match in lookup(self._layers(), [text for _, text in texts]):
                place, text = texts[match.text]
                whole = match.start == 0 and match.end == len(text)
                if whole and match.kind < Kind.FIRST:
                    spans[place].append(match)
        return spans


class _EditedWord(NamedTuple):
    """A word of a question after one edit, with the words around it.

    Attributes:
        text: The words, joined with spaces.
        at: The index of the edited word among them.
        first: The index of the question's token that is the first of them.
        starts: The character position where each word begins.
        ends: The character position where each word ends.
    """

    text: str
    at: int
    first: int
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    @classmethod
    def of(cls, tokens: Sequence[Token], at: int, edit: str) -> _EditedWord:
        """Replace the token at ``at`` by ``edit``, and add the words around it."""
        first, last = max(0, at - MAX_WORDS_BESIDE), min(len(tokens), at + 1 + MAX_WORDS_BESIDE)
        words = [edit if x == at else tokens[x].folded for x in range(first, last)]
        ends = tuple(x - 1 for x in accumulate(len(word) + 1 for word in words))
        starts = tuple(end - len(word) for end, word in zip(ends, words, strict=True))
        return cls(" ".join(words), at - first, first, starts, ends)

    def tokens_of(self, start: int, end: int) -> tuple[int, int] | None:
        """The range of tokens for a span of characters; None if the edited word is outside it."""
        if start not in self.starts or end not in self.ends:
            return None
        low, high = self.starts.index(start), self.ends.index(end)
        return (self.first + low, self.first + high + 1) if low <= self.at <= high else None


def _mentions(spans: Mapping[tuple[int, int], Sequence[NameMatch]], kind: str) -> list[Mention]:
    """Convert the matches of each span to mentions of a kind; none of them is exact."""
    return [
        mention._replace(kind=kind, exact=False)
        for place, matches in sorted(spans.items())
        for mention in _senses(place, matches)
    ]


def _longest(matches: Sequence[NameMatch]) -> list[NameMatch]:
    """Those of a span's matches that have the most characters: of "c++", not "C" but "C++"."""
    most = max(match.end - match.start for match in matches)
    return [match for match in matches if match.end - match.start == most]


def _senses(place: tuple[int, int], matches: Sequence[NameMatch]) -> Iterator[Mention]:
    """The mentions of a span: one for each entity that it may name, likeliest first."""
    best: dict[str, NameMatch] = {}
    for match in matches:
        known = best.get(match.entity)
        if known is None or (-match.exact, match.kind) < (-known.exact, known.kind):
            best[match.entity] = match
    total = sum(match.weight for match in best.values()) or 1.0
    ranked = sorted(best.values(), key=lambda x: (-x.weight, x.entity))
    whole = [match for match in ranked if match.kind < Kind.FIRST][:MAX_SENSES]
    parts = [match for match in ranked if match.kind >= Kind.FIRST][:MAX_SENSES_OF_PART]
    for match in (*whole, *parts):
        yield Mention(*place, match.entity, match.weight / total, _kind(match.kind), match.exact)


def _kind(kind: int) -> str:
    if kind == Kind.LABEL:
        return "label"
    if kind == Kind.ALIAS:
        return "alias"
    return "people" if kind == Kind.PEOPLE else "part"


def _without_endings(word: str) -> list[str]:
    """What a word may be without a plural or adjective ending: "chile" for "chilean"."""
    stems = [word[:-1]] if word.endswith("s") else []
    stems += [word[:-2]] if word.endswith("es") else []
    stems += [word[:-3] + "y"] if word.endswith("ies") else []
    stems += [word[:-3] + "f", word[:-3] + "fe"] if word.endswith("ves") else []
    for ending, other in _ADJECTIVES:
        stem = word.removesuffix(ending)
        if stem != word and len(stem) >= LONG_WORD_LETTERS - 1:
            stems.append(stem + other)
    return stems


def _possessives(word: str) -> list[str]:
    """Restore the apostrophe that people leave out: "handmaid's" for "handmaids"."""
    return [f"{word[:-1]}'s"] if word.endswith("s") else []
