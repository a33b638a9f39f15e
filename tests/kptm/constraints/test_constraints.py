"""Constraints against brute force over Python sets."""

import random
from itertools import combinations

import pytest

from kg import Attribute, EntityRecord, KnowledgeGraph, Literal, Proposal
from kg.vocabulary import TYPE
from kptm.constraints.checking import check, check_proposals
from kptm.constraints.config import ConstraintsConfig
from kptm.constraints.constraint import ConstraintKind
from kptm.constraints.learned import learn
from kptm.errors import ConfigError

CONFIG = ConstraintsConfig(support=10, agreement=0.9)


@pytest.fixture
def facts():
    draw = random.Random(7)
    people = [f"p{n}" for n in range(60)]
    places = [f"q{n}" for n in range(30)]
    found = {(one, "born in", draw.choice(places)) for one in people}
    found |= {(one, "likes", draw.choice(people)) for one in people for _ in range(2)}
    found |= {(places[n], "next to", places[(n + 1) % 30]) for n in range(30)}
    found |= {(places[(n + 1) % 30], "next to", places[n]) for n in range(29)}
    found |= {(people[n], "parent of", people[n + 30]) for n in range(30)}
    found.add(("p30", "parent of", "p0"))
    found.add(("q3", "born in", "q4"))
    found.add(("p1", "born in", "q29" if ("p1", "born in", "q29") not in found else "q28"))
    return found


@pytest.fixture
def types(facts):
    found = {key: {"person" if key[0] == "p" else "place"} for h, _, t in facts for key in (h, t)}
    for n in range(0, 60, 2):
        found[f"p{n}"].add("artist")
    return found


@pytest.fixture
def graph(tmp_path, facts, types):
    with KnowledgeGraph.open(tmp_path / "graph.db") as found:
        found.add(sorted(facts))
        found.add([EntityRecord(key=key, types=tuple(kinds)) for key, kinds in types.items()])
        yield found


def test_learnt_constraints_equal_those_of_brute_force(graph, facts, types):
    learnt = {(one.kind, one.subject): one for one in learn(graph, CONFIG)}
    for relation in {fact[1] for fact in facts}:
        own = [fact for fact in facts if fact[1] == relation]
        for kind, at, other in (
            (ConstraintKind.FUNCTIONAL, 0, 2),
            (ConstraintKind.INVERSE_FUNCTIONAL, 2, 0),
        ):
            ends = {fact[at] for fact in own}
            several = {e for e in ends if len({f[other] for f in own if f[at] == e}) > 1}
            shown = len(ends) >= 10 and len(ends) - len(several) >= 0.9 * len(ends)
            assert ((kind, relation) in learnt) == shown
            if shown:
                assert learnt[kind, relation].exceptions == len(several)
        both = [f for f in own if (f[2], relation, f[0]) in facts]
        assert ((ConstraintKind.SYMMETRIC, relation) in learnt) == (len(both) >= 0.9 * len(own))
        for kind, at in ((ConstraintKind.DOMAIN, 0), (ConstraintKind.RANGE, 2)):
            ends = {fact[at] for fact in own}
            counts = {
                name: sum(name in types[e] for e in ends) for name in ("person", "place", "artist")
            }
            fitting = [name for name, count in counts.items() if count >= 0.9 * len(ends)]
            one = learnt.get((kind, relation))
            assert bool(one) == bool(fitting)
            if one:
                assert one.types == (min(fitting, key=counts.get),)
    disjoint = {frozenset((o.subject, *o.types)) for (k, _), o in learnt.items() if k == "disjoint"}
    everyone = set(types)
    assert disjoint == {
        frozenset(pair)
        for pair in combinations(("person", "place", "artist"), 2)
        if not any({*pair} <= types[e] for e in everyone)
    }


def test_types_in_several_languages_are_one(graph, types):
    """Adding the same types in a language changes no constraint and no violation."""
    graph.add([EntityRecord(key="both", types=("person", "place"))])
    learnt, found = learn(graph, CONFIG), check(graph, CONFIG).violations
    assert any(one.constraint.kind == ConstraintKind.DISJOINT for one in found)
    tagged = [*sorted(types)[::2], "both"]
    texts = {key: sorted(types.get(key, {"person", "place"})) for key in tagged}
    for language in ("en", "en-gb"):
        graph.add(
            [
                Attribute(key, TYPE, Literal(text, "", language))
                for key in tagged
                for text in texts[key]
            ]
        )
    assert learn(graph, CONFIG) == learnt
    assert check(graph, CONFIG).violations == found


def test_violations_are_listed(graph):
    report = check(graph, CONFIG)
    broken = {(str(v.constraint.kind), v.head, v.relation, v.tail) for v in report.violations}
    assert ("domain", "q3", "born in", "q4") in broken
    assert ("symmetric", "q29", "next to", "q0") in broken
    assert {v.head for v in report.violations if v.constraint.kind == "functional"} == {"p1"}
    assert ("asymmetric", "p30", "parent of", "p0") in broken


def test_a_declared_constraint_overrules_a_learnt_one(graph):
    config = ConstraintsConfig(
        domain={"born in": ["place"]}, disjoint=["person | artist"], learn=False
    )
    report = check(graph, config, limit=500)
    assert all(one.is_declared for one in report.constraints)
    heads = {v.head for v in report.violations if v.relation == "born in"}
    assert heads == {f"p{n}" for n in range(60)}
    assert {v.head for v in report.violations if not v.relation} == {
        f"p{n}" for n in range(0, 60, 2)
    }
    for wrong in ({"disjoint": ["person"]}, {"domain": {"x": 3}}, {"support": 0}):
        with pytest.raises(ConfigError):
            ConstraintsConfig(**wrong)


def proposal(number, head, relation, tail):
    return Proposal(
        id=number, head=head, relation=relation, tail=tail, confidence=0.9, source="s",
        sentence="x", head_span=(0, 1), tail_span=(0, 1),
    )  # fmt: skip


def test_proposals_that_break_one_are_marked(graph):
    born = next(fact.tail for fact in graph.match("p2", "born in"))
    other = "q1" if born != "q1" else "q2"
    graph.add([("p3", "age", "x")])
    items = [
        proposal(1, "p2", "born in", other),
        proposal(2, "p2", "born in", born),
        proposal(3, "q5", "born in", "q1"),
        proposal(4, "p40", "parent of", "p10"),
        proposal(5, "Nobody", "born in", "q1"),
        proposal(6, "p2", "born in", Literal("1990")),
    ]
    found = check_proposals(graph, items, CONFIG)
    kinds = {number: {str(v.constraint.kind) for v in broken} for number, broken in found.items()}
    assert kinds[1] == {"functional"}
    assert born in next(v.reason for v in found[1])
    assert 2 not in kinds
    assert kinds[3] == {"domain"}
    assert "asymmetric" in kinds[4]
    assert 5 not in kinds
    assert kinds[6] == {"functional"}
