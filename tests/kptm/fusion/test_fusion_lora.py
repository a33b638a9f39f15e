"""LoRA changes nothing at the start, can be switched off exactly, and computes as in peft."""

import sys
from dataclasses import replace

import pytest
import torch
from transformers import AutoModel, AutoModelForMaskedLM

import kptm
from kptm.errors import ConfigError, ModelError
from kptm.evaluation.fusion.study_arms import StudyBackbone
from kptm.finetuning.classifier import TaskModel
from kptm.fusion import FusedModel
from kptm.fusion.backbones.lora import lora_weights
from kptm.pretraining import PretrainConfig
from kptm.pretraining.backbone_plan import own_weights, plan_for

peft = pytest.importorskip("peft", reason="needs peft: pip install 'kptm[lora]'")
CONFIG = PretrainConfig(steps=2, batch_size=4, learning_rate=1e-2, lora_rank=2)


def stir(model):
    """Random numbers in place of LoRA's zeros."""
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for weight in lora_weights(model.backbone):
            weight.copy_(torch.randn(weight.shape, generator=generator) * 0.3)


def states(model, batch):
    with torch.no_grad():
        return model.eval()(**batch).hidden


@pytest.mark.parametrize("family", ["bert", "distilbert", "gpt2", "llama"])
def test_it_starts_without_effect_and_can_be_switched_off_exactly(fused_of, batch_of, family):
    model = fused_of(family)
    batch = batch_of(model)
    before = states(model, batch)
    model.add_lora(2)
    assert model.lora_rank == 2
    assert torch.equal(states(model, batch), before)
    stir(model)
    changed = states(model, batch)
    assert not torch.allclose(changed, before, atol=1e-3)
    with model.without_lora():
        assert torch.equal(states(model, batch), before)
    assert torch.equal(states(model, batch), changed)


@pytest.mark.parametrize("kind", ["gated", "knowbert", "memory", "kbert"])
def test_every_kind_that_reads_whole_layers_has_it(fused_of, batch_of, kind):
    model = fused_of("bert", kind=kind)
    batch = batch_of(model)
    before = states(model, batch)
    model.add_lora(2)
    stir(model)
    states(model, batch)
    with model.without_lora():
        assert torch.equal(states(model, batch), before)


def test_switching_it_off_leaves_the_weights_as_trainable_as_before(fused_of):
    model = fused_of("bert")
    model.add_lora(2)
    first, *rest = lora_weights(model.backbone)
    first.requires_grad_(False)
    with model.without_lora():
        pass
    assert not first.requires_grad
    assert all(weight.requires_grad for weight in rest)


def test_a_block_without_it_may_contain_another(fused_of, batch_of):
    model = fused_of("bert")
    batch = batch_of(model)
    before = states(model, batch)
    model.add_lora(2)
    stir(model)
    changed = states(model, batch)
    with model.without_lora():
        with model.without_lora():
            pass
        assert torch.equal(states(model, batch), before)
    assert torch.equal(states(model, batch), changed)


def test_its_map_is_the_formula(fused_of):
    """Hu et al. 2022, equation 3, with α = 2 r."""
    model = fused_of("bert")
    model.add_lora(3)
    stir(model)
    part = model.backbone.bert.encoder.layer[0].attention.self.query
    x = torch.randn(4, 5, part.in_features)
    a, b = part.lora_A["default"].weight, part.lora_B["default"].weight
    assert (a.shape[0], b.shape[1]) == (3, 3)
    wanted = part.base_layer(x) + 2 * (x @ a.T) @ b.T
    assert torch.allclose(part(x), wanted, atol=1e-5)


@pytest.mark.filterwarnings(
    "ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"
)  # peft reads this attribute
def test_peft_and_transformers_read_what_is_saved(fused_of, batch_of, tmp_path):
    model = fused_of("bert")
    plain = states(model, batch_of(model))
    model.add_lora(2)
    stir(model)
    model.save_pretrained(tmp_path / "model")
    again = FusedModel.from_pretrained(tmp_path / "model")
    assert again.lora_rank == 2
    assert again.fingerprint() == model.fingerprint()
    batch = batch_of(model)
    assert torch.equal(states(again, batch), states(model, batch))
    with again.without_lora():
        assert torch.equal(states(again, batch), plain)

    base = AutoModel.from_pretrained(tmp_path / "model" / "backbone")
    theirs = peft.PeftModel.from_pretrained(base, tmp_path / "model" / "lora").eval()
    ids, mask = batch["input_ids"], batch["attention_mask"]
    none = ids.new_empty((0, 3))
    with torch.no_grad():
        wanted = theirs(input_ids=ids, attention_mask=mask).last_hidden_state
        ours = again(ids, mask, none, none[:, 0]).hidden
    assert torch.allclose(ours, wanted, atol=1e-5)
    head = AutoModelForMaskedLM.from_pretrained(tmp_path / "model" / "backbone").eval()
    with torch.no_grad(), model.without_lora():
        wanted = head(input_ids=ids, attention_mask=mask).logits
        ours = model.token_logits(model(ids, mask, none, none[:, 0]).hidden)
    assert torch.allclose(ours, wanted, atol=1e-5)


