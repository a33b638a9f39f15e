"""Finds nouns for rows in their classes: an entity whose "class" is "mammal" is a mammal."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from kg.programs import Follow, Having, Named
from kg.types import Step
from kg.values import ValueKey, value_text
from kptm.answering.lexicon.columns.column_names import spell_out, split_words
from kptm.answering.lexicon.columns.relation_keys import is_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kg.graph import KnowledgeGraph
    from kg.programs import Evaluator, Program

MIN_NOUN_LETTERS = 3
"""The fewest letters of a noun."""
CLASS_RELATIONS = frozenset(
    (
        "type", "class", "kind", "category", "is a", "isa", "instance of", "subtype", "entity type",
        "occupation", "profession", "job", "job title", "role",
    )
)  # fmt: skip
"""Names of relations whose tails are classes."""
KINDS = frozenset(("type", "kind", "sort"))
"""Words in the names of relations to classes: "room type", "kind of text"."""
OFFICES = frozenset("office position post".split())
"""Names of relations whose lower-case tails are classes: "president", but not "Bonn"."""
JOINTS = frozenset("of for in and with".split())
"""Words in a class's name that show that its last word is not its head: "head of support"."""
MAX_CLASSES = 200
"""The most classes of a relation; if it has more tails, they are not read as classes."""


def nouns_of_classes(
    graph: KnowledgeGraph, evaluator: Evaluator
) -> tuple[dict[str, Program], dict[str, Program], dict[str, Program]]:
    """The programs of classes, of their last words, and of nouns in names of their relations.

    Classes are the tails of relations such as "structure type", which also says that what has one
    is a structure. Last words that are classes themselves count among the classes.
    """
    classes: dict[str, Program] = {}
    last_words: dict[str, Program] = {}
    typed: dict[str, Program] = {}
    for relation in graph.relations():
        # Relations with path keys are skipped: such a graph (Freebase) has thousands of them,
        # and other types.
        office = relation.label.replace("_", " ").lower() in OFFICES
        if is_path(relation.key) or not (office or is_class(relation.label)):
            continue
        nodes = evaluator.evaluate(Having(Step(relation.key, False))).nodes
        if len(nodes) > MAX_CLASSES:
            continue
        back = Step(relation.key, False)
        names = {node: name.lower() for node, name in _names_of(graph, nodes)
                 if not office or name.islower()}  # fmt: skip
        heads: dict[str, list[str]] = defaultdict(list)
        for node, name in names.items():
            classes[name] = Follow(Named((node,)), back)
            words = name.split()
            if len(words) > 1 and JOINTS.isdisjoint(words):
                heads[words[-1]].append(node)
        name_of_relation = spoken_name(relation.label)
        if (noun := _typed_noun(name_of_relation)) is not None:
            typed[noun] = Having(Step(relation.key))
        rows = name_of_relation.split()[:-1]
        for head, members in heads.items():
            if [head] == rows:  # the rows with "room type" are rooms, not only family rooms
                classes.setdefault(head, Having(Step(relation.key)))
                continue
            all_ = [*members, *(node for node, name in names.items() if name == head)]
            nouns = classes if head in classes else last_words
            nouns[head] = Follow(Named(tuple(sorted(all_))), back)
    return classes, last_words, typed


def _names_of(graph: KnowledgeGraph, nodes: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield (node, words of its name), without digits and punctuation."""
    keys = sorted(nodes)
    entities = graph.entities(key for key in keys if not isinstance(key, ValueKey))
    for key in keys:
        text = value_text(key.literal) if isinstance(key, ValueKey) else ""
        name = text or (entities[key].label if key in entities else key)
        words = re.findall(r"[^\W\d_]+", name)
        if words and len(words[-1]) >= MIN_NOUN_LETTERS:
            yield key, " ".join(words)


def spoken_name(label: str) -> str:
    """The words of a relation's name, in lower case."""
    return split_words(spell_out(label)).lower()


def _typed_noun(name: str) -> str | None:
    """The noun for what has a type in a relation's name: "structure type", "kind of text"."""
    words = name.split()
    if len(words) == 2 and words[1] in KINDS:
        return words[0]
    return words[2] if len(words) == 3 and words[1] == "of" and words[0] in KINDS else None


def is_class(label: str) -> bool:
    """Whether the tails of a relation with this name are classes: "type", "jobTitle"."""
    name = spoken_name(label)
    words = name.split()
    of = words[1:2] == ["of"] and words[0] in KINDS
    return name in CLASS_RELATIONS or of or not KINDS.isdisjoint(words[-1:])
