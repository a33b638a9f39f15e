"""The map of the page: thousands of facts around an entity, or the first of the whole graph."""

from itertools import islice
from typing import Annotated

from fastapi import Query

from kg.graph import KnowledgeGraph
from kptm.serving.access.roles import AccessRole
from kptm.serving.routes.workspace_route import InLanguages, OnWorkspace, RoleRouter, problems
from kptm.serving.schemas import responses
from kptm.serving.schemas.key_labels import labels_of
from kptm.serving.schemas.map_schemas import GraphMap, MapNode, MapQuery

MAX_HOPS = 8
"""The maximum number of hops from the entity in the centre of a map."""

routes = RoleRouter("graph", AccessRole.READ)


@routes.get("/map", responses=problems(404))
async def graph_map(
    executor: OnWorkspace, languages: InLanguages, query: Annotated[MapQuery, Query()]
) -> GraphMap:
    """The facts nearest to an entity or, without `key`, the first facts of the graph.

    The numbers in `edges` are indices into `nodes`, `relations` and `nodes`.
    """
    return await executor.read(lambda graph: _map(graph, query), languages)


def _map(graph: KnowledgeGraph, query: MapQuery) -> GraphMap:
    if query.key is None:
        centre: list[str] = []
        facts = list(islice(graph.match(), query.limit + 1))
    else:
        centre = [graph.entity(query.key).key]  # a merged key stands for that of the kept entity
        facts = graph.neighbours(query.key, hops=MAX_HOPS, limit=query.limit + 1)
    complete = len(facts) <= query.limit
    facts = facts[: query.limit]
    ends = (key for fact in facts for key in (fact.head, fact.tail))
    entities = graph.entities(dict.fromkeys([*centre, *ends]))
    labels = labels_of(graph, (fact.relation for fact in facts))
    node_index = {key: index for index, key in enumerate(entities)}
    relation_index = {key: index for index, key in enumerate(labels)}
    return GraphMap(
        nodes=[
            MapNode(key=key, label=entity.label, type=next(iter(entity.types), ""))
            for key, entity in entities.items()
        ],
        relations=[responses.Relation(key=key, label=label) for key, label in labels.items()],
        edges=[
            (node_index[fact.head], relation_index[fact.relation], node_index[fact.tail])
            for fact in facts
            # An edit may have removed an entity since its facts were read.
            if fact.head in node_index and fact.tail in node_index
        ],
        complete=complete,
    )
