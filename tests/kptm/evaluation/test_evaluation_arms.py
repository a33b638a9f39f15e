"""Arms by links, baselines, edits and losses against counts, brute force, Hugging Face."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import BertConfig

from kg import EntityEmbeddings, KGEConfig, train_embeddings
from kg.types import EntityRecord
from kptm import ConfigError
from kptm.data import collate, train_tokenizer
from kptm.evaluation import make_probes
from kptm.evaluation.fusion.baselines import (
    blank_states,
    by_embeddings,
    lookup,
    majority,
    nearest_texts,
)
from kptm.evaluation.fusion.fact_probing import first, model_scores, reciprocal
from kptm.evaluation.fusion.fusion_study import FusionStudy
from kptm.evaluation.fusion.language_loss import masked_lm_loss
from kptm.evaluation.fusion.results.study_results import Results, reciprocals
from kptm.evaluation.fusion.results.study_tables import as_markdown, more_figures
from kptm.evaluation.fusion.study_arms import control_facts
from kptm.evaluation.fusion.study_facts import apply_edits, choose_edits
from kptm.evaluation.fusion.study_links import link_again, with_noise
from kptm.evaluation.fusion.trials import ArmRun, Trials, gather
from kptm.fusion import FusedModel, FusionConfig
from kptm.linking import LinkedText, Linker
from kptm.modeledge.encode.encode_texts import clozes
from kptm.pretraining import PretrainConfig
from kptm.pretraining.data.masking import mask_text

pytestmark = pytest.mark.usefixtures("training")

FACTS = [
    ("a", "r", "x", "A"),
    ("b", "r", "x", "B"),
    ("c", "r", "y", "B"),
    ("d", "r", "z", "C"),
    ("a", "q", "b", "A"),
    ("c", "q", "d", "C"),
]
KEYS = tuple("abcdxyz")
PROBES = make_probes(FACTS, {"r": "[X] sees [Y].", "q": "[X] has [Y]."}, {k: k for k in KEYS})
HELD = [fact[:3] for fact in FACTS if fact[3] in "AB"]
TEXTS = [
    LinkedText.from_spans("a sees x .", [(0, 1, "a"), (7, 8, "x")]),
    LinkedText.from_spans("b is seen by y and x", [(0, 1, "b"), (13, 14, "y"), (19, 20, "x")]),
]


@pytest.fixture(scope="module")
def model():
    tokenizer = train_tokenizer([item.text for item in TEXTS], vocab_size=60)
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=16, max_position_embeddings=12, initializer_range=0.5,
    )  # fmt: skip
    table = torch.randn(len(KEYS), 6, generator=torch.Generator().manual_seed(0))
    settings = FusionConfig(max_length=12)
    return FusedModel.build(config, EntityEmbeddings(KEYS, table), settings, tokenizer=tokenizer)


# ── links ────────────────────────────────────────────────────────────────────────────────────────


def test_a_share_of_links_means_something_else():
    names = [f"e{number}" for number in range(50)]
    texts = [
        LinkedText.from_spans(f"{n} {n}", [(0, len(n), n), (len(n) + 1, 2 * len(n) + 1, n)])
        for n in names * 20
    ]
    texts = [LinkedText(f"{item.text} {i}", item.links) for i, item in enumerate(texts)]
    noisy = with_noise(texts, names, 0.2, 3)
    pairs = [
        (old, new)
        for before, after in zip(texts, noisy, strict=True)
        for old, new in zip(before.links, after.links, strict=True)
    ]
    assert [x.text for x in noisy] == [x.text for x in texts]
    assert all((a.start, a.end) == (b.start, b.end) for a, b in pairs)
    wrong = [new.entity for old, new in pairs if old.entity != new.entity]
    assert len(wrong) / len(pairs) == pytest.approx(0.2, abs=0.04)  # 5 standard errors
    assert set(wrong) == set(names)
    assert with_noise(texts[::-1], names[::-1], 0.2, 3) == noisy[::-1]
    assert with_noise(texts, names, 0.2, 4) != noisy
    assert with_noise(texts, names, 0.0, 3) == texts
    for before, after in zip(texts, with_noise(texts, names, 1.0, 3), strict=True):
        assert all(x.entity != y.entity for x, y in zip(before.links, after.links, strict=True))
    for share, among in ((-0.1, names), (1.1, names), (0.2, names[:1])):
        with pytest.raises(ConfigError):
            with_noise(texts, among, share, 0)


def test_the_linker_finds_names_and_no_blank(new_graph):
    graph = new_graph()
    graph.add([EntityRecord(key=f"k-{name}", label=name) for name in ("Peru", "Lima", "MASK")])
    gold = [LinkedText("The capital of Peru is [MASK]."), LinkedText("Lima lies in Peru.")]
    found = link_again(gold, Linker(graph))
    assert [item.entities() for item in found] == [("k-Peru",), ("k-Lima", "k-Peru")]
    assert [item.text for item in found] == [item.text for item in gold]


# ── baselines ────────────────────────────────────────────────────────────────────────────────────


def test_the_commonest_object_by_hand():
    scores = majority(PROBES, HELD)
    assert scores[0] == {"x": 2.0, "y": 1.0, "z": 0.0}
    answers = [first(found) for found in scores]
    assert answers == ["x", "x", "x", "x", "b", "b"]


def test_a_lookup_is_right_where_the_graph_has_it():
    ranks = reciprocals(PROBES, lookup(PROBES, HELD))
    assert ranks == [float(probe.split != "C") for probe in PROBES]


def test_embeddings_are_asked_among_the_candidates(new_graph):
    graph = new_graph()
    graph.add(HELD)
    embeddings = train_embeddings(graph, KGEConfig(dim=4, epochs=3))
    for probe, found in zip(PROBES, by_embeddings(PROBES, embeddings), strict=True):
        if probe.head not in embeddings:
            assert not found
            continue
        row = embeddings.scores(head=probe.head, relation=probe.relation)
        known = [key for key in probe.candidates if key in embeddings]
        assert found == pytest.approx({key: float(row[embeddings.row(key)]) for key in known})
    assert by_embeddings([replace(PROBES[0], relation="new")], embeddings) == [{}]


def test_the_nearest_text_by_brute_force(model):
    stored = [item for text in TEXTS for item in clozes(text)]
    keys = blank_states(model, [item.document for item in stored]).numpy().astype(float)
    asked = blank_states(model, [probe.cloze for probe in PROBES]).numpy().astype(float)
    assert np.linalg.norm(keys, axis=1) == pytest.approx(np.ones(len(keys)))
    for number, found in enumerate(nearest_texts(model, TEXTS, PROBES)):
        wanted = {}
        for item, key in zip(stored, keys, strict=True):
            if item.value in PROBES[number].candidates:
                near = float(key @ asked[number])
                wanted[item.value] = max(near, wanted.get(item.value, -1))
        assert found == pytest.approx(wanted, abs=1e-5)
    bare = [LinkedText(probe.cloze.text) for probe in PROBES]
    assert torch.equal(blank_states(model, bare), torch.from_numpy(asked).float())
    assert not blank_states(model, [LinkedText("a sees x .")]).any()
    # A probe that is a training text, blanked, finds that text's answer.
    same = replace(PROBES[0], cloze=stored[1].document, answer="x")
    assert first(nearest_texts(model, TEXTS, [same])[0]) == "x"


def test_a_probe_of_several_blanks_or_none(model):
    twice = replace(PROBES[0], cloze=LinkedText("[MASK] sees [MASK]"))
    once = replace(PROBES[0], cloze=LinkedText("[MASK] sees x"))
    far = replace(PROBES[0], cloze=LinkedText("a sees x . " * 5 + "[MASK]"))
    scores = model_scores(model, [far, twice, far, once])
    assert [set(found) for found in scores] == [set(), set("xyz"), set(), set("xyz")]
    alone = model_scores(model, [once])[0]
    assert scores[3] == pytest.approx(alone, abs=1e-5)
    assert model_scores(model, [far]) == [{}]


# ── edits ────────────────────────────────────────────────────────────────────────────────────────


def test_edits_are_of_b_facts_with_one_value():
    facts = [
        (f"h{n}", f"r{n % 4}", f"t{n % 30}", "ABC"[n % 3]) for n in range(3_000)
    ]  # one value each
    facts += [("m", "r0", f"t{n}", "B") for n in range(9)]
    facts += [("only", "single", "t0", "B")]  # one object, so an edit has no other to take
    now, edits = choose_edits(facts)
    assert [fact[:3] for fact in now] == [fact[:3] for fact in facts]
    changed = {edit[:3] for edit in edits}
    for before, after in zip(facts, now, strict=True):
        assert after[3] == ("D" if before[:3] in changed else before[3])
        assert before[3] == "B" or after[3] != "D"
    assert not {"m", "only"} & {edit.head for edit in edits}
    assert len(edits) / 1_000 == pytest.approx(0.2, abs=0.06)  # 5 standard errors
    tails = {(relation, tail) for _, relation, tail, _ in facts}
    assert all(edit.new != edit.old and (edit.relation, edit.new) in tails for edit in edits)
    assert sorted(choose_edits(facts[::-1])[1]) == sorted(edits)
    assert choose_edits(facts, 0.0) == (facts, [])
    then = apply_edits(now, edits)
    assert {fact[:3] for fact in then} - {fact[:3] for fact in facts} == {
        (edit.head, edit.relation, edit.new) for edit in edits
    }


# ── figures ──────────────────────────────────────────────────────────────────────────────────────


def test_reciprocal_ranks_by_hand():
    scores = {"a": 0.5, "b": 0.2, "c": 0.2, "d": 0.1}
    assert [reciprocal(scores, key) for key in "abcde"] == [1.0, 1 / 3, 1 / 2, 1 / 4, 0.0]
    assert reciprocal({}, "a") == 0.0


def test_results_by_hand():
    runs = [
        ArmRun("aligned", 0, [1.0, 1.0, 0.5, 0.0, 1.0, 0.5], loss=2.0),
        ArmRun("none", 0, [1.0, 0.5, 0.5, 1.0, 0.5, 0.5], loss=4.0, knn=[0.0] * 6),
        ArmRun("aligned", 1, [1.0, 0.5, 1.0, 0.0, 1.0, 1.0], loss=3.0),
    ]
    results = gather(PROBES, runs, {"sql": [1.0, 1.0, 1.0, 0.0, 1.0, 0.0]})
    assert results.splits() == {"A": 2, "B": 2, "C": 2}
    assert results.table() == {
        "A": {"aligned": 1.0, "none": 0.5, "sql": 1.0, "knn": 0.0},
        "B": {"aligned": 0.5, "none": 0.0, "sql": 1.0, "knn": 0.0},
        "C": {"aligned": 0.25, "none": 0.5, "sql": 0.0, "knn": 0.0},
    }
    assert results.estimate("aligned", "B", mrr=True).mean == 0.75
    assert results.deviation("aligned", "C") == pytest.approx(0.5 / 2**0.5)
    assert np.isnan(results.deviation("none", "A"))
    uneven = [replace(PROBES[0], relation=relation) for relation in "rrrq"]
    assert Results(uneven, {"x": [[1.0, 0.0, 0.0, 1.0]]}).macro("x", "A") == pytest.approx(2 / 3)
    found = results.differences()
    assert set(found) == {"aligned − none"}
    assert [found["aligned − none"][split].mean for split in "ABC"] == [0.5, 0.5, -0.25]
    table = as_markdown(results).splitlines()
    assert table[0].count("|") == 5
    assert [line.split("|")[1].strip() for line in table[2:]] == [
        "aligned (2)", "none (1)", "*sql*", "*knn*", "**aligned − none**",
    ]  # fmt: skip
    assert "0.500 [0.500, 0.500] ±0.000" in table[2]
    assert "2.5000 (0.625 × none)" in more_figures(results)


@pytest.mark.parametrize("use_knowledge", [False, True])
def test_the_loss_is_hugging_faces(model, use_knowledge):
    """Also with knowledge: before any training, the fused model equals the backbone."""
    texts = TEXTS * 10
    loss = masked_lm_loss(model, texts, use_knowledge, 5)
    assert masked_lm_loss(model, texts, use_knowledge, 5, batch_size=3) == pytest.approx(loss)
    vocab = [n for n in range(len(model.tokenizer)) if n not in model.tokenizer.all_special_ids]
    masked = [
        mask_text(
            model.encoder.encode(item),
            PretrainConfig(entity_rate=0.0),
            model.encoder.mask_id,
            vocab,
            (5, number),
        )
        for number, item in enumerate(texts)
    ]
    batch = collate([item.text for item in masked], model.pad_id, with_knowledge=False)
    labels = torch.full_like(batch.input_ids, -100)
    for row, item in zip(labels, masked, strict=True):
        row[: len(item.labels)] = torch.tensor(item.labels)
    with torch.no_grad():
        theirs = model.backbone(
            input_ids=batch.input_ids, attention_mask=batch.attention_mask, labels=labels
        ).loss
    assert loss == pytest.approx(float(theirs), rel=1e-5)


def test_without_hidden_tokens_there_is_no_loss(model):
    assert masked_lm_loss(model, [LinkedText("")], False, 0) is None
    assert masked_lm_loss(model, [], False, 0) is None


# ── all of it ────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    facts = [{"relation": "r", "subject": f"s{i}", "object": f"o{i % 5}"} for i in range(120)]
    rows = [{"relation": "r", "pattern": f"[X] {word} [Y]."} for word in ("sees", "has")]
    paths = folder / "f.jsonl", folder / "p.jsonl"
    for path, lines in zip(paths, (facts, rows), strict=True):
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return FusionStudy.read(*paths, "1", steps=1)


def test_every_arm_is_run_and_d_is_asked_of_the_edited_graph(study):
    assert study.edits
    assert all("has" in item.text for item in study.documents)
    assert all("sees" in item.text for item in study.held_out)
    before, after = set(study.triples()), set(study.triples(edited=True))
    assert {(e.head, e.relation, e.old) for e in study.edits} == before - after
    assert {(e.head, e.relation, e.new) for e in study.edits} == after - before
    assert {
        (p.head, p.relation, p.answer) for p in study.probes if p.split == "D"
    } == after - before
    arms = ["none", "zero", "random", "permuted", "aligned", "real", "noisy"]
    results = study.run_all(arms, [0])
    assert list(results.arms) == arms
    assert set(results.baselines) == {"majority", "kge", "sql", "knn"}
    table = results.table()
    assert [table[split]["sql"] for split in "ABCD"] == [1.0, 1.0, 0.0, 1.0]
    assert table["C"]["kge"] == 0.0  # their heads are in no triple and have no vector
    assert all(np.isfinite(losses).all() for losses in results.losses.values())


def test_only_the_answers_to_d_see_the_edited_table(study):
    trials = Trials.prepare(study, ["aligned"])
    heads = {edit.head for edit in study.edits}
    for key in trials.before.keys:
        same = torch.equal(trials.before.vectors([key]), trials.after.vectors([key]))
        assert same == (key not in heads)
    with_edits = trials.run("aligned", 0)
    trials.after = trials.before
    without = trials.run("aligned", 0)
    assert with_edits.loss == without.loss
    for probe, one, other in zip(study.probes, with_edits.ranks, without.ranks, strict=True):
        assert probe.split == "D" or one == other
    assert replace(study, noise=0.5).noise == 0.5
    for wrong in ({"noise": 1.5}, {"steps": 0}):
        with pytest.raises(ConfigError):
            replace(study, **wrong)


def test_a_kind_that_reads_facts_reads_the_arms_facts(study):
    trials = Trials.prepare(study, ["permuted"], kind="kbert")
    before, after = trials.facts
    edit = study.edits[0]
    assert before[edit.head] == (f"r {edit.old}",)
    assert after[edit.head] == (f"r {edit.new}",)
    assert control_facts(before, "aligned", 0) is before
    assert not len(control_facts(before, "zero", 0))
    assert sorted(control_facts(before, "permuted", 0).lines()) != sorted(before.lines())
    assert control_facts(None, "permuted", 0) is None
    assert len(trials.run("permuted", 0).ranks) == len(study.probes)
