"""Nouns that a relation's name implies but does not contain, for its heads and its tails.

A relation "parent" leads from a child to its parents, so the noun for its heads is "child"; for a
relation "child" it is "parent". The heads of "tracks" are albums, and the tails of "recipe by" are
authors.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from kptm.answering.lexicon.synonyms import expand, lemmas
from kptm.answering.questions.word_order import Form, relation_form

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
    ("succeeded by", "predecessor"),
    ("preceded by", "successor"),
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


ROW_NOUNS = Path(__file__).with_name("row_nouns.toml")
OF_ROWS = frozenset("date id no number code ref reference status".split())
"""Last words of columns that are named after their rows: the rows with "order date" are orders."""
EVENTS = frozenset(
    "birth death start end due release opening closing expiry hire join entry exit last first next"
    " phone telephone mobile house room iso zip post postal serial model atomic shirt".split()
)
"""Words before those of ``OF_ROWS`` that do not name the rows: "birth date", "phone number"."""
ROW, PERSON = "row", "person"
"""The nouns for rows, and for people among them, for which no better noun is known."""
MIN_NOUN_WEIGHT = 0.9
"""The least weight of the nouns for a verb."""
CURRENCIES = frozenset("€ $ £ ¥ ₹ EUR USD GBP CHF JPY CNY INR CAD AUD NZD SEK NOK DKK".split())
"""Units of money in the names of columns."""
AMOUNTS = frozenset("amount sum total value".split())
"""Last words in the names of amounts."""
PRICES = ("cost", "money", "spend")
"""Nouns for the only amount of money of a graph."""
AGENTS = ("author", "creator")
"""Nouns for the tails of a relation such as "recipe by"."""


@dataclass(frozen=True, slots=True)
class _Column:
    """A column in the list of nouns for rows.

    Attributes:
        name: The name.
        whole: Whether it has to be the whole name of a relation, not only its end.
    """

    name: str
    whole: bool


@cache
def _columns() -> dict[tuple[str, ...], tuple[_Column, ...]]:
    """By nouns: the columns of their rows."""
    rows = tomllib.loads(ROW_NOUNS.read_text(encoding="utf-8"))["rows"]
    return {
        tuple(nouns.split(", ")): tuple(
            _Column(name.lstrip("= "), name.startswith("=")) for name in columns.split(", ")
        )
        for nouns, columns in rows.items()
    }


@cache
def _table() -> dict[str, frozenset[str]]:
    nouns_of_name: dict[str, set[str]] = {}
    for name, nouns in PAIRS:
        nouns_of_name.setdefault(name, set()).update(nouns.split())
        for noun in nouns.split():
            nouns_of_name.setdefault(noun, set()).add(name)
    return {name: frozenset(nouns) for name, nouns in nouns_of_name.items()}


def inverse_nouns(name: str) -> frozenset[str]:
    """The nouns for the inverse of a relation: "child" for "parent"; empty if unknown."""
    return _table().get(name.casefold(), frozenset())


def row_nouns(names: Mapping[str, str]) -> Iterator[tuple[str, list[str]]]:
    """Yield (noun, relations), once for each noun: for the entities with any of these relations.

    Args:
        names: The key of each relation in the graph, by its name in lower case, spelt out and
            without units.
    """
    keys_of_noun: dict[str, set[str]] = {}
    ends = _ends(names)
    for nouns, columns in _columns().items():
        keys: set[str] = set()
        for column in columns:
            own = names.get(column.name)
            keys |= ends.get(column.name, set()) if not column.whole else {own} if own else set()
        for noun in nouns if keys else ():
            keys_of_noun.setdefault(noun, set()).update(keys)
    for name, key in sorted(names.items()):
        noun, _, last = name.rpartition(" ")
        if last in OF_ROWS and noun.isalpha() and noun not in names and noun not in EVENTS:
            keys_of_noun[noun] = {key}
    for noun, keys in keys_of_noun.items():
        yield noun, sorted(keys)


def is_row_noun(word: str) -> bool:
    """Whether a word, in the singular or plural, is listed as a noun for rows of some table."""
    known = _row_nouns()
    return word in known or any(lemma in known for lemma in lemmas(word))


@cache
def _row_nouns() -> frozenset[str]:
    return frozenset(noun for nouns in _columns() for noun in nouns)


def _ends(names: Mapping[str, str]) -> dict[str, set[str]]:
    """The keys of relations by the ends of their names, so that a column needs one look-up."""
    ends: dict[str, set[str]] = {}
    for name, key in names.items():
        words = name.split(" ")
        for start in range(len(words)):
            ends.setdefault(" ".join(words[start:]), set()).add(key)
    return ends


def agent_nouns(name: str) -> tuple[str, ...]:
    """The nouns for a relation's tails if its name is a noun and "by": "recipe by"; else empty."""
    words = name.casefold().split()
    noun = len(words) == 2 and words[1] == "by" and not words[0].endswith(("ed", "en", "wn"))
    return AGENTS if noun else ()


def verb_nouns(name: str) -> list[str]:
    """The likeliest nouns for the tails of a verb: "spouse" and "marriage" for "married to".

    The verb has a preposition and no agent: "born in", but not "owned by". "Starts from" has none,
    since every "from" of a question would stand for its noun "origin".
    """
    form = relation_form(name)
    is_verb = form.form in (Form.VERB, Form.PASSIVE) and len(form.words) > 1
    if not is_verb or not form.prepositions - {"by", "from"}:
        return []
    return [noun for noun, weight in expand(name, "en") if weight >= MIN_NOUN_WEIGHT]


def doers(name: str) -> list[str]:
    """Possible nouns for the tails of a passive: "designer" for "designed by"; some are no words.

    Empty for other names.
    """
    words = name.casefold().split()
    if len(words) != 2 or words[1] != "by":
        return []
    stems = dict.fromkeys(lemma.removesuffix("e") for lemma in lemmas(words[0]))
    return [stem + ending for stem in stems for ending in ("er", "or")]
