"""Tensors are on the model's device, and "auto" finds the devices of the machine."""

from types import SimpleNamespace

import pytest
import torch

from kg.embedding.devices import choose_device
from kg.errors import EmbeddingError
from kptm.errors import ConfigError
from kptm.finetuning.classifier import TaskModel
from kptm.fusion import FusedModel
from kptm.pretraining import PretrainConfig
from kptm.pretraining.fusion_trainer import _arguments

KINDS = ("gated", "ernie", "knowbert", "memory", "adapter")
"""Without luke and kbert, which ask how many slots they need: a value."""


@pytest.fixture
def two_gpus(monkeypatch):
    """Pretend that there are two CUDA devices."""
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: True)
    monkeypatch.setattr(
        torch.accelerator, "current_accelerator", lambda: SimpleNamespace(type="cuda")
    )
    monkeypatch.setattr(torch.accelerator, "device_count", lambda: 2)


@pytest.fixture
def no_gpu(monkeypatch):
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: False)


def test_without_an_accelerator_all_is_the_cpu(no_gpu):
    assert [choose_device(), choose_device("auto"), choose_device("cpu")] == ["cpu"] * 3
    for name in ("cuda", "cuda:0", "mps", "cpu:1", "gpu", "", "cpu:x"):
        with pytest.raises(EmbeddingError, match=r"there are auto, cpu$"):
            choose_device(name)


def test_an_accelerator_is_used_if_there_is_one(two_gpus):
    assert choose_device() == "cuda"
    assert [choose_device(name) for name in ("cpu", "cuda", "cuda:1")] == ["cpu", "cuda", "cuda:1"]
    for name in ("cuda:2", "mps", "cuda:-1"):
        with pytest.raises(
            EmbeddingError, match=f"no device '{name}' here; there are auto, cpu, cuda"
        ):
            choose_device(name)


@pytest.fixture
def valueless(monkeypatch):
    """Let tensors on "meta", which have no values, repeat with made-up lengths and be masked."""
    unseen = "transformers.masking_utils._ignore_bidirectional_mask_sdpa"
    monkeypatch.setattr(unseen, lambda *_args, **_options: False)
    real = torch.repeat_interleave

    def repeat(rows, times, *args):
        size = None if not isinstance(times, torch.Tensor) else 2 * len(rows)
        return real(rows, times, *args, output_size=size)

    monkeypatch.setattr(torch, "repeat_interleave", repeat)


@pytest.mark.usefixtures("valueless")
@pytest.mark.parametrize("kind", KINDS)
def test_a_pass_leaves_nothing_on_the_cpu(fused_of, batch_of, kind):
    """On "meta" it is an error to mix with a CPU tensor, or to read any value."""
    model = fused_of("bert", kind=kind)
    batch = batch_of(model)  # on the CPU, as a collator gives it
    model.to("meta")
    assert {tensor.device.type for tensor in model.state_dict().values()} == {"meta"}
    found = model(**batch)
    shapes = found.hidden, found.entity_query, found.entity_logits, found.fact_keys
    assert {tensor.device.type for tensor in shapes} == {"meta"}
    assert model.token_logits(found.hidden).device.type == "meta"
    assert model.summary(batch["input_ids"], batch["attention_mask"]).device.type == "meta"


def test_a_classifier_is_where_its_model_is(fused_of):
    model = fused_of("bert").to("meta")
    tuned = TaskModel(model, "text", 2, 0.0, 0)
    assert {tensor.device.type for tensor in tuned.parameters()} == {"meta"}


@pytest.mark.usefixtures("two_gpus")
def test_a_training_on_the_cpu_beside_an_accelerator(tmp_path):
    assert _arguments(PretrainConfig(device="cpu"), tmp_path).device.type == "cpu"


def test_devices_that_cannot_be_had(fused_of, tmp_path, no_gpu):
    with pytest.raises(ConfigError, match="a training uses all visible devices"):
        _arguments(PretrainConfig(device="cuda:1"), tmp_path)
    with pytest.raises(EmbeddingError, match="no device 'cuda' here"):
        _arguments(PretrainConfig(device="cuda"), tmp_path)
    fused_of("bert").save_pretrained(tmp_path / "model")
    assert FusedModel.from_pretrained(tmp_path / "model", device="auto").device.type == "cpu"
    with pytest.raises(EmbeddingError, match="no device 'cuda' here"):
        FusedModel.from_pretrained(tmp_path / "model", device="cuda")
