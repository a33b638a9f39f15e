"""Fine-tuning learns every task, uses knowledge where only that helps, and can be repeated."""

import random
from dataclasses import replace

import numpy as np
import pytest
import torch
import toy_tasks

from kg import EntityRecord
from kptm.errors import ConfigError, ModelError
from kptm.finetuning import FinetuneConfig, finetune
from kptm.fusion import FusionConfig
from kptm.linking import LinkedText, Linker

pytestmark = pytest.mark.usefixtures("training")

TASKS = ("relation", "typing", "tokens", "text")


@pytest.mark.parametrize("task", TASKS)
def test_a_task_is_learnt(task):
    rows = toy_tasks.rows(task)
    train, dev = rows[3:], rows[:3]
    model = toy_tasks.model()
    before = model.fingerprint()
    config = replace(toy_tasks.FAST, epochs=25)
    tuned = finetune(model, train, task=task, dev=dev, config=config)
    assert tuned.report.dev.score == tuned.evaluate(train).score == 1.0
    assert tuned.report.dev == tuned.evaluate(dev)
    assert tuned.report.curve[-1].loss < 0.3 * tuned.report.curve[0].loss
    assert model.fingerprint() == before != tuned.fused.fingerprint()
    assert not tuned.model.training
    for row, said in zip(dev, tuned.predict(dev), strict=True):
        if task == "tokens":
            found = [[span.start, span.end, span.label] for span in said.spans]
            assert found == row["spans"]
            assert said.label is None
        elif task == "typing":
            assert set(said.labels) == set(row["labels"])
        else:
            assert said.label == row["label"]
            assert said.score == said.scores[said.label] == max(said.scores.values())
            assert sum(said.scores.values()) == pytest.approx(1.0)


@pytest.mark.parametrize("kind", ["gated", "ernie", "knowbert", "luke", "adapter"])
def test_knowledge_decides_where_only_vectors_help(kind):
    """Random words and new entities: only their vectors answer the held-out rows.

    This does not hold for "memory": it first has to learn which row a mention asks for, in
    pretraining.
    """
    rows, embeddings = toy_tasks.only_vectors_tell()
    train, dev = rows[:32], rows[32:]
    model = toy_tasks.model([row["text"] for row in rows], embeddings, kind=kind)
    config = FinetuneConfig(epochs=10, batch_size=8, learning_rate=1e-2, dropout=0.0)
    told = finetune(model, train, task="relation", dev=dev, config=config)
    assert told.report.dev.score > 0.9
    if kind != "gated":
        return
    assert told.report.dev.score == 1.0
    blind = finetune(
        model, train, task="relation", dev=dev, config=replace(config, use_knowledge=False)
    )
    assert blind.report.dev.score < 0.9
    unlinked = [{**row, "links": []} for row in dev]
    assert told.evaluate(unlinked).score < 0.9
    assert blind.predict(dev) == blind.predict(unlinked)


def test_one_seed_one_result():
    def curve(seed):
        config = FinetuneConfig(steps=6, batch_size=8, log_every=1, seed=seed)
        tuned = finetune(
            toy_tasks.model(dropout=0.1), toy_tasks.rows("text"), task="text", config=config
        )
        return tuned.report.curve, tuned.fused.fingerprint()

    first = curve(3)
    torch.manual_seed(99)
    assert curve(3) == first
    assert curve(4)[0] != first[0]


def test_the_callers_random_state_is_untouched():
    def draw():
        return random.random(), np.random.rand(), float(torch.rand(1))

    def seed():
        random.seed(1)
        np.random.seed(1)
        torch.manual_seed(1)

    model, rows = toy_tasks.model(), toy_tasks.rows("text")
    seed()
    expected = draw()
    seed()
    tuned = finetune(model, rows, task="text", config=replace(toy_tasks.FAST, steps=2))
    tuned.predict(rows)
    assert draw() == expected


def test_nothing_is_printed(capfd):
    finetune(toy_tasks.model(), toy_tasks.rows("text"), task="text", config=toy_tasks.FAST)
    captured = capfd.readouterr()
    assert captured.out == captured.err == ""


