"""Starts worker processes that answer on one port, and replaces those that end."""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import signal
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING

from prometheus_client.multiprocess import mark_process_dead

from kptm.errors import WorkspaceError
from kptm.serving.listening import ENDING_SECONDS
from kptm.serving.observation.metrics import SHARED_FOLDER
from kptm.serving.workers.worker_process import READY, WorkerSetup, run_worker

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator, Mapping
    from multiprocessing.context import SpawnProcess

    from kptm.serving.config import ServingConfig
    from kptm.workspace import Workspace

LOGGER = "kptm.serving"
"""The name of the logger that reports workers that ended."""
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")
"""The environment variables that set the number of threads of numerical libraries."""
MIN_STEADY_SECONDS = 10.0
"""A worker that ends sooner than this is replaced after a pause, which doubles each time."""
MAX_PAUSE_SECONDS = 30.0
"""Seconds at which the pause stops doubling."""


def serve_by_workers(
    listener: socket.socket,
    workspaces: Mapping[str, Workspace],
    config: ServingConfig,
    *,
    ready: Callable[[], None],
) -> None:
    """Serve the explorer on a listening socket with several processes, until Ctrl-C or SIGTERM.

    Args:
        listener: The socket.
        workspaces: Open workspaces by name; each worker opens the same folders again.
        config: The configuration of the server, with the port of the socket.
        ready: Called once all workers accept connections.

    Raises:
        WorkspaceError: A worker could not start; the message is that of its error.
    """
    with (
        tempfile.TemporaryDirectory(prefix="kptm-metrics-") as counts,
        suppress(KeyboardInterrupt),
        _interrupts(),
    ):
        # By default each worker would use all processors, and the workers would slow one another.
        threads = str(max(1, (os.cpu_count() or 1) // config.workers))
        environment = {name: os.environ.get(name, threads) for name in THREADS}
        setup = WorkerSetup(
            workspaces={
                name: (workspace.folder, workspace.config) for name, workspace in workspaces.items()
            },
            serving=config,
            environment={**environment, SHARED_FOLDER: counts},
            collection=gc.get_threshold(),
        )
        pool = _WorkerPool(setup, listener, counts)
        try:
            pool.start(config.workers)
            ready()
            pool.watch()
        finally:
            pool.stop()


@contextmanager
def _interrupts() -> Iterator[None]:
    """Raise KeyboardInterrupt on Ctrl-C and on SIGTERM, because uvicorn stops on both."""
    both = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, signal.default_int_handler) for number in both]
    try:
        yield
    finally:
        for number, handler in zip(both, before, strict=True):
            signal.signal(number, handler)


@dataclass(slots=True)
class _Worker:
    """A worker process, the channel to it, and the time at which it was started."""

    process: SpawnProcess
    channel: Connection
    begun: float = field(default_factory=time.monotonic)

    def first_message(self) -> str:
        """Wait until the worker is ready or has failed; return ``READY`` or the reason."""
        try:
            return str(self.channel.recv())
        except EOFError:
            self.process.join()
            return f"a worker ended while it loaded the workspace ({self.ending()})"

    def ending(self) -> str:
        """How the process ended: its own message, or its signal or exit status."""
        reason = READY
        with suppress(EOFError, OSError):
            while self.channel.poll():
                reason = str(self.channel.recv())
        code = self.process.exitcode
        if reason != READY or code is None:
            return reason
        return f"signal {-code}" if code < 0 else f"exit status {code}"


class _WorkerPool:
    """The workers of a server.

    Args:
        setup: The settings of each worker.
        listener: The listening socket that the workers share.
        counts: The folder in which the workers count requests.
    """

    def __init__(self, setup: WorkerSetup, listener: socket.socket, counts: str) -> None:
        self._setup, self._listener, self._counts = setup, listener, counts
        self._workers: list[_Worker] = []
        self._pause = 0.0

    def start(self, number: int) -> None:
        """Start one worker, then the others, because the first creates indexes that they read.

        Raises:
            WorkspaceError: A worker could not start.
        """
        for count in (1, number - 1):
            begun = [self._new() for _ in range(count)]
            for worker in begun:
                message = worker.first_message()
                if message != READY:
                    raise WorkspaceError(message)

    def _new(self) -> _Worker:
        """Start a process and add it to the workers."""
        ours, theirs = multiprocessing.Pipe()
        spawn = multiprocessing.get_context("spawn")  # a fork would share connections and threads
        process = spawn.Process(target=run_worker, args=(self._setup, self._listener, theirs))
        process.start()
        theirs.close()  # so that the channel closes when the worker ends
        worker = _Worker(process, ours)
        self._workers.append(worker)
        return worker

    def watch(self) -> None:
        """Replace each worker that ends, until this process is interrupted."""
        log = logging.getLogger(LOGGER)
        while True:
            wait([worker.process.sentinel for worker in self._workers])
            for worker in [ended for ended in self._workers if not ended.process.is_alive()]:
                ending = worker.ending()
                self._remove(worker)
                steady = time.monotonic() - worker.begun >= MIN_STEADY_SECONDS
                self._pause = 0.0 if steady else min(max(1.0, 2 * self._pause), MAX_PAUSE_SECONDS)
                log.warning(
                    "worker %d ended (%s); another takes its place%s",
                    worker.process.pid,
                    ending,
                    f" in {self._pause:g} seconds" if self._pause else "",
                )
                time.sleep(self._pause)
                self._new()

    def _remove(self, worker: _Worker) -> None:
        """Remove a worker; its finished requests stay counted, those in progress do not."""
        self._workers.remove(worker)
        worker.channel.close()
        mark_process_dead(worker.process.pid, path=self._counts)  # type: ignore[no-untyped-call]

    def stop(self) -> None:
        """Stop all workers as a single server stops: running requests get a few seconds."""
        for worker in self._workers:
            worker.process.terminate()
        deadline = time.monotonic() + 2 * ENDING_SECONDS
        for worker in self._workers:
            worker.process.join(max(0.0, deadline - time.monotonic()))
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.channel.close()
