"""A student learns its teacher's output: losses by hand, and a smaller distance after training."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from kptm.compression import CompressionConfig, compress, distil, drop_layers, share_layers
from kptm.compression.distillation_losses import (
    EntityImitation,
    LayerImitation,
    WordImitation,
    divergence,
)
from kptm.compression.teacher_pass import LayerStates, TeacherPass
from kptm.errors import ConfigError, ModelError
from kptm.evaluation import make_probes
from kptm.fusion.backbones.backbone_parts import encoder_layers
from kptm.fusion.backbones.int8 import is_int8
from kptm.pretraining import PretrainConfig
from kptm.pretraining.data.collator import Collator
from kptm.pretraining.data.masking import mask_text
from kptm.pretraining.data.training_examples import PretrainingExample
from kptm.pretraining.objectives import TrainingStep
from kptm.pretraining.pretraining_model import MODEL_INPUTS

pytestmark = pytest.mark.usefixtures("training")
CONFIG = CompressionConfig(layers=3, steps=2, batch_size=4)


@pytest.fixture(scope="module")
def step_of(lines):
    """A function that makes a training step of a student and its batch."""

    def make(student):
        config = PretrainConfig(entity_rate=1.0, token_rate=0.5)
        vocab = list(range(5, len(student.tokenizer)))
        masked = [
            mask_text(student.encoder.encode(text), config, student.encoder.mask_id, vocab, (0, n))
            for n, text in enumerate(lines)
        ]
        collator = Collator(config, pad_id=student.pad_id, entities=len(student.embeddings))
        batch = collator([PretrainingExample(one, (), None) for one in masked])
        return TrainingStep(
            student, student(**{x: batch[x] for x in batch if x in MODEL_INPUTS}), batch
        )

    return make


def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def kl(own, shown, t):
    """T² Σ p log(p / q), by NumPy."""
    p, q = softmax(shown.double().numpy() / t), softmax(own.double().numpy() / t)
    return t * t * (p * np.log(p / q)).sum()


@torch.no_grad()
def test_the_losses_are_the_formulas(deep, step_of):
    teacher = deep()
    student = drop_layers(teacher, 3)
    with torch.no_grad():
        for part in student.parameters():
            part.add_(torch.randn(part.shape, generator=torch.Generator().manual_seed(1)) * 0.05)
    beside = TeacherPass(teacher, student, (1, 3, 5))
    with beside.beside():
        step = step_of(student)
        layers, entities, words = (
            kind(beside, 2.0) for kind in (LayerImitation, EntityImitation, WordImitation)
        )
        found = [float(part.total(step)) for part in (layers, entities, words)]
        lesson = beside.lesson(step)
        assert beside.lesson(step) is lesson  # the teacher runs once for each batch
    batch = step.batch
    given = {name: batch[name] for name in batch if name in MODEL_INPUTS}
    read = batch["attention_mask"].numpy().astype(bool)
    assert layers.count(batch) == read.sum()
    each = []
    for own, shown in zip(lesson.own, lesson.shown, strict=True):
        a, b = own.double().numpy()[read], shown.double().numpy()[read]
        each.append(((a - b) ** 2).sum() / (b**2).sum(-1).mean())
    assert found[0] == pytest.approx(np.mean(each), rel=1e-4)
    wanted = teacher(**given)
    assert torch.equal(lesson.shown[2], wanted.hidden)
    assert torch.equal(lesson.own[2], step.output.hidden)
    assert entities.count(batch) == len(batch["target_rows"]) > 0
    assert found[1] == pytest.approx(
        kl(step.output.entity_logits, wanted.entity_logits, 2), rel=1e-3
    )
    hidden = batch["labels"] != -100
    assert words.count(batch) == int(hidden.sum()) > 0
    own, shown = (
        model.token_logits(output.hidden[hidden])
        for model, output in ((student, step.output), (teacher, wanted))
    )
    assert found[2] == pytest.approx(kl(own, shown, 2), rel=1e-3)
    assert float(divergence(own, own, 3.0)) == pytest.approx(0, abs=1e-5)


def test_states_of_shared_layers_are_those_of_each_turn(deep, said):
    model = share_layers(deep())
    states = LayerStates(model)
    with states.record():
        hidden, *_ = said(model)
        found = states.take()
    assert len(found) == 6
    assert torch.equal(found[-1], hidden)
    assert not torch.equal(found[0], found[1])
    said(model)
    assert states.take() == []  # recording has ended


def test_the_student_comes_nearer_to_its_unchanged_teacher(deep, step_of, lines):
    teacher = deep()
    name = teacher.fingerprint()

    def start():
        student = drop_layers(teacher, 3)
        generator = torch.Generator().manual_seed(1)
        with torch.no_grad():
            for part in student.backbone.parameters():
                part.add_(torch.randn(part.shape, generator=generator) * 0.2)
        return student

    @torch.no_grad()
    def far(student):
        beside = TeacherPass(teacher, student, (1, 3, 5))
        with beside.beside():
            return float(LayerImitation(beside, 1.0).total(step_of(student)))

    one, two = start(), start()
    before = far(one)
    config = replace(CONFIG, steps=40, batch_size=12, learning_rate=3e-3)
    report = distil(one, teacher, lines, config)
    assert report.steps == 40
    assert set(report.curve[-1].others) == {"layers", "entities_of_teacher", "words_of_teacher"}
    assert far(one) < 0.5 * before
    assert teacher.fingerprint() == name
    distil(two, teacher, lines, config)
    assert two.fingerprint() == one.fingerprint()  # equal seeds, equal results


def test_methods_combine_and_both_models_are_measured(deep, lines):
    teacher = deep()
    config = replace(CONFIG, prune=0.25, share=True, quantise="int8", held_out=0.4)
    labels = {key: key.replace("_", " ") for key in teacher.embeddings.keys}
    facts = [("Georgia", "near", "Tbilisi", "B"), ("Paris", "near", "Seine", "B")]
    probes = make_probes(facts, {"near": "[X] is near [Y]."}, labels)
    seen = []
    small, report = compress(
        teacher, lines, config, probes=probes, progress=lambda step, _: seen.append(step)
    )
    assert is_int8(small.backbone)
    assert small.backbone.config.model_type == "albert"
    assert small.backbone.config.intermediate_size == 24
    assert len(encoder_layers(small.backbone)) == 3
    assert report.name == config.name == "distil-3-prune-neurons-0.25-share-int8"
    assert seen == [1, 2]
    assert report.texts + report.held_out == len(lines)
    assert min(report.texts, report.held_out) > 0
    assert report.compressed.bytes < report.original.bytes
    for figures in (report.original, report.compressed):
        assert figures.asked == 2
        assert figures.facts in (0.0, 0.5, 1.0)
        assert figures.masked_lm > 0
        assert figures.ms_of_one > 0
    assert report.to_dict()["original"]["asked"] == 2


def test_single_weights_stay_zero_after_training(deep, lines):
    small, report = compress(
        deep(), lines, CompressionConfig(layers=3, prune=0.5, unit="weights", steps=2, batch_size=4)
    )
    assert report.steps == 2
    weights = torch.cat(
        [
            part.weight.detach().flatten()
            for layer in encoder_layers(small.backbone)
            for part in layer.modules()
            if isinstance(part, torch.nn.Linear)
        ]
    )
    assert float((weights == 0).float().mean()) == pytest.approx(0.5, abs=0.01)


def test_impossible_requests_are_errors(deep, lines):
    for changes, said in (
        ({"layers": 0}, "choose a method of compression"),
        ({"quantise": "int4"}, "int4 is not supported"),
        ({"quantise": "int2"}, "quantise is int8"),
        ({"prune": 1.0}, "prune must be from 0"),
        ({"unit": "heads"}, "unit is one of neurons, weights"),
        ({"steps": -1}, "steps must be at least 0"),
        ({"temperature": 0.0}, "temperature must be above 0"),
        ({"seed": -1}, "seed"),
    ):
        with pytest.raises(ConfigError, match=said):
            replace(CONFIG, **changes)
    teacher = deep()
    with pytest.raises(ModelError, match="no text to learn from"):
        compress(teacher, [], CONFIG)
    compress(teacher, [], replace(CONFIG, layers=0, quantise="int8"))
    with pytest.raises(ModelError, match="cannot learn from 3 of 16"):
        distil(teacher, drop_layers(teacher, 3), lines, CONFIG)
