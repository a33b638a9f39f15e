"""A pretrained backbone learns at a lower rate and from a later step, or not at all."""

import logging
from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import get_linear_schedule_with_warmup

import kptm
from kptm.data import collate
from kptm.errors import ConfigError
from kptm.fusion import FusedModel
from kptm.fusion.backbones.origin import Origin
from kptm.linking import LinkedText
from kptm.pretraining import PretrainConfig
from kptm.pretraining.backbone_plan import OWN, BackbonePlan, move_to_own_groups, plan_for, schedule

pytestmark = pytest.mark.usefixtures("training")

TEXTS = [
    LinkedText.from_spans(
        "The capital of Georgia is Tbilisi.", [(15, 22, "Georgia"), (26, 33, "Tbilisi")]
    ),
    LinkedText.from_spans("Paris lies on the Seine.", [(0, 5, "Paris"), (18, 23, "Seine")]),
]
CONFIG = PretrainConfig(steps=4, batch_size=2, learning_rate=1e-2, entities_first=0.5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, config_of, tokenizer_of):
    """A folder with a sentence encoder: layers without a head."""
    from transformers import BertModel

    place = tmp_path_factory.mktemp("encoder")
    tokenizer = tokenizer_of("bert")
    torch.manual_seed(3)
    BertModel(config_of("bert", tokenizer)).save_pretrained(place)
    tokenizer.save_pretrained(place)
    return place


@pytest.fixture
def model(folder, embeddings):
    return FusedModel.build(folder, embeddings)


def weights(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def moved(model, before, prefix):
    return any(
        not torch.equal(value, before[name])
        for name, value in model.state_dict().items()
        if name.startswith(prefix)
    )


def test_where_weights_come_from(model, folder, embeddings, plain_config, tmp_path):
    assert model.origin == Origin(trained=True, new_head=True)
    assert plain_config.origin == Origin()
    plain_config.save_pretrained(tmp_path / "random")
    assert FusedModel.from_pretrained(tmp_path / "random").origin == Origin()
    model.save_pretrained(tmp_path / "trained")
    assert FusedModel.from_pretrained(tmp_path / "trained").origin == model.origin
    given = type(model.backbone).from_pretrained(folder)
    assert FusedModel.build(given, embeddings, tokenizer=model.tokenizer).origin.trained


@pytest.fixture
def plain_config(embeddings, config_of, tokenizer_of):
    tokenizer = tokenizer_of("bert")
    return FusedModel.build(config_of("bert", tokenizer), embeddings, tokenizer=tokenizer)


def test_a_head_that_is_made_is_the_same_for_a_seed(model, folder, embeddings):
    assert FusedModel.build(folder, embeddings).fingerprint() == model.fingerprint()


def test_a_plan_for_each_kind_of_weights(model, plain_config, caplog):
    with caplog.at_level(logging.INFO, "kptm.pretraining"):
        assert plan_for(model, CONFIG) == BackbonePlan(rate=5e-5, start=2, apart=True)
    assert "the backbone learns at 5e-05 after 2 steps" in caplog.text
    assert "the rest at 0.01" in caplog.text
    assert plan_for(plain_config, CONFIG) == BackbonePlan(rate=1e-2)
    own = replace(CONFIG, backbone_learning_rate=1e-3, entities_first=0.0)
    assert plan_for(model, own) == BackbonePlan(rate=1e-3, apart=True)
    assert plan_for(model, replace(own, backbone_learning_rate=1e-2)).apart is False
    assert plan_for(model, replace(CONFIG, freeze_backbone=True)).rate == 0


def _batch(model, texts):
    return collate([model.encoder.encode(text) for text in texts], model.pad_id).tensors()


def test_a_frozen_backbone_gives_the_same_on_texts_without_links(model):
    before = weights(model)
    plain = _batch(model, [LinkedText(text.text) for text in TEXTS])
    with torch.no_grad():
        states = model.eval()(**plain).hidden
    report = kptm.pretrain(model, TEXTS, config=replace(CONFIG, freeze_backbone=True))
    assert report.backbone == "the backbone stays as it is"
    with torch.no_grad():
        assert torch.equal(model(**plain).hidden, states)
    assert not moved(model, before, "backbone.bert.")
    assert moved(model, before, "backbone.cls.predictions.transform")  # the head that was made
    assert moved(model, before, "fusion.")
    assert moved(model, before, "head.")
    assert all(weight.requires_grad for weight in model.backbone.parameters())


def test_trained_weights_start_to_learn_later(model):
    before = weights(model)
    kptm.pretrain(model, TEXTS, config=replace(CONFIG, steps=2, entities_first=0.9))
    assert not moved(model, before, "backbone.bert.")
    kptm.pretrain(model, TEXTS, config=CONFIG)
    assert moved(model, before, "backbone.bert.")
    most = max(
        float((value - before[name]).abs().max())
        for name, value in model.state_dict().items()
        if name.startswith("backbone.bert.")
    )
    assert most < 4 * 5e-5 * 1.2  # a step of AdamW is about as large as its rate


def test_the_backbone_s_weights_are_a_group_of_their_own(model):
    own = list(model.backbone.bert.parameters())
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    move_to_own_groups(optimizer, own, 1e-4)
    new, old = optimizer.param_groups
    assert {id(weight) for weight in old["params"]} == {id(weight) for weight in own}
    assert len(new["params"]) + len(own) == len(list(model.parameters()))
    assert (new["lr"], old["lr"], old[OWN]) == (1e-2, 1e-4, True)
    assert new["weight_decay"] == old["weight_decay"]


def test_rates_are_transformers_linear_ones_and_the_backbone_s_start_later():
    def rates(start):
        one, two = (torch.nn.Parameter(torch.zeros(1)) for _ in range(2))
        optimizer = torch.optim.SGD([{"params": [one]}, {"params": [two], OWN: True}], lr=1.0)
        scheduler = schedule(optimizer, BackbonePlan(rate=1.0, start=start, apart=True), 3, 20)
        found = []
        for _ in range(20):
            found.append(scheduler.get_last_lr())
            optimizer.step()
            scheduler.step()
        return np.array(found).T

    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=1.0)
    scheduler = get_linear_schedule_with_warmup(optimizer, 3, 20)
    wanted = []
    for _ in range(20):
        wanted.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    new, own = rates(5)
    np.testing.assert_allclose(new, wanted)
    np.testing.assert_allclose(own[:6], 0)
    np.testing.assert_allclose(own[6:8], [1 / 3, 2 / 3])
    np.testing.assert_allclose(own[8:], wanted[8:])


def test_an_interrupted_run_continues_with_both_rates(model, folder, embeddings, tmp_path):
    config = replace(CONFIG, checkpoint_every=1, keep_checkpoints=4)
    whole = kptm.pretrain(model, TEXTS, config=config, checkpoints=tmp_path / "run")
    (tmp_path / "run" / "checkpoint-4" / "complete.json").unlink()
    again = FusedModel.build(folder, embeddings)
    rest = kptm.pretrain(again, TEXTS, config=config, checkpoints=tmp_path / "run")
    assert rest.resumed_at == 3
    assert weights(again).keys() == weights(model).keys()
    assert all(torch.equal(value, weights(again)[name]) for name, value in weights(model).items())
    assert whole.backbone == rest.backbone


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"backbone_learning_rate": -1.0}, "backbone_learning_rate must be at least 0"),
        ({"entities_first": 1.0}, "entities_first must be from 0 to below 1"),
    ],
)
def test_settings_that_cannot_work(settings, said):
    with pytest.raises(ConfigError, match=said):
        PretrainConfig(**settings)
