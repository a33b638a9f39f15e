"""Surface forms of an entity: its names, and forms derived from them ("Apple", "Beckham")."""

from __future__ import annotations

import re
from enum import IntEnum
from typing import TYPE_CHECKING

from kptm.linking.names.peoples import abbreviations_of, is_listed, people_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from kg.types import Entity

MAX_FORM_CHARACTERS = 200
"""The maximum length of a surface form in characters; longer names are not linked."""
MAX_SHORTENED_WORDS = 5
"""The maximum number of words in a label from which short forms are derived."""


class Kind(IntEnum):
    """How a surface form is derived from an entity."""

    ALIAS = 0
    LABEL = 1
    FIRST = 2
    """The first word of a person's name, "Angelina"."""
    LAST = 3
    """A later word of a person's name, "Jolie"."""
    FIRST_WORD = 4
    """The first word of another name, "Stanford"."""
    LAST_WORD = 5
    """The last word of another name, "Dolphins"."""
    BEGINNING = 6
    """Several words from its beginning, "New York", or its first and last word, "Dr. Rivas"."""
    END = 7
    """Several words at its end, "York Times"."""
    ACRONYM = 8
    """The initials of its words; used only in a text that has the full name."""
    PEOPLE = 9
    """A demonym or adjective of a place, "Canadian"."""
    PLURAL = 10
    """The plural of a common noun; used only if the convention marks common nouns."""


FIRST_PART = Kind.FIRST
"""The first of the kinds that are only derived: smaller ones are whole names, labels or aliases."""

_LEGAL = frozenset(
    "inc inc. corp corp. corporation co co. company ltd ltd. llc plc group limited incorporated"
    " s.a. ag gmbh".split()
)
LEGAL_SUFFIXES = frozenset(
    "inc corp corporation co company ltd llc plc incorporated limited gmbh".split()
)
"""Legal forms that a text may add to a name: "General Electric Co.".

"Group" and "AG" are left out: what they follow may be another company, or no company."""
_SMALL = frozenset("of the and de van von der la le di da for".split())
_QUALIFIER = re.compile(r"\s*\([^()]*\)$|, [^,]+$")
_PARENTHESIS = re.compile(r"\s*\([^()]*\)$")
_WORD = re.compile(r"[^\W\d_]{3,}(?:['’-][^\W\d_]+)*|[^\W\d_]['’][^\W\d_]{2,}")
_UNIVERSITY = re.compile(r"(?:University|College|School|Institute)\b")
_STOP = re.compile(r"(?<=\w)\.(?=\s|\w|$)")
_HYPHEN = re.compile(r"(?<=[^\W\d_])-(?=[^\W\d_])")
_COMMON_NOUN = re.compile(r"[a-z]{3,}(?: [a-z]{3,}){0,2}")

CLASSES = {
    "person": "person human actor actress singer politician writer footballer player musician"
    " director producer"
    " president composer author rapper coach comedian screenwriter philosopher scientist athlete"
    " model artist"
    " guitarist drummer king queen emperor poet journalist businessman businessperson novelist"
    " painter dancer woman man general physicist mathematician explorer",
    "work": "film movie album song series novel book show game sitcom soundtrack video play opera"
    " musical episode drama miniseries comic painting single magazine",
    "place": "city town country state capital county river island region continent village district"
    " province"
    " borough municipality sea ocean lake mountain area neighborhood nation commune territory"
    " republic kingdom empire federation emirate archipelago suburb prefecture peninsula desert",
    "organisation": "university company team club band school college organization organisation"
    " party corporation"
    " studio label network channel league association agency institute manufacturer church military"
    " group airline newspaper bank firm",
    "language": "language dialect",
    "people": "ethnic ethnicity inhabitants indigenous nationality citizens",
}
"""Words of descriptions and types for each class, in the order of the class bits."""

