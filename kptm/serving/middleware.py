"""Security middleware: checks requests before routing, and adds headers to responses.

A page of another site can send requests to this machine, and it can read the responses if the host
name of that site resolves to this machine (DNS rebinding). The page can forge neither ``Host`` nor
``Origin``, so both headers are checked on every request.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import anyio
from starlette.datastructures import Headers, MutableHeaders

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

API = "/api/"
PROBES = frozenset(("/healthz", "/readyz"))
"""The paths for which ``Host`` may have any value: container platforms call them by IP address, and
the responses contain nothing that another site could want."""
UNCACHED = PROBES | {"/metrics"}
"""The paths outside of the API whose responses must not be stored by browsers."""
MAX_DRAINED_BYTES = 1_048_576
"""The maximum number of bytes of a too large body that are read before the request is refused."""
MAX_LENGTH_DIGITS = 12
"""The maximum number of digits of a content length, since Python refuses to parse very long
numbers."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
    " require-trusted-types-for 'script'; trusted-types 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


class RefusedError(Exception):
    """A request is refused; has the status and the message of the response."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class SecurityMiddleware:
    """An ASGI middleware that refuses unsafe requests.

    Args:
        app: The application.
        hosts: Accepted values of ``Host``, in lower case; ``Origin`` must be one of them after
            ``http://`` or ``https://``.
        max_body: The maximum number of bytes of a body, with or without a content length.
        body_seconds: Seconds within which a body must arrive.
    """

    def __init__(
        self, app: ASGIApp, *, hosts: Collection[str], max_body: int, body_seconds: float
    ) -> None:
        self._app, self._hosts = app, hosts
        self._max_body, self._body_seconds = max_body, body_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request, or pass it on after its whole body has been read."""
        if scope["type"] == "websocket":  # the API has no WebSockets
            await send({"type": "websocket.close"})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        head = scope["method"] == "HEAD"  # answered like GET, without the body
        if head:
            scope = {**scope, "method": "GET"}

        async def sending(message: Message) -> None:
            if head and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message.setdefault("headers", []))
                headers.update(HEADERS)
                api = scope["path"].startswith(API) or scope["path"] in UNCACHED
                headers["cache-control"] = "no-store" if api else "no-cache"
            await send(message)

        headers = Headers(scope=scope)
        try:
            body = await self._body(receive, headers)
            self._check(headers, named=scope["path"] not in PROBES)
        except RefusedError as refused:
            await _refuse(sending, refused)
            return
        await self._app(scope, _Replay(body, receive), sending)

    def _check(self, headers: Headers, *, named: bool) -> None:
        """Refuse a request from a page of another site and, if ``named``, for another host name."""
        hosts = [value.lower() for value in headers.getlist("host")]
        if named and (len(hosts) != 1 or hosts[0] not in self._hosts):
            raise RefusedError(
                400, "this server does not go by that name; open it at the address that it printed"
            )
        allowed = {f"{scheme}://{host}" for scheme in ("http", "https") for host in self._hosts}
        if any(origin.lower() not in allowed for origin in headers.getlist("origin")):
            raise RefusedError(403, "pages of other sites may not use this server")

    async def _body(self, receive: Receive, headers: Headers) -> bytes:
        """Read the whole body, because a client that is still sending may not see a refusal."""
        length = headers.get("content-length", "0")
        too_long = (
            len(length) > MAX_LENGTH_DIGITS
            or not length.isdecimal()
            or int(length) > MAX_DRAINED_BYTES
        )
        body, more = bytearray(), not too_long
        with anyio.move_on_after(self._body_seconds) as timeout:
            while more and len(body) <= MAX_DRAINED_BYTES:
                message = await receive()
                if message["type"] != "http.request":  # the client has disconnected
                    raise RefusedError(400, "the request ended before its body did")
                body += message.get("body", b"")
                more = message.get("more_body", False)
        if timeout.cancelled_caught:
            raise RefusedError(408, "the request's body did not arrive in time")
        if too_long or len(body) > self._max_body:
            raise RefusedError(413, f"a body may have {self._max_body:,} bytes; send less")
        return bytes(body)


class _Replay:
    """An ASGI ``receive`` that first returns the body that was read, then the next messages."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive

    async def __call__(self) -> Message:
        if self._body is None:
            return await self._receive()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}


async def _refuse(send: Send, refused: RefusedError) -> None:
    """Respond with the refusal, and close the connection without reading the rest."""
    body = json.dumps({"detail": str(refused)}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
