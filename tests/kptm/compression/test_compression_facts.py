"""Asks for facts whose two entities no text links, in a phrasing of their relation."""

from kptm.compression import graph_only_probes
from kptm.compression.measurements import measure_passes
from kptm.data import Phrasings
from kptm.linking import LinkedText

FACTS = [
    ("Peru", "capital", "Lima"),
    ("Chad", "capital", "N_Djamena"),
    ("Mali", "capital", "Bamako"),
    ("Chad", "borders", "Niger"),
    ("Niger", "borders", "Mali"),
    ("Peru", "borders", "Chile"),
    ("Mali", "itself", "Mali"),
]
SAID = [
    LinkedText.from_spans("Lima is in Peru.", [(0, 4, "Lima"), (11, 15, "Peru")]),
    LinkedText.from_spans("Chad and Mali.", [(0, 4, "Chad"), (9, 13, "Mali")]),
]


def test_facts_that_no_text_states_are_asked(new_graph):
    graph = new_graph()
    graph.add(FACTS)
    phrasings = Phrasings({"capital": ["the capital of [X] is [Y] ."]})
    found = graph_only_probes(graph, SAID, phrasings)
    assert {(x.head, x.relation, x.answer) for x in found} == {
        ("Chad", "capital", "N_Djamena"),
        ("Mali", "capital", "Bamako"),
        ("Chad", "borders", "Niger"),
        ("Niger", "borders", "Mali"),
        ("Peru", "borders", "Chile"),
    }
    by_fact = {(x.head, x.relation): x for x in found}
    asked = by_fact["Chad", "capital"]
    assert asked.cloze.text == "the capital of Chad is [MASK] ."
    assert asked.candidates == ("Bamako", "Lima", "N_Djamena")
    assert by_fact["Chad", "borders"].cloze.text == "Chad borders [MASK]."
    assert found == graph_only_probes(graph, SAID[::-1], phrasings)
    assert graph_only_probes(graph, SAID, phrasings, most=2) == found[:2]


def test_a_relation_of_one_object_is_not_asked(new_graph):
    graph = new_graph()
    graph.add([("Peru", "in", "America"), ("Chile", "in", "America")])
    assert graph_only_probes(graph, [], Phrasings({})) == []


def test_models_take_turns(deep, lines, monkeypatch):
    """The clock advances a millisecond with each call, so each pass of each model takes one."""
    ticks = iter(range(10_000))
    monkeypatch.setattr(
        "kptm.compression.measurements.time.process_time", lambda: next(ticks) / 1_000
    )
    one, two = deep(), deep()
    order = []
    for name, model in (("one", one), ("two", two)):
        model.register_forward_pre_hook(lambda *_, name=name: order.append(name))
    found = measure_passes({"one": one, "two": two}, lines[:2], passes=3)
    assert found.keys() == {"one", "two"}
    assert all(abs(value - 1) < 1e-6 for value in found.values())
    assert order == ["one", "two"] * 3
    assert measure_passes({"one": one}, []) == {}
