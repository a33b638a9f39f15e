"""The graph: entities, their neighbourhoods, and their history."""

from dataclasses import asdict
from importlib.metadata import version
from typing import Annotated

from fastapi import Query, Request

from kg.errors import UnknownKeyError, shorten
from kg.graph import KnowledgeGraph
from kptm.serving.access.roles import AccessRole
from kptm.serving.neighbourhood import facts_around
from kptm.serving.routes.workspace_route import (
    InLanguages,
    OnWorkspace,
    RoleRouter,
    edits_allowed,
    problems,
)
from kptm.serving.schemas import requests, responses
from kptm.serving.schemas.key_labels import as_fact, keys_of, labels_of

routes = RoleRouter("graph", AccessRole.READ)


@routes.get("/about", responses=problems())
async def about(executor: OnWorkspace, request: Request) -> responses.About:
    """The name of the workspace, its newest revision, and whether the client may change it."""
    revision = await executor.read(lambda graph: graph.revision())
    return responses.About(
        name=executor.name,
        version=version("kptm"),
        revision=revision,
        allow_edit=edits_allowed(request),
        one_of_several=request.app.state.is_one_of_several,
    )


@routes.get("/stats", responses=problems())
async def stats(executor: OnWorkspace) -> responses.Stats:
    """Counts, and the stages that have been run."""
    return responses.Stats(**await executor.ask(lambda ws: ws.stats()))


@routes.get("/relations", responses=problems())
async def relations(executor: OnWorkspace, languages: InLanguages) -> list[responses.Relation]:
    """All relations with facts, by key."""
    items = await executor.read(lambda graph: graph.relations(), languages)
    return [responses.Relation(**asdict(item)) for item in items]


@routes.get("/entities", responses=problems())
async def entities(
    executor: OnWorkspace,
    languages: InLanguages,
    query: Annotated[requests.NameSearch, Query()],
) -> list[responses.Entity]:
    """Entities whose key, label or alias equals, begins with, contains or resembles a text."""
    items = await executor.read(
        lambda graph: graph.search(query.text, limit=query.limit), languages
    )
    return [responses.Entity(**asdict(item)) for item in items]


@routes.get("/entity", responses=problems(404))
async def entity(
    executor: OnWorkspace,
    languages: InLanguages,
    query: Annotated[requests.EntityQuery, Query()],
) -> responses.Description:
    """The facts about an entity with their sources: up to `limit` as head and `limit` as tail."""
    return await executor.read(lambda graph: _description(graph, query), languages)


@routes.get("/neighbourhood", responses=problems(404))
async def neighbourhood(
    executor: OnWorkspace,
    languages: InLanguages,
    query: Annotated[requests.NeighbourQuery, Query()],
) -> responses.Neighbourhood:
    """The entities and facts within one or two hops, nearest first."""
    return await executor.read(lambda graph: _neighbourhood(graph, query), languages)


@routes.get("/history", responses=problems(404))
async def history(
    executor: OnWorkspace,
    languages: InLanguages,
    query: Annotated[requests.HistoryQuery, Query()],
) -> responses.History:
    """Changes of an entity's facts, newest first: which source began or ceased to state each."""
    return await executor.read(lambda graph: _history(graph, query), languages)


@routes.get("/revisions", responses=problems())
async def revisions(
    executor: OnWorkspace, query: Annotated[requests.RevisionQuery, Query()]
) -> list[responses.Revision]:
    """The newest revisions, newest first."""
    items = await executor.read(lambda graph: graph.revisions(limit=query.limit))
    return [responses.Revision(**asdict(item)) for item in items]


def _description(graph: KnowledgeGraph, query: requests.EntityQuery) -> responses.Description:
    description = graph.describe(query.key, limit=query.limit)
    facts = [
        responses.Attested(
            fact=as_fact(item.fact),
            sources=[responses.Source(source=source, line=line) for source, line in item.sources],
        )
        for item in description.facts
    ]
    keys = [query.key, *(key for item in facts for key in keys_of(item.fact))]
    entity = responses.Entity(**asdict(description.entity))
    return responses.Description(entity=entity, facts=facts, labels=labels_of(graph, keys))


def _neighbourhood(
    graph: KnowledgeGraph, query: requests.NeighbourQuery
) -> responses.Neighbourhood:
    """The facts around an entity, with the distance of each node from it."""
    centre = graph.entity(query.key).key  # a merged key stands for that of the kept entity
    edges, complete = facts_around(graph, centre, hops=query.hops, limit=query.limit)
    hops = {centre: 0}
    for edge in edges:  # nearest first, so that one end has been reached before
        nearest = min(hops[end] for end in (edge.head, edge.tail) if end in hops)
        for end in (edge.head, edge.tail):
            hops.setdefault(end, nearest + 1)
    entities_by_key = graph.entities(hops)
    return responses.Neighbourhood(
        centre=centre,
        nodes=[
            responses.Node(
                key=key,
                label=entities_by_key[key].label,
                types=list(entities_by_key[key].types),
                hops=hops[key],
            )
            for key in hops
            if key in entities_by_key  # an edit may have removed it since its facts were read
        ],
        edges=[
            responses.Edge(**edge._asdict())
            for edge in edges
            if {edge.head, edge.tail} <= entities_by_key.keys()
        ],
        relations=labels_of(graph, (edge.relation for edge in edges)),
        complete=complete,
    )


def _history(graph: KnowledgeGraph, query: requests.HistoryQuery) -> responses.History:
    """The newest changes of an entity's facts that match the relation and tail, if given."""
    entries = graph.history(query.key)
    if not entries:
        raise UnknownKeyError(f"the graph never had an entity {shorten(query.key)!r}; try search")
    changes: list[responses.Change] = []
    for item in reversed(entries):
        fact = as_fact(item.fact)
        matches = query.relation in (None, fact.relation) and query.tail in (None, fact.tail)
        if matches and len(changes) < query.limit:
            changes.append(
                responses.Change(
                    revision=item.revision,
                    kind=item.kind,
                    fact=fact,
                    source=item.source,
                    line=item.line,
                    at=item.at,
                )
            )
    keys = [query.key, *(key for item in changes for key in keys_of(item.fact))]
    return responses.History(changes=changes, labels=labels_of(graph, keys))
