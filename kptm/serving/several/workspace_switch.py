"""Passes each request on to the application of the workspace that its path names."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp, Receive, Scope, Send


class WorkspaceSwitch:
    """An ASGI application of several workspaces: ``/NAME/…`` is ``/…`` of the workspace NAME.

    The name is removed from the path, and not declared as ``root_path``: Starlette would remove a
    declared one from the path once more, but the middleware that looks up the role of a path would
    not, so that ``/a/a/…`` would pass with the role of another route.

    Args:
        root: The application for all other paths.
        apps: The applications of the workspaces, by name.
    """

    def __init__(self, root: ASGIApp, apps: Mapping[str, ASGIApp]) -> None:
        self._root, self._apps = root, dict(apps)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        app = self._root
        if scope["type"] in ("http", "websocket"):
            name, slash, rest = scope["path"].removeprefix("/").partition("/")
            if slash and name in self._apps:
                app, scope = self._apps[name], {**scope, "path": f"/{rest}"}
        await app(scope, receive, send)
