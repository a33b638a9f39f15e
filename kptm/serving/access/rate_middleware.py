"""Middleware that refuses the requests of a client that sends too many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import JSONResponse

from kptm.serving.access.access_middleware import ACCESS_STATE

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.types import ASGIApp, Receive, Scope, Send

    from kptm.serving.access.rate_limits import RateLimits
    from kptm.serving.access.token_file import AccessToken


class RateMiddleware:
    """An ASGI middleware that counts the requests of each token.

    Requests without a token are counted by IP address.

    Args:
        app: The application.
        limits: The limits.
        unlimited: Paths whose requests are not counted.
    """

    def __init__(self, app: ASGIApp, *, limits: RateLimits, unlimited: Collection[str]) -> None:
        self._app, self._limits, self._unlimited = app, limits, frozenset(unlimited)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "http" and scope["path"] not in self._unlimited:
            token: AccessToken | None = scope.get("state", {}).get(ACCESS_STATE)
            address = (scope.get("client") or ("",))[0]
            # By its hash, because tokens of two workspaces may have the same name.
            kind, client = ("address", address) if token is None else ("token", token.sha256)
            seconds = self._limits.count(kind, client)
            if seconds:
                message = (
                    f"too many requests: at most {self._limits} for each {kind};"
                    f" try again in {seconds} seconds"
                )
                headers = {"retry-after": str(seconds)}
                refusal = JSONResponse({"detail": message}, 429, headers)
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)
