"""Other graphs in and out: Neo4j's CSV and JSON, GraphML, GEXF, KGTK, RDF 1.2.

Each format is read, written and read again; both readings must give the same statements.
"""

import io
import json
import zipfile

import networkx as nx
import pytest

from kg import (
    Attribute,
    EntityRecord,
    KnowledgeGraph,
    Literal,
    Qualifier,
    Statement,
    Triple,
    TripleFormatError,
)
from kg.vocabulary import LABEL, TYPE, XSD

PEOPLE = """personId:ID(Person),name,born:int,:LABEL
carrie,Carrie-Anne Moss,1967,Person
keanu,Keanu Reeves,1964,Person;Actor
lana,"Wachowski, Lana",1965,Person
"""
MOVIES = """movieId:ID(Movie),title,released:long,:LABEL,seen:boolean,draft:IGNORE
matrix,The Matrix,1999,Movie,true,x
speed,Speed,1994,Movie,,
"""
ROLES = """:START_ID(Person),roles:string[],:END_ID(Movie),:TYPE
keanu,Neo;Thomas Anderson,matrix,ACTED_IN
keanu,Jack Traven,speed,ACTED_IN
carrie,Trinity,matrix,ACTED_IN
lana,,matrix,DIRECTED
"""
APOC = [
    {"type": "node", "id": "0", "labels": ["Movie"],
     "properties": {"title": "The Matrix", "released": 1999, "seen": True, "score": 8.7}},
    {"type": "node", "id": "1", "labels": ["Actor", "Person"],
     "properties": {"name": "Keanu Reeves", "born": 1964, "nicknames": ["The One", "Neo"]}},
    {"type": "node", "id": "2"},
    {"id": "0", "type": "relationship", "label": "ACTED_IN",
     "properties": {"roles": ["Neo", "Thomas Anderson"]},
     "start": {"id": "1", "labels": ["Actor", "Person"]}, "end": {"id": "0", "labels": ["Movie"]}},
    {"id": "1", "type": "relationship", "label": "LIKES",
     "start": {"id": "2"}, "end": {"id": "1", "labels": ["Actor", "Person"]}},
]  # fmt: skip
YED = """<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:y="http://www.yworks.com/xml/graphml">
  <!--Created by yEd 3.23.2-->
  <key attr.name="url" attr.type="string" for="node" id="d4"/>
  <key for="node" id="d6" yfiles.type="nodegraphics"/>
  <key for="edge" id="d10" yfiles.type="edgegraphics"/>
  <graph edgedefault="directed" id="G">
    <node id="n0">
      <data key="d4"><![CDATA[http://example.org/matrix]]></data>
      <data key="d6"><y:ShapeNode><y:Geometry height="30.0" width="80.0" x="10.0" y="20.0"/>
        <y:NodeLabel>The Matrix</y:NodeLabel><y:Shape type="rectangle"/></y:ShapeNode></data>
    </node>
    <node id="n1">
      <data key="d6"><y:ShapeNode><y:Geometry height="30.0" width="80.0" x="90.0" y="20.0"/>
        <y:NodeLabel>Keanu Reeves</y:NodeLabel><y:Shape type="ellipse"/></y:ShapeNode></data>
    </node>
    <edge id="e0" source="n1" target="n0">
      <data key="d10"><y:PolyLineEdge><y:EdgeLabel>acted in</y:EdgeLabel></y:PolyLineEdge></data>
    </edge>
    <edge id="e1" source="n0" target="n1"/>
  </graph>
</graphml>
"""
KGTK = """id\tnode1\tlabel\tnode2
E1\tQ1\tlabel\t'The Matrix'@en
E2\tQ1\tP577\t^1999-03-31T00:00:00Z/11
E3\tQ1\tP161\tQ2
E4\tE3\tP453\t"Neo|\\"One\\""
E5\tE3\tP1545\t1
E6\tQ1\tP2047\t136Q7727
E7\tQ2\talias\t"Neo"|"The One"
E8\tQ2\tP1082\t2.5
E9\tQ2\tliving\tTrue
E10\tQ2\tP569\t^1964-01-01T00:00:00Z/9
"""
RDF = """@prefix e: <http://example.org/> .
e:keanu e:actedIn e:matrix {| e:role "Neo" ; e:order 1 ; e:as e:theOne |} .
e:keanu e:born "1964" .
<< e:carrie e:actedIn e:matrix ~ e:r >> e:role "Trinity" .
"""


