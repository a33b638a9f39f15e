"""Figures by hand: intervals, probes, splits, control tables."""

import json
import math

import numpy as np
import pytest
import torch

from kg import EntityEmbeddings, TripleFormatError
from kptm import ConfigError
from kptm.evaluation import interval, make_probes, paired_interval
from kptm.evaluation.fusion.fact_probing import first
from kptm.evaluation.fusion.fusion_study import FusionStudy
from kptm.evaluation.fusion.study_arms import control_table, splits
from kptm.evaluation.fusion.study_facts import SHARES, choose_asked, read_facts, read_patterns, say

pytestmark = pytest.mark.usefixtures("training")


def test_intervals_of_known_cases():
    same = interval([0.25] * 40)
    assert (same.mean, same.low, same.high, same.count) == (0.25, 0.25, 0.25, 40)
    # The bootstrap of a mean of n coin flips has the binomial's standard error, sqrt(p(1 - p) / n).
    flips = [1.0] * 60 + [0.0] * 140
    found = interval(flips)
    half = 1.96 * math.sqrt(0.3 * 0.7 / 200)
    assert found.mean == pytest.approx(0.3)
    assert (found.low, found.high) == pytest.approx((0.3 - half, 0.3 + half), abs=0.015)
    assert interval(flips) == found
    assert interval(flips, seed=1) != found
    nothing = interval([])
    assert nothing.count == 0
    assert math.isnan(nothing.mean)


def test_paired_differences_remove_the_common_variance():
    rng = np.random.default_rng(0)
    theirs = rng.normal(0, 10, 100)
    ours = theirs + 0.5
    found = paired_interval(ours.tolist(), theirs.tolist())
    assert (found.mean, found.low, found.high) == pytest.approx((0.5, 0.5, 0.5))
    with pytest.raises(ValueError, match="paired"):
        paired_interval([1.0], [1.0, 2.0])


FACTS = [
    ("a", "r", "x", "A"),
    ("a", "r", "y", "A"),
    ("b", "r", "z", "B"),
    ("z", "r", "x", "C"),
    ("a", "other", "w", "A"),
]


def test_candidates_of_probes():
    labels = {key: key.upper() for key in "abxyzw"}
    old = [("b", "r", "v", "D")]
    probes = make_probes(FACTS, {"r": "[X] sees [Y]."}, labels, retired=old)
    assert [probe.candidates for probe in probes] == [
        ("v", "x", "z"),  # not y, which is also true of a
        ("v", "y", "z"),
        ("v", "x", "y", "z"),
        ("v", "x", "y"),  # not z itself
    ]
    assert probes[0].cloze.text == "A sees [MASK]."
    assert probes[0].cloze.entities() == ("a",)
    assert [probe.split for probe in probes] == ["A", "A", "B", "C"]
    right = [True, False, True, False]
    assert splits(probes, right) == {"A": [1.0, 0.0], "B": [1.0], "C": [0.0]}
    with pytest.raises(ValueError, match="zip"):
        splits(probes, [True])


def test_ties_do_not_favour_the_answer():
    assert first({"b": 0.5, "a": 0.5}) == first({"a": 0.5, "b": 0.5}) == "b"
    assert first({}) is None


def lines(path, values):
    path.write_text("".join(json.dumps(value) + "\n" for value in values))
    return path


def test_facts_split_by_pair(tmp_path):
    rows = [
        {"relation": f"r{number % 3}", "subject": f"s{number // 2}", "object": f"o{number // 2}"}
        for number in range(2_000)
    ]
    path = lines(tmp_path / "f.jsonl", [*rows, rows[0]])
    facts = read_facts(path)
    assert {(head, relation, tail) for head, relation, tail, _ in facts} == {
        (row["subject"], row["relation"], row["object"]) for row in rows
    }
    assert len(facts) == 2_000
    by_pair = {}
    for head, _, tail, split in facts:
        assert by_pair.setdefault((head, tail), split) == split
    share = {split: list(by_pair.values()).count(split) / len(by_pair) for split in "ABC"}
    for name, wanted in SHARES:
        assert share[name] == pytest.approx(wanted, abs=0.05)
    assert read_facts(path) == facts
    few = read_facts(path, limit=5)
    assert len(few) == 15
    assert set(few) < set(facts)


@pytest.mark.parametrize(
    "line", ["{", "[]", "7", '{"relation": "r"}', '{"relation": "r", "subject": 3, "object": "o"}',
             '{"relation": "", "subject": "s", "object": "o"}', b"\xff"],
)  # fmt: skip
def test_lines_that_are_no_facts(tmp_path, line):
    good = b'{"relation": "r", "subject": "s", "object": "o"}\n'
    path = tmp_path / "f.jsonl"
    path.write_bytes(good + (line if isinstance(line, bytes) else line.encode()) + b"\n")
    with pytest.raises(TripleFormatError, match="line 2"):
        read_facts(path)
    with pytest.raises(TripleFormatError):
        read_facts(tmp_path / "missing.jsonl")


