"""An evaluator's cache is bounded, shared by threads, and only valid for one state of the graph."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from kg import Step
from kg.programs import Aggregate, Evaluator, Exists, Follow, Having, Intersection, Named
from kg.programs.memory import RecencyCache
from kg.sql.cursor import Sql


def test_the_least_recently_used_is_dropped():
    memory = RecencyCache(most=3, heaviest=10)
    for key in "abc":
        memory.put(key, key.upper(), 3)
    assert memory.get("a") == "A"
    memory.put("d", "D", 1)
    assert [memory.get(key) for key in "abcd"] == ["A", None, "C", "D"]
    memory.put("e", "E", 7)  # with c and d it is too heavy
    assert [memory.get(key) for key in "acde"] == [None, None, "D", "E"]
    memory.put("e", "F", 1)
    memory.put("g", "G", 11)  # alone too heavy
    assert len(memory) == 0


@pytest.fixture
def statements(monkeypatch):
    """The statements that are run."""
    run = []
    cursor = Sql.cursor

    def noted(self, statement, parameters=()):
        run.append(statement)
        return cursor(self, statement, parameters)

    monkeypatch.setattr(Sql, "cursor", noted)
    return run


def test_programs_that_share_parts_need_one_query_each(graph, statements):
    graph.add(
        [(f"a{n}", "r", f"b{n % 7}") for n in range(50)]
        + [(f"b{n}", f"s{n}", "c") for n in range(7)]
    )
    evaluator = graph.evaluator()
    shared = Follow(Follow(Named(("b0",)), Step("r", forward=False)), Step("r"))
    both = Intersection(Having(Step("r", forward=False)), shared)
    evaluator.evaluate(both)
    del statements[:]
    for number in range(7):
        evaluator.evaluate(Aggregate("count", Follow(both, Step(f"s{number}"))))
    # The revision, the relation's id and the step; the nodes of a count are not named.
    assert len(statements) <= 3 * 7
    del statements[:]
    evaluator.evaluate(both)
    assert len(statements) == 1  # the revision


def test_a_transaction_that_is_taken_back_leaves_nothing(graph):
    graph.add([("a", "r", "b")])
    count = Aggregate("count", Follow(Named(("a",)), Step("r")))

    def failing():
        with graph.transaction():
            graph.add([("a", "r", "c")])
            assert graph.evaluate(count).number.value == "2"
            _ = 1 / 0

    with pytest.raises(ZeroDivisionError):
        failing()
    assert graph.evaluate(count).number.value == "1"
    graph.add([("a", "r", "d"), ("a", "r", "e")])  # the same revision number
    assert graph.evaluate(count).number.value == "3"


def test_a_purge_is_seen(graph):
    graph.add([("a", "r", "b"), ("a", "r", "c")])
    assert graph.evaluate(Exists(Named(("b",)))).truth is True
    view = graph.at(1)
    assert view.evaluate(Follow(Named(("a",)), Step("r"))).size == 2
    graph.purge(entity="b")
    assert graph.evaluate(Exists(Named(("b",)))).truth is False
    assert view.evaluate(Follow(Named(("a",)), Step("r"))).nodes == ("c",)


def test_threads_share_an_evaluator(graph):
    graph.add([(f"a{n}", "r", f"a{(n * 7 + 1) % 60}") for n in range(60)])
    evaluator = Evaluator(graph.database, most=20, small=1)
    programs = [
        Follow(Follow(Named((f"a{n}",)), Step("r")), Step("r", forward=False)) for n in range(60)
    ]
    programs += [Follow(Named((f"a{n}",)), Step("r")) for n in range(60)]
    wanted = [Evaluator(graph.database).evaluate(program).nodes for program in programs]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda program: evaluator.evaluate(program).nodes, programs * 3))
    assert found == wanted * 3


def test_a_block_checks_once_for_a_new_revision(graph):
    graph.add([("Peru", "borders", "Chile")])
    borders = Follow(Named(("Peru",)), Step("borders"))
    evaluator = graph.evaluator()
    with evaluator.assume_unchanged():
        assert evaluator.evaluate(borders).nodes == ("Chile",)
        graph.add([("Peru", "borders", "Ecuador")])
        assert evaluator.evaluate(borders).nodes == ("Chile",)
    assert set(evaluator.evaluate(borders).nodes) == {"Chile", "Ecuador"}
    with graph.transaction(), evaluator.assume_unchanged():
        graph.add([("Peru", "borders", "Brazil")])
        assert "Brazil" in evaluator.evaluate(borders).nodes


def test_nodes_are_looked_up_once_until_the_graph_changes(graph, statements):
    graph.add([("A", "r", "B"), ("B", "r", "C")], source="s")
    evaluator = Evaluator(graph.database)
    assert evaluator.evaluate(Named(("A", "X"))).nodes == ("A",)
    first = len(statements)
    evaluator.evaluate(Named(("X", "A")))
    evaluator.steps(["A", "X"])
    looked_up = [text for text in statements[first:] if "FROM entity WHERE key" in text]
    assert not looked_up  # neither the known node nor the missing one
    graph.add([("X", "r", "A")], source="s")
    assert evaluator.evaluate(Named(("X", "A"))).nodes == ("X", "A")
