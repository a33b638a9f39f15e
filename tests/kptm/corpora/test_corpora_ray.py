"""Ray as the pool of workers: one small cluster for this file."""

import logging
import os
import random
import signal
import sys

import pytest
from click.testing import CliRunner

from kptm import CorpusError
from kptm.cli.main import main
from kptm.corpora import RayCluster
from kptm.corpora.corpus_linking import link_corpus
from kptm.corpora.ray_pool import RayPool
from kptm.corpora.shard_manifest import ShardOrigin
from kptm.texts import text_files

pytestmark = pytest.mark.usefixtures("separate_process")


@pytest.fixture(scope="module")
def cluster():
    """A cluster of two workers, which the pools join and leave running."""
    ray = pytest.importorskip("ray")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        ray.init(
            "local",
            num_cpus=2,
            object_store_memory=100_000_000,
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
        yield ray
        ray.shutdown()


@pytest.mark.usefixtures("cluster")
def test_the_verb_gives_the_rows_of_the_plain_path(linked, tmp_path):
    out, folder = tmp_path / "out.jsonl", tmp_path / "s"
    command = ["link", linked.workspace, "--file", linked.corpus, "--shards", folder,
               "--shard-size", 5, "--out", out, "--jobs", 2, "--ray", "-q"]  # fmt: skip
    result = CliRunner().invoke(main, list(map(str, command)))
    assert result.exit_code == 0, result.output
    assert out.read_bytes() == linked.plain


def test_killed_actors_are_replaced(cluster, ws, linked, tmp_path):
    chance, processes, kills = random.Random(3), [], 0

    def open_pool():
        pool = RayPool(ws.linker.snapshot(), False, None, RayCluster())
        processes.extend(pool.processes())
        return pool

    def kill(_):
        nonlocal kills
        if processes:
            os.kill(processes.pop(chance.randrange(len(processes))), signal.SIGKILL)
            kills += 1

    origin = ShardOrigin.of(
        text_files(linked.corpus), linker="tested", kptm="0", candidates=False, documents=5
    )
    files = text_files(linked.corpus)
    report = link_corpus(files, tmp_path / "s", origin, open_pool, kill)
    assert 0 < report.lost_workers <= kills == 2
    assert report.made == report.shards
    wanted = ws.link_corpus([linked.corpus], tmp_path / "plain", documents=5)
    assert (report.documents, report.links) == (wanted.documents, wanted.links)
    for path in (tmp_path / "plain").glob("*.parquet"):
        assert path.read_bytes() == (tmp_path / "s" / path.name).read_bytes()
    assert cluster.is_initialized()


@pytest.mark.usefixtures("cluster")
def test_more_workers_than_the_cluster_has_are_refused(ws, linked, tmp_path):
    with pytest.raises(CorpusError, match="has 2 CPUs"):
        ws.link_corpus([linked.corpus], tmp_path / "s", jobs=3, ray=RayCluster())


def test_without_ray_the_extra_is_named(ws, linked, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(CorpusError, match=r"kptm\[ray\]"):
        ws.link_corpus([linked.corpus], tmp_path / "s", ray=RayCluster())


def test_an_address_without_a_cluster_is_an_error(ws, linked, tmp_path, monkeypatch):
    ray = pytest.importorskip("ray")

    def refuse(*_, **__):
        raise ConnectionError("nobody answers")

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", refuse)
    with pytest.raises(CorpusError, match="the Ray cluster host:1 cannot be reached"):
        ws.link_corpus([linked.corpus], tmp_path / "s", ray=RayCluster("host:1"))
