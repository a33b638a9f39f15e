"""RDF beyond round trips: files that other programs write, and malformed files."""

import pytest
import rdflib

from kg import TripleFormatError
from kg.formats import read_triples
from kg.formats.rdf.blank_nodes import BlankNodes
from kg.types import Attribute, Literal, Statement, Triple
from kg.vocabulary import IRI, LABEL, TYPE

XSD = "http://www.w3.org/2001/XMLSchema#"

TURTLE = """@prefix : <http://e.org/> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
:Paris a :City ; rdfs:label "Paris"@fr , "Paris" ; :mayor [ :name "Anne" ; :since 2014 ] ;
  :twin :Rome , :Tokyo .
"""
XML = """<?xml version="1.0"?>
<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://e.org/"
 xmlns:s="http://www.w3.org/2000/01/rdf-schema#">
<City r:about="http://e.org/Paris"><s:label xml:lang="fr">Paris</s:label><s:label>Paris</s:label>
<twin r:resource="http://e.org/Rome"/><twin r:resource="http://e.org/Tokyo"/>
<mayor><r:Description><name>Anne</name>
<since r:datatype="http://www.w3.org/2001/XMLSchema#integer">2014</since></r:Description></mayor>
</City></r:RDF>
"""
JSON = """{"@context": {"@vocab": "http://e.org/", "label": "http://www.w3.org/2000/01/rdf-schema#label"},
"@id": "http://e.org/Paris", "@type": "City",
"label": ["Paris", {"@value": "Paris", "@language": "fr"}],
"twin": [{"@id": "http://e.org/Rome"}, {"@id": "http://e.org/Tokyo"}],
"mayor": {"name": "Anne", "since": 2014}}
"""


def facts(path):
    return [record for _, record in read_triples(path)]


@pytest.mark.parametrize(("name", "text"), [("a.ttl", TURTLE), ("a.rdf", XML), ("a.jsonld", JSON)])
def test_three_notations_give_the_same(write, name, text):
    found = facts(write(name, text))
    (mayor,) = [item.tail for item in found if item.relation == "http://e.org/mayor"]
    assert mayor.startswith("_:kptm-")
    e = "http://e.org/"
    assert set(found) == {
        Attribute(f"{e}Paris", TYPE, Literal(f"{e}City", IRI)),
        Attribute(f"{e}Paris", LABEL, Literal("Paris", language="fr")),
        Attribute(f"{e}Paris", LABEL, Literal("Paris")),
        Triple(f"{e}Paris", f"{e}mayor", mayor),
        Attribute(mayor, f"{e}name", Literal("Anne")),
        Attribute(mayor, f"{e}since", Literal("2014", f"{XSD}integer")),
        Triple(f"{e}Paris", f"{e}twin", f"{e}Rome"),
        Triple(f"{e}Paris", f"{e}twin", f"{e}Tokyo"),
    }


def test_names_of_blank_nodes_depend_only_on_their_file(write):
    first, second = write("a.ttl", TURTLE), write("b.ttl", TURTLE)
    assert facts(first) == facts(first)
    blank = [
        {str(item[0]) for item in facts(path) if item[0][:2] == "_:"} for path in (first, second)
    ]
    assert not blank[0] & blank[1]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(("form", "suffix"), [("nt", "nt"), ("turtle", "ttl"), ("xml", "rdf")])
def test_files_of_rdflib_are_read_unchanged(tmp_path, form, suffix):
    graph = rdflib.Graph()
    graph.parse(data=TURTLE, format="turtle")
    path = tmp_path / f"a.{suffix}"
    graph.serialize(path, format=form, encoding="utf-8")
    found = facts(path)
    assert len(set(found)) == len(graph)
    named = {item for item in found if not any(str(part).startswith("_:") for part in item)}
    terms = {
        tuple(map(str, triple))
        for triple in graph
        if not any(isinstance(term, rdflib.BNode) for term in triple)
    }
    assert {(a, r, v.value if isinstance(v, Literal) else v) for a, r, v in named} == terms


def test_a_named_graph_is_the_source(write):
    path = write(
        "a.nq", "<x:a> <x:r> <x:b> <x:g> .\n<x:a> <x:r> <x:c> .\n<x:a> <x:r> <x:d> _:g .\n"
    )
    assert facts(path) == [
        Statement(Triple("x:a", "x:r", "x:b"), source="x:g"),
        Triple("x:a", "x:r", "x:c"),
        Statement(
            Triple("x:a", "x:r", "x:d"), source=f"_:{BlankNodes(str(path), generated=False)('g')}"
        ),
    ]


