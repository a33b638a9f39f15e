"""LlamaIndex: a workspace as a property graph store; needs ``kptm[llamaindex]``.

An entity is an ``EntityNode``: its key is the name and id, its first type the label, and its label,
description, aliases and values are properties. A fact between entities is a ``Relation``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kptm.errors import ConfigError

try:
    from llama_index.core.graph_stores.types import EntityNode, PropertyGraphStore, Relation
except ModuleNotFoundError as error:
    raise ConfigError('this needs LlamaIndex: pip install "kptm[llamaindex]"') from error

from kg.cypher import cypher
from kg.types import Attribute, EntityRecord, Literal, Qualifier, Statement, Triple
from kg.values import value_text
from kg.vocabulary import XSD
from kptm.errors import WorkspaceError
from kptm.integrations.tool_functions import submit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kg.types import Entity, Record
    from kptm.workspace import Workspace

    Triplet = tuple[EntityNode, Relation, EntityNode]

__all__ = ["WorkspaceGraphStore"]

NAMED = ("name", "label", "description", "aliases")
"""Properties that an entity has itself; all others are relations to values."""
ENTITY = "entity"
"""The label of a node without a type."""
SOURCE = "llamaindex"
"""The default source of what is written."""


class WorkspaceGraphStore(PropertyGraphStore):  # type: ignore[misc]  # types of an extra
    """A workspace as a property graph store, for ``PropertyGraphIndex.from_existing``.

    Each write is a revision that ``Workspace.undo`` undoes. Chunks of texts, vectors and
    removal by properties are refused: texts are indexed by ``Workspace.index``.

    Args:
        workspace: An open workspace.
        source: The source of what is written.
    """

    supports_structured_queries = True
    supports_vector_queries = False

    def __init__(self, workspace: Workspace, *, source: str = SOURCE) -> None:
        self._workspace, self._graph, self._source = workspace, workspace.graph, source

    @property
    def client(self) -> Workspace:
        """The workspace."""
        return self._workspace

    # ── reading ──────────────────────────────────────────────────────────────────────────────

    def get(
        self, properties: dict[str, Any] | None = None, ids: list[str] | None = None
    ) -> list[EntityNode]:
        """The nodes with the given ids, properties, or both; without either, all nodes.

        The property "name" is a key or label.
        """
        keys = list(self._graph.keys()) if ids is None and not properties else ids
        if properties:
            matching = self._with_properties(properties)
            keys = sorted(matching if keys is None else matching & set(keys))
        return list(self._nodes(keys or ()).values())

    def _with_properties(self, properties: dict[str, Any]) -> set[str]:
        """The keys of the entities that have all properties."""
        sets = []
        for name, value in properties.items():
            if name in NAMED:
                named = self._graph.search(str(value), limit=100)
                sets.append({entity.key for entity in named if value in _texts(entity)[name]})
            else:
                values = self._graph.attributes(relation=name)
                sets.append(
                    {attribute.head for attribute in values if str(value) == attribute.value.value}
                )
        return set.intersection(*sets)

    def _nodes(self, keys: Iterable[str]) -> dict[str, EntityNode]:
        entities = self._graph.entities(keys)
        return {key: self._node(entity) for key, entity in entities.items()}

    def _node(self, entity: Entity) -> EntityNode:
        values: dict[str, Any] = {}
        for fact in self._graph.attributes(head=entity.key):
            text = value_text(fact.value)
            known = values.get(fact.relation)
            values[fact.relation] = text if known is None else f"{known}; {text}"
        named = {"label": entity.label, "description": entity.description}
        if entity.aliases:
            values["aliases"] = "; ".join(entity.aliases)
        return EntityNode(
            name=entity.key,
            label=entity.types[0] if entity.types else ENTITY,
            properties={**{name: text for name, text in named.items() if text}, **values},
        )

    def get_triplets(
        self,
        entity_names: list[str] | None = None,
        relation_names: list[str] | None = None,
        properties: dict[str, Any] | None = None,
        ids: list[str] | None = None,
    ) -> list[Triplet]:
        """The facts between entities that match everything given; none if nothing is given."""
        keys: set[str] | None = None
        if entity_names or ids:
            keys = {*(entity_names or ()), *(ids or ())}
        if properties:
            matching = self._with_properties(properties)
            keys = matching if keys is None else matching & keys
        if keys is not None:
            facts = self._graph.touching(keys)
            wanted = None if not relation_names else set(relation_names)
            return self._triplets(
                fact for fact in facts if wanted is None or fact.relation in wanted
            )
        return self._triplets(
            fact for name in relation_names or () for fact in self._graph.match(relation=name)
        )

    def _triplets(self, facts: Iterable[Triple]) -> list[Triplet]:
        listed = list(facts)
        nodes = self._nodes({key for fact in listed for key in (fact.head, fact.tail)})
        return [
            (
                nodes[fact.head],
                Relation(label=fact.relation, source_id=fact.head, target_id=fact.tail),
                nodes[fact.tail],
            )
            for fact in listed
        ]

    def get_rel_map(
        self,
        graph_nodes: Sequence[Any],
        depth: int = 2,
        limit: int = 30,
        ignore_rels: list[str] | None = None,
    ) -> list[Triplet]:
        """The facts within ``depth`` hops of nodes, nearest first."""
        facts: dict[Triple, None] = {}
        for key in self._graph.entities([node.id for node in graph_nodes]):
            around = self._graph.neighbours(key, hops=depth, limit=limit)
            facts.update(
                dict.fromkeys(fact for fact in around if fact.relation not in (ignore_rels or ()))
            )
        return self._triplets(list(facts)[:limit])

    def structured_query(self, query: str, param_map: dict[str, Any] | None = None) -> Any:
        """The rows of a query in kptm's subset of Cypher, each by its columns.

        Raises:
            QueryError: The query is malformed, or uses anything else.
            WorkspaceError: There are parameters, which are not supported.
        """
        if param_map:
            raise _refusal("parameters of queries", "write the values into the query")
        result = cypher(self._graph, query)
        return [dict(zip(result.columns, row, strict=True)) for row in result.rows]

    def get_schema(self, refresh: bool = False) -> str:
        """The relations of the graph, a line each."""
        lines = [f"{relation.key}: {relation.label}" for relation in self._graph.relations()]
        return "\n".join(["Relations (key: label):", *lines])

    def get_schema_str(self, refresh: bool = False) -> str:
        """The same, by the name that LlamaIndex's retrievers use."""
        return self.get_schema(refresh)

    def vector_query(self, query: Any, **kwargs: Any) -> Any:
        """Refused: the graph has no vectors of texts."""
        raise _refusal("searching by vectors", "use WorkspaceNodeRetriever")

    # ── writing ──────────────────────────────────────────────────────────────────────────────

    def upsert_nodes(self, nodes: Sequence[Any]) -> None:
        """Add entities with their properties, in one revision.

        Raises:
            WorkspaceError: A node is a chunk of text or has a vector, or a property is not plain.
        """
        self._add(record for node in nodes for record in _records(node))

    def upsert_relations(self, relations: list[Relation]) -> None:
        """Add facts, with properties as qualifiers, in one revision."""
        self._add(
            Statement(
                Triple(relation.source_id, relation.label, relation.target_id),
                qualifiers=tuple(
                    Qualifier(name, _literal(name, value))
                    for name, value in relation.properties.items()
                ),
            )
            for relation in relations
        )

    def upsert_triplets(self, triplets: Sequence[Triplet]) -> None:
        """Add facts with both of their nodes."""
        self.upsert_nodes([node for head, _, tail in triplets for node in (head, tail)])
        self.upsert_relations([relation for _, relation, _ in triplets])

    def _add(self, records: Iterable[Record]) -> None:
        new = list(records)
        submit(self._workspace, lambda ws: ws.add(new, source=self._source, exact=True)).result()

    def delete(
        self,
        entity_names: list[str] | None = None,
        relation_names: list[str] | None = None,
        properties: dict[str, Any] | None = None,
        ids: list[str] | None = None,
    ) -> None:
        """Forget entities with all that is stated about them, and all facts of relations.

        Raises:
            WorkspaceError: Properties are given.
        """
        if properties:
            raise _refusal("removing by properties", "give names, ids or relations")
        names = [*(entity_names or ()), *(ids or ())]
        submit(self._workspace, lambda ws: _forget(ws, names, relation_names or ())).result()

    def persist(self, persist_path: str, fs: Any = None) -> None:
        """Nothing to do: every write is durable. ``Workspace.backup`` copies a workspace."""


