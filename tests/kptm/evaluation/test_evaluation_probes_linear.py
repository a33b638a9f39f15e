"""Linear probes: on states by hand and on Hugging Face's, without changing the model."""

import json

import numpy as np
import pytest
import torch

from kg import EntityRecord, TripleFormatError
from kptm import ConfigError, LinkingError
from kptm.data import collate
from kptm.evaluation.probes import (
    LabelledText,
    ProbeConfig,
    ProbeSpan,
    probe_layers,
    probe_model,
    read_labelled,
    types_of_mentions,
)
from kptm.evaluation.probes.linear import control_labels, hold_out
from kptm.evaluation.probes.states import SpanStates, span_states, token_spans
from kptm.linking import LinkedText

FAMILIES = ["bert", "roberta", "distilbert", "albert", "deberta-v2", "modernbert", "gpt2", "llama"]


def words(document):
    """Each word is a span, labelled by whether its first letter is a capital."""
    spans, at = [], 0
    for word in document.text.split():
        start = document.text.index(word, at)
        at = start + len(word)
        spans.append(ProbeSpan(start, at, "capital" if word[0].isupper() else "small"))
    return LabelledText(document, tuple(spans))


def made(states, labels, surfaces=None, groups=None):
    count = len(labels)
    return SpanStates(
        layers=tuple(f"layer {number}" for number in range(len(states))),
        states_SND=np.asarray(states, np.float32),
        labels=tuple(labels),
        surfaces=tuple(surfaces or map(str, range(count))),
        groups=tuple(groups or map(str, range(count))),
        left_out=0,
    )


def test_a_label_in_the_states_is_found_and_noise_is_not():
    rng = np.random.default_rng(0)
    count, forms = 600, 30
    labels = rng.choice(["x", "y", "z"], count)
    surfaces = [f"form {number}" for number in rng.integers(forms, size=count)]
    holds = np.eye(3)[np.searchsorted(["x", "y", "z"], labels)] @ rng.normal(size=(3, 8))
    noise = rng.normal(size=(count, 8))
    report = probe_layers(made([holds, noise], labels, surfaces))
    there, absent = report.layers
    assert there.accuracy.mean == 1.0
    assert there.selectivity.mean > 0.5
    # With three labels, noise is right in a third; four standard errors of 180 trials are .14.
    assert absent.accuracy.mean == pytest.approx(1 / 3, abs=0.14)
    assert absent.selectivity.mean == pytest.approx(0, abs=0.2)
    assert (report.labels, report.learnt, report.held_out) == (3, 420, 180)
    assert report.seen == 1.0
    held = hold_out([str(number) for number in range(count)], ProbeConfig())
    kept, counts = np.unique(labels[~held], return_counts=True)
    assert report.majority == (labels[held] == kept[counts.argmax()]).mean()


def test_states_that_only_hold_word_forms_are_not_selective():
    """With one dimension for each form, any labelling of forms can be learnt by heart."""
    rng = np.random.default_rng(1)
    forms = rng.integers(12, size=600)
    labels = np.array(["x", "y"])[forms % 2]
    found = made([np.eye(12)[forms]], labels, [f"form {number}" for number in forms])
    (layer,) = probe_layers(found).layers
    assert (layer.accuracy.mean, layer.control.mean, layer.selectivity.mean) == (1.0, 1.0, 0.0)
    assert probe_layers(found) == probe_layers(found)


def test_the_control_task():
    surfaces = [f"form {number % 2_000}" for number in range(4_000)]
    labels = ["x"] * 3_000 + ["y"] * 1_000
    drawn = control_labels(surfaces, labels, 0)
    assert (drawn[:2_000] == drawn[2_000:]).all()  # one label for each form
    assert (drawn == "x").mean() == pytest.approx(0.75, abs=0.04)  # as often as labels occur
    assert (drawn == control_labels(surfaces, labels, 0)).all()
    assert (drawn != control_labels(surfaces, labels, 1)).any()


def test_groups_are_on_one_side():
    groups = [f"group {number % 10}" for number in range(100)]
    held = hold_out(groups, ProbeConfig(held_out=0.3))
    sides = {group: {bool(at) for name, at in zip(groups, held, strict=True) if name == group}
             for group in groups}  # fmt: skip
    assert all(len(side) == 1 for side in sides.values())
    assert held.sum() == 30
    assert hold_out(["a", "b"], ProbeConfig(held_out=0.01)).sum() == 1
    with pytest.raises(ConfigError, match="give more"):
        hold_out(["a", "a"], ProbeConfig())


