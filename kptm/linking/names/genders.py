"""The gender of entities, if a relation, a type or a description of the graph states it."""

from __future__ import annotations

import re
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING

from kptm.linking.names.english_words import tables
from kptm.linking.names.surface_forms import FEMALE, MALE

if TYPE_CHECKING:
    from collections.abc import Collection

    from kg.types import Entity
    from kg.view import GraphView

_WORDS = re.compile(r"[^\W\d_]+")


def stated_genders(graph: GraphView, keys: Collection[str] | None = None) -> dict[str, int]:
    """The gender of entities that a relation such as "gender" states: MALE or FEMALE.

    It is 0 if the values state none or both. The key of the relation may only end in such a word,
    as "/people/person/gender".

    Args:
        graph: The graph.
        keys: The entities to read; None for all.
    """
    relations = [
        item.key for item in graph.relations() if _is_gender(item.key) or _is_gender(item.label)
    ]
    facts = [
        triple
        for relation in sorted(relations)
        for triple in (
            graph.match(relation=relation)
            if keys is None
            else chain.from_iterable(graph.match(head=key, relation=relation) for key in keys)
        )
    ]
    values = graph.entities(sorted({triple.tail for triple in facts}))
    bits = {key: gender_in(entity.label) for key, entity in values.items()}
    stated: dict[str, set[int]] = {}
    for triple in facts:
        stated.setdefault(triple.head, set()).add(bits.get(triple.tail, 0))
    return {head: _only(genders - {0}) for head, genders in stated.items()}


def gender_of(entity: Entity) -> int:
    """The gender that types and description state, MALE or FEMALE; 0 if they state none or both."""
    return gender_in(f"{entity.description} {' '.join(entity.types)}")


def gender_in(text: str) -> int:
    """The gender that the words of a text state, MALE or FEMALE; 0 if they state none or both."""
    return _only({_genders().get(word, 0) for word in _WORDS.findall(text.lower())} - {0})


def _only(genders: set[int]) -> int:
    """The only gender of a set; 0 if there are none or both."""
    return next(iter(genders)) if len(genders) == 1 else 0


@cache
def _genders() -> dict[str, int]:
    """Words that state a gender, with MALE or FEMALE."""
    return dict.fromkeys(tables()["male"], MALE) | dict.fromkeys(tables()["female"], FEMALE)


def _is_gender(name: str) -> bool:
    last = re.split(r"[/.:#]", name)[-1]
    return " ".join(last.lower().replace("_", " ").split()) in tables()["gender"]
