"""Linking in several processes, which all map one stored index into their memory."""

from __future__ import annotations

import tempfile
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from kptm.linking.link_batch import batches
from kptm.linking.snapshot import LinkerSnapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from concurrent.futures import Future

    from kptm.linking.document import LinkedText

BATCHES_PER_PROCESS = 2
"""The number of batches read ahead per process."""

_state: dict[str, LinkerSnapshot] = {}
"""The linker of a worker process."""


def link_in_processes(
    snapshot: LinkerSnapshot, texts: Iterable[str], n_jobs: int
) -> Iterator[LinkedText]:
    """Link texts in ``n_jobs`` processes, in order; memory holds a few batches at a time."""
    with tempfile.TemporaryDirectory(prefix="kptm-linking-") as folder:
        where = Path(folder) / "linker"
        snapshot.save(where)
        with ProcessPoolExecutor(
            n_jobs, get_context("spawn"), initializer=_start, initargs=(where,)
        ) as pool:
            waiting: deque[Future[list[LinkedText]]] = deque()
            for batch in batches(texts):
                waiting.append(pool.submit(_link, batch))
                if len(waiting) > BATCHES_PER_PROCESS * n_jobs:
                    yield from waiting.popleft().result()
            while waiting:
                yield from waiting.popleft().result()


def _start(where: Path) -> None:
    _state["worker"] = LinkerSnapshot.load(where)


def _link(batch: list[str]) -> list[LinkedText]:
    return list(_state["worker"].link_many(batch))