def lines(folder, graph, name="graph"):
    """All statements of a graph, as JSON Lines has them."""
    graph.export(folder / f"{name}.jsonl")
    return sorted((folder / f"{name}.jsonl").read_text(encoding="utf-8").splitlines())


@pytest.fixture
def opened(tmp_path):
    """A function that opens a new graph and loads files."""
    graphs = []

    def load(*files, **options):
        graphs.append(KnowledgeGraph.open(tmp_path / f"graph{len(graphs)}.db"))
        for file in files:
            graphs[-1].load(file, source="file", **options)
        return graphs[-1]

    yield load
    for graph in graphs:
        graph.close()


def test_neo4j_admin_files_are_read(tmp_path, opened):
    for name, text in (("people", PEOPLE), ("movies", MOVIES), ("roles", ROLES)):
        (tmp_path / f"{name}.csv").write_text(text)
    files = [tmp_path / f"{name}.csv" for name in ("people", "movies", "roles")]
    graph = opened(*files, format="neo4j")
    assert graph.entity("Person/keanu") == graph.entity("Person/keanu").__class__(
        key="Person/keanu", label="Keanu Reeves", types=("Actor", "Person")
    )
    assert graph.entity("Movie/matrix").label == "The Matrix"
    assert graph.entity("Person/lana").label == "Wachowski, Lana"
    assert set(graph.match(relation="ACTED_IN")) == {
        Triple("Person/keanu", "ACTED_IN", "Movie/matrix"),
        Triple("Person/keanu", "ACTED_IN", "Movie/speed"),
        Triple("Person/carrie", "ACTED_IN", "Movie/matrix"),
    }
    attributes = set(graph.attributes())
    assert Attribute("Person/keanu", "born", Literal("1964", f"{XSD}integer")) in attributes
    assert Attribute("Movie/matrix", "seen", Literal("true", f"{XSD}boolean")) in attributes
    assert not [one for one in attributes if one.relation == "draft"]
    assert any('"Thomas Anderson"' in line for line in lines(tmp_path, graph))


def test_neo4j_goes_out_and_comes_back_equal(tmp_path, opened):
    for name, text in (("people", PEOPLE), ("movies", MOVIES), ("roles", ROLES)):
        (tmp_path / f"{name}.csv").write_text(text)
    files = [tmp_path / f"{name}.csv" for name in ("people", "movies", "roles")]
    graph = opened(*files, format="neo4j")
    report = graph.export(tmp_path / "all.neo4j")
    assert report.left_out == 0
    assert lines(tmp_path, opened(tmp_path / "all.neo4j")) == lines(tmp_path, graph)
    with zipfile.ZipFile(tmp_path / "all.neo4j") as archive:
        assert sorted(archive.namelist()) == ["nodes.csv", "relationships.csv"]
        header = archive.read("nodes.csv").decode().splitlines()[0].split(",")
        assert header[:2] == [":ID", ":LABEL"]
        assert {"born:long", "name:string", "seen:boolean"} <= set(header)
        header = archive.read("relationships.csv").decode().splitlines()[0].split(",")
        assert header == [":START_ID", ":TYPE", ":END_ID", "roles:string[]"]
        for name in archive.namelist():  # the two files on their own are the same
            (tmp_path / name).write_bytes(archive.read(name))
    alone = opened(tmp_path / "nodes.csv", tmp_path / "relationships.csv", format="neo4j")
    assert lines(tmp_path, alone) == lines(tmp_path, graph)


