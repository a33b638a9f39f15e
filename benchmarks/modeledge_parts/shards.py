"""One FAISS index beside the same rows in shards.

    python benchmarks/modeledge.py shards [--rows 100000] [--dim 64] [--queries 300]
        [--kinds hnsw ivf] [--shards 1 4 16] [--rounds 3]

Every arm of every round is a process of its own over a copy of one store in SQLite: it builds the
index, answers fresh queries and adds rows; another process then opens what is on disk, and forgets
most of the first sixteenth of the rows. Exits with 1 if a hit was not live.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import numpy as np

from kptm.evaluation.statistics import interval
from kptm.modeledge import IndexConfig, Modeledge
from kptm.modeledge.engines.engine_config import EngineConfig

from .made import circumstances, clustered, peak_mb, run_module, unit

K = 10
PARTS = 16
"""The ids are divided into as many sources, the first of which loses most of its rows."""

ADDED = 8
"""One row is added for so many."""

COLUMNS = {
    "build, CPU s": "build",
    "memory it adds, MB": "memory",
    "recall@10": "recall",
    "one by one, queries a CPU s": "single",
    "100 at once": "batch",
    "1/8 added: update, CPU s": "added",
    "written at the end, MB": "written",
    "opened by another process, CPU s": "opened",
    "7/8 of 1/16 forgotten: update, CPU s": "worn",
    "recall@10 then": "recall_then",
}


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="modeledge.py shards", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--kinds", nargs="+", default=["hnsw", "ivf"])
    parser.add_argument("--shards", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(argv)
    arms = [(kind, shards) for kind in options.kinds for shards in options.shards]
    figures: dict[tuple[str, int], list[dict]] = {arm: [] for arm in arms}
    with tempfile.TemporaryDirectory(prefix="kptm-shards-") as place:
        folder = Path(place)
        _fill(folder / "store.db", options.rows, options.dim)
        for number in range(options.rounds):
            for arm in arms if number % 2 == 0 else arms[::-1]:
                figures[arm].append(_run(folder, *arm, options))
                print(arm, figures[arm][-1], file=sys.stderr, flush=True)
    print(f"{options.rows:,} × {options.dim}, {options.queries} queries, {circumstances()}\n")
    print("| kind | shards | " + " | ".join(COLUMNS) + " |")
    print("|---" * (len(COLUMNS) + 2) + "|")
    for kind, shards in arms:
        cells = [kind, "one index" if shards == 1 else str(shards)]
        rounds = figures[kind, shards]
        cells += [_cell([each[name] for each in rounds], name) for name in COLUMNS.values()]
        print(f"| {' | '.join(cells)} |")
    wrong = sum(
        each["wrong"] + each["wrong_then"] for rounds in figures.values() for each in rounds
    )
    print(f"\nhits that were not live: {wrong}")
    return int(wrong > 0)


def _cell(values: list, name: str) -> str:
    """The mean over rounds with its interval; of recall over the queries of the first round."""
    if not name.startswith("recall") and len(values) == 1:
        return f"{values[0]:,.2f}" if values[0] < 10 else f"{values[0]:,.0f}"
    if name.startswith("recall"):
        found = interval(values[0])
        return f"{found.mean:.3f} [{found.low:.3f}, {found.high:.3f}]"
    found = interval(values)
    digits = 0 if found.mean >= 100 else 1 if found.mean >= 10 else 2
    return f"{found.mean:,.{digits}f} [{found.low:,.{digits}f}, {found.high:,.{digits}f}]"


def _fill(path: Path, rows: int, dim: int) -> None:
    vectors = clustered(rows, dim, 1)
    bounds = np.linspace(0, rows, PARTS + 1).astype(int).tolist()
    with Modeledge.open(path) as store:
        for number, (first, last) in enumerate(pairwise(bounds)):
            # The first rows of the first source are those that stay when most are forgotten.
            stay = last - (last - first) * 7 // 8 if number == 0 else first
            for name, start, stop in ((f"p{number}", first, stay), (f"q{number}", stay, last)):
                if start < stop:
                    store.add(vectors[start:stop], ["v"] * (stop - start), space="s", source=name)


def _run(folder: Path, kind: str, shards: int, options: argparse.Namespace) -> dict:
    """Measure one arm over a copy of the store, in two processes."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        path = Path(place) / "store.db"
        shutil.copy(folder / "store.db", path)
        rows = 0 if shards == 1 else -(-(options.rows + 1) // shards)
        given = (path, kind, rows, options.rows, options.dim, options.queries)
        first = json.loads(run_module("", "modeledge_parts.shards", "build", *given))
        second = json.loads(run_module("", "modeledge_parts.shards", "open", *given))
        return {**first, **second}


def _measure(path: Path, kind: str, shard_rows: int, rows: int, dim: int, queries: int) -> dict:
    asked = clustered(queries, dim, 2)
    with Modeledge.open(path, engine=EngineConfig(shard_rows=shard_rows)) as store:
        before = peak_mb()
        found: dict = {}
        found["build"], _ = _timed(lambda: store.build("s", IndexConfig(kind=kind)))
        found["memory"] = peak_mb() - before
        found["recall"], wrong = _recall(store, asked)
        seconds, _ = _timed(lambda: [store.search(asked[n : n + 1], k=K, space="s")
                                     for n in range(queries)])  # fmt: skip
        found["single"] = queries / seconds
        seconds, _ = _timed(lambda: [store.search(asked[n : n + 100], k=K, space="s")
                                     for n in range(0, queries, 100)])  # fmt: skip
        found["batch"] = queries / seconds
        new = clustered(rows // ADDED, dim, 3)
        store.add(new, ["v"] * len(new), space="s", source="new")
        found["added"], _ = _timed(lambda: store.search(asked[:1], k=K, space="s"))
        changed = time.time()
    root = path.with_name(path.name + ".index")
    files = [file.stat() for file in root.rglob("*") if file.is_file()]
    found["written"] = sum(file.st_size for file in files if file.st_mtime >= changed) / 1e6
    return {**found, "wrong": wrong}


def _reopen(path: Path, _kind: str, shard_rows: int, _rows: int, dim: int, queries: int) -> dict:
    asked = clustered(queries, dim, 2)
    start = time.process_time()
    with Modeledge.open(path, engine=EngineConfig(shard_rows=shard_rows)) as store:
        store.search(asked[:1], k=K, space="s")
        found: dict = {"opened": time.process_time() - start}
        store.forget(source="q0")
        found["worn"], _ = _timed(lambda: store.search(asked[:1], k=K, space="s"))
        found["recall_then"], wrong = _recall(store, asked)
        return {**found, "wrong_then": wrong}


def _recall(store: Modeledge, queries: np.ndarray) -> tuple[list[float], int]:
    """Recall@10 of each query by brute force over the rows in SQL, and hits that are not live."""
    pairs = [(entry.id, vector) for entry, vector in store.entries("s")]
    ids = np.array([number for number, _ in pairs])
    vectors = unit(np.stack([vector for _, vector in pairs]))
    order = np.argpartition(-(unit(queries) @ vectors.T), K, axis=1)[:, :K]
    live, shares, wrong = set(ids.tolist()), [], 0
    for places, hits in zip(order, store.search(queries, k=K, space="s"), strict=True):
        found = {hit.id for hit in hits}
        shares.append(len(found & set(ids[places].tolist())) / K)
        wrong += len(found - live)
    return shares, wrong


def _timed(run):
    """The processor seconds of a call, which other work on the machine changes least."""
    start = time.process_time()
    result = run()
    return time.process_time() - start, result


if __name__ == "__main__":
    task, place, of_kind, *numbers = sys.argv[1:]
    do = _measure if task == "build" else _reopen
    print(json.dumps(do(Path(place), of_kind, *map(int, numbers))))
