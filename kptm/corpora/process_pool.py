"""A pool of processes on this machine, which map one index into their memory."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from multiprocessing import connection, get_context
from pathlib import Path
from typing import TYPE_CHECKING

from kg.files.atomic import remove
from kptm.corpora.shard_files import LinkedShard, link_shard
from kptm.corpora.shard_pools import WorkerDeath
from kptm.errors import CorpusError
from kptm.linking.snapshot import LinkerSnapshot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess

    from kptm.corpora.corpus_shards import Shard

_SPAWN = get_context("spawn")


@dataclass(slots=True)
class _Worker:
    """A process, the pipe to it, and the shard that it links."""

    process: SpawnProcess
    pipe: Connection
    shard: Shard | None = None


class ProcessPool:
    """Processes that link shards.

    Args:
        snapshot: The linker.
        candidates: Whether to store the candidates of links.
        workers: The number of processes.
        folder: The folder in which the linker is stored for the processes.
    """

    def __init__(
        self, snapshot: LinkerSnapshot, candidates: bool, workers: int, folder: Path
    ) -> None:
        snapshot.save(folder)
        self._folder, self._candidates = folder, candidates
        self._workers = [self._new_worker() for _ in range(workers)]

    def free(self) -> int:
        """The number of processes without a shard."""
        return sum(worker.shard is None for worker in self._workers)

    def processes(self) -> list[int]:
        """The ids of the processes."""
        return [worker.process.pid or 0 for worker in self._workers]

    def start(self, shard: Shard) -> None:
        """Send a shard to a free process."""
        worker = next(worker for worker in self._workers if worker.shard is None)
        worker.shard = shard
        try:
            worker.pipe.send([tuple(document) for document in shard.documents])
        except OSError:  # it has died; wait() finds the pipe closed
            return

    def wait(self) -> Iterator[tuple[Shard, LinkedShard | WorkerDeath]]:
        """Wait for a process to finish its shard, or to die."""
        busy = {worker.pipe: worker for worker in self._workers if worker.shard is not None}
        for ready in connection.wait(list(busy)):
            worker = busy[ready]  # type: ignore[index]  # wait returns what it is given
            shard, worker.shard = worker.shard, None
            if shard is not None:
                yield shard, self._receive(worker, shard)

    def close(self) -> None:
        """End the processes, and delete their linker."""
        for worker in self._workers:
            worker.pipe.close()
            worker.process.kill()
        for worker in self._workers:
            worker.process.join()
        remove(self._folder)

    def _receive(self, worker: _Worker, shard: Shard) -> LinkedShard | WorkerDeath:
        try:
            result = worker.pipe.recv()
        except (EOFError, OSError):
            return self._replace(worker)
        if isinstance(result, str):
            raise CorpusError(f"{shard}: cannot be linked ({result})")
        return LinkedShard(*result)

    def _replace(self, worker: _Worker) -> WorkerDeath:
        """Start another process in the place of one that died."""
        worker.pipe.close()
        worker.process.join()
        code = worker.process.exitcode or 0
        self._workers[self._workers.index(worker)] = self._new_worker()
        killed = f"signal {-code}" if code < 0 else f"status {code}"
        return WorkerDeath(f"a process ended with {killed}")

    def _new_worker(self) -> _Worker:
        ours, theirs = _SPAWN.Pipe()
        process = _SPAWN.Process(
            target=_serve, args=(theirs, str(self._folder), self._candidates), daemon=True
        )
        process.start()
        theirs.close()
        return _Worker(process, ours)


def _serve(pipe: Connection, folder: str, candidates: bool) -> None:
    """Link shards until the driver closes the pipe or dies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the driver ends its workers
    from kptm.corpora.corpus_documents import CorpusDocument

    link = LinkerSnapshot.load(Path(folder)).link_many
    while True:
        try:
            documents = [CorpusDocument(*parts) for parts in pipe.recv()]
        except (EOFError, OSError):
            return
        try:
            linked = link_shard(documents, link, candidates)
            result: tuple[bytes, int] | str = (linked.data, linked.links)
        except Exception as error:  # noqa: BLE001  # reported by the driver
            result = f"{type(error).__name__}: {error}"
        try:
            pipe.send(result)
        except OSError:
            return
