"""What is measured in a process of its own: python -m modeledge_parts.probes WHAT ....

Prints JSON.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np

from .made import chunks, clustered, peak_mb


def opened(database: str, queries: str) -> dict:
    """Seconds to open a store and search once, and the peak after some searches.

    Imports come before the clock.
    """
    import kptm.modeledge.vector_index.indexes  # noqa: F401
    from kptm.modeledge import Modeledge

    asked = np.load(queries)
    start = time.perf_counter()
    store = Modeledge.open(database)
    store.search(asked[:1], k=10, space="s")
    seconds = time.perf_counter() - start
    store.search(asked, k=10, space="s")
    found = {"s": seconds, "mb": peak_mb()}
    store.close()
    return found


def raw(index: str, queries: str) -> dict:
    """The same of FAISS with a file of its own."""
    import faiss

    asked = np.load(queries)
    asked /= np.linalg.norm(asked, axis=1, keepdims=True)
    start = time.perf_counter()
    found = faiss.read_index(index)
    found.search(asked[:1], 10)
    seconds = time.perf_counter() - start
    found.search(asked, 10)
    return {"s": seconds, "mb": peak_mb()}


def large(folder: str, rows: str, dim: str, kind: str) -> dict:
    """Write, index, search, and open a store of many vectors."""
    from kptm.modeledge import IndexConfig, Modeledge

    path = Path(folder) / "large.db"
    told: dict = {"kind": kind}
    with Modeledge.open(path) as store:
        start = time.perf_counter()
        if not store.stats():
            for part in chunks(int(rows), int(dim)):
                store.add(part, ["v"] * len(part), space="s", source="x")
            told["write_s"] = time.perf_counter() - start
        start = time.perf_counter()
        built = store.build("s", IndexConfig(kind=kind, target=0.0))
        told |= {"build_s": time.perf_counter() - start, "recall": built.recall}
        start = time.perf_counter()
        hits = store.search(clustered(100, int(dim), 99), k=10, space="s")
        told |= {"search_s": time.perf_counter() - start, "hits": sum(map(len, hits))}
    told["mb"] = peak_mb()
    return told


if __name__ == "__main__":
    works = {"opened": opened, "raw": raw, "large": large}
    print(json.dumps(works[sys.argv[1]](*sys.argv[2:])))
