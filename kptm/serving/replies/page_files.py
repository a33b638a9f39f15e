"""Serves the files of the page, ``static/``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fastapi.responses import Response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from fastapi import FastAPI, Request

STATIC = Path(__file__).parents[1] / "static"
EXPLORER = "index.html"
"""The page of a workspace."""
LIST = "workspaces.html"
"""The page that lists the workspaces of a server."""
MEDIA = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
}


def add_page(app: FastAPI, index: str) -> list[str]:
    """Add a route for each file of ``static/`` and return the paths; the files are read once.

    Args:
        app: The application.
        index: The name of the HTML file at "/"; other HTML files are not served.
    """
    paths = []
    for path in sorted(STATIC.iterdir()):
        if path.suffix == ".html" and path.name != index:
            continue
        where = "/" if path.name == index else f"/{path.name}"
        app.add_route(where, _page(path), include_in_schema=False)
        paths.append(where)
    return paths


def _page(path: Path) -> Callable[[Request], Awaitable[Response]]:
    content, media = path.read_bytes(), MEDIA[path.suffix]

    async def page(_request: Request) -> Response:
        return Response(content, media_type=media)

    return page
