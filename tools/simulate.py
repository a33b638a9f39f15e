"""Predicts how long a corpus takes in shards, and what each stage costs at any size.

    python tools/simulate.py measure --documents 20000 --jobs 2 >> runs.jsonl
    python tools/simulate.py check runs.jsonl      # calibrate on 1 and 2 processes, predict others
    python tools/simulate.py plan                  # the tables of docs/scale.md

A driver reads shards, hands them to workers and writes what they return; every process that has
something to do gets an equal part of the cores, of which other work takes its part too.
"""

import argparse
import json
import math
import multiprocessing
import os
import resource
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

SAMPLED = 0.2
"""Seconds between two looks at what else runs on the machine."""
DAY = 86_400
ROUNDING, LEAST = 1e-9, 1e-7
"""Processor seconds that are nothing, and those of the smallest task."""


class Rates(NamedTuple):
    """Processor seconds.

    Attributes:
        start: Of the driver before the first shard.
        read: To read a document and hand it to a worker.
        write: To store a document's links.
        merge: To write a document to the joined file.
        begin: Of a worker before its first shard.
        link: To link a document.
    """

    start: float
    read: float
    write: float
    merge: float
    begin: float
    link: float


class Outcome(NamedTuple):
    """What a simulation predicts.

    Attributes:
        seconds: From the first document to the joined file.
        driver: Processor seconds of the driver.
        workers: Processor seconds of all workers.
    """

    seconds: float
    driver: float
    workers: float


class Simulation:
    """A corpus on its way through a driver and its workers.

    Args:
        rates: The costs.
        documents: The size of the corpus.
        shard: The documents of a shard.
        jobs: The number of workers.
    """

    def __init__(self, rates: Rates, documents: int, shard: int, jobs: int) -> None:
        self._rates, self._documents, self._jobs = rates, documents, jobs
        self._unread = deque(min(shard, documents - at) for at in range(0, documents, shard))
        self._ready: deque[int] = deque()
        self._finished: deque[int] = deque()
        self._busy: list[list[float]] = []
        """Of each busy worker: the processor seconds left, and the documents of its shard."""
        self._begun = 0
        self._task, self._reading = rates.start, 0
        self._driver = self._workers = 0.0

    def run(self, cores: float, others: float) -> Outcome:
        """Run to the end.

        Args:
            cores: The number of cores.
            others: The mean number of other processes that want a core.
        """
        now = 0.0
        while self._task or self._choose_task():
            wanting = len(self._busy) + (self._task > 0)
            step = min([one[0] for one in self._busy] + [self._task] * (self._task > 0))
            now += step / min(1.0, cores / (others + wanting))
            self._advance(step)
        merging = self._rates.merge * self._documents
        now += merging / min(1.0, cores / (others + 1))
        return Outcome(now, self._driver + merging, self._workers)

    def _choose_task(self) -> bool:
        """Let the idle driver choose what to do, as ``CorpusRun``; False if all is done."""
        if self._ready and len(self._busy) < self._jobs:
            size = self._ready.popleft()
            begin = self._rates.begin if self._begun < self._jobs else 0.0
            self._busy.append([begin + self._rates.link * size, size])
            self._begun += 1
        if not self._ready and self._unread:
            self._reading = self._unread.popleft()
            self._task = max(LEAST, self._rates.read * self._reading)
        elif self._finished:
            self._task = max(LEAST, self._rates.write * self._finished.popleft())
        return bool(self._task or self._busy or self._ready)

    def _advance(self, step: float) -> None:
        """Let so many processor seconds pass for every process that has something to do."""
        if self._task:
            self._driver += step
            self._task = _rest(self._task - step)
            if not self._task and self._reading:
                self._ready.append(self._reading)
                self._reading = 0
        self._workers += step * len(self._busy)
        for one in self._busy:
            one[0] = _rest(one[0] - step)
        self._finished += [int(one[1]) for one in self._busy if not one[0]]
        self._busy = [one for one in self._busy if one[0]]


def _rest(seconds: float) -> float:
    """What is left; 0 for what is left by rounding."""
    return seconds if seconds > ROUNDING else 0.0


