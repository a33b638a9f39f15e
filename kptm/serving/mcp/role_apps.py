"""Serves MCP to clients with tokens: one application for each set of tools that a role may use."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.routing import Mount

from kptm.serving.access.access_middleware import ACCESS_STATE, AccessMiddleware
from kptm.serving.access.roles import AccessRole

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import Receive, Scope, Send

    from kptm.serving.access.token_file import AccessToken, TokenFile


class _RoleSwitch:
    """An ASGI application that passes a request on to the application of its token's role.

    The sessions of one application are unknown to the other, so that a client cannot use the
    session of a client with more rights.
    """

    def __init__(self, reading: Starlette, editing: Starlette) -> None:
        self._reading, self._editing = reading, editing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        token: AccessToken | None = scope.get("state", {}).get(ACCESS_STATE)
        may_edit = token is not None and token.role.includes(AccessRole.EDIT)
        await (self._editing if may_edit else self._reading)(scope, receive, send)


def create_role_app(reading: Starlette, editing: Starlette, tokens: TokenFile) -> Starlette:
    """Create an application that requires a token for each request.

    Args:
        reading: The application for tokens that may only read.
        editing: The application for the other tokens; it may be the same one.
        tokens: The accepted tokens.
    """

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for app in dict.fromkeys((reading, editing)):
                await stack.enter_async_context(app.router.lifespan_context(app))
            yield

    switch = AccessMiddleware(_RoleSwitch(reading, editing), roles={}, tokens=tokens)
    return Starlette(routes=[Mount("", app=switch)], lifespan=lifespan)
