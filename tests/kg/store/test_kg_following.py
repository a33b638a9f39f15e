"""Following paths of relations, against plain sets of triples."""

import random
from collections import Counter

import pytest

from kg import Step, Triple


@pytest.fixture
def rows():
    random_ = random.Random(3)
    names = [f"n{number}" for number in range(12)]
    return sorted(
        {
            (random_.choice(names), random_.choice(["r", "s"]), random_.choice(names))
            for _ in range(60)
        }
    )


def ways(rows, start, steps):
    """Every way along the steps that does not come back to the start: (end, facts)."""
    found = [(start, [])]
    for step in steps:
        found = [
            (there, [*facts, Triple(head, relation, tail)])
            for here, facts in found
            for head, relation, tail in rows
            if relation == step.relation
            for near, there in [(head, tail) if step.forward else (tail, head)]
            if near == here and there != start
        ]
    return found


def frozen(way):
    return way[0], tuple(way[1])


@pytest.mark.parametrize("hops", [1, 2, 3])
def test_follow_and_trails_are_what_the_triples_say(graph, rows, hops):
    graph.add(rows)
    random_ = random.Random(hops)
    for _ in range(40):
        start = random_.choice(rows)[0]
        steps = [Step(random_.choice(["r", "s"]), random_.random() < 0.5) for _ in range(hops)]
        wanted = ways(rows, start, steps)
        found = graph.follow(start, steps)
        assert len(found) == len(set(found))
        assert set(found) == {end for end, _ in wanted}
        last = Counter(end for end, _ in {(end, facts[-1]) for end, facts in map(frozen, wanted)})
        assert [last[end] for end in found] == sorted(last.values(), reverse=True)
        for end in found:
            trails = graph.trails(start, steps, end, limit=1_000)
            assert sorted(trails) == sorted(facts for other, facts in wanted if other == end)
            assert graph.trails(start, steps, end) == trails[:1]


def test_follow_sees_a_revision_and_what_was_removed(graph):
    graph.add([("a", "r", "b"), ("b", "s", "c")])
    before = graph.revision()
    graph.remove(head="b", relation="s", tail="c")
    steps = [Step("r"), Step("s")]
    assert graph.follow("a", steps) == []
    assert graph.at(before).follow("a", steps) == ["c"]
    assert graph.at(before).trails("a", steps, "c") == [[("a", "r", "b"), ("b", "s", "c")]]


@pytest.mark.parametrize(
    ("start", "steps"),
    [("nobody", [Step("r")]), ("a", [Step("none")]), ("a", []), ("a'; DROP TABLE triple; --", [Step("r")])],
)  # fmt: skip
def test_what_is_not_there_leads_nowhere(graph, start, steps):
    graph.add([("a", "r", "b")])
    assert graph.follow(start, steps) == []
    assert graph.trails(start, steps, "b") == []
    assert graph.trails("a", [Step("r")], "nobody") == []
    assert graph.follow("a", [Step("r")]) == ["b"]
