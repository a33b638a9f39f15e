"""Corrections: edit and undo, where the server allows them."""

from fastapi import Depends, HTTPException, Request

from kg.errors import UnknownKeyError
from kptm.serving import asked, shown
from kptm.serving.at_desk import AtDesk, problems, router
from kptm.workspace import Workspace


def _may_edit(request: Request) -> None:
    if not request.app.state.allow_edit:
        raise HTTPException(403, "this server only reads; start it with --allow-edit")


routes = router("changing", Depends(_may_edit))


@routes.post("/edit", responses=problems(404, 408, 409, 413, 415))
async def edit(desk: AtDesk, body: asked.NewFact) -> shown.Changed:
    """Make `tail` the value of `relation` of `head`; the next answer follows."""
    number = await desk.ask(lambda ws: ws.edit(body.head, body.relation, body.tail, old=body.old))
    return shown.Changed(revision=number)


@routes.post("/undo", responses=problems(404, 408, 409, 413, 415))
async def undo(desk: AtDesk, body: asked.Undone) -> shown.Changed:
    """Take back a revision, an undo too."""
    return shown.Changed(revision=await desk.ask(lambda ws: _undone(ws, body.revision)))


def _undone(ws: Workspace, revision: int) -> int:
    newest = ws.graph.revision()
    if revision > newest:
        raise UnknownKeyError(f"there is no revision {revision}; the newest is {newest}")
    return ws.undo(revision)
