"""Workers and drivers are killed at seeded places; afterwards every row is there exactly once."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kptm import CorpusError, Workspace
from kptm.corpora.corpus_documents import CorpusDocument
from kptm.corpora.corpus_linking import MAX_ATTEMPTS, link_corpus
from kptm.corpora.corpus_shards import Shard
from kptm.corpora.process_pool import ProcessPool
from kptm.corpora.shard_manifest import ShardOrigin
from kptm.corpora.shard_pools import WorkerDeath
from kptm.texts import text_files

pytestmark = pytest.mark.usefixtures("separate_process")


def origin_of(corpus):
    return ShardOrigin.of(
        text_files(corpus), linker="tested", kptm="0", candidates=False, documents=5
    )


def rows(folder):
    from kptm.corpora.merged_shards import merge_shards

    out = folder.with_suffix(".jsonl")
    merge_shards(folder, len(list(folder.glob("*.parquet"))), out)
    return out.read_bytes()


@pytest.mark.parametrize("seed", [0, 1])
def test_killed_workers_are_replaced(ws, linked, tmp_path, seed):
    chance = random.Random(seed)
    folder = tmp_path / "s"
    pools = []

    def open_pool():
        pools.append(ProcessPool(ws.linker.snapshot(), False, 2, folder / ".linker"))
        return pools[-1]

    kills = 0

    def kill(_):
        nonlocal kills
        # All at first, so that some shard must find its worker dead; then one now and then.
        processes = pools[0].processes()
        for process in processes if not kills else chance.sample(processes, chance.randint(0, 1)):
            if kills < MAX_ATTEMPTS - 1:
                kills += 1
                os.kill(process, signal.SIGKILL)

    files = text_files(linked.corpus)
    report = link_corpus(files, folder, origin_of(linked.corpus), open_pool, kill)
    # A worker may be killed when it has nothing left to do.
    assert 0 < report.lost_workers <= kills
    assert report.made == report.shards
    assert rows(folder) == linked.plain
    assert not (folder / ".linker").exists()
    assert not any(Path("/proc", str(process)).exists() for process in pools[0].processes())


class Killer:
    """A pool whose workers all die."""

    def __init__(self):
        self.shard = None

    def free(self):
        return int(self.shard is None)

    def start(self, shard):
        self.shard = shard

    def wait(self):
        shard, self.shard = self.shard, None
        yield shard, WorkerDeath("killed")

    def close(self):
        pass


def test_workers_that_always_die_are_an_error(linked, tmp_path):
    files = text_files(linked.corpus)
    with pytest.raises(
        CorpusError, match=rf"shard 0 \(.*a.txt, line 1, to .*{MAX_ATTEMPTS} workers"
    ):
        link_corpus(files, tmp_path / "s", origin_of(linked.corpus), Killer)


def test_an_error_in_a_worker_names_the_shard(ws, linked, tmp_path):
    """A shard that cannot be linked is not tried again."""
    folder = tmp_path / "linker"
    pool = ProcessPool(ws.linker.snapshot(), False, 2, folder)
    pool.start(Shard(4, [CorpusDocument("a.txt", 1, "\ud800")]))
    with pytest.raises(CorpusError, match=r"shard 4 \(a.txt, line 1, .*LinkingError"):
        list(pool.wait())
    pool.close()
    assert not folder.exists()


def test_a_killed_driver_goes_on(linked, tmp_path):
    chance = random.Random(7)
    out, folder = tmp_path / "out.jsonl", tmp_path / "s"
    command = [sys.executable, "-m", "kptm.cli.main", "link", linked.workspace, "-q",
               "--file", linked.corpus, "--shards", folder, "--shard-size", "5",
               "--jobs", "2", "--out", out]  # fmt: skip
    log = folder / "shards.jsonl"
    for _ in range(2):
        wanted = finished(log) + chance.randint(1, 2)
        with subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL) as driver:
            while driver.poll() is None and finished(log) < wanted:
                time.sleep(0.005)
            driver.send_signal(signal.SIGKILL)
    done = finished(log)
    assert not out.exists()
    result = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, check=True
    ).stdout
    assert out.read_bytes() == linked.plain
    assert f"{done} of them from earlier runs" in result
    assert {path.name for path in folder.iterdir() if path.suffix != ".parquet"} == {
        "manifest.json",
        "shards.jsonl",
    }


def finished(log):
    """The number of whole lines."""
    return log.read_bytes().count(b"\n") if log.exists() else 0


def test_a_kill_between_file_and_manifest(linked, tmp_path, monkeypatch):
    """A shard whose line is missing is made again, and replaces the file."""
    with Workspace.open(linked.workspace) as ws:

        def stop(*_):
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr("kptm.corpora.shard_manifest.ShardFolder._append", stop)
            with pytest.raises(KeyboardInterrupt):
                ws.link_corpus([linked.corpus], tmp_path / "s", documents=5)
        assert [path.name for path in (tmp_path / "s").glob("*.parquet")] == ["000000.parquet"]
        out = tmp_path / "out.jsonl"
        report = ws.link_corpus([linked.corpus], tmp_path / "s", documents=5, out=out)
        assert (report.made, out.read_bytes()) == (report.shards, linked.plain)