def test_apoc_is_read_and_written_unchanged(tmp_path, opened):
    file = tmp_path / "all.apoc"
    file.write_text("".join(json.dumps(item) + "\n" for item in APOC))
    graph = opened(file)
    assert graph.entity("1").label == "Keanu Reeves"
    assert graph.entity("0").label == "The Matrix"
    assert Attribute("0", "score", Literal("8.7", f"{XSD}double")) in set(graph.attributes("0"))
    report = graph.export(tmp_path / "out.apoc")
    assert report.left_out == 0
    written = [json.loads(line) for line in (tmp_path / "out.apoc").read_text().splitlines()]

    def comparable(items):  # a graph does not keep the order of an entity's values
        for item in items:
            for node in (item, item.get("start", {}), item.get("end", {})):
                node.get("labels", []).sort()
            if isinstance(names := item.get("properties", {}).get("nicknames"), list):
                names.sort()
        return sorted(
            json.dumps({"labels": [], "properties": {}} | item, sort_keys=True)
            for item in (
                item | {side: {"labels": []} | item[side] for side in ("start", "end")}
                if item["type"] == "relationship"
                else item
                for item in items
            )
        )

    assert comparable(written) == comparable(APOC)
    assert lines(tmp_path, opened(tmp_path / "out.apoc")) == lines(tmp_path, graph)


def test_graphml_of_networkx(tmp_path, opened):
    made = nx.MultiDiGraph()
    made.add_node("m", label="The Matrix", released=1999, score=8.7, seen=True)
    made.add_node("k", label="Keanu Reeves")
    made.add_node("alone")
    made.add_edge("k", "m", label="acted in", role="Neo", order=1)
    made.add_edge("k", "m", label="likes")
    nx.write_graphml(made, tmp_path / "a.graphml")
    graph = opened(tmp_path / "a.graphml")
    assert graph.entity("m").label == "The Matrix"
    assert set(graph.match()) == {Triple("k", "acted in", "m"), Triple("k", "likes", "m")}
    assert graph.export(tmp_path / "b.graphml").left_out == 0
    again = nx.read_graphml(tmp_path / "b.graphml")
    assert dict(again.nodes(data=True)) == dict(made.nodes(data=True))
    edges = [
        sorted(str((head, tail, sorted(data.items()))) for head, tail, data in one.edges(data=True))
        for one in (again, made)
    ]
    assert edges[0] == edges[1]
    assert lines(tmp_path, opened(tmp_path / "b.graphml")) == lines(tmp_path, graph)


def test_graphml_of_yed(tmp_path, opened):
    (tmp_path / "a.graphml").write_text(YED)
    graph = opened()
    report = graph.load(tmp_path / "a.graphml")
    assert report.notes == ('1 edges without a label became "related"',)
    assert [graph.entity(key).label for key in ("n0", "n1")] == ["The Matrix", "Keanu Reeves"]
    assert set(graph.match()) == {Triple("n1", "acted in", "n0"), Triple("n0", "related", "n1")}
    assert list(graph.attributes()) == [
        Attribute("n0", "url", Literal("http://example.org/matrix"))
    ]
    graph.export(tmp_path / "b.graphml")
    assert lines(tmp_path, opened(tmp_path / "b.graphml")) == lines(tmp_path, graph)


def test_gexf_has_labels_that_gephi_shows(tmp_path, opened):
    graph = opened()
    graph.add(
        [
            EntityRecord(key="m", label="The Matrix", types=("film", "science fiction")),
            Attribute("m", "released", Literal("1999", f"{XSD}integer")),
            Triple("k", "acted in", "m"),
            EntityRecord(key="alone"),
        ]
    )
    assert graph.export(tmp_path / "a.gexf").left_out == 0
    text = (tmp_path / "a.gexf").read_text(encoding="utf-8")
    assert '<node id="m" label="The Matrix">' in text
    assert 'source="k" target="m" id="0" label="acted in"' in text
    assert lines(tmp_path, opened(tmp_path / "a.gexf")) == lines(tmp_path, graph)


