"""Evidence for an entity never lowers its p: counts, facts, descriptions.

With enough counts, they alone decide.
"""

from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg import EntityRecord, LinkCount
from kptm.linking import LinkedText, Linker
from kptm.linking.detection.mention_candidates import candidates_of
from kptm.linking.disambiguation.conventions import Convention
from kptm.linking.disambiguation.disambiguation_model import (
    LINKS,
    SMOOTHING,
    Pass,
    Weights,
    probabilities,
)
from kptm.linking.text.passages import FoldedTexts
from kptm.linking.training.estimation import NOT_NEGATIVE
from kptm.linking.training.linker_fitting import Gold, fit, label

SENSES = [
    EntityRecord(key="FR", label="Paris", description="capital of France"),
    EntityRecord(key="TX", label="Paris", description="town in Texas"),
    EntityRecord(key="HE", label="Paris", description="prince of Troy"),
]
FACTS = [("FR", "country", "France"), ("TX", "state", "Texas"), ("FR", "river", "Seine")]
FIRST, OF = np.array([0, 3]), np.zeros(3, np.int64)
counts = st.lists(st.integers(0, 10_000), min_size=3, max_size=3)
features = st.lists(st.floats(-5, 5), min_size=3, max_size=3)


def p_of(prior, context, links):
    columns = {
        "prior": np.array(prior),
        "description": np.array(context),
        LINKS: np.array(links, np.float64),
    }
    return probabilities(columns, Pass({"prior": 1.0, "description": 1.0}, {}), FIRST, OF)


@given(features, features, counts, st.integers(0, 2), st.integers(1, 1000))
def test_more_counts_for_a_sense_never_lower_its_p(prior, context, links, sense, more):
    raised = [n + more * (at == sense) for at, n in enumerate(links)]
    before, after = p_of(prior, context, links), p_of(prior, context, raised)
    assert after[sense] >= before[sense] - 1e-12
    others = [at for at in range(3) if at != sense]
    assert (after[others] <= before[others] + 1e-12).all()


@given(features, st.lists(st.integers(1, 9), min_size=3, max_size=3))
def test_p_tends_to_the_shares_of_the_counts(prior, share):
    """The test doubles p, since p(link) is 0.5 without coefficients."""
    expected = np.array(share) / sum(share)
    found = 2 * p_of(prior, [0, 0, 0], [n * 10_000_000 for n in share])
    assert found == pytest.approx(expected, abs=1e-4)


def test_counts_are_the_posterior_of_a_dirichlet_prior():
    prior, links = [1.0, 0.0, -1.0], [3, 0, 7]
    base = np.exp(prior) / np.exp(prior).sum()
    shares = (np.array(links) + SMOOTHING * base) / (10 + SMOOTHING)
    context = np.array([0.3, 0.0, 1.2])
    expected = shares * np.exp(context) / (shares * np.exp(context)).sum()
    assert 2 * p_of(prior, context, links) == pytest.approx(expected)


@pytest.mark.usefixtures("training")
@pytest.mark.parametrize("sense", ["FR", "TX", "HE"])
def test_p_rises_with_each_document_that_is_learnt(sense, new_graph):
    found = []
    for size in (0, 1, 10, 1000):
        graph = new_graph()
        graph.add([*SENSES, *FACTS])
        linker = Linker(graph)
        document = LinkedText.from_spans("We saw Paris.", [(7, 12, sense)])
        if size:
            linker.learn([document] * size, source="news")
        link = linker.link("We saw Paris.", threshold=0.0).links[0]
        found.append(next((c.prior for c in link.candidates if c.entity == sense), 0.0))
    assert found == sorted(found)
    assert len(set(found)) == 4
    assert found[-1] >= 0.9


def p_in(graph, text, key):
    links = Linker(graph).link(text, threshold=0.0).links
    return max((c.prior for link in links for c in link.candidates if c.entity == key), default=0.0)


@pytest.mark.parametrize(
    ("more", "text"),
    [
        (("TX", "near", "Dallas"), "Paris is near Dallas."),
        (EntityRecord(key="TX", aliases=("Paris, Texas",)), "They live in Paris, Texas."),
        (EntityRecord(key="TX", description="town in Texas with a cotton"
            " market"), "Paris has a cotton market."),
    ],
)  # fmt: skip
def test_what_is_added_of_the_right_kind_never_hurts(more, text, new_graph):
    graph = new_graph()
    graph.add([*SENSES, *FACTS, ("Dallas", "state", "Texas")])
    before = p_in(graph, text, "TX")
    graph.add([more])
    assert p_in(graph, text, "TX") >= before


