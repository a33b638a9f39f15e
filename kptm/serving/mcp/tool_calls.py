"""Runs MCP tools on the workspace's thread, and turns errors into messages for the agent."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from mcp.server.mcpserver.exceptions import ToolError

from kg.errors import KGError
from kptm.errors import KPTMError
from kptm.serving.executor import BusyError

if TYPE_CHECKING:
    from collections.abc import Callable

    from kptm.serving.executor import WorkspaceExecutor
    from kptm.workspace import Workspace

R = TypeVar("R")


class ToolCalls:
    """A ``ToolRunner`` for MCP: runs the calls of tools on the thread of a workspace.

    Args:
        executor: The workspace and its threads.
    """

    def __init__(self, executor: WorkspaceExecutor) -> None:
        self._executor = executor

    async def ask(self, work: Callable[[Workspace], R]) -> R:
        """Run a function that asks or changes the workspace, after all earlier calls.

        Raises:
            ToolError: The function failed; the message says what to do.
        """
        try:
            return await self._executor.ask(work)
        except (KGError, KPTMError) as error:
            raise ToolError(self._executor.public(str(error))) from error
        except BusyError as error:
            raise ToolError("the workspace is busy; call again in a moment") from error