def test_what_cannot_be_probed():
    with pytest.raises(ConfigError, match="two labels"):
        probe_layers(made(np.zeros((1, 3, 2)), "aaa"))
    # Only one label is left to learn from, so it is always predicted.
    groups = ["a", "a", "b"]
    held = hold_out(groups, ProbeConfig())
    labels = ["y" if at else "x" for at in held]
    (layer,) = probe_layers(made(np.zeros((1, 3, 2)), labels, groups=groups)).layers
    assert layer.accuracy.mean == 0.0
    for wrong in ({"held_out": 1.0}, {"strength": 0}, {"batch_size": 0}, {"seed": -1}):
        with pytest.raises(ConfigError, match=next(iter(wrong))):
            ProbeConfig(**wrong)


@pytest.mark.parametrize("family", FAMILIES)
def test_states_are_those_of_hugging_face(fused_of, texts, state_of, family):
    model = fused_of(family)
    before = state_of(model)
    labelled = [words(text) for text in texts]
    found = span_states(model, labelled, with_knowledge=False)
    assert state_of(model) == before
    assert found.layers == ("embedding", "1", "2", "output")
    assert found.left_out == 0
    model.eval()
    row = 0
    for item in labelled:
        ids = torch.tensor([model.encoder.encode(item.document).ids])
        with torch.no_grad():
            output = model.backbone.base_model(
                input_ids=ids, attention_mask=torch.ones_like(ids), output_hidden_states=True
            )
        wanted = [*output.hidden_states[:2], output.last_hidden_state]
        for span, at in zip(
            item.spans, token_spans(model.encoder, item.document.text, item.spans), strict=True
        ):
            first, last = at
            for name, states in zip((0, 1, 3), wanted, strict=True):
                mean = states[0, first:last].mean(0).numpy()
                np.testing.assert_allclose(found.states_SND[name, row], mean, atol=2e-5)
            assert found.surfaces[row] == item.document.text[span.start : span.end]
            row += 1
    assert row == found.states_SND.shape[1]


@pytest.mark.parametrize(
    ("family", "kind"),
    [("bert", "gated"), ("bert", "ernie"), ("bert", "knowbert"), ("bert", "memory"),
     ("bert", "luke"), ("bert", "kbert"), ("bert", "adapter"), ("gpt2", "gated"),
     ("llama", "memory")],
)  # fmt: skip
def test_texts_alone_and_among_others_and_the_fused_states(fused_of, texts, state_of, family, kind):
    model = fused_of(family, kind=kind)
    before = state_of(model)
    labelled = [words(text) for text in texts]
    together = span_states(model, labelled, batch_size=4).states_SND
    alone = span_states(model, labelled, batch_size=1).states_SND
    # Measured 1.8e-5 with avx512, 7e-6 with avx2 and MKL_CBWR=COMPATIBLE, 6.4e-5 under shape_noise;
    # bound 2e-4.
    np.testing.assert_allclose(together, alone, atol=2e-4)
    plain = span_states(model, labelled, with_knowledge=False).states_SND
    assert np.abs(together - plain).max(axis=(1, 2))[-1] > 1e-3  # knowledge is seen
    assert not np.abs(together - plain)[0].any()  # not in the embedding
    # The output is what the model gives. In BERT it equals the last layer, except with the adapter.
    batch = collate([model.encoder.encode(text) for text in texts], model.pad_id).tensors()
    del batch["target_places"]
    modes = {module: module.training for module in model.modules()}
    with torch.no_grad():
        hidden = model.eval()(**batch).hidden
    for module, mode in modes.items():
        module.training = mode
    (first, last) = token_spans(model.encoder, texts[0].text, labelled[0].spans)[0]
    np.testing.assert_allclose(together[-1, 0], hidden[0, first:last].mean(0), atol=2e-5)
    if family == "bert":
        assert np.allclose(together[-1], together[-2], atol=1e-6) == (kind != "adapter")
    assert state_of(model) == before


@pytest.mark.parametrize("kind", ["gated", "knowbert", "memory"])
def test_a_layer_is_seen_behind_its_fusion(fused_of, texts, kind):
    """BERT ends with its last layer: if knowledge enters there, its states are the output."""
    model = fused_of(kind=kind, layers=(1,))
    labelled = [words(text) for text in texts]
    known = span_states(model, labelled).states_SND
    plain = span_states(model, labelled, with_knowledge=False).states_SND
    np.testing.assert_allclose(known[2], known[3], atol=1e-6)
    np.testing.assert_allclose(known[:2], plain[:2], atol=1e-6)
    assert np.abs(known[2] - plain[2]).max() > 1e-3


