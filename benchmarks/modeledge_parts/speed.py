"""Writing, searching, opening and memory, compared with raw SQLite, raw FAISS and vector stores.

    python benchmarks/modeledge.py speed [--rows 200000] [--dim 256] [--peers PYTHON] [--large]
        [--hnsw | --only-hnsw]

HNSW is measured with the same queries in each round, whose records are in memory after the first,
and with new ones. --peers names a Python that has chromadb and lancedb. Ratios are medians over
rounds; in each round both sides run once.
"""

from __future__ import annotations

import argparse
import itertools
import json
import shutil
import sqlite3
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import faiss
import numpy as np

from kptm.modeledge import IndexConfig, Modeledge, RecordFilter

from .made import circumstances, clustered, run_module, unit

if TYPE_CHECKING:
    from collections.abc import Callable

K = 10
QUERIES = 1_000
BATCH = 10_000
LARGE = (1_000_000, 128)
VALUES = ("even", "odd")


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="modeledge.py speed", description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--dim", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--singles", type=int, default=100, help="queries one by one in a round")
    parser.add_argument("--peers", default="", help="a Python with chromadb and lancedb")
    parser.add_argument("--peer-rows", type=int, default=50_000, help="rows the peers write")
    parser.add_argument("--hnsw", action="store_true", help="HNSW too")
    parser.add_argument("--only-hnsw", action="store_true", help="nothing else")
    parser.add_argument("--large", nargs="*", metavar="KIND", help="a million vectors, these kinds")
    parser.add_argument("--only-large", action="store_true")
    options = parser.parse_args(argv)
    print(f"{options.rows:,} × {options.dim}, k {K}; {circumstances()}\n")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.only_hnsw:
            only_hnsw(folder, options)
            return 0
        if not options.only_large:
            vectors = clustered(options.rows, options.dim, 1)
            writing(vectors, folder, options)
            searching(vectors, folder, options)
            del vectors
            opening(folder)
        if options.large is not None or options.only_large:
            large(folder, options.large or ["flat", "ivf", "ivf-sq8"])
    return 0


# ── writing ──────────────────────────────────────────────────────────────────────────────────────


def writing(vectors: np.ndarray, folder: Path, options: argparse.Namespace) -> None:
    values = [VALUES[number % 2] for number in range(len(vectors))]
    mine, raw = [], []
    Modeledge.open(folder / "empty.db").close()
    for turn in range(options.rounds):
        shutil.copy(folder / "empty.db", folder / "raw.db")
        raw.append(seconds_of(lambda: write_raw(folder / "raw.db", vectors, values)))
        (folder / "raw.db").unlink()
        for path in folder.glob("store.db*"):
            path.unlink()
        shutil.copy(folder / "empty.db", folder / "store.db")
        with Modeledge.open(folder / "store.db") as store:
            mine.append(seconds_of(lambda: write(store, vectors, values)))
            if turn == 0:
                print(f"journal {journal(store)}; transactions of {BATCH:,} rows\n")
    ours = len(vectors) / median(mine)
    print("| durable writes | rows/s | kptm × that | bar |\n|---|---|---|---|")
    print(f"| kptm | {ours:,.0f} | | |")
    ratio = median(theirs / own for own, theirs in zip(mine, raw, strict=True))
    print(f"| raw sqlite3, same table | {len(vectors) / median(raw):,.0f} | {ratio:.2f} | .5 |")
    if options.peers:
        np.save(folder / "peer.npy", vectors[: options.peer_rows])
        for name, bar in (("chroma", "10"), ("lancedb", "")):
            out = run_module(options.peers, "modeledge_parts.peers", name, folder / "peer.npy",
                        folder / name)  # fmt: skip
            result = json.loads(out)
            theirs = result["rows"] / result["s"]
            label = f"{name}, {result['rows']:,} rows"
            print(f"| {label} | {theirs:,.0f} | {ours / theirs:.1f} | {bar} |")
            shutil.rmtree(folder / name)
    print()


