"""The map of thousands of facts: which facts it has, by the graph itself."""

import pytest

from kg import EntityRecord
from kptm import Workspace

API = "/api/v1"


def facts_of(found):
    """The facts of a map, with keys in place of numbers."""
    nodes, relations = ([one["key"] for one in found[part]] for part in ("nodes", "relations"))
    return [(nodes[head], relations[by], nodes[tail]) for head, by, tail in found["edges"]]


def get_map(client, **parameters):
    response = client.get(f"{API}/map", params=parameters)
    assert response.status_code == 200, response.text
    return response.json()


def test_without_a_key_it_has_all_facts_of_the_graph(client, workspace):
    found = get_map(client)
    every = [tuple(fact) for fact in workspace.graph.match()]
    assert facts_of(found) == every
    assert found["complete"]
    assert {node["key"] for node in found["nodes"]} == {end for fact in every for end in fact[::2]}


def test_around_an_entity_it_has_the_nearest_facts(client, workspace):
    found = get_map(client, key="Chad", limit=3)
    assert facts_of(found) == [
        tuple(fact) for fact in workspace.graph.neighbours("Chad", hops=8, limit=3)
    ]
    assert not found["complete"]
    assert found["nodes"][0]["key"] == "Chad"


def test_nodes_have_labels_and_types(explorer, tmp_path):
    with Workspace.init(tmp_path / "ws") as ws:
        ws.graph.add([EntityRecord(key="a", label="Ann", types=("author", "person"))])
        ws.graph.add([("a", "wrote", "b")])
    with explorer(tmp_path / "ws") as client:
        found = get_map(client, key="a")
    assert found["nodes"] == [
        {"key": "a", "label": "Ann", "type": "author"},
        {"key": "b", "label": "b", "type": ""},
    ]


def test_an_empty_graph_has_an_empty_map(explorer, tmp_path):
    Workspace.init(tmp_path / "ws").close()
    with explorer(tmp_path / "ws") as client:
        found = get_map(client)
    assert found == {"nodes": [], "relations": [], "edges": [], "complete": True}


@pytest.mark.parametrize("limit", [0, -1, 20_001, "x"])
def test_the_number_of_facts_has_bounds(client, limit):
    assert client.get(f"{API}/map", params={"limit": limit}).status_code == 422


def test_an_unknown_entity_is_an_error(client):
    assert client.get(f"{API}/map", params={"key": "nobody at all"}).status_code == 404
