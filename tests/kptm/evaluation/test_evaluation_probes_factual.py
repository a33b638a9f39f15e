"""Facts in several phrasings: figures by hand, names, and facts that cannot be asked."""

import itertools
import json
import math

import pytest
import torch

from kg import EntityRecord
from kptm import ConfigError
from kptm.evaluation.fusion.fact_probing import ask_model, make_probes
from kptm.evaluation.fusion.study_facts import read_facts, read_patterns
from kptm.evaluation.probes import find_entities, probe_facts, shares_name
from kptm.evaluation.probes.asking import Reply, ask_phrasings
from kptm.evaluation.probes.factual import consistency, score
from kptm.evaluation.probes.study import run_probes

FACTS = [
    ("Georgia", "capital", "Tbilisi", "A"),
    ("Seine", "mouth", "Dead_Sea", "A"),
    ("Jordan", "mouth", "Dead_Sea", "A"),
    ("New_York", "capital", "Paris", "A"),
]
PHRASINGS = {
    "capital": ["The capital of [X] is [Y].", "[X] is governed from [Y].", "[X] has [Y]"],
    "mouth": ["[X] flows into [Y].", "[Y] takes the [X]."],
}
LABELS = {key: key.replace("_", " ") for fact in FACTS for key in (fact[0], fact[2])}


def test_consistency_by_hand():
    assert consistency("aaa") == 1
    assert consistency("aab") == pytest.approx(1 / 3)
    assert consistency("aabb") == pytest.approx(2 / 6)
    assert consistency("abc") == 0
    assert math.isnan(consistency("a"))


def test_figures_by_hand():
    one, two, three = ("h1", "r", "t"), ("h2", "r", "t"), ("h3", "q", "u")
    replies = [
        Reply(one, "p1", "t", 1, 0.25, True),
        Reply(one, "p2", "t", 1, 0.25, True),
        Reply(one, "p3", "x", 2, 0.25, True),
        Reply(two, "p1", "t", 1, 0.5, True),
        Reply(two, "p2", "t", 1, 0.5, True),
        Reply(two, "p3", "t", 1, 0.5, True),
        Reply(three, "p4", "x", None, 0.75, False),
    ]
    found = score(replies)
    assert found.facts == 3
    assert found.p_at_1.mean == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert found.mrr.mean == pytest.approx((2.5 / 3 + 1 + 0) / 3)
    assert (found.consistency.mean, found.consistency.count) == (pytest.approx((1 / 3 + 1) / 2), 2)
    assert (found.consistent_right.mean, found.consistent_right.count) == (0.5, 2)
    assert found.chance == pytest.approx(0.5)
    assert found.commonest == pytest.approx(2 / 3)
    by_phrasing = {part.pattern: (part.p_at_1.mean, part.mrr.mean) for part in found.phrasings}
    assert by_phrasing == {"p1": (1, 1), "p2": (1, 1), "p3": (0.5, 0.75), "p4": (0, 0)}
    nothing = score([])
    assert (nothing.facts, nothing.p_at_1.count) == (0, 0)
    assert math.isnan(nothing.chance)


@pytest.mark.parametrize(
    ("subject", "object_", "gives_away"),
    [
        ("Republic of Chad", "chad", True),
        ("Apple Watch", "Apple", True),
        ("Algiers Airport", "City of Algiers", True),
        ("Kinshasa", "Kin", True),  # a part of a word, as in the paper's filter
        ("Kin", "Kinshasa", False),
        ("University of Oslo", "Kingdom of Norway", False),  # "of" has no meaning of its own
        ("São_Paulo_FC", "Sao Paulo", True),
        ("J. Smith", "J. Miller", False),
        ("北京大学", "北京", True),
        ("France", "Paris", False),
    ],
)
def test_names_that_give_the_answer_away(subject, object_, gives_away):
    assert shares_name(subject, object_) == gives_away


@pytest.mark.parametrize("family", ["bert", "roberta", "gpt2", "llama"])
def test_a_model_is_asked_as_in_other_evaluations(fused_of, state_of, family):
    model = fused_of(family)
    before = state_of(model)
    replies, unasked = ask_phrasings(model, FACTS, PHRASINGS, LABELS)
    report = probe_facts(model, FACTS, PHRASINGS, LABELS)
    assert state_of(model) == before
    causal = family in ("gpt2", "llama")
    assert unasked == report.unasked == (2 if causal else 0)  # [Y] stands before [X]
    assert len(replies) == 10 - unasked
    for relation, patterns in PHRASINGS.items():
        for pattern in patterns if not causal or relation == "capital" else patterns[:1]:
            probes = make_probes(FACTS, {relation: pattern}, LABELS)
            right = ask_model(model, probes)
            found = [reply for reply in replies if reply.pattern == pattern]
            assert [reply.rank == 1 for reply in found] == right
            assert [reply.said == reply.fact[2] for reply in found] == right
            assert [reply.chance for reply in found] == [1 / len(x.candidates) for x in probes]
    pairs = {}
    for one, other in itertools.combinations(replies, 2):
        if one.fact == other.fact:
            pairs.setdefault(one.fact, []).append(one.said == other.said)
    wanted = sum(sum(found) / len(found) for found in pairs.values()) / len(pairs)
    assert report.all.consistency.mean == pytest.approx(wanted)
    assert report.by_name == 0
    assert report.all == report.not_by_name


