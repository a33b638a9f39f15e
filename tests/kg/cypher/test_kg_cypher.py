"""Cypher: supported queries equal patterns written by hand; errors name everything else."""

import pytest

from kg import Attribute, EntityRecord, KnowledgeGraph, Literal, QueryError, Triple
from kg.cypher import cypher
from kg.vocabulary import LABEL, XSD


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    with KnowledgeGraph.open(tmp_path_factory.mktemp("cypher") / "graph.db") as opened:
        people = {"k": ("Keanu Reeves", 1964), "c": ("Carrie-Anne Moss", 1967),
                  "l": ("Lana Wachowski", 1965), "h": ("Hugo Weaving", 1960)}  # fmt: skip
        movies = {"m": ("The Matrix", 1999), "s": ("Speed", 1994), "v": ("V for Vendetta", 2005)}
        for kind, items, relation in (("Person", people, "born"), ("Movie", movies, "released")):
            for key, (name, year) in items.items():
                opened.add(
                    [
                        EntityRecord(key=key, label=name, types=(kind,)),
                        Attribute(key, relation, Literal(str(year), f"{XSD}integer")),
                    ]
                )
        opened.add(
            [
                ("k", "ACTED_IN", "m"), ("k", "ACTED_IN", "s"), ("c", "ACTED_IN", "m"),
                ("h", "ACTED_IN", "m"), ("h", "ACTED_IN", "v"), ("l", "DIRECTED", "m"),
                ("l", "KNOWS", "k"), Attribute("k", "city", Literal("Beirut")),
            ]
        )  # fmt: skip
        yield opened


def rows(graph, text):
    return sorted(cypher(graph, text).rows)


@pytest.mark.parametrize(
    ("text", "patterns", "options"),
    [
        ("MATCH (p)-[:ACTED_IN]->(m) RETURN p, m", [("?p", "ACTED_IN", "?m")], {}),
        ("match (m)<-[:ACTED_IN]-(p) return p, m", [("?p", "ACTED_IN", "?m")], {}),
        ("MATCH (p)-[:ACTED_IN]->(m) RETURN DISTINCT p", [("?p", "ACTED_IN", "?m")],
         {"select": ["?p"]}),
        ('MATCH (p)-[:ACTED_IN]->(m) WHERE id(m) = "s" RETURN p', [("?p", "ACTED_IN", "s")], {}),
        ("MATCH (d)-[:DIRECTED]->(m)<-[:ACTED_IN]-(p) RETURN d, m, p",
         [("?d", "DIRECTED", "?m"), ("?p", "ACTED_IN", "?m")], {}),
        ("MATCH (d)-[:DIRECTED]->(m), (d)-[:KNOWS]->(p) RETURN d, m, p",
         [("?d", "DIRECTED", "?m"), ("?d", "KNOWS", "?p")], {}),
        ("MATCH (p)-[:ACTED_IN]->(m) WHERE p.born < 1965 AND m.released >= 1999 RETURN p, m",
         [("?p", "ACTED_IN", "?m"), ("?p", "born", "?b"), ("?m", "released", "?y")],
         {"select": ["?p", "?m"], "where": [("?b", "<", 1965), ("?y", ">=", 1999)]}),
        ("MATCH (p) WHERE p.born <> 1964 RETURN p, p.born", [("?p", "born", "?b")],
         {"where": [("?b", "!=", 1964)]}),
        ('MATCH (p {city: "Beirut"}) RETURN p', [("?p", "city", "Beirut")], {}),
        ("MATCH (p {born: 1967}) RETURN p", [("?p", "born", "?b")],
         {"select": ["?p"], "where": [("?b", "=", 1967)]}),
        ("MATCH (p)-[:ACTED_IN]->() RETURN p.name", [("?p", "ACTED_IN", "?m"), ("?p", LABEL, "?n")],
         {"select": ["?n"]}),
        ('MATCH (a)-->(b) WHERE id(a) = "l" RETURN b', [("l", "?r", "?b")], {"select": ["?b"]}),
    ],
)  # fmt: skip
def test_supported_queries_equal_patterns_by_hand(graph, text, patterns, options):
    found = rows(graph, text)
    assert found == sorted(graph.query(patterns, **options))
    assert found


