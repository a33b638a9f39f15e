"""FAISS, Qdrant's engine and pgvector over one store: recall and queries a second."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import sqlalchemy as sa
from modeledge_parts.made import circumstances, clustered, unit
from store_peers import server

from kptm import Modeledge, Record
from kptm.evaluation.statistics import interval
from kptm.modeledge import IndexConfig, RecordFilter
from kptm.modeledge.engines.pgvector_index import PgvectorServer
from kptm.modeledge.engines.qdrant_index import QdrantServer
from kptm.modeledge.engines.server_engine import ServerEngine
from scale_parts.qdrant_edge import EdgeClient

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

K = 10
ENGINES = ("faiss", "qdrant engine", "pgvector")
PHASES = ("built", "edited", "undone")
FILTERED = RecordFilter(value="v1")
SPACE = "s"


@dataclass
class Figures:
    """What one engine did in one phase, one number for each seed, round or query."""

    recall: list[float] = field(default_factory=list)
    single: list[float] = field(default_factory=list)
    batch: list[float] = field(default_factory=list)
    filtered: list[float] = field(default_factory=list)
    filtered_recall: list[float] = field(default_factory=list)
    feed: list[float] = field(default_factory=list)


def measure(
    rows: int, dim: int, queries: int, seeds: int, rounds: int, graph_from: int, folder: Path
) -> int:
    """Print the tables; return how many hits were not live, did not pass, or were missing."""
    print(f"{circumstances()}; {rows:,} × {dim}, {queries} queries, {seeds} seeds")
    tables = {(engine, phase): Figures() for engine in ENGINES for phase in PHASES}
    wrong = 0
    with server.running(
        "-c shared_buffers=512MB -c maintenance_work_mem=1GB", vectors=True
    ) as host:
        for seed in range(1, seeds + 1):
            (place := folder / str(seed)).mkdir()
            wrong += _measure_seed(
                tables, rows, dim, queries, rounds, graph_from, seed, place, host
            )
    print("| | | recall@10 | one by one, queries/s | 100 at once | half filtered out, one by one |"
          " its recall | fed in |\n|---|---|---|---|---|---|---|---|")  # fmt: skip
    for phase in PHASES:
        for engine in ENGINES:
            told = tables[engine, phase]
            print(
                f"| {phase} | {engine} | {_interval(told.recall, 3)} | {_interval(told.single)} |"
                f" {_interval(told.batch)} | {_interval(told.filtered)} |"
                f" {_interval(told.filtered_recall, 3)} | {np.mean(told.feed):.1f} s |"
            )
    print(f"wrong or missing hits: {wrong}")
    return wrong


def _measure_seed(
    tables: dict[tuple[str, str], Figures],
    rows: int,
    dim: int,
    queries: int,
    rounds: int,
    graph_from: int,
    seed: int,
    folder: Path,
    host: str,
) -> int:
    path = folder / "store.db"
    asked = clustered(queries, dim, 1_000 + seed)
    wrong = 0
    client = EdgeClient(folder / "qdrant", graph_from=graph_from)
    server.fresh_database(host, "vectors")
    url = f"postgresql+psycopg://postgres@/vectors?host={host}"
    stores = {engine: Modeledge.open(path) for engine in ENGINES}
    stores["qdrant engine"].use_engine(ServerEngine(QdrantServer(client, "here", "kptm")))
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    stores["pgvector"].use_engine(ServerEngine(PgvectorServer(engine, "kptm")))
    store = stores["faiss"]
    for number, part in enumerate(np.array_split(clustered(rows, dim, seed), 10)):
        _add(store, part, f"source {number}")
    for phase in PHASES:
        if phase == "edited":  # a fifth of the rows goes, a tenth comes
            gone = [store.forget(source=f"source {number}").operation for number in (3, 7)]
            added = _add(store, clustered(rows // 10, dim, 500 + seed), "later")
        elif phase == "undone":
            for operation in (added, *gone):
                store.undo(operation)
        for name, opened in stores.items():
            start = time.perf_counter()
            if phase == "built":
                opened.build(SPACE, IndexConfig(kind="hnsw", target=0))
            else:
                opened.search(asked[:1], k=1, space=SPACE)
                if name == "qdrant engine":
                    client.optimize()
            tables[name, phase].feed.append(time.perf_counter() - start)
        wrong += _measure_phase(tables, phase, stores, asked, rounds)
    for opened in stores.values():
        opened.close()
    client.close()
    return wrong


def _add(store: Modeledge, vectors: np.ndarray, source: str) -> int:
    values = [f"v{number % 2}" for number in range(len(vectors))]
    records = [Record(kind="own", value=value, text=source) for value in values]
    return store.add(vectors, values, space=SPACE, source=source, records=records)


def _measure_phase(
    tables: dict[tuple[str, str], Figures],
    phase: str,
    stores: dict[str, Modeledge],
    asked: np.ndarray,
    rounds: int,
) -> int:
    held = [(e.id, e.record.value, v) for e, v in next(iter(stores.values())).entries(SPACE)]
    ids = np.array([number for number, _, _ in held])
    passes = np.array([value == FILTERED.value for _, value, _ in held])
    vectors = unit(np.stack([vector for _, _, vector in held]))
    wrong = 0
    # Rounds take turns, so that other work on the machine meets all engines.
    for turn in range(rounds):
        for name, store in stores.items():
            told = tables[name, phase]
            store.search(asked[:5], k=K, space=SPACE)  # what is read for the first time
            start = time.perf_counter()
            found = [store.search(query[None], k=K, space=SPACE)[0] for query in asked]
            told.single.append(len(asked) / (time.perf_counter() - start))
            start = time.perf_counter()
            for part in np.array_split(asked, max(1, len(asked) // 100)):
                store.search(part, k=K, space=SPACE)
            told.batch.append(len(asked) / (time.perf_counter() - start))
            few = asked[: max(10, len(asked) // 10)]
            start = time.perf_counter()
            chosen = [
                store.search(query[None], k=K, space=SPACE, where=FILTERED)[0] for query in few
            ]
            told.filtered.append(len(few) / (time.perf_counter() - start))
            if not turn:
                shares = list(_shares(found, asked, ids, vectors))
                told.recall += [share for share, _ in shares]
                filtered = list(_shares(chosen, few, ids[passes], vectors[passes]))
                told.filtered_recall += [share for share, _ in filtered]
                wrong += sum(bad for _, bad in [*shares, *filtered])
    return wrong


def _shares(
    found: list, asked: np.ndarray, ids: np.ndarray, vectors: np.ndarray
) -> Iterator[tuple[float, int]]:
    """The recall of each query by brute force, and its hits that are wrong or missing."""
    live = set(ids.tolist())
    for query, hits in zip(unit(asked), found, strict=True):
        gold = set(ids[np.argpartition(-(vectors @ query), K)[:K]].tolist())
        mine = {hit.id for hit in hits}
        yield len(mine & gold) / K, len(mine - live) + K - len(mine)


def _interval(numbers: list[float], digits: int = 0) -> str:
    told = interval(numbers)
    return f"{told.mean:,.{digits}f} [{told.low:,.{digits}f}, {told.high:,.{digits}f}]"
