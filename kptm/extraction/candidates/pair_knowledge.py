"""What the graph states about the entities of some texts: roles, types, facts between them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from kg.store.read.signatures import Role, Signatures
from kg.types import Literal
from kg.values import infer
from kg.values.value_forms import ENTITY, TEXT
from kptm.extraction.candidates.text_mentions import MentionKind, TextMention
from kptm.extraction.candidates.text_values import same_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kg.graph import KnowledgeGraph
    from kg.values.infer import TypeDecision

MIN_TAIL_SHARE = 0.1
"""A relation takes entities (or values) as tails if at least this share of its facts has them."""
MAX_CACHED_ENTITIES = 100_000
"""The maximum number of entities whose roles stay in memory."""


class PairKnowledge:
    """Roles, types and facts of entities, read for a batch of texts at a time.

    :meth:`prepare` reads them; the other methods return only what it has read.

    Args:
        graph: The graph at its newest revision.

    Attributes:
        decision: Function that returns the type of a relation's tails (``entity`` or a kind of
            value); None if the graph has no fact of the relation.
    """

    def __init__(self, graph: KnowledgeGraph) -> None:
        self._graph, self._signatures = graph, Signatures(graph.database)
        self._roles: dict[str, dict[Role, int]] = {}
        self._types: dict[str, tuple[str, ...]] = {}
        self._values: dict[str, list[tuple[str, Literal]]] = {}
        self._between: dict[tuple[str, str], set[str]] = {}
        self.decision = cache(self._decide)

    def prepare(self, keys: Iterable[str]) -> None:
        """Read the knowledge of entities in one batch."""
        wanted = sorted(set(keys))
        if len(self._roles) > MAX_CACHED_ENTITIES:
            self._roles, self._types, self._values = {}, {}, {}
        fresh = [key for key in wanted if key not in self._roles]
        if fresh:
            self._roles.update(self._signatures.roles(fresh))
            self._values.update(self._signatures.values(fresh))
            entities = self._graph.entities(fresh)
            self._types.update(
                {key: entities[key].types if key in entities else () for key in fresh}
            )
        self._between = self._signatures.between(wanted, wanted)

    def roles(self, key: str) -> dict[Role, int]:
        """The number of facts of an entity in each role."""
        return self._roles.get(key, {})

    def types(self, key: str) -> tuple[str, ...]:
        """The types of an entity."""
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
        """Whether the graph has a fact (head, relation, anything)."""
        return head.kind == MentionKind.ENTITY and Role(relation, True) in self.roles(head.key)

    def ends(self, relation: str) -> tuple[bool, bool, bool]:
        """Whether a relation takes (entities, values, text values) as tails.

        All three are true for a relation without facts.
        """
        entities, values, sample = self._signatures.samples(relation)
        total = entities + values
        if not total:
            return True, True, True
        decision = infer.like(sample)
        is_text = (
            values >= MIN_TAIL_SHARE * total and decision is not None and decision.kind == TEXT
        )
        return entities >= MIN_TAIL_SHARE * total, values >= MIN_TAIL_SHARE * total, is_text

    def _decide(self, relation: str) -> TypeDecision | None:
        """The type of a relation's tails; None if the graph has no fact of the relation."""
        entities, values, sample = self._signatures.samples(relation)
        if not entities + values:
            return None
        return infer.TypeDecision(ENTITY) if entities > values else infer.like(sample)


def entity_keys(documents: Sequence[Sequence[TextMention]]) -> set[str]:
    """The keys of the entities in some texts."""
    return {
        item.key for mentions in documents for item in mentions if item.kind == MentionKind.ENTITY
    }