def test_labels_are_types_and_names_are_labels(graph):
    assert rows(graph, "MATCH (m:Movie) RETURN m") == [("m",), ("s",), ("v",)]
    assert rows(
        graph, 'MATCH (p:Person {name: "Keanu Reeves"})-[:ACTED_IN]->(m) RETURN m.name'
    ) == [
        ("Speed",),
        ("The Matrix",),
    ]
    assert rows(graph, "MATCH (p:Movie) WHERE p.name = 'Keanu Reeves' RETURN p") == []


def test_the_edges_of_a_row_are_different_facts(graph):
    found = rows(graph, "MATCH (a)-[:ACTED_IN]->(m)<-[:ACTED_IN]-(b) RETURN a, b")
    cast = {"m": "kch", "s": "k", "v": "h"}
    pairs = {(a, b) for names in cast.values() for a in names for b in names}
    assert found == sorted((a, b) for a, b in pairs if a != b)


def test_order_limit_and_column_names(graph):
    found = cypher(
        graph,
        "MATCH (p:Person)\nRETURN p.name AS who, p.born AS year ORDER BY year DESC, who LIMIT 2; ",
    )
    assert found.columns == ("who", "year")
    assert found.rows == [("Carrie-Anne Moss", "1967"), ("Lana Wachowski", "1965")]
    assert cypher(graph, "MATCH (p:Person) RETURN p LIMIT 0").rows == []


def test_at_a_revision(graph):
    revision = graph.revision()
    graph.add([Triple("c", "ACTED_IN", "v")])
    text = 'MATCH (p)-[:ACTED_IN]->(m) WHERE id(m) = "v" RETURN p'
    assert rows(graph, text) == [("c",), ("h",)]
    assert rows(graph.at(revision), text) == [("h",)]
    graph.undo()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("CREATE (n) RETURN n", "line 1, column 1: 'CREATE' is not supported"),
        ("OPTIONAL MATCH (n) RETURN n", "column 1: 'OPTIONAL'"),
        ("MATCH (a)-[:R*1..3]->(b) RETURN a", "column 14: '*' is not supported here"),
        ("MATCH (a)-[r:R]->(b) RETURN a", "column 12: 'r' is not supported"),
        ("MATCH (a)-[:R]-(b) RETURN a", 'column 15: .*"->" is expected'),
        ("MATCH (a)-[:R|S]->(b) RETURN a", "column 14: '|'"),
        ("MATCH (a)-[:R]->(b)\nRETURN count(a)", "line 2, column 8: no node is called 'count'"),
        ("MATCH (a)-[:R]->(b) WHERE a.x > 1 OR a.y = 2 RETURN a", "column 35: 'OR'"),
        ("MATCH (a)-[:R]->(b) WHERE NOT a.x = 1 RETURN a", "column 27: no node is called 'NOT'"),
        ("MATCH (a)-[:R]->(b) WHERE a.x STARTS WITH 'b' RETURN a", "column 31: 'STARTS'"),
        ("MATCH (a)-[:R]->(b) WHERE a = b RETURN a", "column 29: '='"),
        ("MATCH (a)-[:R]->(b) RETURN *", r"column 28: '\*'"),
        ("MATCH (a)-[:R]->(b) RETURN a SKIP 3", "column 30: 'SKIP'"),
        ("MATCH (a)-[:R]->(b) RETURN a ORDER BY b", "column 39: 'b' is no column"),
        ("MATCH (a)-[:R]->(b) DELETE a", "column 21: 'DELETE' .* RETURN is expected"),
        ("MATCH (a)-[:R]->(b) WITH a RETURN a", "column 21: 'WITH'"),
        ("MATCH (a)-[:R]->(b)", "column 20: it ends where RETURN"),
        ("MATCH (a)-[:R]->(b) RETURN a UNION MATCH (c) RETURN c", "column 30: 'UNION'"),
        ("MATCH (a) RETURN a", "names all nodes"),
        ("MATCH (a {x: $p}) RETURN a", r"column 14: '\$p"),
        ("", "it ends where RETURN"),
    ],
)
def test_everything_else_is_refused_with_its_position(graph, text, message):
    with pytest.raises(QueryError, match=message.replace("'*'", r"'\*'").replace("'|'", r"'\|'")):
        cypher(graph, text)
