"""Many writers and readers of one workspace, each a process of its own."""

from __future__ import annotations

import json
import multiprocessing
import time
from dataclasses import dataclass
from statistics import quantiles
from typing import TYPE_CHECKING

from kg.errors import StoreError
from kptm import Workspace
from scale_parts.pairs import Expected, Journal, PairWriter, look, revisions_are_whole

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


THINKING = 0.2
"""Seconds between two readings of a reader."""


@dataclass(frozen=True)
class Crowd:
    """How many write and read, for how long."""

    writers: int
    readers: int
    seconds: float
    seed: int


def measure(crowd: Crowd, folder: Path, url: str) -> int:
    """Run the crowd and print a table; return how many changes were lost or torn."""
    place = folder / "ws"
    Workspace.init(place, database=url).close()
    until = time.time() + crowd.seconds + 2
    fork = multiprocessing.get_context("fork")
    works: list[tuple[Callable[..., None], str]] = [
        *((_write, f"w{crowd.seed}_{number}") for number in range(crowd.writers)),
        *((_read, f"r{number}") for number in range(crowd.readers)),
    ]
    processes = [fork.Process(target=work, args=(folder, name, until)) for work, name in works]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    expected = Expected()
    for path in folder.glob("*.journal"):
        expected.read(path)
    with Workspace.open(place) as ws, ws.graph.database.reading() as sql:
        seen, torn = look(sql)
        whole = revisions_are_whole(sql)
    lost, invented = expected.problems(seen)
    written, read = _joined(folder, "w"), _joined(folder, "r")
    torn += read["torn"]
    failed = sum(process.exitcode != 0 for process in processes)
    print(f"{crowd.writers} writers, {crowd.readers} readers, {crowd.seconds:.0f} s\n")
    print("| | a second | median ms | 99% ms | told to wait | |")
    print("|---|---|---|---|---|---|")
    for name, what in (("changes", written), ("readings", read)):
        middle, high = _percentiles(what["ms"])
        rate = len(what["ms"]) / crowd.seconds
        print(f"| {name} | {rate:.1f} | {middle:.1f} | {high:.1f} | {what['busy']} | |")
    print(f"\nchanges confirmed: {len(written['ms']):,}; lost: {lost}; torn: {torn};"
          f" not made by anybody: {invented}; numbers without a gap: {whole};"
          f" processes that failed: {failed}")  # fmt: skip
    return lost + torn + invented + (not whole) + failed


def _write(folder: Path, name: str, until: float) -> None:
    times: list[float] = []
    busy = 0
    with Workspace.open(folder / "ws") as ws:
        writer = PairWriter(ws, name, Journal(folder / f"{name}.journal"))
        while time.time() < until:
            start = time.perf_counter()
            try:
                writer.step()
            except StoreError as error:
                if "wait for it" not in str(error):
                    raise
                busy += 1
                continue
            times.append(1000 * (time.perf_counter() - start))
    _save(folder, name, times, busy, 0)


def _read(folder: Path, name: str, until: float) -> None:
    times: list[float] = []
    torn = 0
    with Workspace.open(folder / "ws") as ws:
        while time.time() < until:
            start = time.perf_counter()
            with ws.graph.database.reading() as sql:
                whole, torn_now = look(sql)
                torn += torn_now + (not revisions_are_whole(sql))
            times.append(1000 * (time.perf_counter() - start))
            one = next(iter(whole), None)
            if one is not None:  # what a user asks, beside the audit
                ws.graph.search(one)
                ws.modeledge.stats()
            time.sleep(THINKING)
    _save(folder, name, times, 0, torn)


def _save(folder: Path, name: str, times: list[float], busy: int, torn: int) -> None:
    (folder / f"{name}.json").write_text(json.dumps({"ms": times, "busy": busy, "torn": torn}))


def _joined(folder: Path, kind: str) -> dict:
    found = [json.loads(path.read_text()) for path in sorted(folder.glob(f"{kind}*.json"))]
    return {
        "ms": [ms for one in found for ms in one["ms"]],
        "busy": sum(one["busy"] for one in found),
        "torn": sum(one["torn"] for one in found),
    }


def _percentiles(times: list[float]) -> tuple[float, float]:
    if len(times) < 2:
        return (times or [0.0])[0], (times or [0.0])[0]
    cuts = quantiles(times, n=100)
    return cuts[49], cuts[98]
