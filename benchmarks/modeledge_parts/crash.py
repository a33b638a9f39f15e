"""Kills at random moments, and damaged files: is anything lost, halved, or false?

    python benchmarks/modeledge.py crash [--kills 400] [--migrations 100] [--damages 5] [--seed 0]

A process that adds, edits, forgets, undoes and writes snapshots is killed; then the store is
compared with a dictionary: what was acknowledged is there, what was not is whole or absent. A
migration that is killed and run again ends as one that was not. Ends with 1 where anything was
otherwise.
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
"""Kills after which a new store is begun; it is small then, and operations are short."""
LONGEST = 0.15
"""Seconds until a kill, at most."""
SMALL = 50
"""Vectors that are too few for an index, here; so that small stores have every kind."""
KINDS = ("flat", "hnsw", "ivf-sq8")
ROWS = 3_000
K = 5
NEAR = 1e-5


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="modeledge.py crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=400)
    parser.add_argument("--migrations", type=int, default=100, help="that are killed")
    parser.add_argument("--damages", type=int, default=5, help="of each sort, a file")
    parser.add_argument("--seed", type=int, default=0)
    told = parser.parse_args(argv)
    torch.set_num_threads(1)
    logging.disable(logging.WARNING)  # that a snapshot is damaged is what we wait for
    print(circumstances())
    with tempfile.TemporaryDirectory() as name:
        wrong = damages(Path(name), told.damages)
        wrong += kills(Path(name), told.kills, told.seed)
        wrong += migrations(Path(name), told.migrations, told.seed)
    return int(bool(wrong))


# ── kills ────────────────────────────────────────────────────────────────────────────────────────


def kills(folder: Path, count: int, seed: int) -> int:
    """Kill so many times; return how many mismatches there were."""
    build_index.FEWEST = SMALL
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
        lines = killed(work, path, state, int(rng.integers(2**31)), float(rng.random()) * LONGEST)
        open_one = None
        for line in lines:
            if line == "done" and open_one is not None:
                state, open_one = state.apply(open_one, work), None
                acknowledged += 1
            elif line.endswith("}"):
                open_one = json.loads(line)
        able = {"absent": state}
        if open_one is not None:
            able["whole"] = state.apply(open_one, work)
        problem, outcome = compared(work, path, able)
        if problem:
            wrong += 1
            print(f"kill {number}: {open_one}: {problem}")
            path.rename(folder / f"wrong{number}.db")
            shutil.copy(folder / "empty.db", path)
            state = State()
            continue
        state = able[outcome]
        cut[open_one["op"] if open_one else "between", outcome] += 1
    seconds = time.perf_counter() - start
    print(f"\n{count} kills in {seconds:.0f} s, {acknowledged:,} operations acknowledged\n")
    print("| cut while | absent after | whole after |\n|---|---|---|")
    for name in ("add", "edit", "forget", "undo", "snapshot", "between"):
        print(f"| {name} | {cut[name, 'absent']} | {cut[name, 'whole']} |")
    print(f"\nmismatches: {wrong}")
    return wrong


def killed(work: Work, path: Path, state: State, seed: int, wait: float) -> list[str]:
    """What a worker said until it was killed, line by line."""
    hear, tell = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.close(hear)
            work.forever(str(path), state, seed, tell)
        except BaseException as error:  # noqa: BLE001  # whatever it is, the parent has to hear of it
            os.write(tell, f"failed: {error!r}\n".encode())
        finally:
            os._exit(1)
    os.close(tell)
    with os.fdopen(hear) as stream:
        first = stream.readline()
        time.sleep(wait)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        lines = [first, *stream]
    found = [line.strip() for line in lines]
    failed = [line for line in found if line.startswith("failed")]
    if failed:
        raise SystemExit(failed[0])
    return found


def compared(work: Work, path: Path, able: dict[str, State]) -> tuple[str, str]:
    """What is wrong with the store, and which of the states it is in."""
    with Modeledge.open(path) as store:
        problems = [problem for check in store.verify() for problem in check.problems]
        if problems:
            return "; ".join(problems), ""
        for name, state in able.items():
            if holds(store, state, ("s", work.space)):
                return searched(store, state, ("s", work.space)), name
    return "rows are neither as before nor as after", ""


def holds(store: Modeledge, state: State, spaces: tuple[str, ...]) -> bool:
    """Whether the store has these rows, and this newest operation."""
    if store.newest_operation() != state.newest:
        return False
    for space in spaces:
        wanted = state.live(space)
        found = {entry.id: (entry, vector) for entry, vector in store.entries(space)}
        if found.keys() != wanted.keys():
            return False
        for number, (entry, vector) in found.items():
            row, record = wanted[number], entry.record
            told = (record.kind, record.value, record.context, entry.sources, vector.tobytes())
            if told != (row.kind, row.value, row.context, (row.source,), row.vector):
                return False
    return True


def searched(store: Modeledge, state: State, spaces: tuple[str, ...]) -> str:
    """What a search finds wrong, "" for nothing."""
    kinds = {check.space: check.index for check in store.verify()}
    for space in spaces:
        held = {n: np.frombuffer(row.vector, "<f4") for n, row in state.live(space).items()}
        if not held:
            continue
        queries = np.random.default_rng(1).standard_normal((3, len(next(iter(held.values())))))
        if problem := found_wrong(store, space, held, queries, exact=kinds[space] == "flat"):
            return problem
    return ""


def found_wrong(
    store: Modeledge, space: str, held: dict[int, np.ndarray], queries: np.ndarray, *, exact: bool
) -> str:
    """Compare a search with brute force."""
    ids = np.array(sorted(held))
    scores = unit(queries) @ unit(np.stack([held[n] for n in ids.tolist()]).astype(float)).T
    for row, hits in zip(scores, store.search(queries, k=K, space=space), strict=True):
        if len({hit.id for hit in hits}) != min(K, len(held)):
            return f"{len(hits)} results in {space}"
        places = np.searchsorted(ids, [hit.id for hit in hits])
        told = np.array([hit.score for hit in hits])
        right = np.sort(row)[::-1][: len(hits)] if exact else row[places]
        if set(ids[places]) != {hit.id for hit in hits} or np.abs(told - right).max() > NEAR:
            return f"other results than brute force in {space}"
    return ""


# ── damage ───────────────────────────────────────────────────────────────────────────────────────


def damages(folder: Path, times: int) -> int:
    """Damage every file of every kind of snapshot; return how often that was not seen."""
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
            held = {entry.id: vector for entry, vector in store.entries("s")}
        for number, path in enumerate(files_of(whole / "store.db", "s")):
            for name, damage in DAMAGES.items():
                for seed in range(times):
                    copy = folder / "copy"
                    shutil.copytree(whole, copy)
                    mine, other = (files_of(copy / "store.db", space) for space in ("s", "other"))
                    damage(mine[number], other[number], seed)
                    told = f"{kind}/{path.name}, {name}"
                    done[name] += 1
                    verified, same = damaged(copy / "store.db", held)
                    seen[name] += verified
                    right[name] += same
                    if not verified or not same:
                        print(f"not seen, or found otherwise: {told}, seed {seed}")
                    shutil.rmtree(copy)
    for name, count in done.items():
        print(f"| {name} | {count} | {seen[name]} | {right[name]} |")
    return 2 * done.total() - seen.total() - right.total()


def damaged(path: Path, held: dict[int, np.ndarray]) -> tuple[bool, bool]:
    """Whether verify tells of the damage, and a search goes on as brute force."""
    with Modeledge.open(path) as store:
        queries = clustered(3, DIM, 9)
        checks = {check.space: check for check in store.verify()}
        told = checks["s"].snapshot == "damaged" and checks["other"].snapshot == "whole"
        return told, not found_wrong(store, "s", held, queries, exact=True)