def calibrate(small: dict[str, Any], large: dict[str, Any]) -> Rates:
    """The rates of two runs of different sizes: the line through two points, for each cost.

    Reading and writing are not told apart by the measurement; each is taken to be a half.
    """
    n, m = small["documents"], large["documents"]

    def line(one: float, other: float) -> tuple[float, float]:
        slope = (other - one) / (m - n)
        return max(0.0, one - slope * n), slope

    start, driver = line(small["driver"], large["driver"])
    # Workers: jobs · begin + documents · link, in two equations.
    a, b = small["jobs"], large["jobs"]
    determinant = a * m - b * n
    begin = (small["workers"] * m - large["workers"] * n) / determinant
    link = (a * large["workers"] - b * small["workers"]) / determinant
    merge = (small["merge"] + large["merge"]) / (n + m)
    return Rates(start, driver / 2, driver / 2, merge, max(0.0, begin), link)


def measure(documents: int, jobs: int, shard: int) -> dict[str, Any]:
    """Link a corpus of the example world and return what it took."""
    from benchmarks.scale_parts.corpora import write_corpus
    from kptm import Workspace
    from kptm.corpora.corpus_linking import link_corpus
    from kptm.corpora.merged_shards import merge_shards
    from kptm.corpora.process_pool import ProcessPool
    from kptm.corpora.shard_manifest import ShardOrigin
    from kptm.examples import World

    with tempfile.TemporaryDirectory(prefix="kptm-simulate-") as place:
        folder = Path(place)
        corpus = write_corpus(folder / "corpus.jsonl", documents)
        with Workspace.init(folder / "ws") as ws:
            ws.load_entities(World().entities)
            ws.load(World().triples)
            ws.linker.refresh()
            snapshot = ws.linker.snapshot()

            def open_pool() -> ProcessPool:
                return ProcessPool(snapshot, False, jobs, folder / "linker")

            origin = ShardOrigin.of([corpus], linker="", kptm="", candidates=False, documents=shard)
            with _OtherWork() as other:
                begun, cpu = time.perf_counter(), _cpu()
                report = link_corpus([corpus], folder / "s", origin, open_pool)
                linked = _cpu()
                merge_shards(folder / "s", report.shards, folder / "out.jsonl")
                seconds, end = time.perf_counter() - begun, _cpu()
    return {
        "documents": documents,
        "jobs": jobs,
        "shard": shard,
        "shards": report.shards,
        "seconds": round(seconds, 2),
        "driver": round(linked[0] - cpu[0], 2),
        "merge": round(end[0] - linked[0], 2),
        "workers": round(end[1] - cpu[1], 2),
        "others": round(other.mean(), 2),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
    }


def _cpu() -> tuple[float, float]:
    """Processor seconds of this process, and of its children that have ended."""
    usages = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    own, children = (usage.ru_utime + usage.ru_stime for usage in usages)
    return own, children


class _OtherWork:
    """Samples how many processes of others want a core."""

    def __init__(self) -> None:
        self._found: list[int] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample)

    def __enter__(self) -> "_OtherWork":
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._ended.set()
        self._thread.join()

    def mean(self) -> float:
        return sum(self._found) / max(1, len(self._found))

    def _sample(self) -> None:
        while not self._ended.wait(SAMPLED):
            lines = Path("/proc/stat").read_text().splitlines()
            running = next(int(line.split()[1]) for line in lines if "procs_running" in line)
            own = [os.getpid(), *(one.pid or 0 for one in multiprocessing.active_children())]
            wanting = sum(_is_running(process) for process in own)
            self._found.append(max(0, running - max(1, wanting)))


def _is_running(process: int) -> bool:
    try:
        text = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] == "R"


