"""The map: thousands of facts around an entity or of the whole graph, to be drawn."""

from itertools import islice
from typing import Annotated

from fastapi import Query

from kg.graph import KnowledgeGraph
from kptm.serving.access.roles import AccessRole
from kptm.serving.routes.workspace_route import InLanguages, OnWorkspace, RoleRouter, problems
from kptm.serving.schemas import responses
from kptm.serving.schemas.key_labels import labels_of
from kptm.serving.schemas.map_schemas import GraphMap, MapNode, MapOf

FARTHEST = 8
"""The most hops from the middle of a map."""

routes = RoleRouter("looking", AccessRole.READ)


@routes.get("/map", responses=problems(404))
async def graph_map(
    executor: OnWorkspace, languages: InLanguages, wanted: Annotated[MapOf, Query()]
) -> GraphMap:
    """The facts nearest to an entity or, without `key`, the first facts of the graph.

    The numbers in `edges` are places in `nodes` and `relations`.
    """
    return await executor.read(lambda graph: _map(graph, wanted), languages)


def _map(graph: KnowledgeGraph, wanted: MapOf) -> GraphMap:
    facts = (
        list(islice(graph.match(), wanted.limit + 1))
        if wanted.key is None
        else graph.neighbours(wanted.key, hops=FARTHEST, limit=wanted.limit + 1)
    )
    complete = len(facts) <= wanted.limit
    facts = facts[: wanted.limit]
    middle = [] if wanted.key is None else [graph.entity(wanted.key).key]
    known = graph.entities(dict.fromkeys([*middle, *(end for one in facts for end in one[::2])]))
    labels = labels_of(graph, (one.relation for one in facts))
    node = {key: at for at, key in enumerate(known)}
    relation = {key: at for at, key in enumerate(labels)}
    return GraphMap(
        nodes=[
            MapNode(key=key, label=one.label, type=next(iter(one.types), ""))
            for key, one in known.items()
        ],
        relations=[responses.Relation(key=key, label=label) for key, label in labels.items()],
        edges=[
            (node[one.head], relation[one.relation], node[one.tail])
            for one in facts
            if one.head in node and one.tail in node  # an edit may just have removed one
        ],
        complete=complete,
    )
