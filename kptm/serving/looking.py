"""The graph itself: entities, what is around them, and what happened to them."""

from dataclasses import asdict
from importlib.metadata import version
from typing import Annotated

from fastapi import Query, Request

from kg.errors import UnknownKeyError, shorten
from kg.graph import KnowledgeGraph
from kptm.serving import asked, shown
from kptm.serving.at_desk import AtDesk, problems, router
from kptm.serving.naming import as_fact, keys_of, labels_of
from kptm.serving.neighbourhood import facts_around

routes = router("looking")


@routes.get("/about", responses=problems())
async def about(desk: AtDesk, request: Request) -> shown.About:
    """Which workspace this is, its newest revision, and whether it may be changed."""
    revision = await desk.read(lambda graph: graph.revision())
    return shown.About(
        name=desk.name,
        version=version("kptm"),
        revision=revision,
        allow_edit=request.app.state.allow_edit,
    )


@routes.get("/stats", responses=problems())
async def stats(desk: AtDesk) -> shown.Stats:
    """Counts, and which stages have been run."""
    return shown.Stats(**await desk.ask(lambda ws: ws.stats()))


@routes.get("/relations", responses=problems())
async def relations(desk: AtDesk) -> list[shown.Relation]:
    """All relations that a fact has, by key."""
    found = await desk.read(lambda graph: graph.relations())
    return [shown.Relation(**asdict(item)) for item in found]


@routes.get("/entities", responses=problems())
async def entities(desk: AtDesk, name: Annotated[asked.Beginning, Query()]) -> list[shown.Entity]:
    """Entities whose key, label or alias equals, begins with, holds or nearly is a text, best first."""
    found = await desk.read(lambda graph: graph.search(name.text, limit=name.limit))
    return [shown.Entity(**asdict(item)) for item in found]


@routes.get("/entity", responses=problems(404))
async def entity(desk: AtDesk, one: Annotated[asked.OneEntity, Query()]) -> shown.Description:
    """What is known of an entity and who says it: `limit` facts as head, and as tail."""
    return await desk.read(lambda graph: _description(graph, one))


@routes.get("/neighbourhood", responses=problems(404))
async def neighbourhood(
    desk: AtDesk, around: Annotated[asked.Around, Query()]
) -> shown.Neighbourhood:
    """The entities and facts within one or two hops, nearest first."""
    return await desk.read(lambda graph: _neighbourhood(graph, around))


@routes.get("/history", responses=problems(404))
async def history(desk: AtDesk, past: Annotated[asked.Past, Query()]) -> shown.History:
    """When which source began or ceased to say something of an entity, newest first."""
    return await desk.read(lambda graph: _history(graph, past))


@routes.get("/revisions", responses=problems())
async def revisions(desk: AtDesk, newest: Annotated[asked.Newest, Query()]) -> list[shown.Revision]:
    """The newest changes of the graph, newest first."""
    found = await desk.read(lambda graph: graph.revisions(limit=newest.limit))
    return [shown.Revision(**asdict(item)) for item in found]


def _description(graph: KnowledgeGraph, one: asked.OneEntity) -> shown.Description:
    found = graph.describe(one.key, limit=one.limit)
    facts = [
        shown.Attested(
            fact=as_fact(item.fact),
            sources=[shown.Source(source=source, line=line) for source, line in item.sources],
        )
        for item in found.facts
    ]
    keys = [one.key, *(key for item in facts for key in keys_of(item.fact))]
    entity = shown.Entity(**asdict(found.entity))
    return shown.Description(entity=entity, facts=facts, labels=labels_of(graph, keys))


def _neighbourhood(graph: KnowledgeGraph, around: asked.Around) -> shown.Neighbourhood:
    edges, complete = facts_around(graph, around.key, hops=around.hops, limit=around.limit)
    hops = {around.key: 0}
    for edge in edges:  # nearest first: one end has been reached before
        nearest = min(hops[end] for end in (edge.head, edge.tail) if end in hops)
        for end in (edge.head, edge.tail):
            hops.setdefault(end, nearest + 1)
    known = graph.entities(hops)
    return shown.Neighbourhood(
        centre=around.key,
        nodes=[
            shown.Node(
                key=key, label=known[key].label, types=list(known[key].types), hops=hops[key]
            )
            for key in hops
            if key in known  # not ended by an edit of this moment
        ],
        edges=[shown.Edge(**edge._asdict()) for edge in edges if {*edge[::2]} <= known.keys()],
        relations=labels_of(graph, (edge.relation for edge in edges)),
        complete=complete,
    )


def _history(graph: KnowledgeGraph, past: asked.Past) -> shown.History:
    found = graph.history(past.key)
    if not found:
        raise UnknownKeyError(f"the graph never heard of {shorten(past.key)!r}; try search")
    changes: list[shown.Change] = []
    for item in reversed(found):
        fact = as_fact(item.fact)
        fits = past.relation in (None, fact.relation) and past.tail in (None, fact.tail)
        if fits and len(changes) < past.limit:
            changes.append(
                shown.Change(
                    revision=item.revision,
                    kind=item.kind,
                    fact=fact,
                    source=item.source,
                    line=item.line,
                    at=item.at,
                )
            )
    keys = [past.key, *(key for item in changes for key in keys_of(item.fact))]
    return shown.History(changes=changes, labels=labels_of(graph, keys))
