"""Shapes in SHACL, against the results that the recommendation defines."""

import json

import pytest
from click.testing import CliRunner

from kg import Attribute, EntityRecord, KnowledgeGraph, Literal, Proposal, Triple
from kptm import Workspace
from kptm.cli.main import main
from kptm.constraints.checking import check
from kptm.constraints.config import ConstraintsConfig
from kptm.constraints.constraint import ConstraintKind
from kptm.errors import ConfigError

SHAPES = """
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix key: <urn:kptm:key:> .

key:City a sh:NodeShape ;
    sh:targetClass key:city ;
    sh:property [ sh:path key:capital%20of ; sh:maxCount 1 ; sh:class key:country ] ;
    sh:property [ sh:path key:population ; sh:datatype xsd:integer ; sh:minCount 1 ] .

key:Country a sh:NodeShape ;
    sh:targetClass key:country ;
    sh:property [ sh:path [ sh:inversePath key:capital%20of ] ; sh:maxCount 1 ] .
"""
PATHLESS = """
@prefix sh: <http://www.w3.org/ns/shacl#> .
<urn:s> a sh:NodeShape ; sh:targetNode <urn:x> ; sh:property [ sh:minCount 1 ] .
"""
CONFIG = ConstraintsConfig(learn=False)
INTEGER = "http://www.w3.org/2001/XMLSchema#integer"


TYPES = {"Lima": "city", "Quito": "city", "Cuzco": "city", "Peru": "country", "Ecuador": "country"}
FACTS = [
    *(EntityRecord(key=key, types=(kind,)) for key, kind in TYPES.items()),
    Triple("Lima", "capital of", "Peru"),
    Triple("Quito", "capital of", "Ecuador"),
    Attribute("Lima", "population", Literal("10000000", INTEGER)),
    Attribute("Quito", "population", Literal("2000000", INTEGER)),
    Attribute("Cuzco", "population", Literal("some")),
]


@pytest.fixture
def shapes(tmp_path):
    pytest.importorskip("pyshacl")
    path = tmp_path / "shapes.ttl"
    path.write_text(SHAPES)
    return path


@pytest.fixture
def graph(tmp_path):
    with KnowledgeGraph.open(tmp_path / "graph.db") as found:
        found.add(FACTS)
        yield found


def proposal(head, relation, tail):
    return Proposal(
        head=head, relation=relation, tail=tail, confidence=0.9, source="s",
        sentence=f"{head} {relation} {tail}", head_span=(0, 1), tail_span=(2, 3),
    )  # fmt: skip


def rows(report):
    return [
        (one.head, one.relation, one.constraint.types[0], one.proposal)
        for one in report.violations
        if one.constraint.kind == ConstraintKind.SHAPE
    ]


def test_facts_that_break_a_shape_are_listed(graph, shapes):
    assert rows(check(graph, CONFIG, shapes=shapes)) == [("Cuzco", "population", "Datatype", 0)]
    assert rows(check(graph, CONFIG)) == []


def test_proposals_that_break_one_are_named(graph, shapes):
    before = graph.fingerprint()
    graph.proposals.add(
        [
            proposal("Cuzco", "capital of", "Peru"),  # Peru would have two
            proposal("Quito", "capital of", "Lima"),  # no country, and the second of Quito
            proposal("Cuzco", "near", "Lima"),
        ]
    )
    ids = {(one.head, one.tail): one.id for one in graph.proposals.find()}
    second, wrong = ids["Cuzco", "Peru"], ids["Quito", "Lima"]
    found = rows(check(graph, CONFIG, shapes=shapes))
    assert set(found) == {
        ("Cuzco", "population", "Datatype", 0),
        ("Peru", "^capital of", "MaxCount", second),
        ("Quito", "capital of", "Class", wrong),
        ("Quito", "capital of", "MaxCount", wrong),
    }
    assert graph.fingerprint() == before


def test_the_verb_lists_them_and_fails(shapes, tmp_path):
    with Workspace.open(tmp_path / "ws") as ws:
        ws.graph.add(FACTS)
    given = ["check", str(ws.folder), "--shapes", str(shapes), "--json"]
    result = CliRunner().invoke(main, given)
    [row] = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (row["head"], row["relation"], row["tail"]) == ("Cuzco", "population", "some")
    assert row["constraint"] == "shape without a name (Datatype)"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "there is no such file"),
        ("not turtle <", "cannot be read as RDF"),
        ("@prefix a: <urn:a:> . a:b a:c a:d .", "holds no shape"),
        (PATHLESS, "pySHACL cannot use these shapes"),
    ],
)
def test_shapes_that_cannot_be_used(graph, tmp_path, content, said):
    pytest.importorskip("pyshacl")
    path = tmp_path / "bad.ttl"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigError, match=said):
        check(graph, CONFIG, shapes=path)
