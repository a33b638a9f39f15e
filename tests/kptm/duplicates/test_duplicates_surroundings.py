"""Surroundings, relations and rates of namesakes, each by an oracle or by hand."""

import itertools
import math

import numpy as np
import pytest

from kg import EntityRecord, KnowledgeGraph
from kg.store.merging import entity_facts
from kg.store.merging.relation_counts import relation_counts
from kptm.duplicates import DuplicateFinder, DuplicateModel
from kptm.duplicates import surroundings as module
from kptm.duplicates.blocks import WordCounts
from kptm.duplicates.entity_comparison import FEATURES, with_surroundings
from kptm.duplicates.namesake_rates import NamesakeRates
from kptm.duplicates.relation_pairs import ADDED_COUNT, MAX_COMPLETION, RolePairs
from kptm.duplicates.surroundings import MAX_LIKENESS, Surroundings, likeness


@pytest.fixture
def graph(tmp_path):
    """Two records of Clark County, Indiana, without a common neighbour, and one of Nevada's."""
    with KnowledgeGraph.open(tmp_path / "graph.db") as opened:
        counties = {"c1": "Clark County", "c2": "Clark County", "c3": "Clark County"}
        opened.add(EntityRecord(key=key, label=label) for key, label in counties.items())
        opened.add(
            [
                ("c1", "seat", "Jeffersonville"), ("c2", "town", "Sellersburg"),
                ("c3", "seat", "Las Vegas"), ("c3", "town", "Henderson"),
                ("Jeffersonville", "near", "Sellersburg"), ("Jeffersonville", "in", "Indiana"),
                ("Sellersburg", "in", "Indiana"), ("Las Vegas", "in", "Nevada"),
                ("Henderson", "in", "Nevada"), ("Floyd", "seat", "New Albany"),
            ]
        )  # fmt: skip
        yield opened


def entities(sql):
    return {
        one.key: one
        for one in entity_facts.read_facts(
            sql, [number for number, _ in entity_facts.stream_names(sql)]
        ).values()
    }


def test_profiles_are_those_of_brute_force(graph):
    """A weight of 1 for each neighbour, divided among its own; the rarer a node, the more."""
    with graph.database.reading() as sql:
        known = entities(sql)
        around = Surroundings(sql, len(known))
        found = around.profiles(sql, {one.id: one for one in known.values()})
    facts = [(known[fact.head].id, known[fact.tail].id) for fact in graph.match()]
    near = {one.id: set() for one in known.values()}
    degree = dict.fromkeys(near, 0)
    for head, tail in facts:
        near[head].add(tail)
        near[tail].add(head)
        degree[head] += 1
        degree[tail] += 1
    for number, (ids, weights) in found.items():
        wanted = dict.fromkeys(near[number], 1.0)
        for node in near[number]:
            for far in near[node] - {number}:
                wanted[far] = wanted.get(far, 0) + 1 / len(near[node])
        wanted = {
            node: weight * max(0.05, 1 - math.log(degree[node]) / math.log(len(known)))
            for node, weight in wanted.items()
        }
        assert dict(zip(ids.tolist(), weights, strict=True)) == pytest.approx(wanted)


def test_records_of_one_place_have_alike_surroundings(graph):
    pairs = DuplicateFinder(graph, DuplicateModel.flat()).find(minimum=0.0)
    column = FEATURES.index("surroundings")
    by_keys = {frozenset((one.keep, one.gone)): one for one in pairs}
    same = by_keys[frozenset(("c1", "c2"))]
    assert same.features[column] > 1
    assert "no common neighbours, but common ones two facts away" in same.evidence
    for other in ("c1", "c2"):
        assert by_keys[frozenset((other, "c3"))].features[column] == 0


def test_likeness_is_a_cosine_on_a_logarithmic_scale():
    chance = np.random.default_rng(0)
    for _ in range(20):
        one, other = (np.where(chance.random(9) < 0.5, chance.random(9), 0) for _ in range(2))
        sparse = [(np.flatnonzero(row), row[row > 0]) for row in (one, other)]
        cosine = one @ other / (np.linalg.norm(one) * np.linalg.norm(other))
        assert likeness(*sparse) == pytest.approx(math.log(1 + 20 * cosine))
    assert likeness(sparse[0], sparse[0]) == pytest.approx(MAX_LIKENESS)
    assert likeness(sparse[0], (np.array([], int), np.array([]))) == 0


def test_neighbours_of_hubs_are_not_read(graph, monkeypatch):
    monkeypatch.setattr(module, "MAX_HUB_FACTS", 1)
    with graph.database.reading() as sql:
        known = entities(sql)
        around = Surroundings(sql, len(known))
        [(ids, _)] = around.profiles(sql, {known["Floyd"].id: known["Floyd"]}).values()
        [(none, _)] = around.profiles(sql, {known["c1"].id: known["c1"]}).values()
    assert ids.tolist() == [known["New Albany"].id]
    assert none.tolist() == []


def test_pairs_that_equal_surroundings_could_not_save_are_not_compared_further(graph):
    """Whatever the least probability, the pairs above it are the same."""
    model = DuplicateModel.load()
    every = DuplicateFinder(graph, model).find(minimum=0.0)
    for least in (0.01, 0.1, 0.5):
        some = DuplicateFinder(graph, model).find(minimum=least)
        assert [(one.keep, one.gone) for one in some] == [
            (one.keep, one.gone) for one in every if one.p >= least
        ]