def test_kgtk_goes_in_and_comes_back_equal(tmp_path, opened):
    (tmp_path / "a.kgtk").write_text(KGTK)
    graph = opened(tmp_path / "a.kgtk")
    assert graph.entity("Q1").label == "The Matrix"
    assert graph.entity("Q2").aliases == ("Neo", "The One")
    attributes = set(graph.attributes())
    assert attributes >= {
        Attribute("Q1", "P577", Literal("1999-03-31", f"{XSD}date")),
        Attribute("Q1", "P2047", Literal("136", f"{XSD}integer", "", "Q7727")),
        Attribute("Q2", "P1082", Literal("2.5", f"{XSD}decimal")),
        Attribute("Q2", "living", Literal("true", f"{XSD}boolean")),
        Attribute("Q2", "P569", Literal("1964", f"{XSD}gYear")),
    }
    cast = next(
        line for line in map(json.loads, lines(tmp_path, graph)) if line["relation"] == "P161"
    )
    assert cast["qualifiers"] == [
        {"relation": "P453", "value": 'Neo|"One"'},
        {"relation": "P1545", "value": "1", "datatype": f"{XSD}integer"},
    ]
    assert graph.export(tmp_path / "b.kgtk").left_out == 0
    assert lines(tmp_path, opened(tmp_path / "b.kgtk")) == lines(tmp_path, graph)
    assert (tmp_path / "b.kgtk").read_text().splitlines()[0] == "id\tnode1\tlabel\tnode2"


def test_rdf_12_triple_terms_are_qualifiers(tmp_path, opened):
    (tmp_path / "a.ttl").write_text(RDF)
    graph = opened(tmp_path / "a.ttl")
    e = "http://example.org/"
    found = [json.loads(line) for line in lines(tmp_path, graph)]
    keanu = next(line for line in found if line["head"] == f"{e}keanu" and "tail" in line)
    assert {(one["relation"], one.get("value") or one["tail"]) for one in keanu["qualifiers"]} == {
        (f"{e}role", "Neo"), (f"{e}order", "1"), (f"{e}as", f"{e}theOne"),
    }  # fmt: skip
    carrie = next(line for line in found if line["head"] == f"{e}carrie")
    assert carrie["qualifiers"] == [{"relation": f"{e}role", "value": "Trinity"}]
    assert len(found) == 3
    for suffix in ("ttl12", "nt12"):
        assert graph.export(tmp_path / f"b.{suffix}").left_out == 0
        assert lines(tmp_path, opened(tmp_path / f"b.{suffix}")) == lines(tmp_path, graph)
    assert (
        "{|" in (tmp_path / "b.ttl12").read_text()
        or "reifies" in (tmp_path / "b.ttl12").read_text()
    )


def test_a_reifier_of_two_facts_qualifies_both(tmp_path, opened):
    (tmp_path / "a.ttl").write_text("""@prefix e: <http://example.org/> .
e:keanu e:acted e:matrix ~ e:cast .
e:cast e:year 1999 .
e:carrie e:acted e:matrix ~ e:cast .
e:cast e:role "lead" .
""")
    found = [json.loads(line) for line in lines(tmp_path, opened(tmp_path / "a.ttl"))]
    facts = {item["head"]: item["qualifiers"] for item in found}
    e = "http://example.org/"
    assert len(found) == 2
    assert facts.keys() == {f"{e}keanu", f"{e}carrie"}
    for qualifiers in facts.values():
        assert [(one["relation"], one["value"]) for one in qualifiers] == [
            (f"{e}year", "1999"),
            (f"{e}role", "lead"),
        ]


FULL = [
    EntityRecord(key="k", label="Keanu", types=("Person",), description="actor", prior=2.0,
                 aliases=("K. R.", "Neo")),
    Attribute("k", LABEL, Literal("Киану", "", "ru")),
    Attribute("k", "born", Literal("1964", f"{XSD}integer")),
    Attribute("k", "said", Literal('line\nbreak, "q" | bar \' x \\ y')),
    Attribute("k", "list", Literal("[not a list")),
    Attribute("k", "two", Literal("a")),
    Attribute("k", "two", Literal("b")),
    Statement(Triple("k", "acted in", "m"), 0.5,
              (Qualifier("role", Literal("Neo")), Qualifier("role", Literal("One")))),
    Triple("k", "acted in", "s"),
    EntityRecord(key="m", label="The Matrix"),
    EntityRecord(key="s", label="Speed"),
]  # fmt: skip


@pytest.mark.parametrize("suffix", ["neo4j", "apoc", "graphml", "gexf", "kgtk", "nt12", "ttl12"])
def test_the_content_of_a_graph_survives_a_round_trip(tmp_path, opened, suffix):
    graph = opened()
    graph.add(FULL)
    report = graph.export(tmp_path / f"all.{suffix}")
    assert report.left_out == 0
    assert lines(tmp_path, opened(tmp_path / f"all.{suffix}")) == lines(tmp_path, graph)


