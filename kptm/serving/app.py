"""Creates the application: the API, the page, and the responses to errors."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING
from urllib.parse import quote

from fastapi import FastAPI

from kptm.serving.access.protection import protect
from kptm.serving.access.route_roles import paths_of
from kptm.serving.observation.metrics import ServerMetrics
from kptm.serving.observation.request_observer import RequestObserver
from kptm.serving.replies.page_files import EXPLORER, add_page
from kptm.serving.replies.problem_responses import add_problems
from kptm.serving.routes import (
    edit_routes,
    graph_routes,
    health_routes,
    map_routes,
    question_routes,
    review_routes,
    token_routes,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.types import ASGIApp

    from kptm.serving.access.rate_limits import RateLimits
    from kptm.serving.access.roles import AccessRole
    from kptm.serving.access.token_file import TokenFile
    from kptm.serving.executor import WorkspaceExecutor

ROUTERS = (
    question_routes.routes,
    graph_routes.routes,
    map_routes.routes,
    edit_routes.routes,
    review_routes.routes,
    review_routes.decision_routes,
)
OPERATING = (health_routes.probes, health_routes.routes)
"""Routes without the prefix: probes and metrics, for those who run the server."""
PREFIX = "/api/v1"


def create_app(
    executor: WorkspaceExecutor,
    *,
    hosts: Collection[str],
    allow_edit: bool = False,
    log_requests: bool = False,
    tokens: TokenFile | None = None,
    limits: RateLimits | None = None,
    metrics: ServerMetrics | None = None,
    name: str | None = None,
) -> ASGIApp:
    """Create the explorer of a workspace as an ASGI application.

    Args:
        executor: The workspace and its threads; the caller closes the executor.
        hosts: Accepted values of the header ``Host``, in lower case, with the port.
        allow_edit: Whether clients may edit facts and undo revisions.
        log_requests: Whether to log each request.
        tokens: The accepted tokens; each request needs one. None: requests need no token.
        limits: How many requests a client may send; None for any number.
        metrics: The metrics, which other applications of this process may share.
        name: The name under which a server of several workspaces serves this one, as the first part
            of the path; None at the root.
    """
    app = FastAPI(
        title="kptm",
        version=version("kptm"),
        summary="Ask a workspace, link text to it, look at its graph and correct it.",
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,  # FastAPI's page would load scripts from another site
        redoc_url=None,
        redirect_slashes=False,
        servers=None if name is None else [{"url": f"/{quote(name, safe='')}"}],
        generate_unique_id_function=lambda route: route.name,
    )
    metrics = metrics or ServerMetrics()
    label = executor.name if name is None else name
    app.state.executor, app.state.allow_edit, app.state.metrics = executor, allow_edit, metrics
    app.state.name, app.state.is_one_of_several = label, name is not None
    app.state.tokens = tokens
    roles: dict[str, AccessRole | None] = {f"{PREFIX}/openapi.json": None}
    api = ROUTERS if tokens is None else (*ROUTERS, token_routes.routes)
    for prefix, routers in ((PREFIX, api), ("", OPERATING)):
        for routes in routers:
            app.include_router(routes, prefix=prefix)
            roles |= dict.fromkeys(paths_of(routes, prefix), routes.role)
    roles |= dict.fromkeys(add_page(app, EXPLORER))
    add_problems(app, executor.public)
    paths = app.openapi()["paths"]
    guarded = protect(app, roles, hosts=hosts, tokens=tokens, limits=limits)
    return RequestObserver(
        guarded, routes=paths, metrics=metrics, workspace=label, log=log_requests
    )
