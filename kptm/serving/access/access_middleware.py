"""Middleware that passes a request on only if the role of its token suffices for the route."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Protocol

from starlette.datastructures import Headers

from kptm.errors import ConfigError
from kptm.serving.access.roles import AccessRole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp, Receive, Scope, Send

    from kptm.serving.access.token_file import AccessToken

SCHEME = "bearer"
ACCESS_STATE = "access_token"
"""The key under which the state of a request holds its token."""


class DeniedError(Exception):
    """A request is denied; has the status and the message of the response."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class TokenFinder(Protocol):
    """Accepted tokens: those of a workspace, or of several."""

    def find(self, text: str) -> AccessToken | None:
        """The token whose secret is ``text``, or None.

        Raises:
            ConfigError: The tokens cannot be read.
        """
        ...


class AccessMiddleware:
    """An ASGI middleware that checks tokens.

    Args:
        app: The application.
        roles: The role that each path needs; None means that the path needs no token. Paths that
            are not in it need ``AccessRole.READ``.
        tokens: The accepted tokens.
    """

    def __init__(
        self, app: ASGIApp, *, roles: Mapping[str, AccessRole | None], tokens: TokenFinder
    ) -> None:
        self._app, self._roles, self._tokens = app, dict(roles), tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or deny it."""
        if scope["type"] == "http":
            needed = self._roles.get(scope["path"], AccessRole.READ)
            try:
                headers = Headers(scope=scope)
                token = self._token_of(headers)
                if needed is not None:
                    _check(token, needed, has_header="authorization" in headers)
            except DeniedError as denied:
                await _deny(send, denied)
                return
            scope.setdefault("state", {})[ACCESS_STATE] = token
        await self._app(scope, receive, send)

    def _token_of(self, headers: Headers) -> AccessToken | None:
        """The token of a request; None if the request has no token or an unknown one."""
        scheme, _, text = headers.get("authorization", "").partition(" ")
        if scheme.lower() != SCHEME:
            return None
        try:
            return self._tokens.find(text.strip())
        except ConfigError as error:
            logging.getLogger("kptm.serving").error("%s", error)
            raise DeniedError(503, "the server cannot read its tokens; its log says why") from error


def _check(token: AccessToken | None, needed: AccessRole, *, has_header: bool) -> None:
    """Deny a request without an accepted token (401), or whose role is too low (403)."""
    if token is None:
        raise DeniedError(
            401,
            "this token is not accepted; ask whoever runs the server for another"
            if has_header
            else "this server needs a token: send 'Authorization: Bearer TOKEN', with one from"
            " whoever runs it",
        )
    if not token.role.includes(needed):
        raise DeniedError(
            403, f"the token {token.name!r} may {token.role}; this needs one that may {needed}"
        )


async def _deny(send: Send, denied: DeniedError) -> None:
    body = json.dumps({"detail": str(denied)}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]
    if denied.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": denied.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
