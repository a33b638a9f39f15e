"""Logits and losses of every task, against formulas in NumPy and against Hugging Face."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import toy_tasks
from transformers import BertForTokenClassification

from kptm.data import collate
from kptm.errors import ModelError
from kptm.finetuning import FinetuneConfig, finetune
from kptm.finetuning.classifier import TaskModel, pool_states, task_loss
from kptm.finetuning.task_encoding import batch_of, encode_row
from kptm.finetuning.task_rows import read_rows

ONE = FinetuneConfig(steps=1, batch_size=24, dropout=0.0, log_every=1, seed=5)


def cross_entropy(logits, labels):
    logits = logits.astype(np.float64)
    logits = logits - logits.max(-1, keepdims=True)
    log_total = np.log(np.exp(logits).sum(-1))
    return float(np.mean(log_total - logits[np.arange(len(labels)), labels]))


def states(model, rows, with_knowledge=True):
    """The hidden states of each row alone, (L, D): no padding, no batch."""
    made = []
    for row in rows:
        encoded = model.encoder.encode(row.document)
        batch = collate([encoded], model.pad_id, with_knowledge=with_knowledge)
        with torch.no_grad():
            made.append(model(**batch.tensors()).hidden[0].double().numpy())
    return made


def first_classifier(model, task, classes, seed=5):
    made = TaskModel(model, task, classes, 0.0, seed).classifier
    return made.weight.detach().double().numpy().T, made.bias.detach().double().numpy()


def moved(model):
    """Set random weights in the fusion, since its zeros would hide the vectors."""
    generator = torch.Generator().manual_seed(4)
    with torch.no_grad():
        for parameter in model.fusion.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator) * 0.3)
    return model.eval()


@pytest.mark.usefixtures("training")
@pytest.mark.parametrize("use_knowledge", [True, False])
@pytest.mark.parametrize("task", ["relation", "typing", "tokens", "text"])
def test_the_first_step_has_the_loss_of_the_formula(task, use_knowledge):
    model = moved(toy_tasks.model())
    given = toy_tasks.rows(task)
    rows = read_rows(given, task, gold=True)
    hidden = states(model, rows, use_knowledge)
    if task == "tokens":
        names = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
        weight, bias = first_classifier(model, task, 5)
        logits, right = [], []
        for row, states_LD in zip(rows, hidden, strict=True):
            tokens = model.tokenizer(row.document.text, return_offsets_mapping=True)
            for number, (start, end) in enumerate(tokens["offset_mapping"]):
                if start == end:
                    continue
                tag = "O"
                for first, last, label in row.spans:
                    if first <= start < last:
                        tag = ("B-" if start == first else "I-") + label
                logits.append(states_LD[number] @ weight + bias)
                right.append(names.index(tag))
        expected = cross_entropy(np.array(logits), right)
    else:
        read = {
            "text": lambda states_LD, links: states_LD[0],
            "typing": lambda states_LD, links: states_LD[links[1]].mean(0),
            "relation": lambda states_LD, links: np.concatenate(
                [states_LD[links[0]].mean(0), states_LD[links[1]].mean(0)]
            ),
        }[task]
        # Here the marks are the links, so the encoder itself gives their places.
        places = [
            [slice(span.start, span.end) for span in model.encoder.encode(row.document).spans]
            for row in rows
        ]
        features = np.array([read(*item) for item in zip(hidden, places, strict=True)])
        names = sorted({label for row in rows for label in row.labels})
        weight, bias = first_classifier(model, task, len(names))
        logits = features @ weight + bias
        if task == "typing":
            right = np.array([[name in row.labels for name in names] for row in rows])
            p = 1 / (1 + np.exp(-logits))
            expected = float(-np.mean(np.where(right, np.log(p), np.log(1 - p))))
        else:
            expected = cross_entropy(logits, [names.index(row.labels[0]) for row in rows])
    tuned = finetune(model, given, task=task, config=replace(ONE, use_knowledge=use_knowledge))
    (point,) = tuned.report.curve
    assert point.loss == pytest.approx(expected, abs=1e-5)


def test_tokens_without_links_are_hugging_faces():
    model = toy_tasks.model().eval()
    given = [{key: row[key] for key in ("text", "spans")} for row in toy_tasks.rows("tokens")]
    rows = read_rows(given, "tokens", gold=True)
    ours = TaskModel(model, "tokens", 5, 0.0, 3).eval()
    settings = model.backbone.config
    settings.num_labels = 5
    theirs = BertForTokenClassification(settings).eval()
    theirs.bert.load_state_dict(model.backbone.bert.state_dict())
    theirs.classifier.load_state_dict(ours.classifier.state_dict())
    encoded = [encode_row(model, row, "tokens") for row in rows]
    batch = batch_of(encoded, model.pad_id, with_knowledge=True)
    with torch.no_grad():
        wanted = theirs(
            input_ids=batch.tensors["input_ids"], attention_mask=batch.tensors["attention_mask"]
        ).logits
        torch.testing.assert_close(ours(batch), wanted)


def test_places_are_pooled_as_numpy_does():
    hidden = torch.randn(2, 6, 3, generator=torch.Generator().manual_seed(0))
    places = torch.tensor([[[0, 1], [2, 5]], [[3, 6], [1, 2]]])
    found = pool_states(hidden, places).numpy()
    for text, row in enumerate(places.tolist()):
        wanted = [hidden[text, first:behind].numpy().mean(0) for first, behind in row]
        np.testing.assert_allclose(found[text], np.concatenate(wanted), rtol=1e-5)


def test_tokens_of_no_text_have_no_loss():
    logits = torch.randn(1, 4, 3, requires_grad=True)
    loss = task_loss("tokens", logits, torch.full((1, 4), -100))
    loss.backward()
    assert loss.item() == 0.0
    assert not logits.grad.any()


def test_the_curve_has_the_mean_of_its_steps_and_the_last_step():
    steps = []
    config = replace(toy_tasks.FAST, steps=5)
    whole = finetune(
        toy_tasks.model(),
        toy_tasks.rows("text"),
        task="text",
        config=replace(config, log_every=1),
        progress=lambda *step: steps.append(step),
    ).report
    report = finetune(
        toy_tasks.model(),
        toy_tasks.rows("text"),
        task="text",
        config=replace(config, log_every=3),
    ).report
    losses = [point.loss for point in whole.curve]
    assert steps == list(enumerate(losses, 1))
    assert [point.step for point in report.curve] == [3, 5]
    assert report.curve[0].loss == pytest.approx(np.mean(losses[:3]))
    assert report.curve[1].loss == pytest.approx(np.mean(losses[3:]))
    assert (report.rows, report.cut, report.links, report.steps) == (24, 0, 48, 5)


def test_a_loss_that_is_no_number_stops_the_run():
    model = toy_tasks.model()
    with torch.no_grad():
        model.backbone.bert.embeddings.LayerNorm.weight[0] = torch.nan
    with pytest.raises(ModelError, match="loss is nan at step 1; lower learning_rate"):
        finetune(model, toy_tasks.rows("text"), task="text", config=ONE)