def test_patterns_and_which_is_asked(tmp_path):
    rows = [("r", "[X] a [Y]"), ("r", "[X] b [Y]"), ("q", "[X] c [Y]"), ("r", "[Y] d [X]")]
    path = lines(tmp_path / "p.jsonl", [{"relation": r, "pattern": p} for r, p in rows])
    patterns = read_patterns(path)
    assert patterns == {"r": ["[X] a [Y]", "[X] b [Y]", "[Y] d [X]"], "q": ["[X] c [Y]"]}
    assert choose_asked(patterns, "2") == (
        {"r": ["[X] a [Y]", "[Y] d [X]"]},
        {"r": "[X] b [Y]"},
    )
    asked = lines(tmp_path / "ask.jsonl", [{"relation": "q", "pattern": "is [X] [Y]"}])
    assert choose_asked(patterns, str(asked)) == ({"q": ["[X] c [Y]"]}, {"q": "is [X] [Y]"})
    for ask in ("0", "4"):
        with pytest.raises(ConfigError):
            choose_asked(patterns, ask)
    with pytest.raises(TripleFormatError):
        choose_asked(patterns, "²")
    bad = lines(tmp_path / "bad.jsonl", [{"relation": "r", "pattern": "[X] only"}])
    with pytest.raises(TripleFormatError, match="line 1"):
        read_patterns(bad)


def test_only_facts_of_set_a_are_stated():
    said = say([*FACTS, ("c", "r", "c", "A")], {"r": ["[X] sees [Y].", "[Y] by [X]"]})
    assert [item.text for item in said] == ["a sees x.", "x by a", "a sees y.", "y by a"]
    assert said[1].links[0].entity == "x"


@pytest.mark.parametrize("count", [2, 3, 50])
def test_control_tables(count):
    keys = [f"k{number}" for number in range(count)]
    true = EntityEmbeddings(keys, torch.randn(count, 4), fingerprint="f", revision=3)
    assert control_table(true, "aligned", 0) is control_table(true, "none", 0) is true
    permuted = control_table(true, "permuted", 1).table
    assert sorted(permuted.tolist()) == sorted(true.table.tolist())
    assert not (permuted == true.table).all(1).any()
    noise = control_table(true, "random", 1)
    assert torch.equal(noise.table, control_table(true, "random", 1).table)
    assert not torch.equal(noise.table, control_table(true, "random", 2).table)
    assert not control_table(true, "zero", 1).table.any()
    assert (noise.keys, noise.fingerprint, noise.revision) == (true.keys, "f", 3)
    with pytest.raises(ConfigError, match="aligned"):
        control_table(true, "aligend", 0)


def test_a_study_refuses_before_it_trains(tmp_path):
    facts = lines(
        tmp_path / "f.jsonl",
        [{"relation": "r", "subject": f"s{i}", "object": f"o{i}"} for i in range(20)],
    )
    rows = [{"relation": "r", "pattern": f"[X] {word} [Y]."} for word in ("sees", "has")]
    patterns = lines(tmp_path / "p.jsonl", rows)
    study = FusionStudy.read(facts, patterns, "1", steps=1)
    assert all("has" in item.text for item in study.documents)
    assert all("sees" in probe.cloze.text for probe in study.probes)
    with pytest.raises(ConfigError, match="aligend"):
        study.run(["aligend"], [0])
    with pytest.raises(ConfigError, match="no fact"):
        FusionStudy.read(lines(tmp_path / "n.jsonl", []), patterns, "1")


def test_a_study_end_to_end(tmp_path):
    facts = lines(
        tmp_path / "f.jsonl",
        [{"relation": "r", "subject": f"s{i}", "object": f"o{i % 5}"} for i in range(30)],
    )
    rows = [{"relation": "r", "pattern": f"[X] {word} [Y]."} for word in ("sees", "has")]
    study = FusionStudy.read(facts, lines(tmp_path / "p.jsonl", rows), "1", steps=1)
    table = study.run(["none", "aligned"], [0])
    assert set(table) <= set("ABCD")
    assert all(0 <= value <= 1 for row in table.values() for value in row.values())
    names = {"none", "aligned", "majority", "kge", "sql", "knn"}
    assert all(set(row) == names for row in table.values())
    assert {split: row["sql"] for split, row in table.items()} == {
        split: float(split != "C") for split in table
    }