def test_a_prediction_depends_only_on_its_row():
    rows = toy_tasks.rows("relation")
    longer = {**rows[1], "text": rows[1]["text"] + " And then a long way home to Rome."}
    tuned = finetune(toy_tasks.model(), rows, task="relation", config=toy_tasks.FAST)
    together = tuned.predict([rows[0], longer, rows[5]])
    for row, said in zip((rows[0], longer, rows[5]), together, strict=True):
        (alone,) = tuned.predict([row])
        assert alone.label == said.label
        assert alone.scores == pytest.approx(said.scores, abs=1e-5)


def test_the_order_of_rows_is_kept():
    rows = toy_tasks.rows("text")
    tuned = finetune(
        toy_tasks.model(), rows, task="text", config=replace(toy_tasks.FAST, epochs=25)
    )
    random.Random(0).shuffle(rows)
    said = tuned.predict([row["text"] for row in rows], batch_size=5)
    assert [item.label for item in said] == [row["label"] for row in rows]


@pytest.mark.parametrize("task", TASKS)
def test_a_decoder_learns(task, tokenizer_of):
    rows = toy_tasks.rows(task)
    model = toy_tasks.decoder(tokenizer_of("gpt2"))
    config = replace(toy_tasks.FAST, epochs=25)
    tuned = finetune(model, rows, task=task, config=config)
    assert tuned.model.fused.causal
    assert tuned.evaluate(rows).score > 0.9


def test_a_decoder_reads_a_text_to_its_end(tokenizer_of):
    """The decisive word stands behind both mentions."""
    rows = [
        {"text": f"{a} and {b} {verb}", "head": [0, len(a)], "label": verb,
         "tail": [len(a) + 5, len(a) + 5 + len(b)]}
        for a in toy_tasks.PEOPLE for b in toy_tasks.PLACES for verb in ("met", "won")
    ]  # fmt: skip
    model = toy_tasks.decoder(tokenizer_of("gpt2"))
    config = replace(toy_tasks.FAST)
    assert finetune(model, rows, task="relation", config=config).evaluate(rows).score == 1.0


@pytest.mark.parametrize("kind", ["bert", "roberta", "gpt2"])
def test_empty_texts_and_texts_without_links(kind, tokenizer_of):
    rows = [
        {"text": "", "label": "none"},
        {"text": " ", "label": "none"},
        {"text": "Paris lies on the Seine.", "label": "some"},
    ]
    tokenizer = tokenizer_of(kind)
    if kind == "gpt2":
        tokenizer.backend_tokenizer.post_processor = None  # as GPT-2's own: no token is added
        model = toy_tasks.decoder(tokenizer)
        assert not model.encoder.encode(LinkedText("")).ids
    else:
        model = toy_tasks.model(tokenizer=tokenizer)
    config = replace(toy_tasks.FAST, epochs=20)
    tuned = finetune(model, rows, task="text", config=config)
    assert tuned.report.links == 0
    assert [item.label for item in tuned.predict(rows)] == ["none", "none", "some"]
    assert tuned.predict([]) == []
    tagged = [{"text": "", "spans": []}, {"text": "Paris", "spans": [[0, 5, "LOC"]]}]
    tuned = finetune(model, tagged, task="tokens", config=config)
    first, second = tuned.predict(["", "Paris"])
    assert first.spans == ()
    assert [(item.start, item.end, item.label) for item in second.spans] == [(0, 5, "LOC")]


def test_a_row_may_have_no_type():
    rows = [
        {"text": "Rome", "span": [0, 4], "labels": ["place", "city"]},
        {"text": "Ann", "span": [0, 3], "labels": []},
    ]
    config = replace(toy_tasks.FAST, epochs=30)
    tuned = finetune(toy_tasks.model(), rows, task="typing", config=config)
    first, second = tuned.predict(rows)
    assert set(first.labels) == {"place", "city"}
    assert second.labels == ()
    assert second.score < 0.5
    assert tuned.evaluate(rows).score == 1.0
    assert tuned.evaluate(rows[1:]).score == 1.0  # there is nothing to find, and nothing was found


def test_a_mention_that_is_cut():
    """max_length is 8 tokens: rows whose mention comes later are skipped, without a label."""
    rows = toy_tasks.rows("relation")
    text = "Ann, as all the people here say, was born in Rome."
    cut = {"text": text, "head": [0, 3], "tail": [45, 49], "label": "born"}
    model = toy_tasks.model(max_length=8)
    tuned = finetune(model, [*rows, cut], task="relation", config=toy_tasks.FAST)
    assert (tuned.report.rows, tuned.report.cut) == (24, 1)
    first, second = tuned.predict([rows[0], cut])
    assert first.label == "born"
    assert (second.label, second.score, second.scores) == (None, 0.0, {})
    found = tuned.evaluate([rows[0], cut])
    assert (found.score, found.precision, found.recall) == (0.5, 1.0, 0.5)
    assert (found.rows, found.cut) == (2, 1)
    with pytest.raises(ModelError, match="in all rows a marked mention is beyond"):
        finetune(model, [cut, {**cut, "label": "died"}], task="relation", config=toy_tasks.FAST)


