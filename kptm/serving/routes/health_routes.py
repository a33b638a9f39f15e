"""Routes for those who run the server: whether it is alive or ready, and its metrics."""

import anyio
from fastapi import HTTPException, Request, Response

from kg.errors import KGError
from kptm.serving.access.roles import AccessRole
from kptm.serving.executor import WorkspaceExecutor
from kptm.serving.observation.metrics import MEDIA_TYPE, ServerMetrics
from kptm.serving.routes.workspace_route import OnWorkspace, RoleRouter, problems
from kptm.serving.schemas import responses

READY_SECONDS = 2.0
"""Seconds within which the database must respond."""

probes = RoleRouter("health", None)
routes = RoleRouter("health", AccessRole.READ)


@probes.get("/healthz", responses=problems())
async def healthz() -> responses.Health:
    """Whether the process responds; a process that does not should be restarted."""
    return responses.Health(status="ok")


@probes.get("/readyz", responses=problems())
async def readyz(executor: OnWorkspace) -> responses.Health:
    """Whether questions can be answered: everything is loaded and the database responds."""
    problem = await why_not_ready(executor)
    if problem:
        raise HTTPException(503, problem)
    return responses.Health(status="ready")


async def why_not_ready(executor: WorkspaceExecutor) -> str:
    """Why the database of a workspace does not respond; "" if it does."""
    try:
        with anyio.fail_after(READY_SECONDS):
            await executor.read(lambda graph: graph.revision())
    except TimeoutError:
        return f"the database did not respond within {READY_SECONDS:g} seconds"
    except KGError as error:
        return executor.public(str(error))
    return ""


@routes.get(
    "/metrics",
    response_class=Response,
    responses={**problems(), 200: {"content": {MEDIA_TYPE.partition(";")[0]: {}}}},
)
async def metrics(executor: OnWorkspace, request: Request) -> Response:
    """Counts and durations of requests, in the text format of Prometheus."""
    server_metrics: ServerMetrics = request.app.state.metrics
    name: str = request.app.state.name
    server_metrics.note_revision(name, await executor.read(lambda graph: graph.revision()))
    return Response(server_metrics.render([name]), media_type=MEDIA_TYPE)
