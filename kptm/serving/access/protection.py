"""Puts the checks of requests around an application: hosts and sizes, tokens, rate limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kptm.serving.access.access_middleware import AccessMiddleware
from kptm.serving.access.rate_middleware import RateMiddleware
from kptm.serving.access.route_roles import document_limits, document_tokens
from kptm.serving.config import BODY_SECONDS, MAX_BODY_BYTES
from kptm.serving.middleware import SecurityMiddleware

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from fastapi import FastAPI
    from starlette.types import ASGIApp

    from kptm.serving.access.access_middleware import TokenFinder
    from kptm.serving.access.rate_limits import RateLimits
    from kptm.serving.access.roles import AccessRole


def protect(
    app: FastAPI,
    roles: Mapping[str, AccessRole | None],
    *,
    hosts: Collection[str],
    tokens: TokenFinder | None,
    limits: RateLimits | None,
) -> ASGIApp:
    """Wrap an application in its checks, and describe them in its OpenAPI document.

    From the outside in, a request passes security, tokens and rate limits.

    Args:
        app: The application, with all its routes.
        roles: By path: the role that a request needs; None for paths that are open to all.
        hosts: Accepted values of the header ``Host``, in lower case, with the port.
        tokens: The accepted tokens; None: requests need no token.
        limits: How many requests a client may send; None for any number.
    """
    checked: ASGIApp = app
    if limits is not None:
        document_limits(app.openapi(), roles)
        public = [path for path, role in roles.items() if role is None]
        checked = RateMiddleware(checked, limits=limits, unlimited=public)
    if tokens is not None:
        document_tokens(app.openapi(), roles)
        checked = AccessMiddleware(checked, roles=roles, tokens=tokens)
    return SecurityMiddleware(
        checked, hosts=hosts, max_body=MAX_BODY_BYTES, body_seconds=BODY_SECONDS
    )