def test_a_probe_of_a_model(fused_of):
    """A model's own embedding knows a word it has read."""
    model = fused_of()
    rng = np.random.default_rng(0)
    names = ["Georgia", "Paris", "river", "capital"]
    texts = [LinkedText(" ".join(rng.choice(names, 6))) for _ in range(30)]
    labelled = [words(text) for text in texts]
    report = probe_model(model, labelled, config=ProbeConfig(batch_size=7))
    assert [layer.layer for layer in report.layers] == ["embedding", "1", "2", "output"]
    assert report.layers[0].accuracy.mean == 1.0
    assert report == probe_model(model, labelled, config=ProbeConfig(batch_size=7))
    assert model.training


def test_spans_that_overlap_or_are_cut(fused_of):
    model = fused_of(max_length=8)
    text = LinkedText("Paris lies on the Seine; New York is far from the river Jordan.")
    ends = [(0, 5), (0, 10), (6, 13), (0, 5), (50, 62)]
    spans = tuple(ProbeSpan(start, end, f"{start}") for start, end in ends)
    found = token_spans(model.encoder, text.text, spans)
    whole = model.encoder.encode(text)
    alone = []
    for start, end in ends:
        link = LinkedText.from_spans(text.text, [(start, end, "x")])
        alone += [(span.start, span.end) for span in model.encoder.encode(link).spans] or [None]
    assert found == alone
    assert found[-1] is None
    assert found[0][1] <= len(whole.ids)
    states = span_states(model, [LabelledText(text, spans)])
    assert (states.left_out, len(states.labels)) == (alone.count(None), 5 - alone.count(None))
    with pytest.raises(LinkingError, match="leaves"):
        LabelledText(text, (ProbeSpan(3, 1_000, "x"),))


def test_types_of_the_graph(new_graph):
    graph = new_graph()
    kinds = {
        "a": ("city", "place"),
        "b": ("place",),
        "c": ("place", "river"),
        "d": (),
        "e": ("river",),
    }
    graph.add([EntityRecord(key=key, label=key, types=types) for key, types in kinds.items()])
    text = LinkedText.from_spans(
        "a b c d e f", [(2 * n, 2 * n + 1, key) for n, key in enumerate("abcdef")]
    )
    (item,) = types_of_mentions(graph, [text])
    assert [(span.entity, span.label) for span in item.spans] == [
        ("a", "place"), ("b", "place"), ("c", "place"), ("e", "river"),
    ]  # fmt: skip
    assert [text.text[span.start : span.end] for span in item.spans] == list("abce")


def test_no_entity_is_on_both_sides(fused_of, texts):
    spans = [
        LabelledText(text, tuple(ProbeSpan(x.start, x.end, "t", x.entity) for x in text.links))
        for text in texts
    ]
    found = span_states(fused_of(), spans)
    held = hold_out(found.groups, ProbeConfig(held_out=0.5))
    inside = {group for group, at in zip(found.groups, held, strict=True) if at}
    outside = {group for group, at in zip(found.groups, held, strict=True) if not at}
    assert inside
    assert outside
    assert not inside & outside
    assert found.groups.count("entity Tbilisi") == 2


def test_files_of_labels(tmp_path):
    path = tmp_path / "l.jsonl"
    rows = [
        {"text": "ab cd", "spans": [[0, 2, "x"], [3, 5, "y"]]},
        {"text": "ab", "spans": [], "links": [{"start": 0, "end": 2, "entity": "A"}]},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = read_labelled(path, lambda text: LinkedText.from_spans(text, [(0, 1, "linked")]))
    assert found[0].spans == (ProbeSpan(0, 2, "x"), ProbeSpan(3, 5, "y"))
    assert [item.document.entities() for item in found] == [("linked",), ("A",)]


@pytest.mark.parametrize(
    "row",
    [{"text": "ab"}, {"text": "ab", "spans": [[0, 2]]}, {"text": "ab", "spans": [[0, 3, "x"]]},
     {"text": "ab", "spans": [[True, 2, "x"]]}, {"text": "ab", "spans": [[0, 2, ""]]},
     {"text": "ab", "spans": [[0, 2, "x"]], "links": [{"start": 0}]}],
)  # fmt: skip
def test_lines_without_labels(tmp_path, row):
    path = tmp_path / "l.jsonl"
    path.write_text(json.dumps({"text": "ab", "spans": [[0, 1, "x"]]}) + "\n" + json.dumps(row))
    with pytest.raises(TripleFormatError, match="line 2"):
        read_labelled(path, LinkedText)
    path.write_text("")
    with pytest.raises(TripleFormatError, match="no span"):
        read_labelled(path, LinkedText)