def test_only_lora_and_new_weights_learn(fused_of, texts):
    model = fused_of("bert", moved=False)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    kptm.pretrain(model, texts, config=replace(CONFIG, lora_rank=0, learning_rate=1e-9))
    report = kptm.pretrain(model, texts, config=CONFIG)
    assert report.backbone == "the backbone stays as it is, with LoRA of rank 2 beside it"
    after = {name.replace(".base_layer.", "."): value for name, value in model.state_dict().items()}
    drift = max(
        float((after[name] - value).abs().max())
        for name, value in before.items()
        if name.startswith("backbone.")
    )
    assert drift < 1e-7  # only the first training caused it
    assert all(bool(weight.detach().any()) for weight in lora_weights(model.backbone))
    assert all(weight.requires_grad for weight in model.backbone.parameters())
    kptm.pretrain(model, texts, config=CONFIG)  # the second training continues with the same LoRA
    with pytest.raises(ConfigError, match="the model has LoRA of rank 2, not 4"):
        kptm.pretrain(model, texts, config=replace(CONFIG, lora_rank=4))


def test_a_frozen_backbone_keeps_its_lora(fused_of, texts):
    model = fused_of("bert")
    model.add_lora(2)
    stir(model)
    before = [weight.detach().clone() for weight in lora_weights(model.backbone)]
    frozen = replace(CONFIG, lora_rank=0, freeze_backbone=True)
    report = kptm.pretrain(model, texts, config=frozen)
    assert report.backbone == "the backbone stays as it is"
    assert all(map(torch.equal, lora_weights(model.backbone), before))
    assert all(weight.requires_grad for weight in lora_weights(model.backbone))


def test_the_plan_leaves_lora_out_of_the_backbone_s_own_weights(fused_of):
    model = fused_of("bert")
    own = len(own_weights(model))
    model.add_lora(2)
    assert len(own_weights(model)) == own
    assert plan_for(model, CONFIG).lora == 2


def test_an_interrupted_run_continues_with_it(fused_of, texts, tmp_path):
    config = replace(CONFIG, steps=3, checkpoint_every=1, keep_checkpoints=4)
    one, two = fused_of("bert"), fused_of("bert")
    whole = kptm.pretrain(one, texts, config=config, checkpoints=tmp_path / "run")
    (tmp_path / "run" / "checkpoint-3" / "complete.json").unlink()
    again = kptm.pretrain(two, texts, config=config, checkpoints=tmp_path / "run")
    assert again.resumed_at == 2
    assert again.curve == whole.curve
    assert two.fingerprint() == one.fingerprint()


def test_a_model_with_it_is_fine_tuned(fused_of, batch_of):
    model = fused_of("bert")
    model.add_lora(2)
    tuned = TaskModel(model, "text", 2, 0.0, 0)
    names = {name for name, weight in tuned.named_parameters() if weight.requires_grad}
    assert any("lora_" in name for name in names)


def test_incompatible_settings_are_errors(fused_of, monkeypatch):
    for kind in ("ernie", "luke", "adapter"):
        with pytest.raises(ConfigError, match=f"LoRA supports.*, not '{kind}'"):
            fused_of("bert", kind=kind).add_lora(2)
    with pytest.raises(ConfigError, match="choose one of the two"):
        PretrainConfig(lora_rank=2, freeze_backbone=True)
    with pytest.raises(ConfigError, match="at least 0"):
        PretrainConfig(lora_rank=-1)
    with pytest.raises(ConfigError, match="name its folder"):
        StudyBackbone(lora_rank=2)
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(ConfigError, match=r'pip install "kptm\[lora\]"'):
        fused_of("bert").add_lora(2)


def test_a_saved_model_needs_peft(fused_of, tmp_path, monkeypatch):
    model = fused_of("bert")
    model.add_lora(2)
    model.save_pretrained(tmp_path / "model")
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(ModelError, match=r'lora: LoRA needs peft: pip install "kptm\[lora\]"'):
        FusedModel.from_pretrained(tmp_path / "model")
