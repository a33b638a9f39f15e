"""Nouns for the inverses of relations: the children of Zeus are those with him as parent.

A relation "parent" leads from a child to its parents. English has a noun for the inverse, which is
not in the relation's name. The same pair serves a relation "child" in the other direction.
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
"""(name of a relation, nouns for its inverse)."""


@lru_cache(maxsize=1)
def _table() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for name, nouns in PAIRS:
        found.setdefault(name, set()).update(nouns.split())
        for noun in nouns.split():
            found.setdefault(noun, set()).add(name)
    return {name: frozenset(nouns) for name, nouns in found.items()}


def inverse_nouns(name: str) -> frozenset[str]:
    """The nouns for a relation's inverse, by its name in lower case; empty if there are none."""
    return _table().get(name.casefold(), frozenset())
