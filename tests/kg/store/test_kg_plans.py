"""SQLite has no statistics: statements are written so that it chooses the index."""

import pytest

from kg.sql.cursor import Sql


@pytest.fixture
def kind():
    return "sqlite"


def test_changes_are_found_without_reading_all_statements(graph, monkeypatch):
    graph.add([("a", "r", "b")])
    graph.edit("a", "r", "c", new=True)
    spoken = []
    cursor = Sql.cursor
    monkeypatch.setattr(
        Sql, "cursor", lambda sql, *given: spoken.append(given) or cursor(sql, *given)
    )
    assert graph.changed_entities(1) == {"a", "b", "c"}
    monkeypatch.undo()
    with graph.database.reading() as sql:
        plans = [
            row[-1]
            for text, given in spoken
            for row in sql.all(f"EXPLAIN QUERY PLAN {text}", given)
        ]
    assert len(plans) >= len(spoken) > 3
    assert not [plan for plan in plans if plan.startswith("SCAN triple")]
