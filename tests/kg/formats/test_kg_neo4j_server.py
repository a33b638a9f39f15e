"""The import from a server over Bolt, by Neo4j's driver, against a small server of the tests."""

import json
import socket
import sys

import pytest

from kg import Attribute, KnowledgeGraph, Literal, Triple, TripleFormatError
from kg.vocabulary import XSD
from tests.kg.formats.bolt_server import PULL, RUN, serving
from tests.kg.formats.packstream import Structure

MOVIES = [
    {"type": "node", "id": "0", "labels": ["Movie"],
     "properties": {"title": "The Matrix", "released": 1999, "tagline": "Welcome …", "score": 8.7}},
    {"type": "node", "id": "1", "labels": ["Person", "Actor"],
     "properties": {"name": "Keanu Reeves", "born": 1964, "nicknames": ["The One", "Neo"],
                    "living": True, "name@de": "Keanu Reeves", "big": -(2**40)}},
    {"type": "node", "id": "2", "labels": ["Person"], "properties": {"name": "Lana Wachowski"}},
    {"type": "node", "id": "3"},
    {"id": "0", "type": "relationship", "label": "ACTED_IN",
     "properties": {"roles": ["Neo", "Thomas Anderson"], "kptm_confidence": 0.9},
     "start": {"id": "1", "labels": ["Person", "Actor"]}, "end": {"id": "0", "labels": ["Movie"]}},
    {"id": "1", "type": "relationship", "label": "DIRECTED", "start": {"id": "2"},
     "end": {"id": "0"}},
    {"id": "2", "type": "relationship", "label": "LIKES", "properties": {"since": 2003},
     "start": {"id": "2"}, "end": {"id": "1"}},
]  # fmt: skip


@pytest.fixture(autouse=True)
def password(monkeypatch):
    monkeypatch.setenv("NEO4J_PASSWORD", "secret")
    monkeypatch.delenv("NEO4J_USERNAME", raising=False)


@pytest.fixture
def graph(tmp_path):
    with KnowledgeGraph.open(tmp_path / "graph.db") as opened:
        yield opened


def url(server, database="/movies", user="neo4j@"):
    return f"bolt://{user}127.0.0.1:{server.port}{database}"


