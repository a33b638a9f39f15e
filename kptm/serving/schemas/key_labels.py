"""Looks up the labels of keys, and converts facts to JSON, for several parts of the API."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from kg.types import Literal, readable_label
from kg.values import ValueKey
from kptm.serving.schemas import responses

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.graph import KnowledgeGraph
    from kg.types import Attribute, Triple


def labels_of(graph: KnowledgeGraph, keys: Iterable[str]) -> dict[str, str]:
    """The labels of entities and relations by key.

    A relation has the label of the entity with the same key. Without such an entity, the label is
    made from the key.
    """
    wanted = {key for key in keys if key and not isinstance(key, ValueKey)}
    entities = graph.entities(wanted)
    return {
        key: entities[key].label if key in entities else readable_label(key)
        for key in sorted(wanted)
    }


def as_fact(fact: Triple | Attribute) -> responses.Fact:
    """A fact as JSON."""
    head, relation, end = fact
    if isinstance(end, Literal):
        return responses.Fact(head=head, relation=relation, value=responses.Value(**asdict(end)))
    return responses.Fact(head=head, relation=relation, tail=end)


def keys_of(fact: responses.Fact) -> tuple[str, ...]:
    """The keys in a fact: head, relation, and tail ("" if the tail is a value)."""
    return fact.head, fact.relation, fact.tail or ""
