"""Shared by all routes: the executor, roles, the check for JSON bodies, and documented errors."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.params import Depends as Dependency
from fastapi.routing import APIRoute

from kptm.serving.accepted_languages import accepted_languages
from kptm.serving.access.access_middleware import STATE
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
    """Responses for the OpenAPI document: the given ones, and those of every route."""
    return {status: {"model": Problem} for status in sorted({400, 403, 422, 503, *statuses})}


class _JsonRoute(APIRoute):
    """A route that accepts only JSON, since pages of other sites can send other types freely."""

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
    """A part of the API, with the role that a client needs for all of it.

    Args:
        tag: The name of the part.
        role: The role; None is for everybody, also where tokens are required.
        dependencies: Checks before each route.
    """

    def __init__(self, tag: str, role: AccessRole | None, *dependencies: Dependency) -> None:
        super().__init__(tags=[tag], dependencies=dependencies, route_class=_JsonRoute)
        self.role = role


def edits_allowed(request: Request) -> bool:
    """Whether the server allows changes, and the client's role does."""
    token = token_of(request)
    return request.app.state.allow_edit and (token is None or token.role.includes(AccessRole.EDIT))


def token_of(request: Request) -> AccessToken | None:
    """The token of a request; None where tokens are not required."""
    token: AccessToken | None = getattr(request.state, STATE, None)
    return token
