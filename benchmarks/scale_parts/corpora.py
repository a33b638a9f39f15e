"""Corpora linked by the plain path, in processes and on Ray: rows a second, memory, kills."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import re
import signal
import subprocess
import sys
import time
from hashlib import file_digest
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple
from unittest import mock

from kptm import Workspace
from kptm.corpora import RayCluster
from kptm.corpora.corpus_linking import link_corpus
from kptm.corpora.merged_shards import merge_shards
from kptm.corpora.process_pool import ProcessPool
from kptm.corpora.ray_pool import RayPool
from kptm.corpora.shard_manifest import ShardOrigin
from kptm.corpora.shard_pools import LocalPool
from kptm.examples import World
from kptm.linking.pairs import link_pairs
from kptm.texts import read_texts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from multiprocessing.connection import Connection

    from kptm.corpora.shard_pools import ShardPool

WAYS = "plain", "driver alone", "1 process", "2 processes", "Ray, 1 worker", "Ray, 2 workers"
KILLED = 20_000
"""Documents of the corpus whose runs are killed."""
LONGEST = 1.5
"""Seconds from one kill to the next at most."""
_SPAWN = multiprocessing.get_context("spawn")


class Run(NamedTuple):
    """One run over a corpus.

    Attributes:
        seconds: From the first text to the last file; a Ray cluster runs before.
        cpu: Processor seconds of the driver, then of each worker.
        memory: Their peaks in MB, with pages that they share.
        sha256: Of the rows as JSON Lines.
    """

    seconds: float
    cpu: list[float]
    memory: list[float]
    sha256: str


def measure(
    documents: int,
    rounds: int,
    kills: int,
    sizes: Sequence[int],
    sentences: int,
    seed: int,
    folder: Path,
) -> int:
    """Measure, print tables, and return how much was wrong.

    Args:
        documents: Of the corpus whose speed is measured.
        rounds: Of the measurement of speed.
        kills: Of workers and drivers.
        sizes: Documents of the corpora whose memory is measured.
        sentences: The most sentences of a document of these.
        seed: Of the kills.
        folder: For all files.
    """
    place = folder / "ws"
    world = World()
    with Workspace.init(place) as ws:
        ws.load_entities(world.entities)
        ws.load(world.triples)
        ws.linker.refresh()
    wrong = _measure_speed(place, documents, rounds, folder) if rounds else 0
    if kills:
        wrong += _kill(place, kills, seed, folder)
    for number, size in enumerate(sizes):
        corpus = write_corpus(folder / f"{size}.jsonl", size, sentences)
        run = _measure_run(place, corpus, "2 processes", folder / f"m{size}")
        if not number:
            print("\n| documents | seconds | driver MB | workers MB |\n|---|---|---|---|")
        driver, *workers = run.memory
        print(f"| {size:,} | {run.seconds:.0f} | {driver:.0f} |"
              f" {', '.join(f'{one:.0f}' for one in workers)} |", flush=True)  # fmt: skip
    return wrong


def measure_index(sizes: Sequence[int], folder: Path) -> None:
    """Print the peak memory of ``Workspace.index`` without a model and a reader."""
    print("\n| documents indexed | seconds | MB before | MB at the peak |\n|---|---|---|---|")
    for size in sizes:
        corpus = write_corpus(folder / f"index{size}.jsonl", size)
        ours, theirs = _SPAWN.Pipe()
        process = _SPAWN.Process(target=_index, args=(folder / f"i{size}", corpus, theirs))
        process.start()
        theirs.close()
        seconds, before, peak = ours.recv()
        process.join()
        print(f"| {size:,} | {seconds:.0f} | {before:.0f} | {peak:.0f} |", flush=True)


def _index(place: Path, corpus: Path, answer: Connection) -> None:
    world = World()
    with Workspace.init(place) as ws:
        ws.load_entities(world.entities)
        ws.load(world.triples)
        ws.linker.refresh()
        before, started = peak_of(os.getpid()), time.perf_counter()
        # The reader of passages is fitted on a sample; its memory would hide that of the texts.
        with mock.patch("kptm.workspace.models.WorkspaceModels.fit_reader"):
            ws.index(corpus)
        answer.send((time.perf_counter() - started, before, peak_of(os.getpid())))


def write_corpus(path: Path, count: int, most: int = 9) -> Path:
    """Write documents of one to ``most`` sentences of the example world."""
    sentences = list(read_texts(World().corpus))
    chance = random.Random(count)
    with path.open("w") as out:
        for number in range(count):
            text = " ".join(chance.choices(sentences, k=chance.randint(1, most)))
            out.write(json.dumps({"id": number, "text": text}) + "\n")
    return path


def _measure_speed(place: Path, documents: int, rounds: int, folder: Path) -> int:
    corpus = write_corpus(folder / "corpus.jsonl", documents)
    size = corpus.stat().st_size / 1e6
    print(f"{documents:,} documents, {size:.0f} MB, {rounds} rounds; load average"
          f" {os.getloadavg()[0]:.1f} at the beginning\n")  # fmt: skip
    runs: dict[str, list[Run]] = {way: [] for way in WAYS}
    for number in range(rounds):
        for way in WAYS:  # in turn, since other work shares the machine
            runs[way].append(_measure_run(place, corpus, way, folder / f"{way} {number}"))
    print("| | seconds, each round | rows a second | ratio | CPU s of the driver | of the workers"
          " | same rows |")  # fmt: skip
    print("|---|---|---|---|---|---|---|")
    base = median(run.seconds for run in runs["plain"])
    sums = {run.sha256 for found in runs.values() for run in found}
    for way, found in runs.items():
        middle = median(run.seconds for run in found)
        each = ", ".join(f"{run.seconds:.1f}" for run in found)
        cpu = [f"{median(column):.1f}" for column in zip(*(run.cpu for run in found), strict=True)]
        same = {run.sha256 for run in found} == {runs["plain"][0].sha256}
        print(f"| {way} | {each} | {documents / middle:,.0f} | {base / middle:.2f} | {cpu[0]} |"
              f" {', '.join(cpu[1:])} | {'yes' if same else 'NO'} |")  # fmt: skip
    print(f"\nload average {os.getloadavg()[0]:.1f} at the end", flush=True)
    return len(sums) - 1


def _measure_run(place: Path, corpus: Path, way: str, folder: Path) -> Run:
    """Run in a process of its own, whose memory and processor time are then those of the run."""
    ours, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(target=_run, args=(place, corpus, way, folder, theirs))
    process.start()
    theirs.close()
    found = Run(*ours.recv())
    process.join()
    return found


def _run(place: Path, corpus: Path, way: str, folder: Path, answer: Connection) -> None:
    out = folder.with_suffix(".jsonl")
    if way.startswith("Ray"):
        _start_ray()
    with Workspace.open(place) as ws:
        ws.linker.refresh()
        cpu, memory = [], []
        started = time.perf_counter()
        if way == "plain":
            _link_plain(ws, corpus, out)
        else:
            opened: list[ShardPool] = []

            def open_pool() -> ShardPool:
                opened.append(_new_pool(ws, way, folder))
                return _Measured(opened[0], cpu, memory)

            origin = ShardOrigin.of([corpus], linker="", kptm="", candidates=False, documents=5_000)
            report = link_corpus([corpus], folder, origin, open_pool)
            merge_shards(folder, report.shards, out)
        seconds = time.perf_counter() - started
    cpu.insert(0, time.process_time())
    memory.insert(0, peak_of(os.getpid()))
    with out.open("rb") as rows:
        answer.send((seconds, cpu, memory, file_digest(rows, "sha256").hexdigest()))


def _link_plain(ws: Workspace, corpus: Path, out: Path) -> None:
    """What ``kptm link --out`` does."""
    pairs = ((str(corpus), text) for text in read_texts(corpus))
    with out.open("w") as lines:
        for source, linked in link_pairs(ws.linker.link_many, pairs):
            value = {**linked.to_dict(), "source": source}
            lines.write(json.dumps(value, ensure_ascii=False) + "\n")


def _new_pool(ws: Workspace, way: str, folder: Path) -> ShardPool:
    snapshot, workers = ws.linker.snapshot(), 2 if "2" in way else 1
    if way.startswith("Ray"):
        return RayPool(snapshot, False, workers, RayCluster())
    if way == "driver alone":
        return LocalPool(snapshot, False)
    return ProcessPool(snapshot, False, workers, folder / ".linker")


class _Measured:
    """A pool that reads the figures of its processes before it ends them."""

    def __init__(self, pool: ShardPool, cpu: list[float], memory: list[float]) -> None:
        self._pool, self._cpu, self._memory = pool, cpu, memory
        self.free, self.start, self.wait = pool.free, pool.start, pool.wait

    def close(self) -> None:
        for process in self._pool.processes() if hasattr(self._pool, "processes") else ():
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            self._cpu.append((int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"))
            self._memory.append(peak_of(process))
        self._pool.close()


def peak_of(process: int) -> float:
    """The most memory of a process so far, MB."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) * 1024 / 1e6


