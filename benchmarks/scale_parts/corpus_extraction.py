"""``kptm extract`` by several workers: kills, and the memory of large corpora."""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from kptm import Workspace
from kptm.examples import World
from scale_parts.corpora import peak_of, run_and_kill, write_corpus

if TYPE_CHECKING:
    from collections.abc import Sequence
    from multiprocessing.connection import Connection

EVERY = 5
"""Every fifth triple is left out of the graph, so that there is something to propose."""
PRECISION = 0.5
"""Of the extraction: the sentences of the world are few, so that no relation reaches .9."""
_SPAWN = multiprocessing.get_context("spawn")


def measure(
    documents: int, kills: int, sizes: Sequence[int], sentences: int, seed: int, folder: Path
) -> int:
    """Kill extractions, measure memory, print tables, and return how much was wrong.

    Args:
        documents: Of the corpus whose extraction is killed.
        kills: Of workers and drivers.
        sizes: Documents of the corpora whose memory is measured.
        sentences: The most sentences of a document.
        seed: Of the kills.
        folder: For all files.
    """
    place = _prepare(folder)
    wrong = _kill(place, documents, kills, sentences, seed, folder) if kills else 0
    for number, size in enumerate(sizes):
        corpus = write_corpus(folder / f"{size}.jsonl", size, sentences)
        own = Path(shutil.copytree(place, folder / f"m{size}"))
        ours, theirs = _SPAWN.Pipe()
        process = _SPAWN.Process(target=_extract, args=(own, corpus, theirs))
        process.start()
        theirs.close()
        seconds, cpu, before, peak, proposed = ours.recv()
        process.join()
        if not number:
            print("\n| documents | seconds | CPU s | MB before | MB at the peak | proposals |")
            print("|---|---|---|---|---|---|")
        print(f"| {size:,} | {seconds:.0f} | {cpu:.0f} | {before:.0f} | {peak:.0f} |"
              f" {proposed:,} |", flush=True)  # fmt: skip
    return wrong


def _prepare(folder: Path) -> Path:
    """A workspace of the example world without some triples, and an extractor for it."""
    place, world = folder / "ws", World()
    lines = Path(world.triples).read_text(encoding="utf-8").splitlines(keepends=True)
    kept = folder / "triples.tsv"
    kept.write_text("".join(x for n, x in enumerate(lines) if n % EVERY), encoding="utf-8")
    with Workspace.init(place) as ws:
        ws.load_entities(world.entities)
        ws.load(kept)
        ws.linker.refresh()
        ws.learn_extractor(world.corpus)
    return place


def _extract(place: Path, corpus: Path, answer: Connection) -> None:
    with Workspace.open(place) as ws:
        ws.linker.refresh()
        ws.extractor()
        before, started, used = peak_of(os.getpid()), time.perf_counter(), time.process_time()
        report = ws.extract(corpus, precision=PRECISION)
        answer.send((
            time.perf_counter() - started, time.process_time() - used, before,
            peak_of(os.getpid()), report.proposed,
        ))  # fmt: skip


def _proposals(place: Path) -> list[tuple[object, ...]]:
    with Workspace.open(place) as ws:
        return sorted(
            (x.head, x.relation, str(x.tail), x.sentence, x.confidence, x.document)
            for x in ws.proposals(state=None)
        )


def _kill(place: Path, documents: int, kills: int, sentences: int, seed: int, folder: Path) -> int:
    """Kill workers and drivers at random moments; compare what each workspace has at the end."""
    corpus = write_corpus(folder / "killed.jsonl", documents, sentences)

    def command(own: Path, shards: Path) -> list[str]:
        return [sys.executable, "-m", "kptm.cli.main", "extract", str(own), str(corpus), "--shards",
                str(shards), "--shard-size", "200", "--jobs", "2", "-q",
                "--precision", str(PRECISION)]  # fmt: skip

    whole = Path(shutil.copytree(place, folder / "whole"))
    with Workspace.open(whole) as ws:  # the plain path
        ws.extract(corpus, precision=PRECISION)
    wanted = _proposals(whole)
    sharded = Path(shutil.copytree(place, folder / "sharded"))
    began = time.monotonic()
    subprocess.run(command(sharded, folder / "s"), stdout=subprocess.DEVNULL, check=True)
    took = time.monotonic() - began
    other = int(_proposals(sharded) != wanted)
    chance = random.Random(seed)
    drivers = workers = finished = 0
    while drivers + workers < kills or not finished:
        own, shards = folder / f"k{finished}", folder / f"s{finished}"
        if not own.exists():
            shutil.copytree(place, own)
        # A driver survives some eight moments, so it is killed in every part of a run.
        killed = run_and_kill(command(own, shards), chance, kills - drivers - workers, took / 6)
        drivers += killed.drivers
        workers += killed.workers
        if killed.code == 0:
            finished += 1
            other += _proposals(own) != wanted
        elif killed.code != -signal.SIGKILL:
            other += killed.code != 1  # 1: a shard met five kills; the next run goes on
    print("\n| documents | proposals | seconds of a whole run | kills of workers | of drivers |"
          " runs that finished | other proposals or errors |")  # fmt: skip
    print("|---|---|---|---|---|---|---|")
    print(f"| {documents:,} | {len(wanted):,} | {took:.0f} | {workers} | {drivers} | {finished} |"
          f" {other} |", flush=True)  # fmt: skip
    return other