def test_coefficients_are_bounded_whatever_the_documents_say(new_graph):
    """No coefficient for evidence is negative, even if all documents link the rarer sense."""
    graph = new_graph()
    graph.add([*SENSES, *FACTS])
    layers = Linker(graph).refresh()
    documents = [LinkedText.from_spans("We saw Paris.", [(7, 12, "HE")])] * 20
    learnt = fit([Gold(layers, documents)])
    for step in (learnt.local, learnt.joint):
        for weights in (step.ranking, step.nil):
            assert all(weights[name] >= 0 for name in weights.keys() & NOT_NEGATIVE)


def test_the_shipped_coefficients_have_the_right_signs():
    for step in (Weights.default().local, Weights.default().joint, Weights.default().encoder):
        for weights in (step.ranking, step.nil):
            assert all(weights[name] >= 0 for name in weights.keys() & NOT_NEGATIVE)


def test_what_annotators_left_out_is_not_held_to_be_no_link(new_graph):
    """A collection that annotates no places is no evidence against them if it is incomplete."""
    graph = new_graph()
    names = [f"Town{chr(97 + n)}" for n in range(20)]
    people = [f"Personne{chr(97 + n)}" for n in range(20)]
    graph.add([EntityRecord(key=name, label=name, description="town in Texas") for name in names])
    graph.add([EntityRecord(key=name, label=name, description="singer") for name in people])
    layers = Linker(graph).refresh()
    whole = [
        LinkedText.from_spans(f"We saw {name} there.", [(7, 7 + len(name), name)])
        for name in (*names[:5], *people[:5])
    ]
    partial = []
    for name, person in zip(names, people, strict=True):
        text = f"{person} came to {name} today."
        partial.append(LinkedText.from_spans(text, [(0, len(person), person)]))
    text = "We saw Townt there."
    scores = {}
    for complete in (True, False):
        weights = fit([Gold(layers, whole), Gold(layers, partial, complete=complete)])
        linked = Linker(graph, weights=weights).link(text, threshold=0.0).links
        scores[complete] = linked[0].score
    assert scores[False] > scores[True]
    assert scores[False] > 0.5


def test_the_weight_of_a_collection_counts_when_candidates_are_told_apart(new_graph):
    """Of two contradictory collections, the one with the higher weight decides."""
    graph = new_graph()
    graph.add([*SENSES, *FACTS])
    layers = Linker(graph).refresh()
    town, hero = (
        [LinkedText.from_spans("We saw Paris.", [(7, 12, key)])] * 50 for key in ("TX", "HE")
    )
    scores = {}
    for weight in (0.05, 20.0):
        weights = fit([Gold(layers, town, weight=weight), Gold(layers, hero)])
        links = Linker(graph, weights=weights).link("We saw Paris.", threshold=0.0).links
        known = {item.entity: item.prior for item in links[0].candidates}
        scores[weight] = known["TX"] / known["HE"]
    assert scores[0.05] < 1 < scores[20.0]


def test_the_threshold_for_other_collections_is_nine_tenths_of_half_of_f1(new_graph):
    """Where all is found, half of F1 is .5; nine tenths of it are .45."""
    graph = new_graph()
    graph.add([*SENSES, *FACTS])
    document = LinkedText.from_spans("We saw Texas.", [(7, 12, "Texas")])
    gold = Gold(Linker(graph).refresh(), [document] * 50)
    assert fit([gold]).threshold == pytest.approx(0.5)
    assert fit([gold, gold]).threshold == pytest.approx(0.45)


@pytest.mark.parametrize(
    ("text", "links", "counts"),
    [
        ("An American poet sang.", [], False),
        ("An American poet sang.", [(3, 11, "US")], True),
        ("The American Journal came.", [], True),
        ("The United States came.", [], True),
    ],
)
def test_where_peoples_are_not_always_annotated_only_the_others_teach(
    text, links, counts, new_graph
):
    graph = new_graph()
    graph.add([EntityRecord(key="US", label="United States", description="country")])
    gold = Gold(
        Linker(graph).refresh(), [LinkedText.from_spans(text, links)], complete=True, peoples=False
    )
    (found,) = label(gold, Convention()).documents
    assert found.counts.tolist() == [counts]
    (found,) = label(gold._replace(peoples=True), Convention()).documents
    assert found.counts.tolist() == [True]


