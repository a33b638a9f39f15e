"""Routes of a server of several workspaces that belong to none of them."""

from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

from fastapi import Depends, HTTPException, Request, Response
from pydantic import BaseModel

from kptm.serving.access.roles import AccessRole
from kptm.serving.executor import WorkspaceExecutor
from kptm.serving.observation.metrics import MEDIA_TYPE, ServerMetrics
from kptm.serving.routes.health_routes import why_not_ready
from kptm.serving.routes.workspace_route import RoleRouter, problems, token_of
from kptm.serving.schemas import responses

if TYPE_CHECKING:
    from kptm.serving.several.all_tokens import AllTokens

NO_WORKSPACE = ""
"""The label of metrics of requests that belong to no workspace."""

probes = RoleRouter("health", None)
metrics_routes = RoleRouter("health", AccessRole.READ)
workspace_routes = RoleRouter("workspaces", AccessRole.READ)


class ServedWorkspace(BaseModel):
    """A workspace of the server, and its path, relative to the root of the server."""

    name: str
    path: str


def _readable_workspaces(request: Request) -> dict[str, WorkspaceExecutor]:
    """The workspaces that the client may read: all, or those that accept its token."""
    executors: dict[str, WorkspaceExecutor] = request.app.state.executors
    tokens: AllTokens | None = request.app.state.tokens
    token = token_of(request)
    if tokens is None or token is None:
        return executors
    opened = tokens.opened_by(token)
    return {name: executors[name] for name in opened}


Opened = Annotated[dict[str, WorkspaceExecutor], Depends(_readable_workspaces)]


@workspace_routes.get("/workspaces", responses=problems())
async def workspaces(opened: Opened) -> list[ServedWorkspace]:
    """The workspaces of this server that the client may read; each has the whole API below it."""
    return [ServedWorkspace(name=name, path=path_of(name)) for name in opened]


@probes.get("/healthz", responses=problems())
async def healthz() -> responses.Health:
    """Whether the process responds; a process that does not should be restarted."""
    return responses.Health(status="ok")


@probes.get("/readyz", responses=problems())
async def readyz(request: Request) -> responses.Health:
    """Whether the databases of all workspaces respond; each workspace has a route of its own."""
    executors: dict[str, WorkspaceExecutor] = request.app.state.executors
    failing = [name for name, executor in executors.items() if await why_not_ready(executor)]
    if failing:  # their names are not for clients without a token
        raise HTTPException(503, f"{len(failing)} of {len(executors)} workspaces are not ready")
    return responses.Health(status="ready")


@metrics_routes.get(
    "/metrics",
    response_class=Response,
    responses={**problems(), 200: {"content": {MEDIA_TYPE.partition(";")[0]: {}}}},
)
async def metrics(opened: Opened, request: Request) -> Response:
    """The metrics of all workspaces that the client may read, in the text format of Prometheus."""
    server_metrics: ServerMetrics = request.app.state.metrics
    for name, executor in opened.items():
        server_metrics.note_revision(name, await executor.read(lambda graph: graph.revision()))
    return Response(server_metrics.render([NO_WORKSPACE, *opened]), media_type=MEDIA_TYPE)


def path_of(name: str) -> str:
    """The path of a workspace, relative to the root of the server."""
    return f"./{quote(name, safe='')}/"
