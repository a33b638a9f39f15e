"""Every verb that computes with torch has ``--device``, which refuses missing devices."""

from types import SimpleNamespace

import pytest
import torch
from click.testing import CliRunner

from kptm import Workspace
from kptm.cli.main import main

COMPUTE = (
    "embed pretrain compress index learn finetune classify ask query link extract recall migrate"
    " sync serve mcp edit add"
    " evaluate/fusion evaluate/linking evaluate/answers evaluate/extraction evaluate/probes"
).split()


def run(*arguments, code=0):
    result = CliRunner().invoke(main, [str(item) for item in arguments])
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def seen(monkeypatch):
    """The settings of each workspace that is opened."""
    found = []
    real = Workspace.open.__func__

    def opened(cls, *arguments, **options):
        found.append(real(cls, *arguments, **options))
        return found[-1]

    monkeypatch.setattr(Workspace, "open", classmethod(opened))
    return lambda: found[-1].config


@pytest.mark.parametrize("name", COMPUTE)
def test_verbs_that_compute_have_it(name):
    command = main
    for part in name.split("/"):
        command = command.commands[part]
    assert "--device" in {flag for option in command.params for flag in option.opts}


def test_it_counts_for_one_command_and_for_all_its_computation(copied, seen):
    before = (copied / "kptm.toml").read_bytes()
    run("embed", copied, "--update", "--device", "cpu")
    config = seen()
    assert {
        config.embedding.device,
        config.linking.device,
        config.pretraining.device,
        config.finetuning.device,
    } == {"cpu"}
    assert (copied / "kptm.toml").read_bytes() == before
    run("embed", copied, "--update")
    assert (seen().embedding.device, seen().pretraining.device) == ("cpu", "auto")


def test_a_device_that_is_not_there_is_one_line(copied, monkeypatch):
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: False)
    for verb in (("embed", copied), ("ask", copied, "What borders Chad?")):
        error = run(*verb, "--device", "cuda", code=1).stderr
        assert error == "kptm: there is no device 'cuda' here; there are auto, cpu\n"


def test_the_device_reaches_vectors_models_and_encoders(copied, monkeypatch):
    """Pretend that there are two CUDA devices: each move is noted but not made."""
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: True)
    monkeypatch.setattr(
        torch.accelerator, "current_accelerator", lambda: SimpleNamespace(type="cuda")
    )
    monkeypatch.setattr(torch.accelerator, "device_count", lambda: 2)
    moved = []
    real = torch.nn.Module.to

    def to(module, *arguments, **options):
        wanted = [str(item) for item in (*arguments, options.get("device"))]
        moved.append((type(module).__name__, next((x for x in wanted if "cuda" in x), "")))
        return real(module, "cpu") if moved[-1][1] else real(module, *arguments, **options)

    monkeypatch.setattr(torch.nn.Module, "to", to)
    run("embed", copied, "--device", "cuda:1")
    assert ("ComplEx", "cuda:1") in moved
    run("ask", copied, "[MASK] borders Chad.", "--device", "cuda:1")
    assert ("FusedModel", "cuda:1") in moved
    with Workspace.open(copied) as ws:
        assert ws.config.linking.device == "auto"
