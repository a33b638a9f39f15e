"""Nouns that a relation's name implies but does not contain, for its heads and its tails.

A relation "parent" leads from a child to its parents, so the noun for its heads is "child"; for a
relation "child" it is "parent". The heads of "tracks" are albums, and the tails of "recipe by" are
authors.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PAIRS = (
    ("parent", "child children son daughter offspring kid"),
    ("mother", "child children son daughter offspring kid"),
    ("father", "child children son daughter offspring kid"),
    ("teacher", "student pupil"),
    ("doctoral advisor", "student"),
    ("employer", "employee staff worker"),
    ("manager", "subordinate report"),
    ("supervisor", "subordinate report"),
    ("reports to", "subordinate report"),
    ("successor", "predecessor"),
    ("followed by", "predecessor"),
    ("replaced by", "predecessor"),
    ("parent company", "subsidiary"),
    ("parent organization", "subsidiary"),
    ("citizen of", "citizen"),
    ("country of citizenship", "citizen"),
    ("nationality", "citizen"),
    ("member of", "member"),
    ("member of sports team", "player member"),
    ("part of", "part component"),
    ("owner", "property possession"),
    ("influenced by", "follower"),
    ("discovered by", "discovery"),
    ("inventor", "invention"),
    ("invented by", "invention"),
    ("capital of", "capital"),
    ("founded by", "foundation"),
)
"""(name of a relation, nouns for its inverse); each pair is read in both directions."""


SUBJECTS = (
    ("album record", "tracks", "track count", "artist", "performer", "record label"),
    ("song track", "album", "lyricist", "songwriter", "singer"),
    ("band group", "members", "band members", "formed in", "year formed"),
    ("musician", "instrument", "instruments", "plays"),
    ("book novel", "author", "written by", "isbn", "publisher"),
    ("film movie", "director", "directed by", "starring", "screenwriter"),
    ("painting picture artwork", "painter", "painted by", "museum"),
    ("recipe dish meal food", "main ingredient", "ingredients", "ingredient", "cuisine"),
    ("country nation", "capital", "currency", "head of state"),
    ("city town", "mayor"),
    ("company firm business", "ceo", "headquarters", "industry", "revenue"),
    ("club team", "stadium", "ground", "head coach", "league"),
    ("player", "plays for", "shirt number", "position"),
    ("airport", "iata", "iata code", "icao", "runways"),
    ("mountain peak", "first ascent", "first climbed", "mountain range", "prominence"),
    ("river", "mouth", "source", "tributaries"),
    ("lake", "inflow", "outflow"),
    ("university college school", "students", "enrollment", "rector"),
    ("employee colleague worker", "salary", "job title", "department", "manager", "reports to"),
    ("politician leader", "party", "took office", "office"),
    ("animal species", "diet", "habitat", "gestation period", "conservation status"),
    ("car vehicle", "horsepower", "engine", "fuel type", "top speed"),
    ("phone", "screen size", "battery capacity"),
    ("element", "atomic number", "atomic mass"),
    ("planet", "moons", "orbital period"),
    ("language", "spoken in", "speakers", "writing system"),
    ("game", "players", "min players", "max players", "platform"),
    ("building tower skyscraper", "architect", "floors"),
    ("war battle", "combatants", "belligerents", "casualties"),
    ("product item", "price", "manufacturer", "brand"),
    ("plant flower tree", "bloom time", "sunlight", "hardiness zone"),
)
"""(nouns for the heads of these relations, names of relations in lower case)."""
OF_ROWS = frozenset("date id no number code ref reference status".split())
"""Last words of columns that are named after their rows: the rows with "order date" are orders."""
EVENTS = frozenset(
    "birth death start end due release opening closing expiry hire join entry exit last first next"
    " phone telephone mobile house room iso zip post postal serial model atomic shirt".split()
)
"""Words before those of ``OF_ROWS`` that do not name the rows: "birth date", "phone number"."""
AGENTS = ("author", "creator")
"""Nouns for the tails of a relation such as "recipe by"."""


@lru_cache(maxsize=1)
def _table() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for name, nouns in PAIRS:
        found.setdefault(name, set()).update(nouns.split())
        for noun in nouns.split():
            found.setdefault(noun, set()).add(name)
    return {name: frozenset(nouns) for name, nouns in found.items()}


def inverse_nouns(name: str) -> frozenset[str]:
    """The nouns for the inverse of a relation: "child" for "parent"; empty if unknown."""
    return _table().get(name.casefold(), frozenset())


def subject_nouns(names: Mapping[str, str]) -> Iterator[tuple[str, list[str]]]:
    """Yield (noun, relations): a noun for the entities that have any of these relations.

    Args:
        names: The key of each relation in the graph, by its name in lower case.
    """
    for nouns, *relations in SUBJECTS:
        keys = [names[name] for name in relations if name in names]
        if keys:
            yield from ((noun, keys) for noun in nouns.split())
    for name, key in sorted(names.items()):
        noun, _, last = name.rpartition(" ")
        if last in OF_ROWS and noun.isalpha() and noun not in names and noun not in EVENTS:
            yield noun, [key]


def agent_nouns(name: str) -> tuple[str, ...]:
    """The nouns for a relation's tails if its name is a noun and "by": "recipe by"; else empty."""
    words = name.casefold().split()
    noun = len(words) == 2 and words[1] == "by" and not words[0].endswith(("ed", "en", "wn"))
    return AGENTS if noun else ()
