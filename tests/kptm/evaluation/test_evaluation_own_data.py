"""A study of a user's graph and texts: the texts that are read or left out, and the probes."""

import pytest

from kg import EntityRecord
from kptm import ConfigError
from kptm.data.sentences import sentences
from kptm.evaluation.fusion.distant_supervision import DistantSupervisionStudy
from kptm.evaluation.fusion.study_facts import split_of
from kptm.linking import LinkedText

COUNT = 60


def saying(pattern, *names):
    """A text in which each name is linked to the entity of that name."""
    text, spans = "", []
    for part, name in zip(pattern.split("_"), (*names, ""), strict=True):
        text += part
        if name:
            spans.append((len(text), len(text) + len(name), name))
        text += name
    return LinkedText.from_spans(text, spans)


@pytest.fixture(scope="module")
def facts():
    return [(f"S{n}", "r", f"O{n % 7}") for n in range(COUNT)]


@pytest.fixture(scope="module")
def texts(facts):
    said = [saying("_ sees _.", head, tail) for head, _, tail in facts]
    said += [saying("By _ is _ seen, says _.", t, h, t) for h, _, t in facts[: COUNT // 2]]
    return [*said, saying("_ is quiet.", "S1"), LinkedText("Nothing.")]


@pytest.fixture
def graph(new_graph, facts):
    made = new_graph()
    made.add([*facts, *((tail, "of", head) for head, _, tail in facts[:20]), ("Q", "r", "O9")])
    made.add([("S3", "twice", "O3"), ("S1", "self", "S1")])
    return made


def test_texts_that_are_read_asked_and_left_out(graph, facts, texts):
    study = DistantSupervisionStudy.from_graph(graph, texts, steps=1)
    split = {fact[:3]: fact[3] for fact in study.facts}
    # Two relations lead from S3 to O3: no sentence says which one it means.
    wanted = {(h, "r", t) for h, _, t in facts if h != "S3"}
    wanted |= {(t, "of", h) for h, _, t in facts[:20]}
    assert set(split) == wanted
    for (head, _, tail), found in split.items():
        kind = split_of(head, tail)
        assert found == kind or (kind, found) == ("B", "D")
    closed = {frozenset(fact[::2]) for fact in split if split_of(*fact[::2]) != "A"}
    read = {item.text for item in study.documents}
    held = {item.text for item in study.held_out}
    assert read | held == {item.text for item in texts if frozenset(item.entities()) not in closed}
    assert not read & held
    triples = {tuple(x) for x in graph.match()}
    outside = {frozenset(fact[::2]) for fact, found in split.items() if found == "C"}
    assert set(study.triples()) == {x for x in triples if frozenset(x[::2]) not in outside}
    assert outside
    by_fact = {}
    for (head, relation, tail, _), probe in zip(study.facts, study.probes, strict=True):
        by_fact[head, relation, tail] = probe
        assert (probe.head, probe.relation) == (head, relation)
        assert probe.cloze.entities() == (head,)
        assert "[MASK]" in probe.cloze.text
        assert tail not in probe.cloze.text.replace(".", " ").replace(",", " ").split()
        objects = {t for _, r, t in triples if r == relation}
        others = {t for h, r, t in triples if (h, r) == (head, relation)}
        assert set(probe.candidates) == objects - others - {head} | {tail, probe.answer}
    # A pair of set A in two sentences is asked by the one that is not read; a pair in only one
    # sentence is asked by that one.
    for number, (head, _, tail) in enumerate(facts):
        if split.get((head, "r", tail)) != "A":
            continue
        probe = by_fact[head, "r", tail]
        source = {
            item.text for item in texts if item.text.replace(tail, "[MASK]") == probe.cloze.text
        }
        assert source <= (held if number < COUNT // 2 else read)
    assert DistantSupervisionStudy.from_graph(graph, texts, steps=1) == study


def test_texts_that_are_linked_differently_elsewhere_are_not_read(graph, facts, texts):
    """Each sentence has a copy that lacks a link, and one more sentence has no links at all."""
    missed = [LinkedText(text.text, text.links[1:]) for text in texts if len(text.links) > 1]
    more = [LinkedText(f"Again {text.text}", text.links[:0]) for text in texts]
    study = DistantSupervisionStudy.from_graph(graph, [*missed, *texts, *more], steps=1)
    once = DistantSupervisionStudy.from_graph(graph, texts, steps=1)
    assert {probe.cloze.text for probe in study.probes} == {
        probe.cloze.text for probe in once.probes
    }
    closed = [fact for fact in study.facts if split_of(fact[0], fact[2]) != "A"]
    for head, _, tail, _ in closed:
        for item in study.documents:
            words = item.text.replace(".", " ").replace(",", " ").split()
            assert not {head, tail} <= set(words)


def test_entities_have_the_graphs_labels(new_graph, facts, texts):
    graph = new_graph()
    graph.add([EntityRecord(key=h, label=f"name of {h}") for h, _, _ in facts])
    graph.add(facts)
    study = DistantSupervisionStudy.from_graph(graph, texts, steps=1)
    labels = {record.key: record.label for record in study.entities}
    assert labels["S5"] == "name of S5"
    assert labels["O2"] == "O2"


@pytest.mark.usefixtures("many_inputs")
def test_limiting_the_number_of_facts(graph, texts):
    study = DistantSupervisionStudy.from_graph(graph, texts, steps=1, limit=4)
    relations = [fact[1] for fact in study.facts]
    assert {name: relations.count(name) for name in relations} == {"r": 4, "of": 4}
    results = study.run_all(["none", "noisy"], [0])
    assert sum(results.splits().values()) == 8
    with pytest.raises(ConfigError, match="real"):
        study.run_all(["real"], [0])


def test_texts_without_facts(graph):
    with pytest.raises(ConfigError, match="none of 1 sentences"):
        DistantSupervisionStudy.from_graph(graph, [LinkedText("Nothing.")])
    closed = next(n for n in range(4, COUNT) if split_of(f"S{n}", f"O{n % 7}") == "B")
    with pytest.raises(ConfigError, match="every sentence"):
        DistantSupervisionStudy.from_graph(
            graph, [saying("_ sees _.", f"S{closed}", f"O{closed % 7}")]
        )


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        ("One.", ["One."]),
        ("One. Two!  Three?", ["One.", "Two!", "Three?"]),
        ("J. Smith and e.g. others.", ["J. Smith and e.g. others."]),
        ('He said "No." Then he left.', ['He said "No."', "Then he left."]),
        ("東京は首都。大阪は違う。", ["東京は首都。", "大阪は違う。"]),
        ("A title\n\nand a line", ["A title", "and a line"]),
        ("It is 3.5 m.", ["It is 3.5 m."]),
    ],
)
def test_sentences(text, parts):
    assert [item.text for item in sentences(LinkedText(text))] == parts


def test_no_link_is_cut():
    whole = saying("He met _. It was _.", "Mr. Big", "Rome")
    assert [item.text for item in sentences(whole)] == ["He met Mr. Big.", "It was Rome."]
    assert [item.entities() for item in sentences(whole)] == [("Mr. Big",), ("Rome",)]
    ends = saying("All of _ and _.", "Wham! Inc", "Yes!")
    assert [item.text for item in sentences(ends)] == ["All of Wham! Inc and Yes!."]


def test_triples_are_stated_except_for_facts_that_are_not_read(graph, facts, texts):
    plain = DistantSupervisionStudy.from_graph(graph, texts, steps=1)
    study = DistantSupervisionStudy.from_graph(graph, texts, steps=1, stated=2)
    told = [item.text for item in study.documents[len(plain.documents) :]]
    assert study.documents[: len(plain.documents)] == plain.documents
    assert (study.facts, study.probes) == (plain.facts, plain.probes)
    closed = {frozenset(fact[:3:2]) for fact in study.facts if fact[3] != "A"}
    wanted = {
        f"{x.head} {x.relation} {x.tail}."
        for x in graph.match()
        if x.head != x.tail and frozenset((x.head, x.tail)) not in closed
    }
    assert set(told) == wanted
    assert len(told) == 2 * len(wanted)
    assert all(len(item.links) == 2 for item in study.documents[len(plain.documents) :])