NOTATIONS = {
    "nt": "<x:a> <x:r> _:b0 . _:b0 <x:r> <x:{}> .".replace(" . ", " .\n") + "\n",
    "nq": "<x:a> <x:r> _:b0 <x:g> . _:b0 <x:r> <x:{}> <x:g> .".replace(" . ", " .\n") + "\n",
    "ttl": "<x:a> <x:r> _:b0 . _:b0 <x:r> <x:{}> .",
    "jsonld": '{{"@id": "x:a", "x:r": {{"@id": "_:b0", "x:r": {{"@id": "x:{}"}}}}}}',
    "rdf": '<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:x="x:">'
    '<r:Description r:about="x:a"><x:r r:nodeID="b0"/></r:Description>'
    '<r:Description r:nodeID="b0"><x:r r:resource="x:{}"/></r:Description></r:RDF>',
}


@pytest.mark.parametrize("suffix", NOTATIONS)
def test_a_blank_nodes_label_means_a_node_of_its_own_file(write, graph, suffix, tmp_path):
    """Two files give two nodes; the same file again, or its export, gives the same nodes."""
    paths = [write(f"{end}.{suffix}", NOTATIONS[suffix].format(end)) for end in "cd"]
    for path in paths:
        graph.load(path)
    nodes = {item.tail for item in graph.match("x:a", "x:r")}
    assert len(nodes) == 2
    ends = {frozenset(item.tail for item in graph.match(node)) for node in nodes}
    assert ends == {frozenset({"x:c"}), frozenset({"x:d"})}
    assert graph.load(paths[0]).revision is None
    out = tmp_path / f"out.{suffix}"
    graph.export(out)
    assert graph.load(out).added == 0


def test_two_files_of_one_source_have_nodes_of_their_own(write, graph, monkeypatch):
    first, second = (write(name, NOTATIONS["ttl"].format("c")) for name in ("a.ttl", "b.ttl"))
    graph.load(first, source="s")
    assert graph.load(second, source="s").added == 2
    monkeypatch.chdir(first.parent)
    assert graph.load("a.ttl", source="s").added == 0


def test_a_key_that_looks_like_a_blank_node_comes_back_as_it_was(graph, new_graph, tmp_path):
    graph.add([("_:b0", "r", "_:kptm-1")])
    graph.export(tmp_path / "a.nt")
    other = new_graph()
    other.load(tmp_path / "a.nt")
    assert list(other.match()) == [Triple("_:b0", "r", "_:kptm-1")]


def test_turtle_is_read_on_after_an_error(write):
    path = write("a.ttl", "<x:a> <x:r> <x:b> .\n<x:a> <x:r <x:c> .\n<x:a> <x:r> <x:d> .\n")
    (_, first), (number, error), (_, last) = read_triples(path)
    assert (first, last) == (Triple("x:a", "x:r", "x:b"), Triple("x:a", "x:r", "x:d"))
    assert (number, error.line, error.path) == (2, 2, str(path))
    assert "not Turtle" in str(error)


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("a.rdf", "<x><y></x>", "not RDF/XML"),
        ("a.rdf", '<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#">', "not RDF/XML"),
        ("a.jsonld", '{"@id": ', "not JSON-LD"),
        ("a.jsonld", '{"@context": "https://example.org/context", "@id": "x:a"}', "not JSON-LD"),
    ],
)
def test_broken_xml_and_json_are_errors_of_the_whole_file(write, name, text, reason):
    with pytest.raises(TripleFormatError, match=reason) as caught:
        facts(write(name, text))
    assert caught.value.path.endswith(name)


def test_a_large_file_is_numbered_line_by_line(write):
    lines = [f"<x:{n}> <x:r> <x:b> .\n" if n % 3 else f"# {n}\n" for n in range(1, 5_000)]
    lines[4_000] = "<x:broken> .\n"
    found = list(read_triples(write("a.nt", "".join(lines))))
    numbers = [n for n in range(1, 5_000) if n % 3 or n == 4_001]
    assert [number for number, _ in found] == numbers
    assert [n for n, item in found if isinstance(item, TripleFormatError)] == [4_001]
    assert all(item.head == f"x:{n}" for n, item in found if isinstance(item, Triple))