def journal(store: Modeledge) -> str:
    with store.database.reading() as sql:
        return f"{sql.one('PRAGMA journal_mode')}, synchronous {sql.one('PRAGMA synchronous')}"


def write(store: Modeledge, vectors: np.ndarray, values: list[str]) -> None:
    for at in range(0, len(vectors), BATCH):
        part = slice(at, at + BATCH)
        store.add(vectors[part], values[part], space="s", source="x")


def write_raw(path: Path, vectors: np.ndarray, values: list[str]) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA cache_size=-65536")
    connection.execute("INSERT INTO modeledge_space (id, name, dim) VALUES (1, 's', 256)")
    marks = ", ".join("?" * 14)
    for at in range(0, len(vectors), BATCH):
        part = slice(at, at + BATCH)
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(
            f"INSERT INTO modeledge_record VALUES ({marks})",
            (
                (at + number, 1, 1, 1, 1, "own", value, "", 0, 0, "", "", "", vector.tobytes())
                for number, (vector, value) in enumerate(
                    zip(vectors[part], values[part], strict=True)
                )
            ),
        )
        connection.execute("COMMIT")
    connection.close()


# ── searching ────────────────────────────────────────────────────────────────────────────────────


def searching(vectors: np.ndarray, folder: Path, options: argparse.Namespace) -> None:
    queries = clustered(QUERIES, vectors.shape[1], 2)
    np.save(folder / "queries.npy", queries)
    unit_queries = unit(queries)
    raw = faiss.IndexFlatIP(vectors.shape[1])
    raw.add(unit(vectors))
    faiss.write_index(raw, str(folder / "raw.faiss"))
    half = faiss.IDSelectorBitmap(np.packbits(np.arange(len(vectors)) % 2 == 0, bitorder="little"))
    some = faiss.SearchParameters(sel=half)
    where = RecordFilter(value=VALUES[0])
    print("| search | kptm queries/s | raw FAISS | ratio | bar |\n|---|---|---|---|---|")
    with Modeledge.open(folder / "store.db") as store:
        check_same(store, raw, queries, unit_queries)
        contests = [
            ("Flat, 1,000 at once", False, {}, {}, ".9"),
            ("Flat, one by one", True, {}, {}, ".6"),
            ("Flat, 1,000 at once, half", False, {"where": where}, {"params": some}, ".9"),
            ("Flat, one by one, half", True, {"where": where}, {"params": some}, ".6"),
        ]
        rounds = [(queries, unit_queries)]
        for name, single, mine, theirs, bar in contests:
            race(name, store, raw, rounds, single, mine, theirs, bar, options)
        start = time.perf_counter()
        store.build("s", IndexConfig(kind="flat"))
        built = [f"flat build with snapshot {time.perf_counter() - start:.1f} s"]
        if options.hnsw:
            built.append(searching_hnsw(store, folder, queries, options))
            store.build("s", IndexConfig(kind="flat"))
    print("\n" + "; ".join(built) + "\n")


def only_hnsw(folder: Path, options: argparse.Namespace) -> None:
    vectors = clustered(options.rows, options.dim, 1)
    with Modeledge.open(folder / "store.db") as store:
        write(store, vectors, [VALUES[number % 2] for number in range(len(vectors))])
        print("| search | kptm queries/s | raw FAISS | ratio | bar |\n|---|---|---|---|---|")
        print("\n" + searching_hnsw(store, folder, clustered(QUERIES, options.dim, 2), options))


def searching_hnsw(
    store: Modeledge, folder: Path, queries: np.ndarray, options: argparse.Namespace
) -> str:
    """Build the index and print its lines of the table; return how long the build took."""
    start = time.perf_counter()
    hnsw = store.build("s", IndexConfig(kind="hnsw", target=0))
    built = f"HNSW build {time.perf_counter() - start:.1f} s, recall {hnsw.recall:.3f}"
    graph = faiss.read_index(str(next((folder / "store.db.index").glob("*/index.faiss"))))
    for name, single, seed in (("1,000 at once", False, 100), ("one by one", True, 200)):
        # One set more than rounds: the last is for warming up only.
        seeds = range(seed, seed + options.rounds + 1)
        sets = [clustered(QUERIES, queries.shape[1], one) for one in seeds]
        for label, among in (("", [queries]), (", new queries", sets)):
            rounds = [(given, unit(given)) for given in among]
            race(f"HNSW, {name}{label}", store, graph, rounds, single, {}, {}, ".8", options)
    return built


