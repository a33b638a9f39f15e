"""What the graph knows of the entities of some texts: roles, types, facts between them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from kg.store.read.signatures import Role, Signatures
from kg.types import Literal
from kg.values import infer
from kg.values.forms import ENTITY, TEXT
from kptm.extraction.candidates.text_mentions import MentionKind, TextMention
from kptm.extraction.candidates.text_values import same_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kg.graph import KnowledgeGraph
    from kg.values.infer import TypeDecision

SOME = 0.1
"""The share of a relation's facts from which on it ends in a kind of thing."""
CACHED = 100_000
"""Entities whose roles stay in memory."""


class PairKnowledge:
    """Roles, types and facts, read for a batch of texts at a time.

    Args:
        graph: The graph, as it is now.
    """

    def __init__(self, graph: KnowledgeGraph) -> None:
        self._graph, self._signatures = graph, Signatures(graph.database)
        self._roles: dict[str, dict[Role, int]] = {}
        self._types: dict[str, tuple[str, ...]] = {}
        self._values: dict[str, list[tuple[str, Literal]]] = {}
        self._between: dict[tuple[str, str], set[str]] = {}
        self.decision = cache(self._decide)

    def prepare(self, keys: Iterable[str]) -> None:
        """Read what is asked next: of these entities."""
        wanted = sorted(set(keys))
        if len(self._roles) > CACHED:
            self._roles, self._types, self._values = {}, {}, {}
        fresh = [key for key in wanted if key not in self._roles]
        if fresh:
            self._roles.update(self._signatures.roles(fresh))
            self._values.update(self._signatures.values(fresh))
            known = self._graph.entities(fresh)
            self._types.update({key: known[key].types if key in known else () for key in fresh})
        self._between = self._signatures.between(wanted, wanted)

    def roles(self, key: str) -> dict[Role, int]:
        """How many facts an entity has in each role."""
        return self._roles.get(key, {})

    def types(self, key: str) -> tuple[str, ...]:
        """An entity's types."""
        return self._types.get(key, ())

    def relations(self, head: TextMention, tail: TextMention) -> set[str]:
        """The relations that the graph has from one mention to another."""
        if head.kind != MentionKind.ENTITY:
            return set()
        if tail.kind == MentionKind.ENTITY:
            return self._between.get((head.key, tail.key), set())
        value = tail.value or Literal(tail.key)
        return {name for name, other in self._values.get(head.key, ()) if same_value(value, other)}

    def has(self, head: TextMention, relation: str) -> bool:
        """Whether the graph knows any tail of (head, relation)."""
        return (
            Role(relation, True) in self.roles(head.key)
            if head.kind == MentionKind.ENTITY
            else False
        )

    def ends(self, relation: str) -> tuple[bool, bool, bool]:
        """Whether a relation ends in entities, in values, in text values; all if it is unknown."""
        entities, values, sample = self._signatures.samples(relation)
        total = entities + values
        if not total:
            return True, True, True
        decision = infer.like(sample)
        is_text = values >= SOME * total and decision is not None and decision.kind == TEXT
        return entities >= SOME * total, values >= SOME * total, is_text

    def _decide(self, relation: str) -> TypeDecision | None:
        """What a relation's tails are; None where the graph has none of it."""
        entities, values, sample = self._signatures.samples(relation)
        if not entities + values:
            return None
        return infer.TypeDecision(ENTITY) if entities > values else infer.like(sample)


def entity_keys(documents: Sequence[Sequence[TextMention]]) -> set[str]:
    """The keys of the entities that some texts name."""
    return {item.key for one in documents for item in one if item.kind == MentionKind.ENTITY}
