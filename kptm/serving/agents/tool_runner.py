"""The interface through which tools use a workspace: on a server's thread, or the caller's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from kptm.workspace import Workspace

R = TypeVar("R")


class ToolRunner(Protocol):
    """Runs the calls of tools on a workspace, and raises errors as the protocol defines them."""

    async def ask(self, work: Callable[[Workspace], R]) -> R:
        """Run a function that asks or changes the workspace, after all earlier calls."""
        ...