@pytest.mark.parametrize(
    ("suffix", "lost"), [("neo4j", 3), ("apoc", 4), ("graphml", 4), ("gexf", 4), ("kgtk", 1)]
)
def test_statements_that_a_format_cannot_hold_are_counted(tmp_path, opened, suffix, lost):
    graph = opened()
    graph.add(
        [
            Attribute("k", "weight", Literal("80", f"{XSD}integer", "", "kg")),
            Attribute("k", "born", Literal("1964", f"{XSD}gYear")),
            Attribute("k", "died", Literal("2100-01-01", f"{XSD}date")),
            Statement(Attribute("k", "height", Literal("1.8", f"{XSD}double")), 0.5),
        ]
    )
    assert graph.export(tmp_path / f"all.{suffix}").left_out == lost


PROPERTIES = (
    "name label title aliases description prior types labels relation id pid parents spells start"
    " end key type weight x y viz shape_type mail@de kptm_source kptm_confidence"
).split()
"""Names that mean something of their own in a format of property graphs."""


PROPERTY_GRAPHS = pytest.mark.parametrize("suffix", ["neo4j", "apoc", "graphml", "gexf"])


@PROPERTY_GRAPHS
def test_a_property_with_the_name_of_a_field_is_read_back_or_counted(tmp_path, opened, suffix):
    graph = opened()
    for name in PROPERTIES:
        fact = Triple(f"a {name}", "knows", f"b {name}")
        graph.add(
            [
                EntityRecord(key=f"a {name}", label="Ann"),
                Attribute(f"a {name}", name, Literal("0.7")),
                Statement(fact, None, (Qualifier(name, Literal("0.7")),)),
                Triple("z", "knows", f"a {name}"),
            ]
        )
    report = graph.export(tmp_path / f"all.{suffix}")
    again = opened(tmp_path / f"all.{suffix}")
    assert set(again.snapshot()[1]) == set(graph.snapshot()[1])
    lost = set(lines(tmp_path, graph)) - set(lines(tmp_path, again))
    assert len(lost) == report.left_out


@pytest.mark.parametrize(
    ("suffix", "first", "second"),
    [
        ("neo4j", "title", "label"),
        ("apoc", "title", "label"),
        ("graphml", "name", "title"),
        ("gexf", "name", "title"),
    ],
)
def test_a_label_is_not_lost_beside_a_property_of_the_same_text(
    tmp_path, opened, suffix, first, second
):
    """A reader takes the first of two properties for the label of a node without any label."""
    graph = opened()
    graph.add([EntityRecord(key="f", label="France")])
    for number, (text, tag, language) in enumerate(
        [("Paris", "", ""), ("Parigi", "it", ""), ("Paris", "", "de"), ("Parigi", "it", "de")]
    ):
        key = f"p{number}"
        graph.add([Attribute(key, LABEL, Literal("Paris")), Triple(key, "in", "f")])
        graph.add([Attribute(key, LABEL, Literal("Paris", "", language))])
        graph.add([Attribute(key, first, Literal(text, "", tag))])
        graph.add([Attribute(key, second, Literal("Paris"))] if number > 1 else [])
    graph.add([Attribute("q", LABEL, Literal("Paris")), Attribute("q", second, Literal("Paris"))])
    graph.add([Attribute("q", first, Literal("Parigi", "", "it"))])
    graph.add([EntityRecord(key="q", label="Paris")])
    assert graph.export(tmp_path / f"all.{suffix}").left_out == 0
    again = opened(tmp_path / f"all.{suffix}")
    assert lines(tmp_path, again) == lines(tmp_path, graph)


@PROPERTY_GRAPHS
def test_the_language_of_a_type_is_counted(tmp_path, opened, suffix):
    graph = opened()
    graph.add([Attribute("p", TYPE, Literal("City", "", "en")), Triple("p", "in", "f")])
    assert graph.export(tmp_path / f"all.{suffix}").left_out == 1


