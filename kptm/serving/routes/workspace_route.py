"""Helpers of all routes: the executor, roles, the check for JSON bodies, and documented errors."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.params import Depends as Dependency
from fastapi.routing import APIRoute

from kptm.serving.accepted_languages import accepted_languages
from kptm.serving.access.access_middleware import ACCESS_STATE
from kptm.serving.access.roles import AccessRole
from kptm.serving.access.token_file import AccessToken
from kptm.serving.executor import WorkspaceExecutor
from kptm.serving.schemas.responses import Problem


def _executor(request: Request) -> WorkspaceExecutor:
    executor: WorkspaceExecutor = request.app.state.executor
    return executor


OnWorkspace = Annotated[WorkspaceExecutor, Depends(_executor)]


def _languages(request: Request) -> tuple[str, ...]:
    return accepted_languages(request.headers.get("accept-language", ""))


InLanguages = Annotated[tuple[str, ...], Depends(_languages)]
"""The languages that the client prefers for labels, best first."""


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Error responses for the OpenAPI document: these statuses, and those that any route has."""
    return {status: {"model": Problem} for status in sorted({400, 403, 422, 503, *statuses})}


class _JsonRoute(APIRoute):
    """A route that accepts only JSON bodies.

    A page of another site can send other content types without a CORS preflight request.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        if self.body_field is None:
            return handle

        async def checked_handler(request: Request) -> Response:
            kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
            if kind != "application/json":
                raise HTTPException(415, "send JSON, with the content type application/json")
            try:
                (await request.body()).decode("utf-8")
            except UnicodeDecodeError as error:
                message = f"the body is not UTF-8 (byte {error.start}); encode it so"
                raise HTTPException(400, message) from error
            return await handle(request)

        return checked_handler


class RoleRouter(APIRouter):
    """A router of the API with the role that a client needs for all its routes.

    Args:
        tag: The tag of the routes in the OpenAPI document.
        role: The role; None means that no token is needed, even if the server requires tokens.
        dependencies: FastAPI dependencies that check each request.
    """

    def __init__(self, tag: str, role: AccessRole | None, *dependencies: Dependency) -> None:
        super().__init__(tags=[tag], dependencies=dependencies, route_class=_JsonRoute)
        self.role = role


def edits_allowed(request: Request) -> bool:
    """Whether both the server and the client's role allow changes."""
    token = token_of(request)
    return request.app.state.allow_edit and (token is None or token.role.includes(AccessRole.EDIT))


def token_of(request: Request) -> AccessToken | None:
    """The token of a request; None if the server requires no tokens."""
    token: AccessToken | None = getattr(request.state, ACCESS_STATE, None)
    return token
