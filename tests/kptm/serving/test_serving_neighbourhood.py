"""What is drawn of a neighbourhood that does not fit, and a visitor's first questions."""

import pytest

from kg.types import Triple
from kptm import Workspace
from kptm.serving.example_questions import example_questions
from kptm.serving.neighbourhood import facts_around

OWN = [Triple("hub", "capital", "c"), *(Triple("hub", "borders", f"n{i}") for i in range(30))]
CITES = [Triple(f"p{i:03}", "cites", "hub") for i in range(300)]
FAR = [Triple(f"n{i}", "borders", f"m{i}") for i in range(30)]


@pytest.fixture
def hub(new_graph):
    """A graph about a hub: what cites it was loaded first."""
    graph = new_graph()
    graph.add([*CITES, *OWN, *FAR])
    return graph


def test_an_entity_s_own_facts_come_first_and_every_relation_has_its_turn(hub):
    found, complete = facts_around(hub, "hub", hops=1, limit=40)
    assert not complete
    assert found[:2] == OWN[:2]
    assert set(found[: len(OWN)]) == set(OWN)
    assert set(found[len(OWN) :]) <= set(CITES)
    assert len(found) == len(set(found)) == 40


def test_two_hops_are_two_hops_around_a_hub(hub):
    found, complete = facts_around(hub, "hub", hops=2, limit=40)
    assert not complete
    assert len(found) == len(set(found)) == 40
    near = [edge for edge in found if "hub" in edge[::2]]
    far = [edge for edge in found if "hub" not in edge[::2]]
    assert found == [*near, *far]
    assert OWN[0] in near
    reached = {end for edge in near for end in edge[::2]}
    assert len(far) >= 15
    assert all(reached & {*edge[::2]} for edge in far)


def test_where_nobody_has_facts_of_its_own_the_first_hop_fills_the_picture(new_graph):
    graph = new_graph()
    graph.add(CITES)
    found, complete = facts_around(graph, "hub", hops=2, limit=40)
    assert not complete
    assert len(found) == 40
    assert set(found) <= set(CITES)


@pytest.mark.parametrize("hops", [1, 2])
def test_what_fits_is_all_there(new_graph, hops):
    graph = new_graph()
    graph.add([*OWN[:3], *FAR[:2]])
    wanted = {*OWN[:3], *(FAR[:2] if hops == 2 else [])}
    assert facts_around(graph, "hub", hops=hops, limit=40) == (
        sorted(wanted, key=[*OWN, *FAR].index),
        True,
    )


def test_neighbours_give_what_leads_away_first(hub):
    assert hub.neighbours("hub", limit=5) == OWN[:5]
    assert hub.neighbours("hub", limit=500) == [*OWN, *CITES]


def test_examples_are_about_this_graph_and_are_answered_by_it(tmp_path):
    with Workspace.init(tmp_path / "ws") as ws:
        ws.graph.add(
            [
                Triple("Iron", "symbol", "Fe"),
                Triple("Gold", "symbol", "Au"),
                Triple("Iron", "discovered by", "nobody"),
            ]
        )
        found = example_questions(ws, 3)
        assert found
        assert len(found) <= 2
        for question in found:
            fact = Triple("Iron", "symbol", "Fe") if "symbol" in question else None
            answer = ws.ask(question, sources=["graph"])
            assert answer.entity == (fact.tail if fact else "nobody")


def test_an_empty_graph_has_no_examples(tmp_path):
    with Workspace.init(tmp_path / "ws") as ws:
        assert example_questions(ws, 3) == []
