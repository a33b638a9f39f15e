"""Students with fewer layers, fewer neurons or shared layers, against networks made by hand."""

import copy

import pytest
import torch
from torch import nn

from kptm.compression import drop_layers, prune_neurons, prune_weights, share_layers
from kptm.compression.layer_choice import spread_layers
from kptm.errors import ConfigError, ModelError
from kptm.fusion import FusedModel
from kptm.fusion.backbones.backbone_parts import encoder_layers
from kptm.fusion.backbones.lora import lora_weights

pytestmark = pytest.mark.usefixtures("training")
NEAR = {"atol": 1e-5, "rtol": 1e-5}
"""Kernels of other shapes add in another order; measured: 2e-6."""


def saved(model, folder):
    model.save_pretrained(folder)
    return FusedModel.from_pretrained(folder)


def test_the_layers_that_stay():
    assert spread_layers(6, 3) == (1, 3, 5)
    assert spread_layers(12, 4) == (2, 5, 8, 11)
    assert spread_layers(6, 4) == (0, 2, 3, 5)
    assert spread_layers(6, 1) == (5,)
    for count in (0, 6, 7):
        with pytest.raises(ConfigError, match="from 1 to 5"):
            spread_layers(6, count)


@pytest.mark.parametrize("family", ["bert", "distilbert", "gpt2", "llama"])
def test_a_student_is_the_model_with_the_other_layers_skipped(deep, said, tmp_path, family):
    model = deep(family, layers=(3,))  # the second of the layers that stay
    student = drop_layers(model, 3)
    assert len(encoder_layers(student.backbone)) == 3
    assert student.fusion_config.layers == student.fusion.numbers == (1,)
    found = said(student)
    # by hand: layers 0, 2 and 4 return their input
    for number in (0, 2, 4):
        layer = encoder_layers(model.backbone)[number]

        def give_back(hidden, *rest, **options):
            return hidden

        inside = layer(torch.randn(1, 2, 16)) if family == "distilbert" else None
        tuple_out = isinstance(inside, tuple)
        layer.forward = (lambda h, *a, **o: (h,)) if tuple_out else give_back
    wanted = said(model)
    assert all(torch.allclose(a, b, **NEAR) for a, b in zip(found, wanted, strict=True))
    again = said(saved(student, tmp_path / "student"))
    assert all(torch.equal(a, b) for a, b in zip(found, again, strict=True))


def test_knowledge_enters_at_the_nearest_layer(deep):
    assert drop_layers(deep(), 3).fusion.numbers == (0,)  # after 2: 1 and 3 are as near
    assert drop_layers(deep(kind="adapter"), 4).fusion.numbers == (0, 1, 3)  # 0, 2, 5
    with pytest.raises(ConfigError, match="after 3 layers, but only 2 are kept"):
        drop_layers(deep(kind="adapter"), 2)
    with pytest.raises(ConfigError, match="fewer would not make a smaller model"):
        drop_layers(deep("albert"), 2)


@pytest.mark.parametrize("family", ["bert", "distilbert", "gpt2", "llama", "albert"])
def test_removing_idle_neurons_changes_nothing(deep, said, tmp_path, family):
    model = deep(family)
    width = 32 if family != "gpt2" else 64
    gone = [number for number in range(width) if number % 4 == 1]
    with torch.no_grad():
        for layer in dict.fromkeys(encoder_layers(model.backbone)):
            for part in layer.modules():  # the weights that read a quarter of the neurons are zero
                if getattr(part, "in_features", None) == width:
                    part.weight[:, gone] = 0
                elif getattr(part, "nx", None) == width:
                    part.weight[gone] = 0
    student = prune_neurons(model, 0.25)
    wanted, found = said(model), said(student)
    assert all(torch.allclose(a, b, **NEAR) for a, b in zip(found, wanted, strict=True))
    small, large = (sum(p.numel() for p in x.parameters()) for x in (student, model))
    assert small < large
    again = said(saved(student, tmp_path / "student"))
    assert all(torch.equal(a, b) for a, b in zip(found, again, strict=True))


