"""A step gives the same result in parts, in several processes, and nearly so in bfloat16."""

import json
import os
import subprocess
import sys
from pathlib import Path

import launched
import numpy as np
import pytest
import tiny_run

from kptm.errors import ConfigError
from kptm.pretraining import PretrainConfig, pretrain

pytestmark = pytest.mark.usefixtures("training")

HERE = Path(__file__).parent


def losses(result):
    return [[point["loss"], point["masked_lm"], point["entity"], point["others"]["replaced"]]
            for point in result["curve"]]  # fmt: skip


def weights_close(one, other, atol):
    for name, value in one["weights"].items():
        np.testing.assert_allclose(value, other["weights"][name], atol=atol, err_msg=name)


@pytest.fixture(scope="module")
def whole():
    return launched.run()


def launch(out, *arguments, processes=2):
    done = subprocess.run(
        [sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes",
        str(processes),
         "--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no",
         "--main_process_port", "0", str(HERE / "launched.py"), str(out), *map(str, arguments)],
        capture_output=True, text=True, check=False, cwd=HERE, timeout=300,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found = [json.loads(Path(f"{out}.{number}").read_text()) for number in range(processes)]
    assert all(result["processes"] == processes for result in found)
    return found


def test_two_processes_have_the_curve_of_one(whole, tmp_path):
    """They also continue from a checkpoint that both wrote into a shared folder."""
    first, second = launch(tmp_path / "out", tmp_path / "run", 5)
    np.testing.assert_allclose(losses(first), losses(whole), atol=1e-4)
    assert first["curve"] == second["curve"]
    weights_close(first, second, 0)
    weights_close(first, whole, 1e-3)
    (tmp_path / "run" / "checkpoint-12" / "complete.json").unlink()
    again, _ = launch(tmp_path / "out", tmp_path / "run", 5)
    assert (first["resumed_at"], again["resumed_at"]) == (0, 10)
    np.testing.assert_allclose(losses(again), losses(first), atol=1e-6)
    weights_close(again, first, 1e-6)


@pytest.mark.parametrize("parts", [2, 8])
def test_a_step_in_parts_is_the_step(whole, parts):
    found = launched.run(accumulation=parts)
    np.testing.assert_allclose(losses(found), losses(whole), atol=1e-4)
    weights_close(found, whole, 1e-3)


def test_bfloat16_is_near(whole):
    found = launched.run(precision="bfloat16")
    ours, wanted = np.array(losses(found)), np.array(losses(whole))
    np.testing.assert_allclose(ours[:, 0], wanted[:, 0], rtol=0.02)
    assert not np.array_equal(ours, wanted)


def test_layers_that_are_run_again_change_nothing(whole):
    found = launched.run(gradient_checkpointing=True)
    np.testing.assert_allclose(losses(found), losses(whole), atol=1e-5)
    model = tiny_run.model()
    config = PretrainConfig(steps=1, batch_size=2, gradient_checkpointing=True)
    pretrain(model, tiny_run.texts(), config=config)
    assert not model.backbone.is_activation_checkpointing


def test_a_batch_that_cannot_be_shared_out():
    with pytest.raises(ConfigError, match=r"batch_size \(8\) must be a multiple of accumulation"):
        launched.run(accumulation=3)
    with pytest.raises(ConfigError, match="precision is one of float32, bfloat16, float16"):
        PretrainConfig(precision="int8")
