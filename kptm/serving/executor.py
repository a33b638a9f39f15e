"""WorkspaceExecutor: decides which thread does the work of a request.

The store serves any number of threads, each on a connection of its own. The linker, the predictor
and the model are made for one: they refresh their indexes and hook the model's layers while they
work. So one thread asks and changes, in the order of the requests, and what an edit changes is
heard by the next answer; a few threads beside it read the graph.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

    from kg.graph import KnowledgeGraph
    from kptm.workspace import Workspace

R = TypeVar("R")
G = TypeVar("G")

READERS = 4
"""Threads that read: each may hold two of the store's fifteen connections."""


class BusyError(Exception):
    """More requests are under way than may wait."""


class WorkspaceExecutor:
    """A workspace and the threads that work on it.

    Args:
        workspace: Open, and used by nobody else in this process from now on.
        max_waiting: Pieces of work that may be under way at once.
    """

    def __init__(self, workspace: Workspace, *, max_waiting: int) -> None:
        self._workspace = workspace
        self._max_waiting = max_waiting
        self._waiting = 0
        self._asking = ThreadPoolExecutor(1, "kptm-asking")
        self._reading = ThreadPoolExecutor(READERS, "kptm-reading")

    @property
    def name(self) -> str:
        """What the workspace is called: its folder's name, without the path to it."""
        return self._workspace.folder.resolve().name

    def public(self, message: str) -> str:
        """A message without the path of the workspace's folder, which is nobody's business."""
        return message.replace(str(self._workspace.folder), self.name)

    def prepare(self) -> None:
        """Read now what the first question would wait for.

        Raises:
            KGError: The embeddings or the model belong to another graph.
            KPTMError: A file of the workspace is malformed.
        """
        self._asking.submit(self._prepare).result()

    def _prepare(self) -> None:
        self._workspace.linker.refresh()
        self._workspace.predictor()

    async def ask(self, work: Callable[[Workspace], R]) -> R:
        """Do work that asks or changes the workspace, after all that came before it.

        Raises:
            BusyError: Too much is waiting.
        """
        return await self._run_in_threads(self._asking, work, self._workspace)

    async def read(self, work: Callable[[KnowledgeGraph], R]) -> R:
        """Do work that only reads the graph, beside whatever else is done.

        Raises:
            BusyError: Too much is waiting.
        """
        return await self._run_in_threads(self._reading, work, self._workspace.graph)

    async def _run_in_threads(self, threads: Executor, work: Callable[[G], R], on: G) -> R:
        if self._waiting >= self._max_waiting:
            raise BusyError
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(threads, partial(work, on))
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Wait for what has begun, leave the rest."""
        for threads in (self._asking, self._reading):
            threads.shutdown(cancel_futures=True)