def check_same(
    store: Modeledge, raw: faiss.Index, queries: np.ndarray, unit_queries: np.ndarray
) -> None:
    """Exit unless both find the same rows: their speeds could not be compared otherwise."""
    rows = np.array([[hit.id - 1 for hit in row] for row in store.search(queries, k=K, space="s")])
    share = float(np.mean(rows == raw.search(unit_queries, K)[1]))
    if share < 0.999:
        raise SystemExit(f"kptm and FAISS find the same in {share:.1%} of places only")


def race(
    name: str,
    store: Modeledge,
    raw: faiss.Index,
    rounds: list[tuple[np.ndarray, np.ndarray]],
    single: bool,
    mine: dict,
    theirs: dict,
    bar: str,
    options: argparse.Namespace,
) -> None:
    """Print both speeds; each round takes the next queries, after a search with the last ones."""
    turns = itertools.cycle(rounds)
    raw_queries, unit_queries = rounds[-1]
    count = options.singles if single else len(raw_queries)
    size = 1 if single else count

    def ask_store() -> None:
        for at in range(0, count, size):
            store.search(raw_queries[at : at + size], k=K, space="s", **mine)

    def ask_raw() -> None:
        for at in range(0, count, size):
            raw.search(unit_queries[at : at + size], K, **theirs)

    ask_store()
    pairs = []
    for _ in range(options.rounds):
        raw_queries, unit_queries = next(turns)
        pairs.append((seconds_of(ask_store), seconds_of(ask_raw)))
    ratio = median(other / ours for ours, other in pairs)
    speeds = [count / median(column) for column in zip(*pairs, strict=True)]
    print(f"| {name} | {speeds[0]:,.0f} | {speeds[1]:,.0f} | {ratio:.2f} | {bar} |")


# ── opening, memory ──────────────────────────────────────────────────────────────────────────────


def opening(folder: Path) -> None:
    def probe(what: str, place: Path) -> dict:
        out = run_module("", "modeledge_parts.probes", what, place, folder / "queries.npy")
        return json.loads(out)

    store = folder / "store.db"
    snapshot, raw = probe("opened", store), probe("raw", folder / "raw.faiss")
    shutil.rmtree(folder / "store.db.index")
    rebuilt = probe("opened", store)
    print("| fresh process | s to the first answer | bar | peak MB | × raw | bar |")
    print("|---|---|---|---|---|---|")
    share = snapshot["mb"] / raw["mb"]
    print(
        f"| kptm, snapshot | {snapshot['s']:.2f} | 1 | {snapshot['mb']:.0f} | {share:.2f} | 1.2 |"
    )
    print(f"| raw FAISS | {raw['s']:.2f} | | {raw['mb']:.0f} | | |")
    share = rebuilt["mb"] / raw["mb"]
    print(f"| kptm, from rows | {rebuilt['s']:.2f} | 5 | {rebuilt['mb']:.0f} | {share:.2f} | |\n")


def large(folder: Path, kinds: list[str]) -> None:
    rows, dim = LARGE
    print(f"| {rows:,} × {dim} | write s | build s | recall | 100 queries s | peak MB | bar |")
    print("|---|---|---|---|---|---|---|")
    for kind in kinds:
        result = json.loads(
            run_module("", "modeledge_parts.probes", "large", folder, rows, dim, kind)
        )
        wrote = f"{result['write_s']:.0f}" if "write_s" in result else ""
        print(
            f"| {kind} | {wrote} | {result['build_s']:.1f} | {result['recall']:.3f}"
            f" | {result['search_s']:.2f} | {result['mb']:.0f} | 2048 |"
        )


def seconds_of(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
