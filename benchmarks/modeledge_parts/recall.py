"""Is the reported recall the real one? It is compared with brute force on fresh queries.

    python benchmarks/modeledge.py recall [--rows 50000] [--dim 128] [--encoder FOLDER]
        [--data FOLDER]

The reported recall is Built.audited, measured on vectors that the index did not hold yet. The real
vectors are CoDEx-M's entities by a truncated SVD of its adjacency, and with --encoder the token
states of WebNLG's texts. Exits with 1 if a report is off by more than .02.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np

from kptm.modeledge import IndexConfig, Modeledge, RecordFilter
from kptm.modeledge.vector_index.index_choice import KINDS

from .made import circumstances, clustered, isotropic, unit
from .real import data_folder, entities, tokens

K = 10
FRESH = 2_000
BAR = 0.02
MANY = 10_000
"""Expected queries: so many that the automatic choice is an HNSW graph."""
VALUES = ("a", "b")


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="modeledge.py recall", description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--encoder", default="", help="a local folder of Hugging Face")
    parser.add_argument("--data", default="", help="a folder with codex-m and webnlg")
    options = parser.parse_args(argv)
    print(f"recall@{K}; {FRESH:,} fresh queries; {circumstances()}\n")
    print(
        "| vectors | kind | reported | measured | off | of half, filtered | build s | at target .95"
        " |"
    )
    print("|---|---|---|---|---|---|---|---|")
    worst = 0.0
    for name, vectors in data(options):
        with tempfile.TemporaryDirectory() as folder:
            worst = max(worst, measure(name, vectors, Path(folder)))
    print(f"\nfarthest off: {worst:.3f} (bar {BAR})")
    return int(worst > BAR)


def data(options: argparse.Namespace):
    """Yield names and vectors; the last FRESH vectors are queries and are not stored."""
    count = options.rows + FRESH
    yield "clustered", clustered(count, options.dim, 1)
    yield "isotropic", isotropic(count, options.dim, 1)
    folder = data_folder(options.data)
    if folder is None:
        print("| real | – | the shared data are absent |")
        return
    rng = np.random.default_rng(0)
    yield "CoDEx-M, SVD", rng.permutation(entities(folder, options.dim))
    if options.encoder:
        # The queries come from other texts than the stored vectors.
        yield "WebNLG tokens", tokens(folder, options.encoder, count)


def measure(name: str, vectors: np.ndarray, folder: Path) -> float:
    """Print a line for each kind of index; return the largest error of a reported recall."""
    stored, queries = vectors[:-FRESH], vectors[-FRESH:]
    label = f"{name}, {len(stored):,} × {stored.shape[1]}"
    values = [VALUES[number % 2] for number in range(len(stored))]
    everything = np.arange(len(stored))
    true, half = (nearest(stored, queries, ids) for ids in (everything, everything[::2]))
    worst = 0.0
    with Modeledge.open(folder / "store.db") as store:
        store.add(stored, values, space="s")
        for kind in KINDS:
            start = time.perf_counter()
            built = store.build("s", IndexConfig(kind=kind, target=0.0))
            seconds = time.perf_counter() - start
            measured = share(store, queries, true, None)
            filtered = share(store, queries, half, RecordFilter(value=VALUES[0]))
            off = abs(built.audited - measured)
            worst = max(worst, off)
            becomes = kind if built.audited >= IndexConfig().target else "flat"
            print(f"| {label} | {kind} | {built.audited:.3f} | {measured:.3f} | {off:.3f}"
                  f" | {filtered:.3f} | {seconds:.1f} | {becomes} |", flush=True)  # fmt: skip
        built = store.build("s", IndexConfig(queries=MANY))
        measured = share(store, queries, true, None)
        worst = max(worst, abs(built.recall - measured))
        print(f"| {label} | auto: {built.wanted} | {built.recall:.3f} | {measured:.3f}"
              f" | {abs(built.recall - measured):.3f} | | | {built.index.kind} |",
              flush=True)  # fmt: skip
    shutil.rmtree(folder / "store.db.index")
    return worst


def nearest(stored: np.ndarray, queries: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """The true neighbours by brute force, as ids of the store (which count from 1)."""
    stored_units, query_units = unit(stored[ids]), unit(queries)
    neighbours = [
        np.argpartition(-(part @ stored_units.T), K, axis=1)[:, :K]
        for part in np.array_split(query_units, 1 + len(queries) * len(ids) // 2**26)
    ]
    return ids[np.concatenate(neighbours)] + 1


def share(
    store: Modeledge, queries: np.ndarray, true: np.ndarray, where: RecordFilter | None
) -> float:
    results = store.search(queries, k=K, space="s", where=where)
    return float(
        np.mean(
            [
                len({hit.id for hit in hits} & set(wanted)) / K
                for hits, wanted in zip(results, true.tolist(), strict=True)
            ]
        )
    )
