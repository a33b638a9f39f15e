"""Corrections: add, edit and undo, if the server allows them."""

from fastapi import Depends, HTTPException, Request

from kg.errors import UnknownKeyError
from kptm.serving.access.roles import AccessRole
from kptm.serving.routes.workspace_route import OnWorkspace, RoleRouter, problems
from kptm.serving.schemas import requests, responses
from kptm.workspace import Workspace
from kptm.workspace.changes.additions import records_of


def may_edit(request: Request) -> None:
    """Refuse a change if the server does not allow changes."""
    if not request.app.state.allow_edit:
        raise HTTPException(403, "this server only reads; start it with --allow-edit")


routes = RoleRouter("edits", AccessRole.EDIT, Depends(may_edit))


@routes.post("/edit", responses=problems(404, 408, 409, 413, 415))
async def edit(executor: OnWorkspace, body: requests.FactEdit) -> responses.Changed:
    """Make `tail` the value of `relation` of `head`; answers use the new value at once."""
    number = await executor.ask(
        lambda ws: ws.edit(body.head, body.relation, body.tail, old=body.old)
    )
    return responses.Changed(revision=number)


@routes.post("/add", responses=problems(404, 408, 409, 413, 415))
async def add(executor: OnWorkspace, body: requests.EntityAddition) -> responses.Added:
    """Add a fact or an entity by hand; new names become new entities and relations."""
    return await executor.ask(lambda ws: _add_record(ws, body))


def _add_record(ws: Workspace, body: requests.EntityAddition) -> responses.Added:
    """Add an entity if the body describes one, and the facts."""
    is_entity = not body.facts or body.label or body.aliases or body.types or body.description
    entity = records_of(
        body.name,
        label=body.label,
        aliases=body.aliases,
        types=body.types,
        description=body.description,
    )
    items = entity if is_entity else []
    for fact in body.facts:
        items += records_of(body.name, fact.relation, fact.tail, confidence=fact.confidence)
    report = ws.add(items, exact=body.exact)
    return responses.Added(
        added=report.added,
        revision=report.revision,
        new_entities=list(report.new_entities),
        new_relations=list(report.new_relations),
    )


@routes.post("/undo", responses=problems(404, 408, 409, 413, 415))
async def undo(executor: OnWorkspace, body: requests.RevisionUndo) -> responses.Changed:
    """Undo a revision, which may itself be an undo."""
    return responses.Changed(revision=await executor.ask(lambda ws: _undo(ws, body)))


def _undo(ws: Workspace, body: requests.RevisionUndo) -> int:
    revision, newest = body.revision, ws.graph.revision()
    if revision > newest:
        raise UnknownKeyError(f"there is no revision {revision}; the newest is {newest}")
    return ws.undo(revision, later=body.later)