_CLASS_OF = {word: 1 << n for n, words in enumerate(CLASSES.values()) for word in words.split()}
PERSON, WORK, PLACE, ORGANISATION, LANGUAGE, PEOPLE = (1 << n for n in range(len(CLASSES)))
MALE, FEMALE = 64, 128
"""Bits for the gender that the graph states, beyond the class bits."""
ANY_CLASS = MALE - 1
"""All class bits."""
WATER, SETTLEMENT, TERRITORY = 256, 512, 1024
"""Bits for the kind of place, which decides whether English uses "the" with a name."""
QUALIFIED = 2048
"""Bit for a key or label with a qualifier, which distinguishes the entity from a better known one.

Examples: "Paris_(Texas)", "Athens, Ohio"."""
PLACE_KINDS = {
    WATER: "river stream tributary sea ocean gulf strait canal waterway desert mountains range"
    " rainforest",
    SETTLEMENT: "city town village municipality capital commune suburb borough settlement port"
    " neighborhood neighbourhood",
    TERRITORY: "country state county region province nation kingdom republic territory empire"
    " island archipelago district prefecture continent peninsula",
}
"""Words of types and descriptions for each kind of place."""
_PLACE_KIND_OF = {word: bit for bit, words in PLACE_KINDS.items() for word in words.split()}


_QUOTES = "'‘’“”\"«»"
_QUOTED = re.compile(rf"(?<!\w)[{_QUOTES}]([^{_QUOTES}]+)[{_QUOTES}](?!\w)")
_LAST_QUOTED = re.compile(rf"(\w[\w ]*) [{_QUOTES}]([^{_QUOTES}]+)[{_QUOTES}]")


def class_words() -> Mapping[str, int]:
    """The words that state the class of an entity, with the class bit."""
    return _CLASS_OF


def class_of(entity: Entity) -> int:
    """The class bits of an entity's description and types; 0 if they have no class word."""
    classes = 0
    for word in re.findall(r"[^\W\d_]+", f"{entity.description} {' '.join(entity.types)}".lower()):
        classes |= _CLASS_OF.get(word, 0) or _CLASS_OF.get(word.removesuffix("s"), 0)
    return classes


def is_qualified(entity: Entity) -> bool:
    """Whether the key or label is a name with a qualifier, in brackets or after a comma."""
    names = {entity.label, *entity.aliases}
    for text in (entity.key.replace("_", " "), entity.label):
        plain = _QUALIFIER.sub("", text)
        if plain != text and (text == entity.label or plain in names):
            return True
    return False


def place_kind(entity: Entity) -> int:
    """The bit for the kind of place: from the types, else the description, else the label.

    The first such word decides: "kingdom on the bank of a river" is no river. 0 if there is none.
    """
    for text in (" ".join(entity.types), entity.description, entity.label):
        for word in re.findall(r"[^\W\d_]+", text.lower()):
            if word in _PLACE_KIND_OF:
                return _PLACE_KIND_OF[word]
    return 0


def forms_of(
    entity: Entity, classes: int, counted: Collection[str] = ()
) -> Iterator[tuple[str, Kind]]:
    """The distinct surface forms of an entity, its own names first.

    Args:
        entity: The entity.
        classes: Its class bits, see :func:`class_of`.
        counted: Its names in linked texts. If one of them begins with an article in lowercase, it
            is a form with and without the article.
    """
    yielded: set[str] = set()

    def if_new(form: str, kind: Kind) -> Iterator[tuple[str, Kind]]:
        if form not in yielded and len(form) <= MAX_FORM_CHARACTERS and any(map(str.isalnum, form)):
            yielded.add(form)
            yield form, kind

    for number, name in enumerate((entity.label, *entity.aliases)):
        plain = _without_article(name)
        yield from if_new(plain, Kind.LABEL if number == 0 else Kind.ALIAS)
        # "The View" is written so; "the Netherlands" is "Netherlands" with an article before it.
        if plain != name and (name[0] == "T" or name in counted):
            yield from if_new(name, Kind.LABEL if number == 0 else Kind.ALIAS)
    label = _PARENTHESIS.sub("", _without_article(entity.label))
    # "Marshall Co." is a county: only an organisation's aliases have legal forms.
    may_be_organisation = classes & ORGANISATION or not classes & ANY_CLASS
    for form in _of_organisation(label, entity.aliases if may_be_organisation else ()):
        yield from if_new(form, Kind.ALIAS)
    for form, kind in _spellings((label, *entity.aliases)):
        yield from if_new(form, kind)
    for form, kind in _parts(label, person=bool(classes & PERSON)):
        yield from if_new(form, kind)
    for form in _short_names(label):
        yield from if_new(form, Kind.BEGINNING)
    for form, kind in _of_place(entity, classes):
        yield from if_new(form, kind)


