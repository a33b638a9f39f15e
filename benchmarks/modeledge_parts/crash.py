"""Kills at random moments, and damaged files: is anything lost, half written or wrong?

    python benchmarks/modeledge.py crash [--kills 400] [--migrations 100] [--damages 5] [--seed 0]

A process that adds, edits, forgets, undoes and writes snapshots is killed; then the store is
compared with a dictionary. Every acknowledged operation must be there, and an unacknowledged one
must be there as a whole or not at all. A migration that is killed and run again must end like one
that was never killed. Exits with 1 on any mismatch.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import shutil
import signal
import tempfile
import time
from collections import Counter
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads do not outlive a fork

import numpy as np
import torch

from kptm.modeledge import IndexConfig, Modeledge
from kptm.modeledge.vector_index import build_index

from .damage import DAMAGES, files_of
from .made import circumstances, clustered, unit
from .moves import migrations
from .worker import DIM, State, Work

FRESH = 25
"""Kills after which a new store is begun: operations on a small store are short."""
LONGEST = 0.15
"""Seconds until a kill, at most."""
SMALL = 50
"""The fewest vectors of an index in this benchmark, so that small stores have every kind."""
KINDS = ("flat", "hnsw", "ivf-sq8")
ROWS = 3_000
K = 5
NEAR = 1e-5


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="modeledge.py crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=400)
    parser.add_argument("--migrations", type=int, default=100, help="migrations to kill")
    parser.add_argument("--damages", type=int, default=5, help="damages of each sort a file")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    logging.disable(logging.WARNING)  # every damaged snapshot is warned of
    print(circumstances())
    with tempfile.TemporaryDirectory() as name:
        wrong = damages(Path(name), options.damages)
        wrong += kills(Path(name), options.kills, options.seed)
        wrong += migrations(Path(name), options.migrations, options.seed)
    return int(bool(wrong))


# ── kills ────────────────────────────────────────────────────────────────────────────────────────


def kills(folder: Path, count: int, seed: int) -> int:
    """Kill a worker `count` times and return the number of mismatches."""
    build_index.MAX_EXACT_VECTORS = SMALL
    rng = np.random.default_rng(seed)
    work = Work()
    Modeledge.open(folder / "empty.db").close()
    path, state = folder / "store.db", State()
    cut: Counter[tuple[str, str]] = Counter()
    wrong, acknowledged, start = 0, 0, time.perf_counter()
    for number in range(count):
        if number % FRESH == 0:
            for old in folder.glob("store.db*"):
                shutil.rmtree(old) if old.is_dir() else old.unlink()
            shutil.copy(folder / "empty.db", path)
            state = State()
        worker_lines = run_and_kill(
            work, path, state, int(rng.integers(2**31)), float(rng.random()) * LONGEST
        )
        started = None
        for line in worker_lines:
            if line == "done" and started is not None:
                state, started = state.apply(started, work), None
                acknowledged += 1
            elif line.endswith("}"):
                started = json.loads(line)
        possible = {"absent": state}
        if started is not None:
            possible["whole"] = state.apply(started, work)
        problem, outcome = compare_store(work, path, possible)
        if problem:
            wrong += 1
            print(f"kill {number}: {started}: {problem}")
            path.rename(folder / f"wrong{number}.db")
            shutil.copy(folder / "empty.db", path)
            state = State()
            continue
        state = possible[outcome]
        cut[started["op"] if started else "between", outcome] += 1
    seconds = time.perf_counter() - start
    print(f"\n{count} kills in {seconds:.0f} s, {acknowledged:,} operations acknowledged\n")
    print("| cut while | absent after | whole after |\n|---|---|---|")
    for name in ("add", "edit", "forget", "undo", "snapshot", "between"):
        print(f"| {name} | {cut[name, 'absent']} | {cut[name, 'whole']} |")
    print(f"\nmismatches: {wrong}")
    return wrong


def run_and_kill(work: Work, path: Path, state: State, seed: int, wait: float) -> list[str]:
    """Fork a worker, kill it after `wait` seconds, and return the lines that it wrote."""
    read_end, write_end = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.close(read_end)
            work.forever(str(path), state, seed, write_end)
        except BaseException as error:  # noqa: BLE001  # any error is reported to the parent
            os.write(write_end, f"failed: {error!r}\n".encode())
        finally:
            os._exit(1)
    os.close(write_end)
    with os.fdopen(read_end) as stream:
        first = stream.readline()
        time.sleep(wait)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        lines = [first, *stream]
    written = [line.strip() for line in lines]
    failed = [line for line in written if line.startswith("failed")]
    if failed:
        raise SystemExit(failed[0])
    return written


def compare_store(work: Work, path: Path, possible: dict[str, State]) -> tuple[str, str]:
    """Return the problem of the store ("" for none), and the name of the state that it is in."""
    with Modeledge.open(path) as store:
        problems = [problem for check in store.verify() for problem in check.problems]
        if problems:
            return "; ".join(problems), ""
        for name, state in possible.items():
            if holds(store, state, ("s", work.space)):
                return check_searches(store, state, ("s", work.space)), name
    return "rows are neither as before nor as after", ""


def holds(store: Modeledge, state: State, spaces: tuple[str, ...]) -> bool:
    """Whether the store has exactly the rows of a state, and its newest operation."""
    if store.newest_operation() != state.newest:
        return False
    for space in spaces:
        wanted = state.live(space)
        entry_by_id = {entry.id: (entry, vector) for entry, vector in store.entries(space)}
        if entry_by_id.keys() != wanted.keys():
            return False
        for number, (entry, vector) in entry_by_id.items():
            row, record = wanted[number], entry.record
            stored = (record.kind, record.value, record.context, entry.sources, vector.tobytes())
            if stored != (row.kind, row.value, row.context, (row.source,), row.vector):
                return False
    return True


def check_searches(store: Modeledge, state: State, spaces: tuple[str, ...]) -> str:
    """Search each space, and return the first difference from brute force, "" for none."""
    kinds = {check.space: check.index for check in store.verify()}
    for space in spaces:
        vector_by_id = {n: np.frombuffer(row.vector, "<f4") for n, row in state.live(space).items()}
        if not vector_by_id:
            continue
        queries = np.random.default_rng(1).standard_normal(
            (3, len(next(iter(vector_by_id.values()))))
        )
        if problem := wrong_hits(store, space, vector_by_id, queries, exact=kinds[space] == "flat"):
            return problem
    return ""


def wrong_hits(
    store: Modeledge,
    space: str,
    vector_by_id: dict[int, np.ndarray],
    queries: np.ndarray,
    *,
    exact: bool,
) -> str:
    """Search one space, and return how the results differ from brute force, "" if they do not."""
    ids = np.array(sorted(vector_by_id))
    scores = unit(queries) @ unit(np.stack([vector_by_id[n] for n in ids.tolist()]).astype(float)).T
    for row, hits in zip(scores, store.search(queries, k=K, space=space), strict=True):
        if len({hit.id for hit in hits}) != min(K, len(vector_by_id)):
            return f"{len(hits)} results in {space}"
        places = np.searchsorted(ids, [hit.id for hit in hits])
        returned = np.array([hit.score for hit in hits])
        expected = np.sort(row)[::-1][: len(hits)] if exact else row[places]
        if set(ids[places]) != {hit.id for hit in hits} or np.abs(returned - expected).max() > NEAR:
            return f"other results than brute force in {space}"
    return ""


# ── damage ───────────────────────────────────────────────────────────────────────────────────────


def damages(folder: Path, times: int) -> int:
    """Damage every file of every kind of snapshot.

    Return: how often verify did not report a damage, plus how often a search then went wrong.
    """
    print(
        "\n| damage | files damaged | seen by verify | search as brute force |\n|---|---|---|---|"
    )
    seen: Counter[str] = Counter()
    right: Counter[str] = Counter()
    done: Counter[str] = Counter()
    for kind in KINDS:
        whole = folder / f"whole-{kind}"
        whole.mkdir()
        with Modeledge.open(whole / "store.db") as store:
            for seed, space in enumerate(("s", "other"), 1):
                store.add(clustered(ROWS, DIM, seed), ["v"] * ROWS, space=space)
                store.build(space, IndexConfig(kind=kind, target=0.0))
            vector_by_id = {entry.id: vector for entry, vector in store.entries("s")}
        for number, path in enumerate(files_of(whole / "store.db", "s")):
            for name, damage in DAMAGES.items():
                for seed in range(times):
                    copy = folder / "copy"
                    shutil.copytree(whole, copy)
                    mine, other = (files_of(copy / "store.db", space) for space in ("s", "other"))
                    damage(mine[number], other[number], seed)
                    done[name] += 1
                    verified, same = check_damage(copy / "store.db", vector_by_id)
                    seen[name] += verified
                    right[name] += same
                    if not verified or not same:
                        print(f"missed, or found wrongly: {kind}/{path.name}, {name}, seed {seed}")
                    shutil.rmtree(copy)
    for name, count in done.items():
        print(f"| {name} | {count} | {seen[name]} | {right[name]} |")
    return 2 * done.total() - seen.total() - right.total()


def check_damage(path: Path, vector_by_id: dict[int, np.ndarray]) -> tuple[bool, bool]:
    """Whether verify reports the damage, and whether a search still equals brute force."""
    with Modeledge.open(path) as store:
        queries = clustered(3, DIM, 9)
        checks = {check.space: check for check in store.verify()}
        reported = checks["s"].snapshot == "damaged" and checks["other"].snapshot == "whole"
        return reported, not wrong_hits(store, "s", vector_by_id, queries, exact=True)
