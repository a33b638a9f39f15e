"""Looks up the paths of routers, and adds tokens and rate limits to the OpenAPI document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi.routing import APIRoute

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import APIRouter

    from kptm.serving.access.roles import AccessRole

SCHEMA = "token"
"""The name of the security scheme in the OpenAPI document."""


def paths_of(router: APIRouter, prefix: str) -> list[str]:
    """The paths of a router.

    Raises:
        ValueError: A path has parameters, so that the role for a request could not be looked up by
            its path.
    """
    paths = [prefix + route.path for route in router.routes if isinstance(route, APIRoute)]
    if open_ended := [path for path in paths if "{" in path]:
        raise ValueError(f"{open_ended[0]}: use parameters of the query, so that its role is found")
    return paths


def document_tokens(document: dict[str, Any], roles: Mapping[str, AccessRole | None]) -> None:
    """Add to an OpenAPI document which operations need a token of which role, and status 401."""
    schemes = document["components"].setdefault("securitySchemes", {})
    schemes[SCHEMA] = {
        "type": "http",
        "scheme": "bearer",
        "description": "A token of kptm token add.",
    }
    for path, operations in document["paths"].items():
        role = roles[path]
        for operation in operations.values() if role is not None else ():
            operation["security"] = [{SCHEMA: []}]
            operation["description"] = (
                f"{operation.get('description', '')}\n\nNeeds the role {role}.".strip()
            )
            operation["responses"]["401"] = operation["responses"]["403"]


def document_limits(document: dict[str, Any], roles: Mapping[str, AccessRole | None]) -> None:
    """Add status 429 to each operation of an OpenAPI document that has a rate limit."""
    for path, operations in document["paths"].items():
        for operation in operations.values() if roles[path] is not None else ():
            operation["responses"]["429"] = operation["responses"]["403"]
