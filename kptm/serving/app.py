"""Creates the application: the API, the page, and the responses to errors."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from kg.errors import (
    InvalidNameError,
    KGError,
    QueryError,
    StoreBusyError,
    UnknownKeyError,
    shorten,
)
from kptm.errors import KPTMError, LinkingError
from kptm.serving.access.access_middleware import AccessMiddleware
from kptm.serving.access.rate_middleware import RateMiddleware
from kptm.serving.access.route_roles import document_limits, document_tokens, paths_of
from kptm.serving.config import BODY_SECONDS, MAX_BODY
from kptm.serving.executor import BusyError
from kptm.serving.middleware import SecurityMiddleware
from kptm.serving.observation.metrics import ServerMetrics
from kptm.serving.observation.request_observer import RequestObserver
from kptm.serving.routes import (
    edit_routes,
    graph_routes,
    health_routes,
    question_routes,
    review_routes,
    token_routes,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping

    from starlette.types import ASGIApp

    from kptm.serving.access.rate_limits import RateLimits
    from kptm.serving.access.roles import AccessRole
    from kptm.serving.access.token_file import TokenFile
    from kptm.serving.executor import WorkspaceExecutor

ROUTERS = (
    question_routes.routes,
    graph_routes.routes,
    edit_routes.routes,
    review_routes.routes,
    review_routes.deciding,
)
OPERATING = (health_routes.probes, health_routes.routes)
"""Routes without the prefix: probes and metrics, for those who run the server."""
PREFIX = "/api/v1"
STATUS: tuple[tuple[type[Exception], int], ...] = (
    (UnknownKeyError, 404),
    (InvalidNameError, 422),
    (QueryError, 422),
    (LinkingError, 422),
    (StoreBusyError, 503),
)
"""HTTP status of errors caused by the client; every other error of kptm gets 409 (conflict)."""
RETRY_SECONDS = 10
"""``Retry-After`` for a locked database: a request has already waited as long for the lock."""
MEDIA = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}


def create_app(
    executor: WorkspaceExecutor,
    *,
    hosts: Collection[str],
    allow_edit: bool = False,
    log_requests: bool = False,
    tokens: TokenFile | None = None,
    limits: RateLimits | None = None,
) -> ASGIApp:
    """Create the explorer of a workspace as an ASGI application.

    Args:
        executor: The workspace and its threads; the caller closes the executor.
        hosts: Accepted values of the header ``Host``, in lower case, with the port.
        allow_edit: Whether clients may edit facts and undo revisions.
        log_requests: Whether to log each request.
        tokens: The accepted tokens; each request needs one. None: requests need no token.
        limits: How many requests a client may send; None for any number.
    """
    app = FastAPI(
        title="kptm",
        version=version("kptm"),
        summary="Ask a workspace, link text to it, look at its graph and correct it.",
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,  # FastAPI's page would load scripts from another site
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    metrics = ServerMetrics()
    app.state.executor, app.state.allow_edit, app.state.metrics = executor, allow_edit, metrics
    app.state.tokens = tokens
    roles: dict[str, AccessRole | None] = {f"{PREFIX}/openapi.json": None}
    api = ROUTERS if tokens is None else (*ROUTERS, token_routes.routes)
    for prefix, routers in ((PREFIX, api), ("", OPERATING)):
        for routes in routers:
            app.include_router(routes, prefix=prefix)
            roles |= dict.fromkeys(paths_of(routes, prefix), routes.role)
    roles |= dict.fromkeys(_add_page(app))
    _add_problems(app, executor)
    paths = app.openapi()["paths"]
    # From the outside in: observer, security, tokens, rate limits, application.
    checked: ASGIApp = app
    if limits is not None:
        document_limits(app.openapi(), roles)
        public = [path for path, role in roles.items() if role is None]
        checked = RateMiddleware(app, limits=limits, unlimited=public)
    if tokens is not None:
        document_tokens(app.openapi(), roles)
        checked = AccessMiddleware(checked, roles=roles, tokens=tokens)
    guarded = SecurityMiddleware(checked, hosts=hosts, max_body=MAX_BODY, body_seconds=BODY_SECONDS)
    return RequestObserver(guarded, routes=paths, metrics=metrics, log=log_requests)


def _add_page(app: FastAPI) -> list[str]:
    """Add a route for each file of ``static/`` and return the paths; the files are read once."""
    paths = []
    for path in sorted((Path(__file__).parent / "static").iterdir()):
        where = "/" if path.name == "index.html" else f"/{path.name}"
        app.add_route(where, _page(path), include_in_schema=False)
        paths.append(where)
    return paths


def _page(path: Path) -> Callable[[Request], Awaitable[Response]]:
    content, media = path.read_bytes(), MEDIA[path.suffix]

    async def page(_request: Request) -> Response:
        return Response(content, media_type=media)

    return page


def _add_problems(app: FastAPI, executor: WorkspaceExecutor) -> None:
    """Turn every error into a response with one message, which hides unexpected errors."""

    async def known_error(_request: Request, error: Exception) -> JSONResponse:
        status = next((status for kind, status in STATUS if isinstance(error, kind)), 409)
        headers = {"retry-after": str(RETRY_SECONDS)} if status == 503 else None
        return _problem(status, executor.public(str(error)), headers)

    async def http_error(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)  # noqa: S101  # registered only for this class
        return _problem(error.status_code, str(error.detail), error.headers)

    for kind in (KGError, KPTMError):
        app.add_exception_handler(kind, known_error)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(BusyError, _busy)
    app.add_exception_handler(Exception, _unforeseen)


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    first = error.errors()[0] if isinstance(error, RequestValidationError) else {}
    field = ".".join(str(part) for part in first.get("loc", ())[1:])
    message = f"{shorten(field)}: {first.get('msg', 'is malformed')}"
    return _problem(422, message.removeprefix(": "))


async def _busy(_request: Request, _error: Exception) -> JSONResponse:
    return _problem(503, "too many requests at once; try again", {"retry-after": "1"})


async def _unforeseen(_request: Request, _error: Exception) -> JSONResponse:
    return _problem(500, "something went wrong here; the server's log says what")


def _problem(status: int, message: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    detail = message.encode("utf-8", "backslashreplace").decode()  # for lone surrogates
    return JSONResponse({"detail": detail}, status, headers)
