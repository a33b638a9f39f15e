"""Candidates: p(entity | surface form) by the formula, and always of the graph as it is now."""

import pytest

from kg import Candidate, EntityRecord, KnowledgeGraph


@pytest.fixture
def georgia(graph):
    graph.add(
        [
            EntityRecord(key="country", label="Georgia", aliases=("Sakartvelo",)),
            EntityRecord(key="state", label="Georgia", prior=2.0),
            EntityRecord(key="name", label="Georgia (name)", aliases=("Georgia",), prior=0.0),
            ("country", "r", "x"),
            ("y", "r", "country"),
            ("country", "r", "country"),
        ]
    )
    return graph


def test_priors_follow_the_formula(georgia):
    # Degree 4 (the loop counts twice) or prior, plus one, doubled for the label.
    weights = {"country": 2 * (1 + 4), "state": 2 * (1 + 2), "name": 1 * (1 + 0)}
    assert georgia.candidates()["Georgia"] == tuple(
        Candidate(key, pytest.approx(weight / 17)) for key, weight in weights.items()
    )
    assert georgia.candidates()["Sakartvelo"] == (Candidate("country", 1.0),)


def test_surfaces_are_labels_and_aliases(georgia):
    table = georgia.candidates()
    assert set(table) == {"Georgia", "Sakartvelo", "Georgia (name)", "x", "y"}
    assert len(table) == 5


def test_an_exact_form_wins_and_any_case_is_found(georgia):
    georgia.add([EntityRecord(key="shout", label="GEORGIA")])
    table = georgia.candidates()
    assert [item.entity for item in table.lookup("GEORGIA")] == ["shout"]
    assert table["georgia"] == ()
    found = table.lookup("gEORGIA")
    assert {item.entity for item in found} == {"country", "state", "name", "shout"}
    assert sum(item.prior for item in found) == pytest.approx(1)
    assert [item.prior for item in found] == sorted((item.prior for item in found), reverse=True)
    assert table.lookup("nobody") == table["nobody"] == ()


def test_the_table_is_kept_until_the_graph_changes(georgia, tmp_path):
    first = georgia.candidates()
    assert georgia.candidates() is first
    georgia.add([("new", "r", "x")])
    assert "new" in set(georgia.candidates())
    with KnowledgeGraph.open(tmp_path / "graph0.db") as other:
        other.add([EntityRecord(key="new", label="by another")])
    assert georgia.candidates()["by another"] == (Candidate("new", 1.0),)