def test_gexf_counts_a_weight_that_is_no_double(tmp_path, opened):
    graph = opened()
    for value, kind in [("7", f"{XSD}integer"), ("7.5", f"{XSD}double"), ("x", "")]:
        weight = Qualifier("weight", Literal(value, kind))
        graph.add([Statement(Triple("a", "knows", value), None, (weight,))])
    assert graph.export(tmp_path / "all.gexf").left_out == 2
    again = opened(tmp_path / "all.gexf")
    assert len(set(lines(tmp_path, graph)) - set(lines(tmp_path, again))) == 2


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.apoc", '{"type": "node", "id": "1"}\n{"type": "edge"}\n', r"a\.apoc, line 2: expected"),
        ("a.apoc", "{\n", r"a\.apoc, line 1: not JSON"),
        ("a.apoc", '{"type": "node", "id": "1", "labels": "x"}\n', r'line 1: "labels"'),
        ("a.neo4j", "name,age\nx,1\n", r"a\.neo4j, line 1: the header has neither"),
        ("a.neo4j", ":ID,name\nx,Ann\ny\n", r"a\.neo4j, line 3: 1 cells"),
        ("a.neo4j", ":START_ID,:END_ID,:TYPE\na,b,\n", r"a\.neo4j, line 2: an edge needs"),
        ("a.neo4j", "PK\x03\x04 no archive", r"a\.neo4j: a damaged archive"),
        ("a.graphml", "<graphml><graph>", r"a\.graphml, line 1: not XML"),
        ("a.graphml", "<html></html>", r"a\.graphml: NetworkX cannot read it"),
        ("a.kgtk", "node1\tnode2\nA\tB\n", r"a\.kgtk, line 1: the header has no column label"),
        ("a.kgtk", 'node1\tlabel\tnode2\nA\tr\t"x\n', r"a\.kgtk, line 2: text without its closing"),
        ("a.kgtk", "node1\tlabel\tnode2\nA\tr\t^then\n", r"a\.kgtk, line 2: a date is written"),
        ("a.kgtk", "node1\tlabel\tnode2\nA\tr\n", r"a\.kgtk, line 2: 2 cells"),
    ],
)
def test_errors_name_file_and_line(tmp_path, opened, name, text, message):
    (tmp_path / name).write_text(text, newline="")
    with pytest.raises(TripleFormatError, match=message):
        opened(tmp_path / name)


def test_bad_lines_can_be_skipped(tmp_path, opened):
    (tmp_path / "a.kgtk").write_text('node1\tlabel\tnode2\nA\tr\tB\nA\tr\t"x\nC\tr\tD\n')
    graph = opened()
    report = graph.load(tmp_path / "a.kgtk", on_error="skip")
    assert (report.added, report.rejected_count) == (2, 1)


@pytest.mark.parametrize("suffix", ["graphml", "gexf"])
def test_xml_refuses_control_characters(tmp_path, opened, suffix):
    graph = opened()
    graph.add([Attribute("k", "said", Literal("\x01"))])
    with pytest.raises(TripleFormatError, match="XML cannot hold"):
        graph.export(tmp_path / f"a.{suffix}")
    assert not (tmp_path / f"a.{suffix}").exists()


def test_kgtk_refuses_keys_that_look_like_values(tmp_path, opened):
    graph = opened()
    graph.add([Triple("42", "r", "B")])
    with pytest.raises(TripleFormatError, match="as a value"):
        graph.export(tmp_path / "a.kgtk")


def test_apocs_graphml_has_types(tmp_path, opened):
    made = nx.DiGraph()
    made.add_node("n0", labels=":Person:Actor", name="Keanu Reeves")
    made.add_node("n1", labels=":Movie", title="The Matrix")
    made.add_edge("n0", "n1", label="ACTED_IN")
    buffer = io.BytesIO()
    nx.write_graphml(made, buffer)
    (tmp_path / "a.graphml").write_bytes(buffer.getvalue())
    graph = opened(tmp_path / "a.graphml")
    assert graph.entity("n0").types == ("Actor", "Person")
    assert [graph.entity(key).label for key in ("n0", "n1")] == ["Keanu Reeves", "The Matrix"]
    assert Attribute("n0", TYPE, Literal("Actor")) not in set(graph.attributes())