def test_the_least_important_neurons_are_removed(deep):
    """The choice, compared with the product of lengths by hand."""
    model = deep()
    first = model.backbone.bert.encoder.layer[0]
    up, down = first.intermediate.dense, first.output.dense
    worth = up.weight.detach().norm(dim=1) * down.weight.detach().norm(dim=0)
    kept = sorted(worth.argsort(descending=True)[:20].tolist())
    student = prune_neurons(model, 12 / 32)
    found = student.backbone.bert.encoder.layer[0]
    assert torch.equal(found.intermediate.dense.weight, up.weight[kept])
    assert torch.equal(found.intermediate.dense.bias, up.bias[kept])
    assert torch.equal(found.output.dense.weight, down.weight[:, kept])
    assert student.backbone.config.intermediate_size == 20
    for share in (0.0, 0.001, 1.0):
        with pytest.raises(ConfigError, match=r"neurons removes .*; change it"):
            prune_neurons(model, share)


def test_the_smallest_weights_become_zero(deep, said):
    model = deep()
    before = said(model)
    pruned = prune_weights(model, 0.3)
    maps = [
        (mine, theirs)
        for mine, theirs in zip(
            model.backbone.bert.encoder.modules(),
            pruned.backbone.bert.encoder.modules(),
            strict=True,
        )
        if isinstance(mine, nn.Linear)
    ]
    old = torch.cat([mine.weight.detach().flatten() for mine, _ in maps])
    new = torch.cat([theirs.weight.detach().flatten() for _, theirs in maps])
    border = old.abs().sort().values[round(0.3 * len(old))]
    assert torch.equal(new, torch.where(old.abs() < border, 0.0, old))
    assert all(torch.equal(a, b) for a, b in zip(before, said(model), strict=True))


def test_shared_layers_are_a_bert_of_one_layer_many_times(deep, said, tmp_path):
    model = deep(hidden_act="gelu", layer_norm_eps=1e-12)
    student = share_layers(model, 4)
    assert student.backbone.config.model_type == "albert"
    found = said(student)
    layers = model.backbone.bert.encoder.layer
    chosen = copy.deepcopy(layers[4].state_dict())
    for layer in layers:
        layer.load_state_dict(chosen)
    wanted = said(model)
    assert all(torch.allclose(a, b, **NEAR) for a, b in zip(found, wanted, strict=True))
    again = said(saved(student, tmp_path / "student"))
    assert all(torch.equal(a, b) for a, b in zip(found, again, strict=True))
    with pytest.raises(ConfigError, match="not among the model's 0–5"):
        share_layers(model, 6)
    with pytest.raises(ConfigError, match="of another family"):
        share_layers(deep("distilbert"))


def test_lora_is_merged_first(deep, said):
    pytest.importorskip("peft", reason="needs peft: pip install 'kptm[lora]'")
    model = deep()
    model.add_lora(2)
    with torch.no_grad():
        for weight in lora_weights(model.backbone):
            weight.normal_(0, 0.3, generator=torch.Generator().manual_seed(1))
    wanted = said(model)
    same = prune_weights(model, 0.0)
    assert same.lora_rank == 0
    assert all(torch.allclose(a, b, **NEAR) for a, b in zip(said(same), wanted, strict=True))


def test_families_that_cannot_are_refused_by_name(deep):
    with pytest.raises(ConfigError, match="can be compressed, but not 'ernie'"):
        drop_layers(deep(kind="ernie"), 3)
    with pytest.raises(ConfigError, match="can be compressed, but not 'luke'"):
        prune_neurons(deep(kind="luke"), 0.5)
    model = deep()
    model.backbone.config.intermediate_size = 31  # a configuration without the width of its layers
    with pytest.raises(
        ModelError, match="BertForMaskedLM: this family cannot be compressed in this way"
    ):
        prune_neurons(model, 0.5)
    # Layer 0 has no such norm.
    with pytest.raises(ModelError, match=r"compressed in this way .*attn_norm"):
        drop_layers(deep("modernbert"), 3)
