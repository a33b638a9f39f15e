"""Middleware that counts every request, gives it an id, and logs it if logging is on."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders

from kg.errors import shorten
from kptm.serving.access.access_middleware import ACCESS_STATE
from kptm.serving.observation.json_log import log_request
from kptm.serving.observation.request_ids import HEADER, REQUEST_ID, choose_request_id

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from kptm.serving.access.token_file import AccessToken
    from kptm.serving.observation.metrics import ServerMetrics

OTHER = "other"
"""The label for all paths and methods that the server does not have.

Clients may invent any number of them, and each label is a time series of Prometheus.
"""
METHODS = frozenset(("GET", "HEAD", "POST"))


class RequestObserver:
    """The outermost ASGI middleware, so that it observes refused requests too.

    Args:
        app: The application.
        routes: The paths with a count of their own; all other paths share one.
        metrics: The metrics that count the requests.
        workspace: The name of the workspace, for metrics and logs; "" for requests to none.
        log: Whether to log a line for each request. A line has the path, but never the query or the
            body, because they contain the questions of users.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        routes: Collection[str],
        metrics: ServerMetrics,
        workspace: str,
        log: bool,
    ) -> None:
        self._app, self._routes, self._metrics, self._log = app, frozenset(routes), metrics, log
        self._workspace = workspace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and observe its response."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = choose_request_id(Headers(scope=scope).get(HEADER, ""))
        scope.setdefault("state", {})  # _note reads the token from it; copies of the scope share it
        REQUEST_ID.set(request_id)  # for this request's task, in which uvicorn logs errors too
        status, begun = 500, time.perf_counter()

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(raw=message.setdefault("headers", []))[HEADER] = request_id
            await send(message)

        self._metrics.begin_request(self._workspace)
        try:
            await self._app(scope, receive, sending)
        finally:
            self._note(scope, status, time.perf_counter() - begun)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        """Count a request that was answered, and log it if logging is on."""
        method, path = scope["method"], scope["path"]
        self._metrics.end_request(
            self._workspace,
            method if method in METHODS else OTHER,
            path if path in self._routes else OTHER,
            status,
            seconds,
        )
        token: AccessToken | None = scope["state"].get(ACCESS_STATE)
        if self._log:
            log_request(
                {
                    "workspace": self._workspace,
                    "method": method,
                    "path": shorten(path),
                    "status": status,
                    "ms": round(1000 * seconds, 1),
                    "client": (scope.get("client") or ("",))[0],
                    **({"token": token.name} if token is not None else {}),
                    "process": os.getpid(),
                }
            )