def _start_ray() -> None:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    import ray

    ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False)


def _kill(place: Path, kills: int, seed: int, folder: Path) -> int:
    """Kill workers and drivers of ``kptm link`` at random moments; compare what each run leaves."""
    corpus = write_corpus(folder / "killed.jsonl", KILLED)
    with Workspace.open(place) as ws:
        _link_plain(ws, corpus, folder / "wanted.jsonl")
    wanted = (folder / "wanted.jsonl").read_bytes()
    chance = random.Random(seed)
    drivers = workers = finished = other = 0
    while drivers + workers < kills or not finished:
        shards, out = folder / f"k{finished}", folder / f"k{finished}.jsonl"
        command = [sys.executable, "-m", "kptm.cli.main", "link", place, "--file", corpus,
                   "--shards", shards, "--shard-size", "500", "--jobs", "2",
                   "--out", out, "-q"]  # fmt: skip
        killed = run_and_kill(command, chance, kills - drivers - workers, LONGEST)
        drivers += killed.drivers
        workers += killed.workers
        if killed.code == 0:
            finished += 1
            other += out.read_bytes() != wanted
        elif killed.code != -signal.SIGKILL:
            other += killed.code != 1  # 1: a shard met five kills; the next run goes on
    print("\n| kills of workers | of drivers | runs that finished | other rows or errors |")
    print(f"|---|---|---|---|\n| {workers} | {drivers} | {finished} | {other} |", flush=True)
    return other


