"""A workspace without its graph, in use by another process, or with Windows settings."""

import codecs
import os
import signal

import pytest

from kg.embedding import KGEConfig
from kg.errors import EmbeddingError
from kg.files.process_lock import Held, process_lock
from kptm import Workspace
from kptm.errors import ConfigError, WorkspaceError
from kptm.evaluation.probes.config import ProbeConfig
from kptm.finetuning.config import FinetuneConfig
from kptm.fusion.config import FusionConfig
from kptm.modeledge.vector_index.index_choice import IndexConfig
from kptm.pretraining.config import PretrainConfig
from kptm.workspace.config import WorkspaceConfig
from kptm.workspace.files.stage_locks import stage


@pytest.mark.parametrize("database", ["sqlite"])
@pytest.mark.parametrize("how", ["deleted", "emptied", "deleted, no state"])
def test_a_missing_graph_is_an_error_and_no_new_one(copied, how):
    with Workspace.open(copied) as ws:
        # Without its state the workspace knows what its embeddings and links were made of.
        no_state = how == "deleted, no state"
        revision = ws.graph.log.last_change() if no_state else ws.graph.revision()
    if how == "emptied":
        (copied / "graph.db").write_bytes(b"")
    else:
        (copied / "graph.db").rename(copied.with_name("elsewhere"))
    if how == "deleted, no state":
        (copied / ".kptm-state.json").unlink()
    with pytest.raises(WorkspaceError, match=f"missing.*had a graph .revision {revision}"):
        Workspace.open(copied)
    assert how == "emptied" or not (copied / "graph.db").exists()
    if how == "deleted":
        copied.with_name("elsewhere").rename(copied / "graph.db")
        with Workspace.open(copied) as ws:
            assert ws.graph.revision() == revision


def test_a_new_workspace_and_one_with_settings_alone_are_empty(tmp_path):
    with Workspace.open(tmp_path / "a") as ws:
        assert ws.graph.revision() == 0
    (tmp_path / "a" / "graph.db").unlink()
    with Workspace.open(tmp_path / "a") as ws:
        assert ws.graph.stats()["entities"] == 0


def test_a_stage_runs_once_at_a_time_and_says_who_runs_it(tmp_path):
    with Workspace.open(tmp_path / "w") as ws:
        ready, pid = os.pipe(), os.fork()
        if not pid:
            with stage(ws.layout, "embed"):
                os.write(ready[1], b"x")
                signal.pause()
        os.read(ready[0], 1)
        ws.graph.add([("Peru", "capital", "Lima")])
        with pytest.raises(
            WorkspaceError, match=f"embed is at work here already .process {pid}, since"
        ):
            ws.embed()
        with stage(ws.layout, "pretrain"):  # another stage is free
            pass
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        with stage(ws.layout, "embed"):  # the kernel released it
            pass
    assert not list((tmp_path / "w").glob(".kptm-*.lock"))
    for end in ready:
        os.close(end)


def test_many_processes_never_hold_a_lock_together(tmp_path):
    path, count = tmp_path / "lock", tmp_path / "count"
    count.write_text("0")
    pids = []
    for _ in range(4):
        pid = os.fork()
        if not pid:
            done = 0
            while done < 25:
                try:
                    with process_lock(path):
                        count.write_text(str(int(count.read_text()) + 1))
                        done += 1
                except Held:
                    continue
            os._exit(0)
        pids.append(pid)
    assert [os.waitpid(pid, 0)[1] for pid in pids] == [0] * 4
    assert count.read_text() == "100"
    assert not path.exists()


@pytest.mark.parametrize("mark", [codecs.BOM_UTF8, "utf-16"], ids=["utf-8", "utf-16"])
def test_settings_may_begin_with_a_byte_order_mark(tmp_path, mark):
    Workspace.init(tmp_path / "w", WorkspaceConfig().with_changes(["embedding.dim=7"])).close()
    path = tmp_path / "w" / "kptm.toml"
    text = path.read_text(encoding="utf-8").replace("\n", "\r\n")
    path.write_bytes(text.encode("utf-16") if mark == "utf-16" else mark + text.encode())
    with Workspace.open(tmp_path / "w") as ws:
        assert ws.config.embedding.dim == 7


CONFIGS = (KGEConfig, PretrainConfig, FinetuneConfig, FusionConfig, ProbeConfig, IndexConfig)


@pytest.mark.parametrize("kind", CONFIGS, ids=lambda kind: kind.__name__)
def test_a_seed_that_no_generator_takes_is_refused(kind):
    assert kind(seed=2**32 - 1).seed == 2**32 - 1
    for seed in (2**32, -1, 2**70):
        with pytest.raises(
            (ConfigError, EmbeddingError), match="seed must be a whole number from 0"
        ):
            kind(seed=seed)


def test_a_seed_in_kptm_toml_is_refused_when_it_is_read(tmp_path):
    Workspace.init(tmp_path / "w").close()
    path = tmp_path / "w" / "kptm.toml"
    path.write_text(path.read_text().replace("seed = 0", "seed = 4294967296"))
    with pytest.raises(ConfigError, match=r"kptm\.toml: \[embedding\] seed must be"):
        Workspace.open(tmp_path / "w")
