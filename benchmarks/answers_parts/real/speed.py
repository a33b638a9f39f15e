"""Questions and a graph of a million triples to measure the time of answers."""

from __future__ import annotations

import string
import tempfile
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from kg.types import EntityRecord

from .cases import Case, draw
from .gold import Gold
from .sources import source_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kptm import Workspace

MILLION = 1_000_000
GENRE = "/film/film/genre"
BORN = "/people/person/place_of_birth"
TEMPLATES = (
    "how many films did {person} act in?",
    "which films star both {person} and {person2}?",
    "where was the director of {film} born?",
    "what is the nationality of the actors of {film}?",
    "who directed {film} and {film2}?",
    "was {person} born in {place}?",
    "what languages are spoken in the country where {person} was born?",
    "which actors of {film} were not born in {place}?",
    "how many people were born in {place}?",
    "which of the people who were born in {place} won the most awards?",
)
EACH = 10
"""Questions of each template."""


def compose_questions(shared: Path, seed: int) -> list[Case]:
    """Questions with counts, conditions, negation, two hops, yes or no, about FB15k-237's names."""
    source = source_of("freebase", shared)
    label_of = {row["key"]: row["label"] for row in source.entities() if row.get("label")}
    films, people, places = set(), set(), set()
    for head, relation, tail in source.facts():
        if relation == GENRE:
            films.add(head)
        elif relation == BORN:
            people.add(head)
            places.add(tail)
    film, person, place = (
        sorted({label_of[key] for key in keys if key in label_of}, key=lambda x: (draw(seed, x), x))
        for keys in (films, people, places)
    )
    count = len(TEMPLATES) * EACH
    rows = zip(film, film[count:], person, person[count:], place, strict=False)
    return [
        Case(
            TEMPLATES[at % len(TEMPLATES)]
            .format(
                film=names[0], film2=names[1], person=names[2], person2=names[3], place=names[4]
            )
            .lower(),
            Gold.of(["?"]),
            "composed",
        )
        for at, names in enumerate(islice(rows, count))
    ]


def shift_letters(name: str, by: int) -> str:
    """Turn a name into another pronounceable one: rotate the vowels, and rotate the consonants."""
    vowels = "aeiou"
    others = "".join(letter for letter in string.ascii_lowercase if letter not in vowels)
    turned = vowels[by % 5 :] + vowels[: by % 5] + others[by % 21 :] + others[: by % 21]
    plain = vowels + others
    return name.translate(str.maketrans(plain + plain.upper(), turned + turned.upper()))


class Million:
    """Loads FB15k-237 and copies of it under other names, until there are a million triples."""

    def __init__(self, shared: Path) -> None:
        self._source = source_of("freebase", shared)

    def __call__(self, ws: Workspace) -> None:
        """Fill a workspace."""
        facts = list(self._source.facts())
        for copy in range(-(-MILLION // len(facts))):
            wanted = facts[: MILLION - copy * len(facts)]
            ws.graph.add(self._entities(copy), source=f"names {copy}")
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / f"copy.{copy}.tsv"
                lines = (f"{_key(h, copy)}\t{r}\t{_key(t, copy)}\n" for h, r, t in wanted)
                path.write_text("".join(lines), encoding="utf-8")
                ws.load(path)

    def _entities(self, copy: int) -> Iterator[EntityRecord]:
        for row in self._source.entities():
            aliases = tuple(shift_letters(name, copy) for name in row.get("aliases", ()))
            label = shift_letters(row["label"], copy) if row.get("label") else None
            yield EntityRecord(key=_key(row["key"], copy), label=label, aliases=aliases)


def _key(key: str, copy: int) -> str:
    return f"{key}#{copy}" if copy else key
