"""Changes since a revision, compared with all entities' histories; link counts with a Counter."""

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg import EntityRecord, InvalidNameError
from kg.types import LinkCount

NAMES = ["a", "b", "c"]


def steps(graph):
    graph.add([("a", "r", "b"), EntityRecord(key="c", label="See")])
    graph.add([("b", "r", "c")], source="other")
    graph.add([("a", "r", "b")], source="other")  # nothing but another source
    graph.edit("a", "r", "c")
    graph.undo()
    graph.remove(head="b")
    graph.add([("b", "r", "c")])  # alive again
    graph.forget(entity="c")
    graph.undo()
    graph.count_links([LinkCount("a", "Ay", 1, 2)], source="texts")


def test_changes_equal_those_of_the_histories(graph):
    steps(graph)
    histories = {key: graph.history(key) for key in NAMES}
    for since in range(graph.revision() + 1):
        expected = {
            key for key, changes in histories.items() if any(c.revision > since for c in changes)
        }
        assert graph.changed_entities(since) == expected, since


def test_too_many_changes_or_a_purge_give_none(graph):
    steps(graph)
    assert graph.changed_entities(0, most=2) is None
    before = graph.revision()
    graph.purge(source="other")
    assert graph.changed_entities(before) is None
    assert graph.changed_entities(graph.revision()) == set()


def test_keys_are_those_of_entities_that_live(graph):
    assert list(graph.keys()) == []
    steps(graph)
    assert sorted(graph.keys()) == NAMES
    graph.forget(entity="c")
    assert sorted(graph.keys()) == ["a", "b"]


counts = st.lists(
    st.tuples(
        st.sampled_from(NAMES),
        st.sampled_from(["x", "X", "é"]),
        st.integers(0, 3),
        st.integers(0, 3),
    ),
    max_size=5,
    unique_by=lambda item: item[:2],
)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(loads=st.lists(st.tuples(st.sampled_from(["s", "t"]), counts), max_size=4))
def test_counts_add_up_by_source(new_graph, loads):
    graph = new_graph()
    graph.add([("a", "r", "b"), ("b", "r", "c")])
    linked, seen, given_ = Counter(), Counter(), set()
    for source, items in loads:
        graph.count_links(
            [LinkCount(key, name, n, n + more) for key, name, n, more in items], source=source
        )
        for key, name, n, more in items:
            linked[key, name] += n
            seen[key, name] += n + more
            given_.add((key, name))
    assert graph.link_counts() == {pair: (linked[pair], seen[pair]) for pair in given_}
    assert graph.link_counts(["a"]) == {
        pair: (linked[pair], seen[pair]) for pair in given_ if pair[0] == "a"
    }


def test_a_counted_label_stays_the_label(graph):
    graph.add([EntityRecord(key="a", label="Ay")])
    graph.count_links([LinkCount("a", "Ay", 1, 1)], source="texts")
    assert (graph.entity("a").label, graph.entity("a").aliases) == ("Ay", ())


def test_a_name_that_cannot_be_kept_is_refused(graph):
    with pytest.raises(InvalidNameError):
        graph.count_links([LinkCount("a", "\ud800", 1, 1)], source="texts")
    assert graph.revision() == 0