def lines(folder, graph):
    graph.export(folder / "graph.jsonl")
    return sorted((folder / "graph.jsonl").read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize("version", [(4, 4), (5, 4)])
def test_the_graph_of_a_server_is_that_of_its_export(tmp_path, graph, version):
    (tmp_path / "movies.apoc").write_text("".join(json.dumps(one) + "\n" for one in MOVIES))
    with serving(MOVIES, version=version) as server:
        report = graph.load(url(server), source="file")
        if version >= (5, 0):  # a file has the numbers of nodes, a server their element ids
            keys = [(f'"{number}"', f'"{server.element_id(number)}"') for number in range(4)]
        else:
            keys = []
    assert report.rejected_count == 0
    with KnowledgeGraph.open(tmp_path / "other.db") as other:
        other.load(tmp_path / "movies.apoc", source="file")
        wanted = "\n".join(lines(tmp_path, other))
        for key, element_id in keys:
            wanted = wanted.replace(key, element_id)
        assert lines(tmp_path, graph) == sorted(wanted.splitlines())
        assert len(lines(tmp_path, graph)) >= 7
    assert server.databases == ["movies"]


def test_rows_are_pulled_a_thousand_at_a_time(graph):
    nodes = [{"type": "node", "id": str(one), "labels": ["N"]} for one in range(2_500)]
    with serving(nodes) as server:
        assert graph.load(url(server)).read == 2_500
    assert set(server.pulls) == {1_000}
    assert len(server.pulls) == 4  # three for the nodes, one for the edges
    assert server.seen.count(RUN) == 2


def test_loading_again_ends_what_the_server_no_longer_has(graph):
    with serving(MOVIES) as server:
        graph.load(url(server))
        server.items = MOVIES[:-1]
        report = graph.load(url(server))
        assert (report.added, report.ended) == (0, 1)
        assert graph.load(url(server)).revision is None
    assert [fact.relation for fact in graph.match()] == ["ACTED_IN", "DIRECTED"]
    graph.undo(report.revision)
    assert Triple("4:1b2c:2", "LIKES", "4:1b2c:1") in set(graph.match())


def test_values_keep_their_types(graph):
    berlin = Structure(0x69, (0, 5_000, "Europe/Berlin"))
    properties = {
        "day": Structure(0x44, (10_681,)),  # 1999-03-31 is so many days after 1970-01-01
        "shown": Structure(0x64, (86_400, 0)),
        "sent": berlin,
        "at": Structure(0x54, (3_600_000_000_000, 3_600)),
        "then": Structure(0x49, (0, 0, 3_600)),
        "took": Structure(0x45, (14, 3, 5, 0)),
        "where": Structure(0x58, (4326, 12.5, 56.7)),
        "there": Structure(0x59, (9157, 1.0, 2.0, 3.0)),
        "raw": b"\x00\xff",
        "long": "x" * 70_000,
    }
    node = {"type": "node", "id": "7", "properties": properties}
    with serving([node]) as server:
        report = graph.load(url(server))
    assert report.notes == ("1 time keeps the offset, not the name of the time zone",)
    place = '{"crs": "wgs-84", "latitude": 56.7, "longitude": 12.5, "height": null}'
    assert {(one.relation, one.value) for one in graph.attributes("4:1b2c:7")} == {
        ("day", Literal("1999-03-31", f"{XSD}date")),
        ("shown", Literal("1970-01-02T00:00:00", f"{XSD}dateTime")),
        ("sent", Literal("1970-01-01T01:00:00.000005+01:00", f"{XSD}dateTime")),
        ("then", Literal("1970-01-01T01:00:00+01:00", f"{XSD}dateTime")),
        ("took", Literal("P1Y2M3DT5S", f"{XSD}duration")),
        ("where", Literal(place)),
        ("there", Literal('{"crs": "cartesian-3d", "x": 1.0, "y": 2.0, "z": 3.0}')),
        ("raw", Literal("AP8=", f"{XSD}base64Binary")),
        ("long", Literal("x" * 70_000)),
        ("at", Literal("01:00:00+01:00", f"{XSD}time")),
    }


def test_a_bad_value_is_one_bad_line(tmp_path, graph, monkeypatch):
    monkeypatch.chdir(tmp_path)
    bad = {"type": "node", "id": "8", "properties": {"score": float("nan")}}
    edge = MOVIES[-1] | {"id": "3", "properties": {"kptm_confidence": "high"}}
    with serving([*MOVIES, bad, edge]) as server:
        with pytest.raises(TripleFormatError, match=r"line 5: 'score': nan is not a finite number"):
            graph.load(url(server))
        assert graph.revision() == 0
        report = graph.load(url(server), on_error="skip")
    assert report.rejected_count == 2
    assert report.rejected_file == f"bolt-neo4j-127.0.0.1-{server.port}-movies.rejected.jsonl"
    assert (tmp_path / report.rejected_file).is_file()
    assert len(list(graph.match())) == 3


def test_a_broken_connection_leaves_the_graph_unchanged(graph):
    with serving(MOVIES) as server:
        graph.load(url(server))
        before = graph.fingerprint()
        server.items, server.drop_after = [*MOVIES, *MOVIES[:2]], 5
        with pytest.raises(TripleFormatError, match="no server of Bolt answers"):
            graph.load(url(server))
    assert PULL in server.seen
    assert (graph.fingerprint(), graph.revision()) == (before, 1)


def test_a_server_without_users_asks_for_none(graph, monkeypatch):
    monkeypatch.delenv("NEO4J_PASSWORD")
    with serving(MOVIES, password=None) as server:
        graph.load(url(server, "", user=""))
    assert server.databases == [None]
    assert len(list(graph.match())) == 3


def test_the_user_may_be_in_the_environment(graph, monkeypatch):
    monkeypatch.setenv("NEO4J_USERNAME", "neo4j")
    with serving(MOVIES) as server:
        assert graph.load(url(server, user="")).revision == 1


def refusal(graph, address, **options):
    with pytest.raises(TripleFormatError) as error:
        graph.load(address, **options)
    assert graph.revision() == 0
    text = str(error.value)
    assert "\n" not in text
    assert text.startswith("bolt://")
    return text


def test_a_wrong_password_is_one_line(graph, monkeypatch):
    monkeypatch.setenv("NEO4J_PASSWORD", "guess")
    with serving(MOVIES) as server:
        text = refusal(graph, url(server))
        assert "refuses the user 'neo4j' or its password" in text
        assert "NEO4J_PASSWORD" in text
        assert "guess" not in text
        monkeypatch.delenv("NEO4J_PASSWORD")
        text = refusal(graph, url(server))
        assert "needs a password; put it in the variable NEO4J_PASSWORD" in text
        assert "refuses access without user" in refusal(graph, url(server, user=""))


def test_no_server_is_one_line(graph):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    text = refusal(graph, f"bolt://neo4j@127.0.0.1:{port}/movies")
    assert "no server of Bolt answers" in text
    assert text.endswith("is it running, and is this its port?")


def test_an_unknown_database_is_named(graph):
    with serving(MOVIES) as server:
        assert "has no database 'books'" in refusal(graph, url(server, "/books"))


def test_a_missing_driver_is_named(graph, monkeypatch):
    monkeypatch.setitem(sys.modules, "neo4j", None)
    text = refusal(graph, "bolt://neo4j@127.0.0.1/movies")
    assert text.endswith('pip install "kptm[neo4j]"')


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("bolt:///movies", "expected bolt://user@host:7687/database"),
        ("bolt://neo4j@host:no/movies", "expected bolt://user@host:7687/database"),
        ("bolt://neo4j@host/movies/two", "expected bolt://user@host:7687/database"),
        ("bolt://neo4j:hunter2@host/movies", "a password in a URL is stored with it"),
    ],
)
def test_malformed_addresses_are_refused(graph, address, reason):
    text = refusal(graph, address)
    assert reason in text
    assert "hunter2" not in text


def test_a_server_has_no_columns(graph):
    for options in ({"columns": [0, 1, 2]}, {"format": "apoc"}, {"key": "name"}):
        text = refusal(graph, "bolt://neo4j@host/movies", **options)
        assert "neither a format nor columns" in text


def test_a_statement_of_a_server_has_it_as_source(graph):
    with serving(MOVIES) as server:
        graph.load(url(server))
        assert {one.source for one in graph.history("4:1b2c:2")} == {url(server)}
    born = Attribute("4:1b2c:1", "born", Literal("1964", f"{XSD}integer"))
    assert born in set(graph.attributes())
