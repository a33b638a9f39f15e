"""Two processes that divide a model train, save and resume it as one process does."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import launched
import numpy as np
import pytest
import tiny_run
import torch
from safetensors.torch import load_file

from kptm.errors import ConfigError
from kptm.fusion import FusedModel
from kptm.pretraining import PretrainConfig, pretrain
from kptm.pretraining.fusion_trainer import FusionTrainer

pytestmark = pytest.mark.usefixtures("training", "separate_process")

HERE = Path(__file__).parent
RUNS = {
    "zero3": {"sharding": "zero3"},
    "zero2 in parts, offloaded": {"sharding": "zero2", "offload": True, "accumulation": 2},
    "LoRA": {"sharding": "zero3", "lora_rank": 2, "gradient_checkpointing": True},
    "luke": {"sharding": "zero3", "kind": "luke"},
    "bfloat16": {"sharding": "zero3", "precision": "bfloat16"},
}
"""Name of a run → what differs from :data:`launched.CONFIG`."""
OF_THE_BATCH = {"denoising_weight": 0.5, "entity_negatives": 2}
"""Objectives whose candidates are those of a part, so that processes change the loss."""
DIVIDED = ("sharding", "offload")


def losses(result):
    return [[point["loss"], point["masked_lm"], point["entity"], *point["others"].values()]
            for point in result["curve"]]  # fmt: skip


def weights_close(one, other, atol):
    assert one["weights"].keys() == other["weights"].keys()
    for name, value in one["weights"].items():
        np.testing.assert_allclose(value, other["weights"][name], atol=atol, err_msg=name)


def launch(out, runs, processes=2):
    """The results of each process."""
    out.mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node",
         str(processes), str(HERE / "launched_sharded.py"), str(out), json.dumps(runs)],
        capture_output=True, text=True, check=False, cwd=HERE, timeout=300,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found = [json.loads((out / f"{number}.json").read_text()) for number in range(processes)]
    assert all(count == processes for count, _ in found)
    return [results for _, results in found]


def without_last(folder, target):
    """A copy of checkpoints in which the last one was not finished."""
    shutil.copytree(folder, target)
    (target / "checkpoint-12" / "complete.json").unlink()
    return str(target)


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    return tmp_path_factory.mktemp("sharded")


@pytest.fixture(scope="module")
def alone(places):
    """A run of one process with checkpoints."""
    return launched.run(str(places / "alone"), 5)


@pytest.fixture(scope="module")
def together(alone, places):
    """All runs of two processes, and two that resume: their own, and the one of one process."""
    checkpoints = {"checkpoints": str(places / "pair"), "steps": 5, "sharding": "zero3"}
    resumed = without_last(places / "alone", places / "alone resumed")
    more = {
        "of the batch": {**OF_THE_BATCH, "sharding": "zero3"},
        "of the batch, undivided": OF_THE_BATCH,
        "saved on the way": checkpoints,
        "resumed": {"checkpoints": resumed, "steps": 5, "sharding": "zero2", "offload": True},
    }
    return launch(places / "out", RUNS | more)


@pytest.mark.parametrize("name", sorted(RUNS))
def test_the_losses_are_those_of_one_process(name, together):
    first, second = (results[name] for results in together)
    changes = {key: value for key, value in RUNS[name].items() if key not in DIVIDED}
    wanted = launched.run(**changes)
    assert first == second
    if name == "bfloat16":
        np.testing.assert_allclose(losses(first), losses(wanted), rtol=0.02)
    else:
        np.testing.assert_allclose(losses(first), losses(wanted), atol=1e-4)
        weights_close(first, wanted, 1e-3)


def test_dividing_changes_nothing_for_candidates_of_the_batch(together):
    divided, undivided = (together[0][name] for name in ("of the batch", "of the batch, undivided"))
    np.testing.assert_allclose(losses(divided), losses(undivided), atol=1e-4)
    weights_close(divided, undivided, 1e-3)


def test_the_saved_model_gives_the_same_answers_to_one_process(together, places, alone):
    result = together[0]["zero3"]
    read = FusedModel.from_pretrained(places / "out" / "zero3")
    assert read.fingerprint() == result["fingerprint"]
    np.testing.assert_allclose(launched.answers(read), result["answers"], atol=1e-5)
    np.testing.assert_allclose(result["answers"], alone["answers"], atol=1e-3)


def test_checkpoints_are_whole_and_those_of_one_process(together, places, alone):
    np.testing.assert_allclose(losses(together[0]["saved on the way"]), losses(alone), atol=1e-4)
    ours, theirs = (
        load_file(places / name / "checkpoint-10" / "model.safetensors")
        for name in ("pair", "alone")
    )
    assert {name: value.shape for name, value in ours.items()}.items() <= {
        name: value.shape for name, value in theirs.items()
    }.items()
    for name, value in ours.items():
        torch.testing.assert_close(value, theirs[name], atol=1e-4, rtol=0)
    states = [
        torch.load(places / name / "checkpoint-10" / "optimizer.pt", weights_only=True)["state"]
        for name in ("pair", "alone")
    ]
    assert states[0].keys() == states[1].keys()
    for number, values in states[0].items():
        for name, value in values.items():
            torch.testing.assert_close(value, states[1][number][name], atol=1e-4, rtol=0)


def test_two_processes_resume_what_one_has_begun(together, alone):
    again = together[0]["resumed"]
    assert again["resumed_at"] == 10
    np.testing.assert_allclose(losses(again), losses(alone), atol=1e-4)
    weights_close(again, alone, 1e-3)


def test_one_process_resumes_what_two_have_begun(together, places, tmp_path):
    first = together[0]["saved on the way"]
    again = launched.run(without_last(places / "pair", tmp_path / "again"), 5)
    assert (first["resumed_at"], again["resumed_at"]) == (0, 10)
    np.testing.assert_allclose(losses(again), losses(first), atol=1e-4)
    weights_close(again, first, 1e-3)


def test_one_process_without_a_launcher_has_nothing_to_divide(alone):
    np.testing.assert_array_equal(losses(launched.run(sharding="zero3")), losses(alone))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sharding": "fsdp"}, "sharding is one of none, zero2, zero3, not 'fsdp'"),
        ({"offload": True}, "offload needs sharding"),
        ({"sharding": "zero2", "precision": "float16"}, "does not support float16"),
        ({"sharding": "zero2", "description_weight": 0.1}, "description_weight runs the model"),
    ],
)
def test_settings_that_do_not_go_together(changes, message):
    with pytest.raises(ConfigError, match=message):
        PretrainConfig(**changes)


def test_one_process_needs_a_launcher_to_offload():
    with pytest.raises(ConfigError, match="torchrun --standalone --nproc_per_node 1"):
        launched.run(sharding="zero3", offload=True)


@pytest.mark.parametrize("engine", ["FSDP", "DEEPSPEED"])
def test_engines_of_accelerate_are_refused(engine, monkeypatch):
    """With them, a run trained and then failed to save."""
    monkeypatch.setenv(f"ACCELERATE_USE_{engine}", "true")
    with pytest.raises(ConfigError, match=f"by {engine}, which kptm could not save; launch"):
        launched.run()


def test_objectives_of_a_caller_are_refused():
    config = PretrainConfig(steps=1, batch_size=2, sharding="zero3")
    more = torch.nn.Linear(1, 1)
    with pytest.raises(ConfigError, match="sharding does not divide additional objectives"):
        pretrain(tiny_run.model(), tiny_run.texts(), config=config, objectives=[more])


def test_only_the_main_process_writes_weights(tmp_path, monkeypatch):
    """Each process wrote them, at the same time and into the same file."""
    folders = []

    def save_as_second(trainer, output_dir=None, state_dict=None):
        Path(output_dir).mkdir()
        with monkeypatch.context() as patch:
            patch.setattr(type(trainer.args), "should_save", property(lambda _: False))
            save(trainer, output_dir, state_dict)
        folders.append(list(Path(output_dir).iterdir()))

    save = FusionTrainer._save
    monkeypatch.setattr(FusionTrainer, "_save", save_as_second)
    launched.run(str(tmp_path), 12)
    assert folders == [[]]