def test_features_of_pairs_are_those_of_finding_them(graph):
    finder = DuplicateFinder(graph, DuplicateModel.flat())
    pairs = finder.find(minimum=0.0)
    again = finder.features([(one.keep, one.gone) for one in pairs])
    assert again == pytest.approx(np.array([one.features for one in pairs]))


def test_different_surroundings_say_more_of_many_facts():
    rows = np.zeros((2, len(FEATURES)))
    rows[:, FEATURES.index("few_facts")] = [1 / 2, 1 / 9]
    rows[:, FEATURES.index("kind_namesakes")] = [-1.0, 0.5]
    found = with_surroundings(rows, np.array([MAX_LIKENESS / 2, 0.0]))
    assert found[:, FEATURES.index("surroundings")].tolist() == [MAX_LIKENESS / 2, 0]
    assert found[:, FEATURES.index("apart")] == pytest.approx([math.log(2) / 2, math.log(9)])
    assert found[:, FEATURES.index("ambiguous")].tolist() == [0, 0.5]
    same = with_surroundings(rows, MAX_LIKENESS)
    assert not same[:, [FEATURES.index("apart"), FEATURES.index("ambiguous")]].any()


def test_relations_are_counted_on_both_sides(graph):
    with graph.database.reading() as sql:
        found = relation_counts(sql)
        names = entity_facts.relation_keys(sql)
    by_name = {names[number]: counts for number, counts in found.items()}
    assert by_name["in"].facts == 4
    assert (by_name["in"].side(True), by_name["in"].side(False)) == (4, 2)


def roles_of_entities():
    chance = np.random.default_rng(5)
    return [
        {(number, bool(side)) for number in range(4) for side in (0, 1) if chance.random() < 0.5}
        for _ in range(60)
    ]


def role_pairs(entities):
    roles = sorted(set().union(*entities))
    together = [[sum({one, two} <= have for have in entities) for two in roles] for one in roles]
    return RolePairs(roles, np.array(together, float), len(entities))


def test_exclusion_is_how_much_rarer_two_relations_are_in_one_thing_than_by_chance():
    entities = roles_of_entities()
    pairs = role_pairs(entities)
    for one, other in itertools.pairwise(entities):
        rarer = []
        for left in one:
            for right in other:
                count = [sum(role in have for have in entities) for role in (left, right)]
                both = sum({left, right} <= have for have in entities)
                expected = count[0] * count[1] / len(entities)
                rarer.append(max(0, math.log((expected + 1) / (both + 1))))
        wanted = sum(rarer) / len(rarer) if rarer else 0
        assert pairs.exclusion(one, other) == pytest.approx(wanted)


def test_completion_is_the_lesser_lack_of_what_the_other_has():
    entities = roles_of_entities()
    pairs = role_pairs(entities)

    def lack(known, missing):
        found = 0.0
        for role in missing:
            shares = [
                sum({role, own} <= have for have in entities)
                / (sum(own in have for have in entities) + ADDED_COUNT)
                for own in known
            ]
            found -= math.log(1 - min(MAX_COMPLETION, max(shares, default=0)))
        return found

    for one, other in itertools.pairwise(entities):
        wanted = math.log1p(min(lack(one, other - one), lack(other, one - other)))
        assert pairs.completion(one, other) == pytest.approx(wanted)
        assert pairs.completion(other, one) == pytest.approx(wanted)
    assert pairs.completion(entities[0], []) == pairs.exclusion([], entities[0]) == 0
    assert pairs.completion([(99, True)], [(98, True)]) == 0  # relations that are not counted


def test_relations_are_counted_in_a_graph(graph):
    with graph.database.reading() as sql:
        pairs = RolePairs.of(sql, 8)
        number = {key: at for at, key in entity_facts.relation_keys(sql).items()}
    seat, town = (pairs.roles.index((number[name], True)) for name in ("seat", "town"))
    assert pairs.together[seat, town] == 1  # c3
    assert pairs.alone[[seat, town]].tolist() == [3, 2]


def test_neighbours_are_those_of_two_relations_and_facts_those_of_one(tmp_path):
    """A fact of both is no neighbour, too: it would count twice."""
    with KnowledgeGraph.open(tmp_path / "own.db") as graph:
        graph.add(EntityRecord(key=key, label="Ann Lee") for key in ("a", "b"))
        graph.add([("a", "born in", "York"), ("b", "lives in", "York"), ("a", "born in", "Ely")])
        graph.add([("a", "party", "Whigs"), ("b", "party", "Whigs")])
        [pair] = DuplicateFinder(graph, DuplicateModel.flat()).find(minimum=0.0)
    one = math.log1p(1)  # a node of two facts
    assert pair.features[FEATURES.index("neighbours")] == pytest.approx(one)
    assert pair.features[FEATURES.index("facts")] == pytest.approx(one)
    assert "2 common neighbours: Whigs, York" in pair.evidence


def test_kinds_in_which_names_recur_have_a_high_rate(graph):
    with graph.database.reading() as sql:
        words, count, _ = WordCounts.of(sql)
        rates = NamesakeRates.of(sql, count, words)
        number = {key: at for at, key in entity_facts.relation_keys(sql).items()}
    counties, towns = [(number["seat"], True)], [(number["in"], True)]
    assert rates.of_pair(counties, counties) > 0 > rates.of_pair(towns, towns)
    assert rates.of_pair([], []) == 0