def test_few_places_without_a_link_say_little_against_a_name(new_graph):
    """The log-odds of 0 links in 3 occurrences, with 5 added to each count, are log(5 / 8)."""
    graph = new_graph()
    graph.add([EntityRecord(key="FR", label="France", description="country in Europe")])
    linker = Linker(graph)
    graph.count_links([LinkCount("FR", "France", 0, 3)], source="news")
    (link,) = linker.link("We saw France.", threshold=0.0).links
    found = candidates_of(FoldedTexts(["We saw France."]), linker.refresh())
    assert found.linked.tolist() == [pytest.approx(log(5 / 8))]
    assert link.entity == "FR"


def test_a_place_without_a_link_counts_as_far_as_the_linker_would_have_linked_it(new_graph):
    """The count is 100 · p, since c is 1 without links or occurrences of other names."""
    graph = new_graph()
    graph.add([EntityRecord(key="FR", label="France", description="country in Europe")])
    linker = Linker(graph)
    texts = "We saw France.", "We saw France Telecom Limited."
    shares = [linker.link(text, threshold=0.0).links[0].score for text in texts]
    assert shares[0] > 2 * shares[1] > 0
    for text, probability in zip(texts, shares, strict=True):
        linker.learn([LinkedText(text)] * 100, source="news")
        counts = graph.link_counts(["FR"]).get(("FR", "France"), (0, 0))
        assert counts == (0, round(100 * probability))
        graph.forget(source="news")


def test_annotators_who_leave_out_half_say_little_against_a_name(new_graph):
    """The weight is p·(1 - p) / (1 - p·c), with c from the other names, smoothed by 5."""
    graph = new_graph()
    countries = "France", "Spain", "Peru", "Chad", "Togo"
    graph.add(EntityRecord(key=name, label=name, description="country") for name in countries)
    linker = Linker(graph)
    named = [LinkedText(f"We saw {name}.") for name in countries for _ in range(20)]
    revision = linker.learn(named, source="none are linked")
    strict = graph.link_counts(["France"])["France", "France"][1]
    graph.undo(revision)
    probability = linker.link("We saw France.", threshold=0.0).links[0].score
    share = 5 / (80 * probability + 5)
    expected = 20 * probability * (1 - probability) / (1 - probability * share)
    assert strict == pytest.approx(expected, abs=0.5001)
    whole = [LinkedText("We saw France.") for _ in range(20)]
    whole += [LinkedText.from_spans(f"We saw {x}.", [(7, 7 + len(x), x)]) for x in countries[1:]]
    linker.learn(whole, source="all others are linked")
    assert graph.link_counts(["France"])["France", "France"] == (0, round(20 * probability))


def test_only_the_span_that_was_looked_at_is_counted(new_graph):
    graph = new_graph()
    graph.add([EntityRecord(key="FR", label="France", description="country in Europe")])
    linker = Linker(graph)
    text = "We saw France. " * 10
    linker.learn([LinkedText.from_spans(text, [(7, 13, "FR")])], source="news", within=[(0, 14)])
    assert graph.link_counts(["FR"]) == {("FR", "France"): (1, 1)}


def test_descriptions_that_point_back_are_no_names(new_graph):
    graph = new_graph()
    graph.add([EntityRecord(key="JT", label="Johnstown", description="city")])
    text = "They saw the city and The Hague."
    links = [(9, 17, "JT"), (22, 31, "JT")]
    Linker(graph).learn([LinkedText.from_spans(text, links)], source="news")
    assert set(graph.link_counts(["JT"])) == {("JT", "The Hague")}


def test_undoing_what_was_learnt_leaves_no_trace(new_graph):
    """Lowercase words are counted in the descriptions of all entities, not only of changed ones."""
    graph = new_graph()
    graph.add(EntityRecord(key=f"P{x}", label=f"P{x}", description="playwright") for x in range(9))
    graph.add([EntityRecord(key="W", label="Playwright", description="profession")])
    linker = Linker(graph)
    passages = FoldedTexts(["A Playwright."])
    before = candidates_of(passages, linker.refresh()).common.tolist()
    text = LinkedText.from_spans("A Playwright.", [(2, 12, "W")])
    graph.undo(linker.learn([text], source="news"))
    assert candidates_of(passages, linker.refresh()).common.tolist() == before != [0.0]


def test_a_name_is_learnt_without_its_article(new_graph):
    graph = new_graph()
    graph.add([EntityRecord(key="US", label="United States", description="country")])
    linker = Linker(graph)
    text = "They saw the United States."
    linker.learn([LinkedText.from_spans(text, [(9, 26, "US")])], source="news")
    (link,) = linker.link(text, threshold=0.0).links
    assert link.surface == "United States"
