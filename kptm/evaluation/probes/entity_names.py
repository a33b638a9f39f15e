"""Finds the entities of names, and checks whether one name reveals another."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kptm.linking.names.function_words import FUNCTION_WORDS
from kptm.linking.text.char_classes import fold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg.view import GraphView
    from kptm.evaluation.fusion.fact_probing import SplitFact

MAX_SEARCH_RESULTS = 50
"""Search results that are checked for an exact label; search ranks exact labels first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedFacts:
    """Facts of a file whose entities are in the graph.

    Attributes:
        facts: The facts with keys of the graph, each once.
        labels: The label of each key.
        unknown: Names that are neither a key nor a label, sorted; their facts are left out.
        ambiguous: Names that are the label of several entities, sorted; their facts are left out.
        left_out: The number of facts left out.
    """

    facts: tuple[SplitFact, ...]
    labels: dict[str, str]
    unknown: tuple[str, ...]
    ambiguous: tuple[str, ...]
    left_out: int


def find_entities(graph: GraphView, facts: Sequence[SplitFact]) -> NamedFacts:
    """Find the entities of facts whose ends are keys or exact labels; keys take precedence."""
    wanted = {name for fact in facts for name in (fact[0], fact[2])}
    entities = graph.entities(wanted)
    labels = {key: entity.label for key, entity in entities.items()}
    keys = {key: key for key in entities}
    unknown: list[str] = []
    ambiguous: list[str] = []
    for name in sorted(wanted - keys.keys()):
        called = [
            item for item in graph.search(name, limit=MAX_SEARCH_RESULTS) if item.label == name
        ]
        if len(called) == 1:
            keys[name] = called[0].key
            labels[called[0].key] = name
        else:
            (ambiguous if called else unknown).append(name)
    known = [fact for fact in facts if fact[0] in keys and fact[2] in keys]
    renamed = dict.fromkeys(
        (keys[head], relation, keys[tail], split) for head, relation, tail, split in known
    )
    return NamedFacts(
        facts=tuple(renamed),
        labels=labels,
        unknown=tuple(unknown),
        ambiguous=tuple(ambiguous),
        left_out=len(facts) - len(known),
    )


def shares_name(subject: str, object_: str) -> bool:
    """Whether an object's name is contained in its subject's, or shares a content word with it.

    Case and accents are folded; single letters and English function words are not content words.
    """
    return fold(object_) in fold(subject) or bool(_content(subject) & _content(object_))


def _content(name: str) -> set[str]:
    words = set(re.findall(r"[^\W_]+", fold(name)))
    return {word for word in words if len(word) > 1} - FUNCTION_WORDS
