"""Turns errors into responses with a status and one message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
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
from kptm.serving.executor import BusyError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fastapi import FastAPI, Request

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


def add_problems(app: FastAPI, public: Callable[[str], str]) -> None:
    """Turn every error into a response with one message, which hides unexpected errors.

    Args:
        app: The application.
        public: Removes from a message what clients must not see.
    """

    async def known_error(_request: Request, error: Exception) -> JSONResponse:
        status = next((status for kind, status in STATUS if isinstance(error, kind)), 409)
        headers = {"retry-after": str(RETRY_SECONDS)} if status == 503 else None
        return _problem(status, public(str(error)), headers)

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
