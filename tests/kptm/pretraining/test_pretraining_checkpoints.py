"""An interrupted run ends as an uninterrupted one; another run's checkpoint is refused."""

import json
import multiprocessing
import random
import time
from dataclasses import replace

import pytest
import tiny_run

from kptm.errors import CheckpointError
from kptm.pretraining import pretrain

pytestmark = pytest.mark.usefixtures("separate_process")


def outcome(folder, config=tiny_run.CONFIG, texts=None, **settings):
    """A run's curve, the fingerprint of its model, and the step from which it continued."""
    model = tiny_run.model(**settings)
    report = pretrain(model, texts or tiny_run.texts(), config=config, checkpoints=folder)
    return report.to_dict()["curve"], model.fingerprint(), report.resumed_at


@pytest.fixture(scope="module")
def uninterrupted():
    return outcome(None)


@pytest.fixture(scope="module")
def processes():
    """Separate processes, forked from one that has already imported everything."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tiny_run", "kptm.pretraining.pretraining_run"])
    return context


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_killed_run_is_completed_by_the_next(seed, processes, uninterrupted, tmp_path):
    moment = random.Random(seed)
    wanted, delay = moment.randrange(5, tiny_run.CONFIG.steps - 1), moment.random() * 0.01
    ours, theirs = processes.Pipe(duplex=False)
    process = processes.Process(target=tiny_run.run, args=(str(tmp_path), theirs))
    process.start()
    theirs.close()
    while ours.recv()[0] < wanted:
        pass
    time.sleep(delay)
    process.kill()
    process.join()
    ours.close()
    assert process.exitcode == -9
    assert not (tmp_path / "result.json").exists()
    *result, resumed_at = outcome(tmp_path)
    assert result == list(uninterrupted[:2])
    assert resumed_at % 5 == 0


def test_the_process_that_is_not_killed_has_the_same_result(processes, uninterrupted, tmp_path):
    ours, theirs = processes.Pipe(duplex=False)
    process = processes.Process(target=tiny_run.run, args=(str(tmp_path), theirs))
    process.start()
    theirs.close()
    while ours.poll(60) and ours.recv()[0] < tiny_run.CONFIG.steps:
        pass
    process.join()
    ours.close()
    result = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    assert result == {"curve": list(uninterrupted[0]), "model": uninterrupted[1]}


def names(folder):
    found = (path.name for path in folder.glob("checkpoint-*"))
    return sorted(found, key=lambda name: int(name[11:]))


def test_checkpoints_do_not_change_the_result(uninterrupted, tmp_path):
    config = replace(tiny_run.CONFIG, checkpoint_every=0)
    assert outcome(None, config)[:2] == uninterrupted[:2]
    assert outcome(tmp_path)[:2] == uninterrupted[:2]
    assert names(tmp_path) == ["checkpoint-20", "checkpoint-24"]
    assert outcome(tmp_path) == (*uninterrupted[:2], 24)  # there was nothing left to do


@pytest.fixture
def finished(tmp_path):
    """Checkpoints at 5, 10, 15, 20 and 24."""
    outcome(tmp_path, replace(tiny_run.CONFIG, keep_checkpoints=9))
    return tmp_path


def again(folder):
    return outcome(folder, replace(tiny_run.CONFIG, keep_checkpoints=9))


def test_unfinished_and_damaged_checkpoints_are_ignored(finished, uninterrupted):
    assert names(finished) == [f"checkpoint-{step}" for step in (5, 10, 15, 20, 24)]
    (finished / "checkpoint-24" / "complete.json").unlink()
    (finished / "checkpoint-20" / "model.safetensors").write_bytes(b"torn")
    (finished / "checkpoint-15" / "complete.json").write_text('{"sha256"', encoding="utf-8")
    (finished / "checkpoint-10" / "optimizer.pt").unlink()
    strange = finished / "checkpoint-99"
    strange.mkdir()
    (strange / "notes.txt").write_text("mine", encoding="utf-8")
    assert again(finished) == (*uninterrupted[:2], 5)
    assert (strange / "notes.txt").read_text(encoding="utf-8") == "mine"
    assert again(finished) == (*uninterrupted[:2], 24)  # the checkpoints are complete again


def test_there_is_always_a_checkpoint(tmp_path):
    seen = []

    def look(step, _):
        found = list(tmp_path.glob("checkpoint-*/complete.json"))
        seen.append((step, len(found)))

    config = replace(tiny_run.CONFIG, steps=12, keep_checkpoints=1)
    pretrain(tiny_run.model(), tiny_run.texts(), config=config, checkpoints=tmp_path, progress=look)
    assert seen == [(step, int(step > 5)) for step in range(1, 13)]


@pytest.mark.parametrize(
    "changed",
    [
        {"config": replace(tiny_run.CONFIG, seed=4, keep_checkpoints=9)},
        {"texts": tiny_run.texts()[1:]},
        {"layers": (1,)},
    ],
    ids=["other settings", "other texts", "another model"],
)
def test_checkpoints_of_another_run_are_refused(finished, changed):
    changed = {"config": replace(tiny_run.CONFIG, keep_checkpoints=9), **changed}
    with pytest.raises(CheckpointError, match="checkpoint-24: belongs to another model"):
        outcome(finished, **changed)
    assert len(names(finished)) == 5
