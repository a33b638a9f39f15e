"""Is the reported recall the real one? Fresh queries of the same distribution, brute force.

    python benchmarks/modeledge.py recall [--rows 50000] [--dim 128] [--encoder FOLDER]
        [--data FOLDER]

Reported is Built.audited: of vectors that the index did not hold yet. Real vectors: CoDEx-M's
entities by a truncated SVD of its adjacency, and with --encoder the token states of WebNLG's texts.
Ends with 1 where one is off by more than .02.
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
from .real import entities, shared, tokens

K = 10
FRESH = 2_000
BAR = 0.02
MANY = 10_000
"""Queries for which the rule wants a graph."""
VALUES = ("a", "b")


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="modeledge.py recall", description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--encoder", default="", help="a local folder of Hugging Face")
    parser.add_argument("--data", default="", help="a folder with codex-m and webnlg")
    told = parser.parse_args(argv)
    print(f"recall@{K}; {FRESH:,} fresh queries; {circumstances()}\n")
    print(
        "| vectors | kind | reported | measured | off | of half, filtered | build s | at target .95"
        " |"
    )
    print("|---|---|---|---|---|---|---|---|")
    worst = 0.0
    for name, vectors in data(told):
        with tempfile.TemporaryDirectory() as folder:
            worst = max(worst, measured(name, vectors, Path(folder)))
    print(f"\nfarthest off: {worst:.3f} (bar {BAR})")
    return int(worst > BAR)


def data(told: argparse.Namespace):
    """Name and vectors; the last FRESH are asked with and not stored."""
    count = told.rows + FRESH
    yield "clustered", clustered(count, told.dim, 1)
    yield "isotropic", isotropic(count, told.dim, 1)
    folder = shared(told.data)
    if folder is None:
        print("| real | – | the shared data are absent |")
        return
    rng = np.random.default_rng(0)
    yield "CoDEx-M, SVD", rng.permutation(entities(folder, told.dim))
    if told.encoder:
        # Of other texts than those that are stored.
        yield "WebNLG tokens", tokens(folder, told.encoder, count)


def measured(name: str, vectors: np.ndarray, folder: Path) -> float:
    """One line a kind; return the farthest that a report is off."""
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
            there = share(store, queries, true, None)
            filtered = share(store, queries, half, RecordFilter(value=VALUES[0]))
            off = abs(built.audited - there)
            worst = max(worst, off)
            becomes = kind if built.audited >= IndexConfig().target else "flat"
            print(f"| {label} | {kind} | {built.audited:.3f} | {there:.3f} | {off:.3f}"
                  f" | {filtered:.3f} | {seconds:.1f} | {becomes} |", flush=True)  # fmt: skip
        built = store.build("s", IndexConfig(queries=MANY))
        there = share(store, queries, true, None)
        worst = max(worst, abs(built.recall - there))
        print(f"| {label} | auto: {built.wanted} | {built.recall:.3f} | {there:.3f}"
              f" | {abs(built.recall - there):.3f} | | | {built.index.kind} |",
              flush=True)  # fmt: skip
    shutil.rmtree(folder / "store.db.index")
    return worst


def nearest(stored: np.ndarray, queries: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """The true neighbours by brute force, as ids of the store (which count from 1)."""
    held, asked = unit(stored[ids]), unit(queries)
    found = [
        np.argpartition(-(part @ held.T), K, axis=1)[:, :K]
        for part in np.array_split(asked, 1 + len(asked) * len(held) // 2**26)
    ]
    return ids[np.concatenate(found)] + 1


def share(
    store: Modeledge, queries: np.ndarray, true: np.ndarray, where: RecordFilter | None
) -> float:
    found = store.search(queries, k=K, space="s", where=where)
    return float(
        np.mean(
            [
                len({hit.id for hit in hits} & set(wanted)) / K
                for hits, wanted in zip(found, true.tolist(), strict=True)
            ]
        )
    )