def test_rows_without_links_are_linked(new_graph):
    graph = new_graph()
    names = [*toy_tasks.PEOPLE, *toy_tasks.PLACES]
    graph.add([EntityRecord(key=name, label=name) for name in names])
    rows = toy_tasks.rows("relation")
    plain = [{key: value for key, value in row.items() if key != "links"} for row in rows]
    half = [row if number % 2 else plain[number] for number, row in enumerate(rows)]
    config = replace(toy_tasks.FAST, epochs=2)
    linker = Linker(graph)
    given = finetune(toy_tasks.model(), rows, task="relation", config=config)
    linked = finetune(toy_tasks.model(), half, task="relation", config=config, linker=linker)
    assert linked.report.curve == given.report.curve
    assert linked.predict(plain, linker=linker) == given.predict(rows)
    assert finetune(toy_tasks.model(), plain, task="relation", config=config).report.links == 0


def test_a_dataset_is_rows():
    datasets = pytest.importorskip("datasets", reason="datasets is not installed")
    rows = toy_tasks.rows("relation")
    config = replace(toy_tasks.FAST, epochs=2)
    table = datasets.Dataset.from_list(rows)
    tuned = finetune(toy_tasks.model(), table, task="relation", config=config)
    again = finetune(toy_tasks.model(), rows, task="relation", config=config)
    assert tuned.report.curve == again.report.curve


def test_the_learning_rate_fits_the_width():
    assert FinetuneConfig().rate_for(128) == 1e-3
    assert FinetuneConfig().rate_for(768) == 5e-5
    assert FinetuneConfig(learning_rate=2e-5).rate_for(128) == 2e-5


def test_a_frozen_backbone_stays():
    model = toy_tasks.model(kind="adapter")
    tuned = finetune(
        model, toy_tasks.rows("text"), task="text", config=replace(toy_tasks.FAST, steps=3)
    )
    for ours, theirs in zip(
        model.backbone.parameters(), tuned.fused.backbone.parameters(), strict=True
    ):
        assert torch.equal(ours, theirs)


def test_what_cannot_be_learnt():
    model = toy_tasks.model()
    with pytest.raises(ConfigError, match="no task is called 'ner'; there are relation, typing"):
        finetune(model, [], task="ner")
    with pytest.raises(ModelError, match="the 0 rows to learn text from have 0 labels"):
        finetune(model, [], task="text")
    with pytest.raises(ModelError, match=r"the 1 rows .* have 1 labels; pass rows with 2 or more"):
        finetune(model, [{"text": "a", "label": "x"}], task="text")
    with pytest.raises(ModelError, match="no rows to evaluate on"):
        finetune(
            model,
            toy_tasks.rows("text"),
            task="text",
            dev=[],
            config=replace(toy_tasks.FAST, steps=1),
        )
    assert FusionConfig() == model.fusion_config


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"epochs": 0}, "epochs must be at least 1, not 0"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
        ({"log_every": 0}, "log_every must be at least 1"),
        ({"steps": -1}, "steps must be at least 0"),
        ({"learning_rate": float("nan")}, "learning_rate must be at least 0"),
        ({"dropout": 1.0}, "dropout must be from 0 to below 1"),
        ({"threshold": 0.0}, "threshold must be between 0 and 1"),
    ],
)
def test_settings_that_cannot_work(settings, said):
    with pytest.raises(ConfigError, match=said):
        FinetuneConfig(**settings)


def test_a_prediction_has_the_line_of_its_file(tmp_path):
    rows = toy_tasks.rows("text")
    tuned = finetune(toy_tasks.model(), rows, task="text", config=toy_tasks.FAST)
    path = tmp_path / "lines.txt"
    path.write_text("\nfirst\n\n\nsecond\n")
    assert [item.row for item in tuned.predict(path)] == [2, 5]
    assert [item.row for item in tuned.predict(["first", "second"])] == [1, 2]
