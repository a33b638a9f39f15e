"""Linking in several processes, which all map one stored index into their memory."""

from __future__ import annotations

import tempfile
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from kptm.linking.index import index_storage as storage
from kptm.linking.index.overlay_index import Layers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from concurrent.futures import Future

    import numpy as np
    from numpy.typing import NDArray

    from kptm.linking.disambiguation.weights import Weights
    from kptm.linking.document import LinkedText
    from kptm.linking.index.link_index import LinkIndex

WAITING = 2
"""The number of batches read ahead per process."""

_state: dict[str, tuple[Layers, Weights, bool]] = {}
"""The index, the weights and the coreference setting of a worker process."""


def link_in_processes(
    layers: Layers,
    weights: Weights,
    texts: Iterable[str],
    n_jobs: int,
    coreference: bool = False,
) -> Iterator[LinkedText]:
    """Link texts in ``n_jobs`` processes, in order; memory holds a few batches at a time."""
    from kptm.linking.batches import batches

    with tempfile.TemporaryDirectory(prefix="kptm-linking-") as folder:
        where = Path(folder)
        storage.save(layers.base, where / "base", 0, "")
        numbers = None
        if layers.delta is not None:
            storage.save(layers.delta, where / "delta", 0, "")
            numbers = layers.numbers
        with ProcessPoolExecutor(
            n_jobs,
            get_context("spawn"),
            initializer=_start,
            initargs=(where, numbers, weights, coreference),
        ) as pool:
            waiting: deque[Future[list[LinkedText]]] = deque()
            for batch in batches(texts):
                waiting.append(pool.submit(_link, batch))
                if len(waiting) > WAITING * n_jobs:
                    yield from waiting.popleft().result()
            while waiting:
                yield from waiting.popleft().result()


def _start(
    where: Path, numbers: NDArray[np.int64] | None, weights: Weights, coreference: bool
) -> None:
    delta = None if numbers is None else _index(where / "delta")
    _state["worker"] = Layers(_index(where / "base"), delta, numbers), weights, coreference


def _index(folder: Path) -> LinkIndex:
    stored = storage.load(folder)
    if stored is None:  # no other process writes to this temporary folder
        raise RuntimeError(f"{folder}: the index is damaged")
    return stored[0]


def _link(batch: list[str]) -> list[LinkedText]:
    from kptm.linking.batches import link_batch

    layers, weights, coreference = _state["worker"]
    return list(link_batch(batch, layers, weights, coreference=coreference))
