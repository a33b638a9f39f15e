"""The results of pretraining, and its errors."""

import random
from dataclasses import replace

import numpy as np
import pytest
import tiny_run
import torch

from kg import EntityRecord
from kptm.errors import ConfigError, ModelError
from kptm.linking import LinkedText, Linker
from kptm.pretraining import PretrainConfig, pretrain

pytestmark = pytest.mark.usefixtures("training")

SHORT = replace(tiny_run.CONFIG, steps=6, log_every=2, checkpoint_every=0)


def curve(config=SHORT, texts=None, **options):
    model = tiny_run.model()
    report = pretrain(model, texts or tiny_run.texts(), config=config, **options)
    return [(point.step, point.loss) for point in report.curve], model.fingerprint()


def test_the_loss_falls():
    config = replace(SHORT, steps=150, log_every=10)
    model = tiny_run.model()
    before = model.fingerprint()
    report = pretrain(model, tiny_run.texts(), config=config)
    assert len(report.curve) == 15
    assert report.curve[-1].entity < 0.7 * report.curve[0].entity
    assert report.curve[-1].masked_lm < 0.8 * report.curve[0].masked_lm
    assert model.fingerprint() != before
    assert model.fusion.injections[0].out.weight.any()
    assert not model.training
    assert (report.texts, report.links, report.steps, report.resumed_at) == (8, 16, 150, 0)


def test_one_seed_one_result():
    first = curve()
    torch.manual_seed(99)
    assert curve() == first
    assert curve(replace(SHORT, seed=4))[0] != first[0]


def test_the_curve_ends_with_the_last_step():
    config = replace(SHORT, steps=5, log_every=3)
    steps = []
    points, _ = curve(config, progress=lambda step, loss: steps.append(step))
    whole, _ = curve(replace(config, log_every=1))
    assert [step for step, _ in points] == [3, 5]
    assert steps == [1, 2, 3, 4, 5]
    losses = [loss for _, loss in whole]
    assert points[0][1] == pytest.approx(np.mean(losses[:3]))
    assert points[1][1] == pytest.approx(np.mean(losses[3:]))


def test_the_callers_random_state_is_untouched():
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)
    expected = random.random(), np.random.rand(), float(torch.rand(1))
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)
    curve()
    assert (random.random(), np.random.rand(), float(torch.rand(1))) == expected


def test_plain_texts_are_linked_while_reading(new_graph):
    graph = new_graph()
    names = {*tiny_run.CAPITALS, *tiny_run.CAPITALS.values()}
    graph.add([EntityRecord(key=name, label=name) for name in sorted(names)])
    plain = [text.text for text in tiny_run.texts()]
    assert curve(texts=plain, linker=Linker(graph)) == curve()


def test_reading_is_reported(monkeypatch):
    monkeypatch.setattr("kptm.pretraining.pretraining_run.TEXTS_PER_REPORT", 3)
    told = []
    curve(reading=told.append)
    assert told == [3, 6]


def test_plain_texts_need_a_linker():
    with pytest.raises(ModelError, match=r"'Paris lies on the Seine\.' is plain: pass a linker"):
        curve(texts=["Paris lies on the Seine."])


def test_no_texts():
    with pytest.raises(ModelError, match="no text to pretrain on"):
        pretrain(tiny_run.model(), [])


def test_texts_without_links_train():
    points, _ = curve(texts=[LinkedText(text.text) for text in tiny_run.texts()])
    assert all(np.isfinite(loss) for _, loss in points)


def test_texts_with_blanks_of_their_own_train():
    texts = [LinkedText("The capital of [MASK] is [MASK]."), LinkedText(""), *tiny_run.texts()]
    points, _ = curve(texts=texts)
    assert all(np.isfinite(loss) for _, loss in points)


def test_a_loss_that_is_no_number_stops_the_run():
    model = tiny_run.model()
    with torch.no_grad():
        model.head.relation.weight[0, 0] = torch.nan
    with pytest.raises(ModelError, match=r"loss is nan at step 1 .*lower learning_rate"):
        pretrain(model, tiny_run.texts(), config=SHORT)
    assert not model.training


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"steps": 0}, "steps must be at least 1, not 0"),
        ({"batch_size": -1}, "batch_size must be at least 1"),
        ({"entity_rate": 1.5}, "entity_rate must be between 0 and 1, not 1.5"),
        ({"learning_rate": 0.0}, "learning_rate must be above 0"),
        ({"learning_rate": float("nan")}, "learning_rate must be above 0"),
        ({"checkpoint_every": -1}, "checkpoint_every must be at least 0"),
        ({"entity_weight": float("nan")}, "entity_weight must be at least 0"),
    ],
)
def test_settings_that_cannot_work(settings, said):
    with pytest.raises(ConfigError, match=said):
        PretrainConfig(**settings)
