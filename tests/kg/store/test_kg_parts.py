"""The parts of the store compared with oracles: statements, search, paths, queries, sorting."""

import random
from array import array

import networkx as nx
import numpy as np
import pytest

from kg import EntityRecord, QueryError, Triple, UnknownKeyError
from kg.store.write import external_sort
from kg.types import Attribute, Literal, Qualifier, Statement

# ── sorting ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("size", [0, 1, 7, 500, 5_000])
def test_sorted_runs_give_each_row_once_with_its_first_line(monkeypatch, size):
    monkeypatch.setattr(external_sort, "ROWS_PER_RUN", 300)
    monkeypatch.setattr(external_sort, "ROWS_PER_BLOCK", 128)
    random_ = random.Random(size)
    rows = [(*(random_.randrange(12) for _ in range(4)), line) for line in range(1, size + 1)]
    sorter = external_sort.ExternalSort()
    for start in range(0, size, 50):
        part = rows[start : start + 50]
        sorter.add(tuple(array("i", column) for column in zip(*part, strict=True)))
    wanted = {}
    for *key, line in rows:
        wanted.setdefault(tuple(key), line)
    blocks = list(sorter.blocks())
    sorter.close()
    found = [tuple(row) for block in blocks for row in block.tolist()]
    assert found == [(*key, wanted[key]) for key in sorted(wanted)]
    heads = [set(np.unique(block[:, 0]).tolist()) for block in blocks]
    assert sum(map(len, heads)) == len(set().union(*heads))  # a head is in one block


# ── statements ───────────────────────────────────────────────────────────────────────────────────


def exported(graph, tmp_path):
    from kg.formats import read_triples

    graph.export(tmp_path / "all.jsonl")
    return [record for _, record in read_triples(tmp_path / "all.jsonl")]


def test_a_statement_keeps_confidence_qualifiers_source_and_span(graph, tmp_path):
    said = [
        Statement(
            Triple("a", "r", "b"),
            confidence=0.25,
            qualifiers=(
                Qualifier("since", Literal("1990", "http://www.w3.org/2001/XMLSchema#gYear")),
                Qualifier("in", "c"),
                Qualifier("in", "a"),
            ),
            source="paper",
            span=(3, 9),
        ),
        Statement(Triple("a", "r", "b"), confidence=0.5, source="paper"),
        Statement(Attribute("a", "height", Literal("5", unit="metre")), source="paper"),
    ]
    assert graph.add(said) == 2
    assert set(exported(graph, tmp_path)) == set(said)
    assert graph.add(said) == 0
    assert graph.revision() == 1
    assert list(graph.match()) == [Triple("a", "r", "b")]
    graph.forget(source="paper")
    assert exported(graph, tmp_path) == []
    graph.undo()
    assert set(exported(graph, tmp_path)) == set(said)


def test_values_are_told_apart_by_all_their_parts(graph):
    values = [
        Literal("5"),
        Literal("5", unit="m"),
        Literal("5", "http://www.w3.org/2001/XMLSchema#integer"),
        Literal("5", language="en"),
        Literal("5", language="de"),
        Literal(""),
    ]
    graph.add(Attribute("a", "r", value) for value in values)
    found = [item.value for item in graph.attributes("a", "r")]
    assert len(found) == len(values)
    assert set(found) == set(values)
    assert list(graph.attributes("nobody")) == []
    assert graph.stats()["attributes"] == len(values)
    assert Literal("x", "http://www.w3.org/2001/XMLSchema#string") == Literal("x")
    assert Literal("x", language="EN-us") == Literal("x", language="en-us")


def test_an_entity_exists_while_it_has_statements(graph):
    graph.add([EntityRecord(key="a"), EntityRecord(key="b", label="B")])
    assert set(graph.entities(["a", "b"])) == {"a", "b"}
    graph.forget(entity="a")
    with pytest.raises(UnknownKeyError):
        graph.entity("a")
    assert graph.at(1).entity("a").key == "a"
    graph.undo()
    assert graph.entity("a").key == "a"


def test_labels_have_a_history_and_languages(graph, write):
    graph.add([EntityRecord(key="k", label="first")])
    graph.add([EntityRecord(key="k", label="second")])
    assert graph.entity("k").label == "second"
    assert graph.at(1).entity("k").label == "first"
    assert [(c.revision, c.kind, c.fact.value.value) for c in graph.history("k")] == [
        (1, "added", "first"),
        (2, "removed", "first"),
        (2, "added", "second"),
    ]
    graph.load(
        write(
            "a.ttl",
            '<x:a> <http://www.w3.org/2000/01/rdf-schema#label> "Wien"@de , "Vienna"@en , "Bécs"@hu'
            " .",
        )
    )
    found = graph.entity("x:a")
    assert (found.label, set(found.aliases)) == ("Vienna", {"Wien", "Bécs"})


def test_describe_names_the_sources(graph, write):
    path = write("a.tsv", "a\tr\tb\nc\tr\ta\n")
    graph.load(path)
    graph.add([("a", "r", "b")])
    found = graph.describe("a")
    assert found.entity.key == "a"
    assert {(item.fact, item.sources) for item in found.facts} == {
        (Triple("a", "r", "b"), ((str(path), 1), ("user", None))),
        (Triple("c", "r", "a"), ((str(path), 2),)),
    }
    with pytest.raises(UnknownKeyError):
        graph.describe("nobody")


