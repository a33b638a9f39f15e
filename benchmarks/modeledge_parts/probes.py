"""Measurements that need a new process: python -m modeledge_parts.probes PROBE ARGUMENT ....

Each prints its figures as JSON.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np

from .made import chunks, clustered, peak_mb


def open_store(database: str, queries: str) -> dict:
    """Seconds to open a store and search once, and the peak memory after all searches.

    The imports are not timed.
    """
    import kptm.modeledge.vector_index.indexes  # noqa: F401
    from kptm.modeledge import Modeledge

    asked = np.load(queries)
    start = time.perf_counter()
    store = Modeledge.open(database)
    store.search(asked[:1], k=10, space="s")
    seconds = time.perf_counter() - start
    store.search(asked, k=10, space="s")
    figures = {"s": seconds, "mb": peak_mb()}
    store.close()
    return figures


def raw(index: str, queries: str) -> dict:
    """The same figures of FAISS with an index file."""
    import faiss

    asked = np.load(queries)
    asked /= np.linalg.norm(asked, axis=1, keepdims=True)
    start = time.perf_counter()
    faiss_index = faiss.read_index(index)
    faiss_index.search(asked[:1], 10)
    seconds = time.perf_counter() - start
    faiss_index.search(asked, 10)
    return {"s": seconds, "mb": peak_mb()}


def large(folder: str, rows: str, dim: str, kind: str) -> dict:
    """Write, index and search a store of many vectors."""
    from kptm.modeledge import IndexConfig, Modeledge

    path = Path(folder) / "large.db"
    figures: dict = {"kind": kind}
    with Modeledge.open(path) as store:
        start = time.perf_counter()
        if not store.stats():
            for part in chunks(int(rows), int(dim)):
                store.add(part, ["v"] * len(part), space="s", source="x")
            figures["write_s"] = time.perf_counter() - start
        start = time.perf_counter()
        built = store.build("s", IndexConfig(kind=kind, target=0.0))
        figures |= {"build_s": time.perf_counter() - start, "recall": built.recall}
        start = time.perf_counter()
        hits = store.search(clustered(100, int(dim), 99), k=10, space="s")
        figures |= {"search_s": time.perf_counter() - start, "hits": sum(map(len, hits))}
    figures["mb"] = peak_mb()
    return figures


if __name__ == "__main__":
    probes = {"opened": open_store, "raw": raw, "large": large}
    print(json.dumps(probes[sys.argv[1]](*sys.argv[2:])))
