"""Which facts of a large neighbourhood are drawn, and which example questions are offered."""

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
    """A graph of a hub, in which the many facts with the hub as tail were added first."""
    graph = new_graph()
    graph.add([*CITES, *OWN, *FAR])
    return graph


def test_facts_with_the_entity_as_head_come_first_and_relations_alternate(hub):
    found, complete = facts_around(hub, "hub", hops=1, limit=40)
    assert not complete
    assert found[:2] == OWN[:2]
    assert set(found[: len(OWN)]) == set(OWN)
    assert set(found[len(OWN) :]) <= set(CITES)
    assert len(found) == len(set(found)) == 40


def test_two_hops_around_a_hub_share_the_limit(hub):
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


def test_without_a_second_hop_the_first_hop_fills_the_limit(new_graph):
    graph = new_graph()
    graph.add(CITES)
    found, complete = facts_around(graph, "hub", hops=2, limit=40)
    assert not complete
    assert len(found) == 40
    assert set(found) <= set(CITES)


@pytest.mark.parametrize("hops", [1, 2])
def test_a_small_neighbourhood_is_complete(new_graph, hops):
    graph = new_graph()
    graph.add([*OWN[:3], *FAR[:2]])
    wanted = {*OWN[:3], *(FAR[:2] if hops == 2 else [])}
    assert facts_around(graph, "hub", hops=hops, limit=40) == (
        sorted(wanted, key=[*OWN, *FAR].index),
        True,
    )


def test_neighbours_come_with_facts_as_head_first(hub):
    assert hub.neighbours("hub", limit=5) == OWN[:5]
    assert hub.neighbours("hub", limit=500) == [*OWN, *CITES]


def test_examples_are_questions_that_this_graph_answers(tmp_path):
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


@pytest.mark.parametrize("route", ["neighbourhood", "map"])
def test_a_merged_key_stands_for_the_kept_entity(explorer, tmp_path, route):
    """A page that was opened before the merge still asks for the key that is gone."""
    with Workspace.init(tmp_path / "ws") as ws:
        ws.graph.add([("kept", "knows", "c"), ("gone", "knows", "d")])
        ws.graph.merges.merge("kept", ["gone"])
    with explorer(tmp_path / "ws") as client:
        old, new = (client.get(f"/api/v1/{route}", params={"key": key}) for key in ("gone", "kept"))
    assert (old.status_code, new.status_code) == (200, 200)
    assert old.json() == new.json()
    assert {node["key"] for node in old.json()["nodes"]} == {"kept", "c", "d"}