# ── queries and paths ────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def films(graph):
    graph.add(
        [
            ("Alien", "directed by", "Scott"),
            ("Gladiator", "directed by", "Scott"),
            ("Amélie", "directed by", "Jeunet"),
            ("Scott", "born in", "South Shields"),
            ("Jeunet", "born in", "Roanne"),
            Attribute("Alien", "year", Literal("1979")),
            EntityRecord(key="directed by", label="Director"),
        ]
    )
    return graph


def test_patterns_are_joined_over_their_variables(films):
    patterns = [("?film", "directed by", "?who"), ("?who", "born in", "Roanne")]
    assert list(films.query(patterns)) == [("Amélie", "Jeunet")]
    assert list(films.query(patterns, select=["?who"])) == [("Jeunet",)]
    assert list(films.query([("?film", "year", "?when")])) == [("Alien", "1979")]
    assert set(films.query([("Alien", "?r", "?x")])) == {("directed by", "Scott"), ("year", "1979")}
    assert sorted(films.query([("?f", "DIRECTOR", "Scott")])) == [("Alien",), ("Gladiator",)]
    assert len(list(films.query([("?f", "directed by", "?w")], limit=2))) == 2
    assert list(films.query([("Alien", "directed by", "Scott")])) == [(1,)] or list(
        films.query([("Alien", "directed by", "Scott")], select=[])
    )
    assert list(films.query([("?f", "directed by", "nobody")])) == []


@pytest.mark.parametrize(
    ("patterns", "select"),
    [
        ([], None),
        ([("a", "b")], None),
        (["abc"], None),
        ([("a", "", "?x")], None),
        ([("?x", "?x", "b")], None),
        ([("?x", "r", "b")], ["?y"]),
    ],
)
def test_a_malformed_query_is_refused(films, patterns, select):
    with pytest.raises(QueryError):
        list(films.query(patterns, select=select))


def test_paths_are_the_simple_paths_of_the_graph_shortest_first(graph):
    random_ = random.Random(5)
    rows = {(f"n{random_.randrange(9)}", "r", f"n{random_.randrange(9)}") for _ in range(14)}
    rows = {row for row in rows if row[0] != row[2] and (row[2], "r", row[0]) not in rows} | {
        ("n0", "r", "n1")
    }
    graph.add(sorted(rows))
    walk = nx.Graph([(head, tail) for head, _, tail in rows])
    for target in sorted(walk):
        if target == "n0":
            continue
        found = graph.paths("n0", target, max_hops=4, limit=1_000)
        wanted = {tuple(p) for p in nx.all_simple_paths(walk, "n0", target, cutoff=4)}
        seen = set()
        for path in found:
            at, nodes = "n0", ["n0"]
            for step in path:
                assert at in (step.head, step.tail)
                at = step.tail if at == step.head else step.head
                nodes.append(at)
            seen.add(tuple(nodes))
        assert seen == wanted
        assert len(found) == len(wanted)
        assert [len(path) for path in found] == sorted(len(path) for path in found)
    with pytest.raises(UnknownKeyError):
        graph.paths("n0", "nobody")


def test_neighbours_follow_a_direction_and_relations(films):
    out = films.neighbours("Scott", direction="out")
    assert out == [Triple("Scott", "born in", "South Shields")]
    into = films.neighbours("Scott", direction="in")
    assert {item.head for item in into} == {"Alien", "Gladiator"}
    assert films.neighbours("Scott", relations=["born in"]) == out
    assert films.neighbours("Scott", relations=[]) == []
    with pytest.raises(QueryError, match="direction"):
        films.neighbours("Scott", direction="up")


# ── search ───────────────────────────────────────────────────────────────────────────────────────


def keys(found):
    return [entity.key for entity in found]


def test_search_forgives_a_slip_of_the_pen(graph):
    graph.add(
        [
            EntityRecord(key="Q1", label="Shakespeare"),
            EntityRecord(key="Q2", label="Schopenhauer"),
            EntityRecord(key="Q3", label="Nietzsche", aliases=("Friedrich Nietzsche",)),
        ]
    )
    assert keys(graph.search("Shakespere"))[:1] == ["Q1"]
    assert keys(graph.search("Nietsche"))[:1] == ["Q3"]
    assert keys(graph.search("xyzzy")) == []


def test_search_ranks_by_prior_before_degree(graph):
    graph.add([EntityRecord(key=f"s{n}", label="Springfield", prior=float(n)) for n in range(4)])
    graph.add([("s1", "r", f"x{n}") for n in range(9)])
    assert keys(graph.search("springfield")) == ["s3", "s2", "s1", "s0"]
    assert keys(graph.search("spring", limit=2)) == ["s3", "s2"]


def test_search_sees_a_change_at_once_and_the_past_as_it_was(graph):
    graph.add([EntityRecord(key="k", label="Byzantium")])
    graph.add([EntityRecord(key="k", label="Constantinople")])
    assert keys(graph.search("Constantinople")) == ["k"]
    assert keys(graph.search("Byzantium")) == []
    assert keys(graph.at(1).search("Byzantium")) == ["k"]
    graph.undo()
    assert keys(graph.search("Byzantium")) == ["k"]


def test_a_key_in_a_pattern_is_not_taken_for_a_label_because_another_name_is_unknown(graph):
    graph.add([("a", "p1", "b")])
    graph.remove(head="a")
    graph.add([("a", "P1", "b")])
    assert list(graph.query([("?x", "P1", "?y")])) == [("a", "b")]
    assert list(graph.query([("?x", "p1", "?y")])) == []
    assert list(graph.query([("?x", "p1", "?y"), ("?x", "nobody", "?y")])) == []
    assert list(graph.query([("?x", "p1", "?y"), ("?x", "?r", "?y")])) == []
