"""Data frames of Polars, out and in."""

import datetime as dt

import pytest

from kg import Triple, TripleFormatError

pl = pytest.importorskip("polars")


def test_triples_are_written_and_read(new_graph):
    first, second = new_graph(), new_graph()
    facts = [("a", "r", "b"), ("c", "r", "line\nbreak"), ("é", "s", '"quoted", text')]
    first.add(facts)
    frame = first.to_polars()
    assert frame.rows() == [tuple(fact) for fact in first.match()]
    assert frame.columns == ["head", "relation", "tail"]
    second.load(frame, types=False)
    assert set(second.match()) == set(first.match())
    assert new_graph().to_polars().shape == (0, 3)
    assert first.to_polars(first.match(head="a")).rows() == [("a", "r", "b")]


def test_values_of_a_frame_are_typed_as_those_of_pandas(new_graph):
    rows = {
        "head": ["a", "b"],
        "relation": ["born", "born"],
        "tail": [dt.date(1990, 5, 3), dt.date(1991, 1, 1)],
    }
    polars, pandas = new_graph(), new_graph()
    polars.load(pl.DataFrame(rows))
    pandas.load([tuple(row) for row in zip(*rows.values(), strict=True)])
    assert set(polars.attributes()) == set(pandas.attributes())
    assert not list(polars.match())


def test_a_table_with_an_entity_in_each_row(new_graph):
    graph = new_graph()
    graph.load(pl.DataFrame({"name": ["a"], "lives in": ["b"], "empty": [None]}), key="name")
    assert list(graph.match()) == [Triple("a", "lives in", "b")]


def test_a_bad_row_is_named_by_its_number(new_graph):
    frame = pl.DataFrame({"head": ["a\nb", "c"], "relation": ["r", ""], "tail": ["b", "d"]})
    with pytest.raises(TripleFormatError) as caught:
        new_graph().load(frame)
    assert caught.value.line == 2