def _forget(workspace: Workspace, names: Sequence[str], relations: Sequence[str]) -> None:
    for key in workspace.graph.entities(names):
        workspace.forget(entity=key)
    for name in relations:
        for fact in list(workspace.graph.match(relation=name)):
            workspace.forget(triple=fact)


def _texts(entity: Entity) -> dict[str, tuple[str, ...]]:
    return {
        "name": (entity.key, entity.label),
        "label": (entity.label,),
        "description": (entity.description,),
        "aliases": entity.aliases,
    }


def _records(node: Any) -> list[Record]:
    if not isinstance(node, EntityNode):
        raise _refusal("chunks of texts", "index texts by Workspace.index")
    if node.embedding is not None:
        raise _refusal("vectors of nodes", "train them by Workspace.embed")
    own = {name: node.properties[name] for name in NAMED if node.properties.get(name)}
    label = own.get("label", own.get("name"))
    entity = EntityRecord(
        key=node.name,
        label=None if label is None else str(label),
        description=own.get("description"),
        aliases=tuple(str(own.get("aliases", "")).split("; ")) if own.get("aliases") else (),
        types=() if node.label == ENTITY else (node.label,),
    )
    values = [
        Attribute(node.name, name, _literal(name, value))
        for name, value in node.properties.items()
        if name not in NAMED
    ]
    return [entity, *values]


def _literal(name: str, value: Any) -> Literal:
    kinds = {bool: "boolean", int: "integer", float: "double", str: ""}
    if type(value) not in kinds:
        raise _refusal(f"property {name!r} of type {type(value).__name__}", "give plain values")
    kind = kinds[type(value)]
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return Literal(text, f"{XSD}{kind}" if kind else "")


def _refusal(feature: str, instead: str) -> WorkspaceError:
    return WorkspaceError(f"kptm's graph store does not support {feature}; {instead}")
