"""Links a corpus shard by shard; the driver of all pools."""

from __future__ import annotations

import json
from collections import Counter, deque
from contextlib import ExitStack, contextmanager
from typing import IO, TYPE_CHECKING

from kg.files.atomic import replace_file
from kg.files.process_lock import Held, process_lock
from kptm.corpora.corpus_documents import read_corpus
from kptm.corpora.corpus_report import CorpusReport
from kptm.corpora.corpus_shards import cut
from kptm.corpora.shard_manifest import ShardFolder
from kptm.corpora.shard_pools import WorkerDeath
from kptm.errors import CorpusError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from kg.errors import TripleFormatError
    from kptm.corpora.corpus_shards import Shard
    from kptm.corpora.shard_manifest import ShardOrigin
    from kptm.corpora.shard_pools import ShardPool

    Open = Callable[[], ShardPool]

MAX_ATTEMPTS = 5
"""The maximum number of times that a shard is given to a worker."""
MAX_REPORTED_LINES = 5
"""The maximum number of rejected lines in a report."""
LOCK = ".kptm-shards.lock"


def link_corpus(
    files: Sequence[Path],
    folder: Path,
    origin: ShardOrigin,
    open_pool: Open,
    progress: Callable[[int], None] = lambda _: None,
    *,
    group: int = 0,
) -> CorpusReport:
    """Link the documents of files into a folder of shards, or go on with it.

    Args:
        files: The files of the corpus.
        folder: The folder of the shards.
        origin: The files, the linker and the settings of the shards.
        open_pool: Starts the workers; called if a shard is missing or damaged.
        progress: Called with the number of documents done.
        group: The number of documents after which the linker begins a new batch; 0 for none.

    Raises:
        CorpusError: The folder has other content, another process writes to it, a file has changed
            meanwhile, or the workers die again and again.
        TripleFormatError: A file cannot be read.
        OSError: The folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _lock(folder):
        shards = ShardFolder(folder, origin)
        return CorpusRun(files, shards, open_pool, progress, group).run()


class CorpusRun:
    """One run over a corpus: reads ahead, keeps the workers busy, writes what they return."""

    def __init__(
        self,
        files: Sequence[Path],
        shards: ShardFolder,
        open_pool: Open,
        progress: Callable[[int], None],
        group: int,
    ) -> None:
        self._files, self._shards, self._group = files, shards, group
        self._open_pool, self._progress = open_pool, progress
        self._pool: ShardPool | None = None
        self._count: Counter[str] = Counter()
        self._examples: list[str] = []
        self._attempts: Counter[int] = Counter()

    def run(self) -> CorpusReport:
        """Link all shards that are missing."""
        before = [_stamp(path) for path in self._files]
        with ExitStack() as at_end:
            at_end.callback(self._close_pool)
            rejected = at_end.enter_context(replace_file(self._shards.rejected))
            self._link(self._missing(rejected))
            changed = [
                path for path, stamp in zip(self._files, before, strict=True)
                if _stamp(path) != stamp
            ]  # fmt: skip
            if changed:
                raise CorpusError(f"{changed[0]}: has changed while it was read; start again")
        count = self._count
        names = "shards", "documents", "links", "rejected"
        self._shards.finish({name: count[name] for name in names})
        if not count["rejected"]:
            self._shards.rejected.unlink()
        return CorpusReport(
            shards=count["shards"],
            made=count["made"],
            documents=count["documents"],
            links=count["links"],
            rejected=count["rejected"],
            rejected_examples=tuple(self._examples),
            rejected_file=str(self._shards.rejected) if count["rejected"] else "",
            lost_workers=count["lost"],
        )

    def _missing(self, rejected: IO[bytes]) -> Iterator[Shard]:
        """Read the corpus; yield the shards that are not finished."""

        def reject(error: TripleFormatError) -> None:
            self._count["rejected"] += 1
            if len(self._examples) < MAX_REPORTED_LINES:
                self._examples.append(str(error))
            value = {"path": error.path, "line": error.line, "reason": error.reason,
                     "text": error.text}  # fmt: skip
            rejected.write(json.dumps(value).encode() + b"\n")

        for shard in cut(read_corpus(self._files), self._shards.size, reject, self._group):
            self._count["shards"] += 1
            links = self._shards.links_if_finished(shard)
            if links is None:
                yield shard
            else:
                self._add(shard, links)

    def _link(self, missing: Iterator[Shard]) -> None:
        """Keep all workers busy; while they link, the next shard is read."""
        ready: deque[Shard] = deque()
        busy = 0
        while True:
            if not ready and (shard := next(missing, None)) is not None:
                ready.append(shard)
            if not ready and not busy:
                return
            pool = self._pool = self._pool or self._open_pool()
            if ready and pool.free():
                pool.start(ready.popleft())
                busy += 1
                continue
            for shard, result in pool.wait():
                busy -= 1
                if isinstance(result, WorkerDeath):
                    self._note_death(shard, result)
                    ready.appendleft(shard)
                    continue
                if ready and pool.free():  # before the disk is waited for
                    pool.start(ready.popleft())
                    busy += 1
                self._shards.add(shard, result)
                self._count["made"] += 1
                self._add(shard, result.links)

    def _note_death(self, shard: Shard, death: WorkerDeath) -> None:
        """Count a death.

        Raises:
            CorpusError: The workers of this shard have died too often.
        """
        self._count["lost"] += 1
        self._attempts[shard.number] += 1
        if self._attempts[shard.number] >= MAX_ATTEMPTS:
            raise CorpusError(
                f"{shard}: {MAX_ATTEMPTS} workers died while they linked it (the last:"
                f" {death.reason});"
                " is there enough memory? Use fewer workers or smaller shards, and run again: what"
                " is finished stays"
            )

    def _add(self, shard: Shard, links: int) -> None:
        self._count["documents"] += len(shard.documents)
        self._count["links"] += links
        self._progress(self._count["documents"])

    def _close_pool(self) -> None:
        if self._pool is not None:
            self._pool.close()


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    try:
        with process_lock(folder / LOCK):
            yield
    except Held as error:
        raise CorpusError(
            f"{folder}: another run writes to it ({error.holder}); wait for it to end, or stop it"
        ) from None


def _stamp(path: Path) -> tuple[int, int, int]:
    """A value that changes if the file changes."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns, status.st_ino
