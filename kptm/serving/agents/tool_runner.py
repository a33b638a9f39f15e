"""What runs the work of tools: a thread of a server, or the caller's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from kptm.workspace import Workspace

R = TypeVar("R")


class ToolRunner(Protocol):
    """Runs the work of tools on a workspace, and turns errors into those of its protocol."""

    async def ask(self, work: Callable[[Workspace], R]) -> R:
        """Run work that asks or changes the workspace, after all earlier work."""
        ...