def test_facts_known_by_name_are_counted_separately(fused_of):
    facts = [*FACTS, ("Dead_Sea", "capital", "Seine", "A")]
    labels = {**LABELS, "Seine": "Sea"}
    report = probe_facts(fused_of(), facts, PHRASINGS, labels)
    # "Dead Sea"/"Sea": the Seine, also called Sea, flows into the Dead Sea. Both share a word.
    assert (report.by_name, report.all.facts, report.not_by_name.facts) == (2, 5, 3)


def test_entities_without_a_vector(fused_of):
    facts = [("Georgia", "capital", "Atlantis", "A"), FACTS[0]]
    report = probe_facts(
        fused_of(), facts, {"capital": PHRASINGS["capital"]}, {**LABELS, "Atlantis": "Atlantis"}
    )
    assert report.without_vector == 1
    assert report.all.p_at_1.mean <= 0.5
    long = {**LABELS, "Georgia": "Georgia " * 200}
    report = probe_facts(fused_of(), FACTS[:1], {"capital": PHRASINGS["capital"]}, long)
    assert (report.unasked, report.all.facts) == (3, 0)


def test_facts_of_a_graph(new_graph):
    graph = new_graph()
    labels = {
        "Q1": "Georgia",
        "Q2": "Tbilisi",
        "Q3": "Springfield",
        "Q4": "Springfield",
        "Q5": "Q1",
    }
    graph.add([EntityRecord(key=key, label=label) for key, label in labels.items()])
    facts = [
        ("Georgia", "capital", "Q2", "A"),
        ("Q1", "capital", "Tbilisi", "A"),  # the same fact; a key wins over a label
        ("Springfield", "capital", "Q1", "A"),
        ("georgia", "capital", "Atlantis", "A"),
    ]
    found = find_entities(graph, facts)
    assert found.facts == (("Q1", "capital", "Q2", "A"),)
    assert {key: found.labels[key] for key in ("Q1", "Q2")} == {"Q1": "Georgia", "Q2": "Tbilisi"}
    assert (found.unknown, found.ambiguous, found.left_out) == (
        ("Atlantis", "georgia"), ("Springfield",), 2,
    )  # fmt: skip


def test_all_probes_as_json(fused_of, new_graph, texts, tmp_path, state_of):
    model = fused_of()
    before = state_of(model)
    graph = new_graph()
    graph.add([EntityRecord(key=key, label=key.replace("_", " ")) for key in model.embeddings.keys])
    rows = [{"relation": r, "subject": LABELS[h], "object": t} for h, r, t, _ in FACTS]
    rows.append({"relation": "capital", "subject": "Atlantis", "object": "Paris"})
    files = {"f.jsonl": rows}
    files["p.jsonl"] = [
        {"relation": r, "pattern": p} for r, found in PHRASINGS.items() for p in found
    ]
    for name, lines in files.items():
        (tmp_path / name).write_text("".join(json.dumps(line) + "\n" for line in lines))
    named = find_entities(graph, read_facts(tmp_path / "f.jsonl"))
    phrasings = read_patterns(tmp_path / "p.jsonl")
    done = []
    report = run_probes(model, named, phrasings, texts, [], task="types", progress=done.append)
    assert done == [1, 2, 5]
    value = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert value["facts"] == {
        "found": 4, "left_out": 1, "unknown": ["Atlantis"], "ambiguous": [],
    }  # fmt: skip
    assert set(value["factual"]) == {"knowledge", "plain"}
    assert value["factual"]["plain"]["all"]["facts"] == 4
    assert len(value["attention"]["plain"]["entropy"]) == 2
    assert "two labels" in value["notes"][0]
    assert state_of(model) == before
    few = {"mouth": PHRASINGS["mouth"][:1]}
    with pytest.raises(ConfigError, match="two labels"):
        run_probes(model, named, few, texts, [], task="labels")
    with pytest.raises(ConfigError, match="Atlantis"):
        run_probes(model, named, {"other": ["[X] [Y]"]}, texts, [], task="types")
    assert "attention" in run_probes(model, named, few, [], [], task="types").notes[1]


def test_without_knowledge_the_vectors_do_not_matter(fused_of):
    model = fused_of()
    phrasings = {"capital": PHRASINGS["capital"][:2]}
    plain = probe_facts(model, FACTS, phrasings, LABELS, with_knowledge=False)
    with torch.no_grad():
        for parameter in model.fusion.parameters():
            parameter.mul_(-3)
    assert probe_facts(model, FACTS, phrasings, LABELS, with_knowledge=False) == plain
