"""Latent classes of entities: brute force over small tables, and classes that were planted."""

import itertools
import math
from collections import Counter

import numpy as np
import pytest

from kg import EntityRecord, KnowledgeGraph
from kg.store.merging import entity_facts
from kptm.duplicates import DuplicateFinder, DuplicateModel
from kptm.duplicates.entity_comparison import FEATURES
from kptm.duplicates.latent_classes import STARTS, WIDTHS, LatentClasses

ROLES = [(number, side) for number in range(3) for side in (True, False)]


def bin_of(count):
    return max(at for at, start in enumerate(STARTS.tolist()) if start <= count)


def squashed(value):
    return math.copysign(math.log(1 + abs(value)), value)


def test_likelihood_ratios_are_those_of_brute_force():
    chance = np.random.default_rng(0)
    shares = np.array([0.2, 0.5, 0.3])
    table = chance.dirichlet(np.ones(len(STARTS)), size=(3, len(ROLES)))
    classes = LatentClasses(ROLES, shares, table)

    def likelihood(known, counts):
        bins = [bin_of(counts.get(role, 0)) for role in ROLES]
        return math.prod(known[row, at] / WIDTHS[at] for row, at in enumerate(bins))

    for _ in range(30):
        one, other = (
            {role: int(chance.integers(1, 40)) for role in ROLES if chance.random() < 0.6}
            for _ in range(2)
        )
        if not one or not other:
            continue
        common = {role: min(one[role], other[role]) // 2 for role in one.keys() & other.keys()}
        union = {
            role: one.get(role, 0) + other.get(role, 0) - common.get(role, 0)
            for role in {*one, *other}
        }
        ways = math.prod(union[role] - common.get(role, 0) + 1 for role in union)
        same = sum(shares[k] * likelihood(table[k], union) for k in range(3)) / ways
        alike = sum(
            shares[k] * likelihood(table[k], one) * likelihood(table[k], other) for k in range(3)
        )
        apart = math.prod(
            sum(shares[k] * likelihood(table[k], counts) for k in range(3))
            for counts in (one, other)
        )
        wanted = squashed(math.log(same / alike)), squashed(math.log(alike / apart))
        assert classes.compare(one, other, common) == pytest.approx(wanted)
        assert classes.compare(other, one, common) == pytest.approx(wanted)


def test_an_entity_without_known_relations_says_nothing():
    classes = LatentClasses(ROLES, np.ones(1), np.full((1, len(ROLES), len(STARTS)), 1 / 8))
    assert classes.compare({}, {ROLES[0]: 1}, {}) == (0, 0)
    assert classes.compare({(9, True): 2}, {ROLES[0]: 1}, {}) == (0, 0)


def test_numbers_of_facts_are_counted_by_relation_and_side(tmp_path):
    with KnowledgeGraph.open(tmp_path / "graph.db") as graph:
        facts = [("a", "knows", "b"), ("a", "knows", "c"), ("c", "knows", "b"), ("a", "in", "x")]
        graph.add(facts)
        with graph.database.reading() as sql:
            names = entity_facts.relation_keys(sql)
            keys = dict(sql.all("SELECT id, key FROM entity"))
            found = list(entity_facts.stream_role_counts(sql, 1))
            some = list(entity_facts.stream_role_counts(sql, 2))
    wanted = Counter((head, relation, True) for head, relation, _ in facts)
    wanted.update((tail, relation, False) for _, relation, tail in facts)
    assert wanted == {
        (keys[number], names[relation], side): count
        for number, counts in found
        for (relation, side), count in counts.items()
    }
    assert some == [(number, counts) for number, counts in found if number % 2 == 0]


@pytest.fixture
def films_and_towns(tmp_path):
    """Films of one director and some eight actors, and towns of one mayor and one twin town."""
    chance = np.random.default_rng(1)
    with KnowledgeGraph.open(tmp_path / "graph.db") as graph:
        for at in range(120):
            film, town = f"film{at}", f"town{at}"
            cast = [(film, "actor", f"p{n}") for n in chance.choice(90, 8, replace=False)]
            graph.add([*cast, (film, "director", f"d{at % 9}")])
            graph.add([(town, "mayor", f"m{at}"), (town, "twin", f"twin{at}")])
        yield graph


def test_planted_classes_are_found(films_and_towns):
    with films_and_towns.database.reading() as sql:
        classes = LatentClasses.of(sql, 600)
        role = {name: (at, True) for at, name in entity_facts.relation_keys(sql).items()}
    film, town = {role["actor"]: 8, role["director"]: 1}, {role["mayor"]: 1, role["twin"]: 1}
    for one, other in itertools.product((film, town), repeat=2):
        alike = classes.compare(one, other, {})[1]
        assert (alike > 0) == (one is other)
    # Two halves of a cast make a film, two whole ones do not, unless they are of the same people.
    half = {role["actor"]: 4}
    assert classes.compare(half, half | {role["director"]: 1}, {})[0] > 0
    assert classes.compare(film, film, {})[0] < 0
    assert classes.compare(film, film, film)[0] > 0


def test_halves_of_a_thing_are_likelier_than_namesakes(films_and_towns):
    graph = films_and_towns
    chance = np.random.default_rng(2)
    for key, count, director in (("h1", 4, ()), ("h2", 4, ("d1",)), ("w1", 8, ("d2",)),
                                 ("w2", 8, ("d3",))):  # fmt: skip
        graph.add([EntityRecord(key=key, label="The Halves" if key[0] == "h" else "The Wholes")])
        graph.add([(key, "actor", f"p{n}") for n in chance.choice(90, count, replace=False)])
        graph.add([(key, "director", one) for one in director])
    pairs = DuplicateFinder(graph, DuplicateModel.load()).find(minimum=0.0)
    by_keys = {frozenset((one.keep, one.gone)): one for one in pairs}
    halves, wholes = (by_keys[frozenset(pair)] for pair in (("h1", "h2"), ("w1", "w2")))
    column = FEATURES.index("one_thing")
    assert halves.features[column] > 0 > wholes.features[column]
    assert halves.p > wholes.p