class Killed(NamedTuple):
    """A run of a verb, some of whose processes were killed.

    Attributes:
        code: The driver's exit status.
        drivers: 1 if it was killed.
        workers: How many of its workers were killed.
    """

    code: int
    drivers: int
    workers: int


def run_and_kill(
    command: Sequence[object], chance: random.Random, kills: int, longest: float
) -> Killed:
    """Run a verb with ``--jobs``, and kill its workers and itself at random moments.

    Args:
        command: The verb.
        chance: Chooses moments and processes.
        kills: How many at most.
        longest: Seconds from one moment to the next at most.
    """
    drivers = workers = 0
    with subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL) as driver:
        while drivers + workers < kills and driver.poll() is None:
            time.sleep(chance.random() * longest)
            processes = _workers_of(driver.pid)
            if processes and chance.random() < 0.6:
                workers += _send_kill(chance.choice(processes))
            elif chance.random() < 0.3:
                drivers += _send_kill(driver.pid)
    return Killed(driver.returncode, drivers, workers)


def _workers_of(driver: int) -> list[int]:
    """The processes of a driver that link."""
    try:
        children = Path(f"/proc/{driver}/task/{driver}/children").read_text().split()
        return [
            int(child) for child in children
            if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()
        ]  # fmt: skip
    except FileNotFoundError:
        return []


def _send_kill(process: int) -> int:
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        return 0
    return 1
