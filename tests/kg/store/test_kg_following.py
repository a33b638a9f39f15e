"""Paths of relations, compared with sets of triples."""

import random
from collections import Counter

import pytest

from kg import Step, Triple


@pytest.fixture
def rows():
    random_ = random.Random(3)
    names = [f"n{number}" for number in range(12)]
    found = sorted(
        {
            (random_.choice(names), random_.choice(["r", "s"]), random_.choice(names))
            for _ in range(60)
        }
    )
    return random_.sample(found, len(found))


def ways(rows, start, steps):
    """(end, facts) of every path along the steps; several steps never end at the start."""
    found = [(start, [])]
    for step in steps:
        found = [
            (there, [*facts, Triple(head, relation, tail)])
            for here, facts in found
            for head, relation, tail in rows
            if relation == step.relation
            for near, there in [(head, tail) if step.forward else (tail, head)]
            if near == here and (there != start or len(steps) == 1)
        ]
    return found


def frozen(way):
    return way[0], tuple(way[1])


@pytest.mark.parametrize("hops", [1, 2, 3])
def test_follow_and_trails_agree_with_the_triples(graph, rows, hops, tmp_path):
    (tmp_path / "rows.tsv").write_text("".join("\t".join(row) + "\n" for row in rows))
    graph.load(tmp_path / "rows.tsv")
    random_ = random.Random(hops)
    for _ in range(40):
        start = random_.choice(rows)[0]
        steps = [Step(random_.choice(["r", "s"]), random_.random() < 0.5) for _ in range(hops)]
        wanted = ways(rows, start, steps)
        found = graph.follow(start, steps)
        assert len(found) == len(set(found))
        assert set(found) == {end for end, _ in wanted}
        lasts = {(end, facts[-1]) for end, facts in map(frozen, wanted)}
        often = Counter(end for end, _ in lasts)
        stated = {end: min(rows.index(x) for e, x in lasts if e == end) for end in often}
        assert found == sorted(often, key=lambda end: (-often[end], stated[end]))
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
    [("nobody", [Step("r")]), ("a", [Step("none")]), ("a", []), (("a'; DROP TABLE triple;"
        " --"), [Step("r")])],
)  # fmt: skip
def test_unknown_keys_lead_nowhere(graph, start, steps):
    graph.add([("a", "r", "b")])
    assert graph.follow(start, steps) == []
    assert graph.trails(start, steps, "b") == []
    assert graph.trails("a", [Step("r")], "nobody") == []
    assert graph.follow("a", [Step("r")]) == ["b"]


def test_earlier_statements_come_first(graph, tmp_path):
    (tmp_path / "rows.tsv").write_text("b\tr\ta\na\tr\tz\na\tr\ty\na\tr\ta\n")
    graph.load(tmp_path / "rows.tsv")
    graph.add([("a", "r", "b")])
    first = graph.revision()
    assert graph.follow("a", [Step("r")]) == ["z", "y", "a", "b"]
    # Who says it again, elsewhere in another file, changes nothing.
    (tmp_path / "again.tsv").write_text("a\tr\tb\nx\tr\tx\na\tr\ty\n")
    graph.load(tmp_path / "again.tsv")
    assert graph.follow("a", [Step("r")]) == graph.at(first).follow("a", [Step("r")])
