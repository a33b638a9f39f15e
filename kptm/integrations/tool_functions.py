"""The tools for agents as plain and as asynchronous functions, for frameworks in this process.

They are the tools of ``kptm mcp`` (:mod:`kptm.serving.agents`); only what runs their work differs.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import wraps
from inspect import signature
from typing import TYPE_CHECKING, Any, TypeVar, cast, get_type_hints
from weakref import WeakKeyDictionary

from pydantic import BaseModel, ConfigDict, create_model

from kg.errors import KGError
from kptm.errors import KPTMError
from kptm.serving.agents.editing_tools import editing_tools
from kptm.serving.agents.reading_tools import reading_tools

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from concurrent.futures import Future

    from kptm.workspace import Workspace

R = TypeVar("R")

_WORKERS: WeakKeyDictionary[Workspace, ThreadPoolExecutor] = WeakKeyDictionary()
"""The thread of each workspace."""


def submit(workspace: Workspace, work: Callable[[Workspace], R]) -> Future[R]:
    """Begin work in the one thread of a workspace, after all earlier work.

    Frameworks call tools and retrievers from many short-lived threads, but the linker serves one,
    and each thread that reads the graph holds a connection.
    """
    if workspace not in _WORKERS:
        _WORKERS.setdefault(workspace, ThreadPoolExecutor(1, "kptm-integrations"))
    return _WORKERS[workspace].submit(work, workspace)


class ThreadRunner:
    """Runs the work of tools in the thread of a workspace.

    Args:
        workspace: An open workspace.
        error: Makes the framework's error of a message.
        blocking: Whether the caller waits; if not, its event loop continues.
    """

    def __init__(
        self, workspace: Workspace, error: Callable[[str], Exception], *, blocking: bool
    ) -> None:
        self._workspace, self._error, self._blocking = workspace, error, blocking

    async def ask(self, work: Callable[[Workspace], R]) -> R:
        """Run work that asks or changes the workspace, after all earlier work."""
        future = submit(self._workspace, work)
        try:
            return future.result() if self._blocking else await asyncio.wrap_future(future)
        except (KGError, KPTMError) as error:
            raise self._error(str(error)) from error


@dataclass(frozen=True)
class ToolFunction:
    """A tool as two functions with the same signature, which give a Pydantic model.

    Attributes:
        name: The name of the tool.
        description: The description for the agent.
        call: The function.
        acall: The same function for callers with an event loop.
        changes: Whether it changes the graph.
        arguments: Its arguments, as a model that refuses unknown ones.
    """

    name: str
    description: str
    call: Callable[..., Any]
    acall: Callable[..., Coroutine[Any, Any, Any]]
    changes: bool
    arguments: type[BaseModel]


def tool_functions(
    workspace: Workspace, *, allow_edit: bool, error: Callable[[str], Exception]
) -> list[ToolFunction]:
    """The tools of a workspace.

    Args:
        workspace: An open workspace.
        allow_edit: Whether to include the tools that change the graph.
        error: Makes the framework's error of the message of an error of kptm.
    """
    blocking, waiting = (
        ThreadRunner(workspace, error, blocking=blocks) for blocks in (True, False)
    )
    kinds = [(reading_tools, False), *([(editing_tools, True)] if allow_edit else [])]
    return [
        ToolFunction(
            name=function.__name__,
            description=" ".join((function.__doc__ or "").split()),
            call=_to_plain(function),
            acall=cast("Callable[..., Coroutine[Any, Any, Any]]", waiting_function),
            changes=changes,
            arguments=_arguments(function),
        )
        for tools, changes in kinds
        for function, waiting_function in zip(tools(blocking), tools(waiting), strict=True)
    ]


def _arguments(tool: Callable[..., object]) -> type[BaseModel]:
    hints = get_type_hints(tool, include_extras=True)
    fields: dict[str, Any] = {
        name: (hints[name], ... if parameter.default is parameter.empty else parameter.default)
        for name, parameter in signature(tool).parameters.items()
    }
    return create_model(tool.__name__, __config__=ConfigDict(extra="forbid"), **fields)


def _to_plain(tool: Callable[..., Any]) -> Callable[..., Any]:
    """A tool whose runner blocks as a plain function: its coroutine never waits."""

    @wraps(tool)
    def call(*args: Any, **options: Any) -> Any:
        coroutine = tool(*args, **options)
        try:
            coroutine.send(None)
        except StopIteration as end:
            return end.value
        raise AssertionError(f"{tool.__name__} waited for something")

    return call
