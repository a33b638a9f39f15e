"""Nouns for what a relation leads back to: the children of Zeus are those whose parent he is.

A relation "parent" leads from a child to its parents. English has a noun for the other direction,
which is in no part of the relation's name; the same pair the other way round serves a relation
"child".
"""

from __future__ import annotations

from functools import lru_cache

PAIRS = (
    ("parent", "child children son daughter offspring kid"),
    ("mother", "child children son daughter offspring kid"),
    ("father", "child children son daughter offspring kid"),
    ("teacher", "student pupil"),
    ("doctoral advisor", "student"),
    ("employer", "employee staff worker"),
    ("manager", "subordinate"),
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
"""A relation's name, and the nouns for what it leads back to."""


@lru_cache(maxsize=1)
def _table() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for name, nouns in PAIRS:
        found.setdefault(name, set()).update(nouns.split())
        for noun in nouns.split():
            found.setdefault(noun, set()).add(name)
    return {name: frozenset(nouns) for name, nouns in found.items()}


def inverse_nouns(name: str) -> frozenset[str]:
    """The nouns for a relation's other direction, by its name in small letters; else none."""
    return _table().get(name.casefold(), frozenset())
