"""WorkspaceExecutor: distributes the work of requests to threads.

Any number of threads can use the store, each on its own connection. Only one thread may use the
linker, the predictor and the model, because they refresh their indexes and hook the layers of the
model while they work. Therefore one thread answers questions and makes changes, in the order in
which the requests arrive, and each answer sees all earlier edits. Other threads read the graph.
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

READER_THREADS = 4
"""The number of threads that read; each may use two of the store's fifteen connections."""
MAX_LANGUAGE_LISTS = 16
"""The maximum number of lists of languages for which a graph with cached labels is held."""


class BusyError(Exception):
    """There are too many concurrent requests."""


class WorkspaceExecutor:
    """A workspace and the threads that work on it.

    Args:
        workspace: An open workspace, which nothing else in this process may use.
        max_waiting: The maximum number of concurrent requests.

    Raises:
        ConfigError: The variable with the password of the replica is not set.
        StoreError: The replica of the settings is none of the workspace's database.
    """

    def __init__(self, workspace: Workspace, *, max_waiting: int) -> None:
        database = workspace.config.database
        if database.replica:
            workspace.graph.database.use_replica(database.replica_with_password())
        self._workspace = workspace
        self._max_waiting = max_waiting
        self._waiting = 0
        self._revision = 0
        self._graphs: dict[tuple[str, ...], KnowledgeGraph] = {}
        self._asking = ThreadPoolExecutor(1, "kptm-asking")
        self._reading = ThreadPoolExecutor(READER_THREADS, "kptm-reading")

    @property
    def name(self) -> str:
        """The name of the workspace, which is the name of its folder without the path."""
        return self._workspace.folder.resolve().name

    def public(self, message: str) -> str:
        """Replace the paths of folder and database in a message, which clients must not see."""
        database = self._workspace.graph.database.name
        return message.replace(database, self.name).replace(str(self._workspace.folder), self.name)

    def prepare(self) -> None:
        """Load everything that the first question needs.

        Raises:
            KGError: The embeddings or the model belong to another graph.
            KPTMError: A file of the workspace is malformed.
        """
        self._asking.submit(self._prepare).result()

    def _prepare(self) -> None:
        self._workspace.linker.refresh()
        self._workspace.predictor()
        self._revision = self._workspace.graph.revision()

    async def ask(self, work: Callable[[Workspace], R]) -> R:
        """Run a function that asks or changes the workspace, after all earlier calls of ``ask``.

        Raises:
            BusyError: There are too many concurrent requests.
        """

        def follow_and_work(workspace: Workspace) -> R:
            with workspace.graph.database.on_replica():
                self._revision = workspace.refresh(self._revision)
                return work(workspace)

        return await self._run_in_threads(self._asking, follow_and_work, self._workspace)

    async def read(self, work: Callable[[KnowledgeGraph], R], languages: tuple[str, ...] = ()) -> R:
        """Run a function that only reads the graph, concurrently with other calls.

        Args:
            work: The function; it gets the graph.
            languages: The preferred languages of labels; those of the workspace come after them.

        Raises:
            BusyError: There are too many concurrent requests.
        """

        def read_and_work(graph: KnowledgeGraph) -> R:
            with graph.database.on_replica():
                return work(graph)

        return await self._run_in_threads(self._reading, read_and_work, self._graph_in(languages))

    def _graph_in(self, languages: tuple[str, ...]) -> KnowledgeGraph:
        """The graph with labels in these languages; it is held, because it caches the labels."""
        if not languages:
            return self._workspace.graph
        if languages not in self._graphs:
            if len(self._graphs) == MAX_LANGUAGE_LISTS:
                self._graphs.clear()
            settled = self._workspace.config.graph.languages
            self._graphs[languages] = self._workspace.graph.in_languages((*languages, *settled))
        return self._graphs[languages]

    async def _run_in_threads(self, threads: Executor, work: Callable[[G], R], on: G) -> R:
        if self._waiting >= self._max_waiting:
            raise BusyError
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(threads, partial(work, on))
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Wait for the running calls, and cancel those that have not begun."""
        for threads in (self._asking, self._reading):
            threads.shutdown(cancel_futures=True)