def check(runs: Sequence[dict[str, Any]]) -> str:
    """Calibrate on the first run of 1 and of 2 processes; compare the others with predictions.

    Waiting that the simulation does not know, as for the disk, is a factor of the seconds, which is
    calibrated on the same two runs.
    """
    seen = [next(run for run in runs if run["jobs"] == jobs) for jobs in (1, 2)]
    rates = calibrate(*sorted(seen, key=lambda run: int(run["documents"])))
    waiting = sum(run["seconds"] / _predict(rates, run).seconds for run in seen) / len(seen)
    lines = [
        "| documents | shard | processes | others | seconds | driver, CPU s | workers, CPU s | |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for run in runs:
        found = _predict(rates, run)
        lines.append(
            f"| {run['documents']:,} | {run['shard']:,} | {run['jobs']} | {run['others']:.1f}"
            f" | {waiting * found.seconds:.0f}, {run['seconds']:.0f}"
            f" | {found.driver:.1f}, {run['driver'] + run['merge']:.1f}"
            f" | {found.workers:.1f}, {run['workers']:.1f}"
            f" | {'calibrated' if run in seen else 'unseen'} |"
        )
    return "\n".join([f"{rates}, seconds × {waiting:.2f}", "", *lines])


def _predict(rates: Rates, run: dict[str, Any]) -> Outcome:
    """What the simulation predicts for a run, under the load that this run met."""
    shard = -(-run["documents"] // run["shards"])
    simulation = Simulation(rates, run["documents"], shard, run["jobs"])
    return simulation.run(run["cores"], run["others"])


class Stage(NamedTuple):
    """A stage and its measured rate.

    Attributes:
        name: The name.
        rate: How many documents or triples one core does in a second.
        falls: The factor by which the rate changes with ten times as many, from a million on.
        shared: Who can share the work.
        source: The page with the measurement.
    """

    name: str
    rate: float
    falls: float
    shared: str
    source: str


MANY, ONE = "any number of workers", "**one process**"
SCALE, STORE, TEXTS = "(scale.md#corpora)", "(store.md#loading-and-queries)", "(texts.md)"
DOCUMENTS = (1_000_000, 100_000_000, 10_000_000_000)
TRIPLES = (1_000_000, 100_000_000, 1_000_000_000)
OF_DOCUMENTS = (
    Stage("link, workers", 200_000 / (75.6 + 73.8), 1, MANY, f"c174db3f {SCALE}"),
    Stage("link, driver", 200_000 / 25.5, 1, "a driver for each part", f"c174db3f {SCALE}"),
    Stage(
        "extract, a sentence each", 2_067, 1, f"{ONE}; linking: {MANY}", f"as of e48a4cbf {TEXTS}"
    ),
    Stage("index as passages, without vectors", 8 * 81, 1, ONE, f"as of e48a4cbf {TEXTS}"),
    Stage("encode one vector each (MiniLM)", 81, 1, ONE, f"as of e48a4cbf {TEXTS}"),
    Stage("write one vector each", 21_515, 1, ONE, "as of e48a4cbf (modeledge.md)"),
)
OF_TRIPLES = (
    Stage("load, SQLite", 110_188, 81_121 / 110_188, ONE, f"be00594 {STORE}"),
    Stage("load, PostgreSQL", 1_000_000 / 10.29, 1, "one writer at a time", f"be00594 {STORE}"),
    Stage(
        "names for linking, a fifth of an entity each", 5 * 1_000_000 / 128.6, 1, ONE,
        "as of e48a4cbf (linking.md#how-fast)",
    ),
    Stage("embed, ten epochs", 272_115 / 1_050, 1, ONE, "as of e48a4cbf (embeddings.md)"),
)  # fmt: skip


def plan() -> str:
    """The tables of docs/scale.md."""
    return "\n\n".join(
        _plan_table(name, sizes, stages)
        for name, sizes, stages in (
            ("documents", DOCUMENTS, OF_DOCUMENTS),
            ("triples", TRIPLES, OF_TRIPLES),
        )
    )


def _plan_table(name: str, sizes: Sequence[int], stages: Sequence[Stage]) -> str:
    head = " | ".join(f"{size:,}" for size in sizes)
    lines = [f"| {name} | a second | {head} | shared by | measured at |", "|---" * 7 + "|"]
    for stage in stages:
        costs = " | ".join(_duration(size / _rate_at(stage, size)) for size in sizes)
        when, page = stage.source.rsplit(" ", 1)
        lines.append(
            f"| {stage.name} | {stage.rate:,.0f} | {costs} | {stage.shared}"
            f" | [{when}](benchmarks/{page.removeprefix('(')} |"
        )
    return "\n".join(lines)


def _rate_at(stage: Stage, size: int) -> float:
    """The rate at a size; beyond ten million it is an extrapolation."""
    return stage.rate * stage.falls ** math.log10(size / 1_000_000)


def _duration(seconds: float) -> str:
    for name, unit in (("days", DAY), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * unit:
            value = seconds / unit
            return f"{value:,.0f} {name}" if value >= 10 else f"{value:.1f} {name}"
    return f"{seconds:.0f} s"


def main() -> None:
    """Run a verb."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    one = verbs.add_parser("measure")
    one.add_argument("--documents", type=int, default=20_000)
    one.add_argument("--jobs", type=int, default=2)
    one.add_argument("--shard", type=int, default=5_000)
    verbs.add_parser("check").add_argument("runs", type=Path)
    verbs.add_parser("plan")
    given = parser.parse_args()
    if given.verb == "measure":
        print(json.dumps(measure(given.documents, given.jobs, given.shard)))
    elif given.verb == "check":
        print(check([json.loads(line) for line in given.runs.read_text().splitlines()]))
    else:
        print(plan())


if __name__ == "__main__":
    main()