def _of_place(entity: Entity, classes: int) -> Iterator[tuple[str, Kind]]:
    """Abbreviations and demonyms of a place; only listed demonyms if the class is unknown."""
    if classes and not classes & PLACE:
        return
    for name in (entity.label, *entity.aliases):
        for form in abbreviations_of(name):
            yield form, Kind.ALIAS
        if classes or is_listed(name):
            for form in people_of(name):
                yield form, Kind.PEOPLE


def _spellings(names: Iterable[str]) -> Iterator[tuple[str, Kind]]:
    for name in names:
        for form in variants(name):
            yield form, Kind.ALIAS
        if _COMMON_NOUN.fullmatch(name):
            yield _plural(name), Kind.PLURAL


def variants(name: str) -> Iterator[str]:
    """Spelling variants: without full stops, hyphens or quotes; with "and" for "&" and vice versa.

    A quoted name after a noun is also put before it: "Iceberg Rose" for "Rose 'Iceberg'".
    """
    plain = _without_quotes(name)
    if plain != name:
        yield plain
        if ordered := _LAST_QUOTED.fullmatch(name):
            yield f"{ordered[2]} {ordered[1]}"
    if _STOP.search(name) and (" " in name or name.count(".") > 1):
        yield _STOP.sub("", name)
    if _HYPHEN.search(name):
        yield _HYPHEN.sub(" ", name)
    if " & " in name:
        yield name.replace(" & ", " and ")
    elif " and " in name:
        yield name.replace(" and ", " & ")


def _without_quotes(name: str) -> str:
    """Remove the quotes around parts of a name; apostrophes stay."""
    return _QUOTED.sub(r"\1", name)


def _plural(noun: str) -> str:
    """The regular English plural of a noun."""
    if noun.endswith(("s", "x", "z", "ch", "sh")):
        return noun + "es"
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + "s"


def _of_organisation(label: str, aliases: Sequence[str]) -> Iterator[str]:
    """Names without their legal form, and other ways to write the campus of a university.

    "Wal-Mart Stores" for "Wal-Mart Stores, Inc."; "… at San Diego" for "…, San Diego".
    """
    for name in (label, *aliases):
        short = _without_legal_form(name)
        if short != name and short.lower() != "the":  # "The Limited"
            yield short
    name, comma, place = label.partition(", ")
    if comma and "," not in place and _UNIVERSITY.search(name):
        for joint in (" at ", " ", "-"):
            yield f"{name}{joint}{place}"


def _without_article(name: str) -> str:
    return name[4:] if name[:4].lower() == "the " and name[4:].strip() else name


def _without_legal_form(label: str) -> str:
    words = label.split()
    while len(words) > 1 and words[-1].lower().strip(",") in _LEGAL:
        words.pop()
        if len(words) > 1 and words[-1] in ("&", "and"):  # "JPMorgan Chase & Co."
            words.pop()
        words[-1] = words[-1].rstrip(",")
    return " ".join(words)


def _parts(label: str, *, person: bool) -> Iterator[tuple[str, Kind]]:
    if quoted := _LAST_QUOTED.fullmatch(label):  # "Rose 'Iceberg'"
        yield quoted[1], Kind.BEGINNING
        yield quoted[2], Kind.END
    words = _without_quotes(label).replace(",", " ").split()
    if not 2 <= len(words) <= MAX_SHORTENED_WORDS:
        return
    if not all(word[0].isupper() or word.lower() in _SMALL for word in words):
        return
    last = len(words) - 1
    for number, word in enumerate(words):
        if word[0].isupper() and _WORD.fullmatch(word) and (person or number in (0, last)):
            if person:
                yield word, Kind.LAST if number else Kind.FIRST
            else:
                yield word, Kind.LAST_WORD if number else Kind.FIRST_WORD
    for begin, end in ((0, last), (1, last + 1), (0, 2)):
        part = words[begin:end]
        if 1 < len(part) < len(words) and part[0][0].isupper() and part[-1][0].isupper():
            yield " ".join(part), Kind.END if begin else Kind.BEGINNING


def _short_names(label: str) -> Iterator[str]:
    """The part before a colon ("The Witcher 3"), and the first with the last word ("Dr. Rivas")."""
    title, colon, _ = label.partition(": ")
    if colon:
        yield title
    words = label.split()
    if 2 < len(words) <= MAX_SHORTENED_WORDS and all(word[0].isupper() for word in words):
        yield f"{words[0]} {words[-1]}"
        if words[0].endswith("."):  # "Dr Rivas"
            yield f"{words[0][:-1]} {words[-1]}"
