"""Creates the application of a server of several workspaces: theirs, and a list of them."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from kptm.serving.access.protection import protect
from kptm.serving.access.route_roles import paths_of
from kptm.serving.app import PREFIX, create_app
from kptm.serving.observation.metrics import ServerMetrics
from kptm.serving.observation.request_observer import RequestObserver
from kptm.serving.replies.page_files import LIST, add_page
from kptm.serving.replies.problem_responses import add_problems
from kptm.serving.several import root_routes
from kptm.serving.several.all_tokens import AllTokens
from kptm.serving.several.workspace_switch import WorkspaceSwitch

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from fastapi.responses import Response
    from starlette.types import ASGIApp

    from kptm.serving.access.rate_limits import RateLimits
    from kptm.serving.access.roles import AccessRole
    from kptm.serving.access.token_file import TokenFile
    from kptm.serving.executor import WorkspaceExecutor


def create_apps(
    executors: Mapping[str, WorkspaceExecutor],
    *,
    hosts: Collection[str],
    allow_edit: bool = False,
    log_requests: bool = False,
    tokens: Mapping[str, TokenFile] | None = None,
    limits: RateLimits | None = None,
) -> ASGIApp:
    """Create the application of several workspaces: each has its explorer and API at ``/NAME/``.

    Args:
        executors: The workspaces and their threads, by name; the caller closes the executors.
        hosts: Accepted values of the header ``Host``, in lower case, with the port.
        allow_edit: Whether clients may edit facts and undo revisions.
        log_requests: Whether to log each request.
        tokens: The accepted tokens of each workspace, by name; each request needs one. None:
            requests need no token.
        limits: How many requests a client may send; None for any number.
    """
    metrics = ServerMetrics()
    apps = {
        name: create_app(
            executor,
            hosts=hosts,
            allow_edit=allow_edit,
            log_requests=log_requests,
            tokens=None if tokens is None else tokens[name],
            limits=limits,
            metrics=metrics,
            name=name,
        )
        for name, executor in executors.items()
    }
    app = FastAPI(
        title="kptm",
        version=version("kptm"),
        summary="List the workspaces of this server; each has an API of its own.",
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    every = None if tokens is None else AllTokens(tokens)
    app.state.executors, app.state.metrics, app.state.tokens = dict(executors), metrics, every
    roles: dict[str, AccessRole | None] = {f"{PREFIX}/openapi.json": None}
    own = (
        ("", root_routes.probes),
        ("", root_routes.metrics_routes),
        (PREFIX, root_routes.workspace_routes),
    )
    for prefix, routes in own:
        app.include_router(routes, prefix=prefix)
        roles |= dict.fromkeys(paths_of(routes, prefix), routes.role)
    roles |= dict.fromkeys(add_page(app, LIST))
    app.add_route("/{name}", _add_slash, include_in_schema=False)
    roles |= {f"/{name}": None for name in executors}
    add_problems(app, lambda message: message)
    paths = app.openapi()["paths"]
    guarded = protect(app, roles, hosts=hosts, tokens=every, limits=limits)
    root = RequestObserver(
        guarded,
        routes=paths,
        metrics=metrics,
        workspace=root_routes.NO_WORKSPACE,
        log=log_requests,
    )
    return WorkspaceSwitch(root, apps)


async def _add_slash(request: Request) -> Response:
    """Redirect /NAME to /NAME/, to which the links of the page are relative."""
    name: str = request.path_params["name"]
    if name not in request.app.state.executors:
        raise HTTPException(404)
    return RedirectResponse(root_routes.path_of(name))
