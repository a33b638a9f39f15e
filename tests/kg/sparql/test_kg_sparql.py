"""SPARQL on the store gives the same results as RDFLib in memory on the same triples."""

import sys
from collections import Counter

import pytest
import rdflib
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg import KGError, QueryError
from kg.types import Attribute, EntityRecord, Literal, Triple
from kg.vocabulary import IRI, LABEL, TYPE

E = "http://e.org/"
X = "http://www.w3.org/2001/XMLSchema#"
FACTS = [
    Triple(f"{E}Alien", f"{E}director", f"{E}Scott"),
    Triple(f"{E}Gladiator", f"{E}director", f"{E}Scott"),
    Triple(f"{E}Amelie", f"{E}director", f"{E}Jeunet"),
    Triple(f"{E}Resurrection", f"{E}director", f"{E}Jeunet"),
    Triple(f"{E}Resurrection", f"{E}sequel of", "Alien 3"),
    Triple("Alien 3", f"{E}sequel of", f"{E}Alien"),
    Triple(f"{E}Alien", "starring", "Q244"),
    Triple("Q244", "born in", "Q60"),
    Triple(f"{E}Scott", f"{E}knows", "_:somebody"),
    Triple("_:somebody", f"{E}knows", f"{E}Jeunet"),
    Attribute(f"{E}Alien", f"{E}year", Literal("1979", f"{X}integer")),
    Attribute(f"{E}Gladiator", f"{E}year", Literal("2000", f"{X}integer")),
    Attribute(f"{E}Amelie", f"{E}year", Literal("2001", f"{X}integer")),
    Attribute(f"{E}Amelie", f"{E}score", Literal("8.30", f"{X}decimal")),
    Attribute(f"{E}Scott", f"{E}born", Literal("1937-11-30", f"{X}date")),
    Attribute(f"{E}Amelie", LABEL, Literal("Le Fabuleux Destin", language="fr")),
    Attribute(f"{E}Amelie", LABEL, Literal("Amélie", language="en")),
    Attribute(f"{E}Alien", LABEL, Literal("Alien")),
    Attribute(f"{E}Alien", TYPE, Literal(f"{E}Film", IRI)),
    Attribute(f"{E}Amelie", TYPE, Literal(f"{E}Film", IRI)),
    Attribute(f"{E}Scott", TYPE, Literal("person", IRI)),
]


def node(key):
    if key.startswith("_:"):
        return rdflib.BNode(key[2:])
    plain = {
        "Alien 3": "Alien%203",
        "Q244": "Q244",
        "Q60": "Q60",
        "starring": "starring",
        "born in": "born%20in",
        "person": "person",
        f"{E}sequel of": "http%3A%2F%2Fe.org%2Fsequel%20of",  # a space: it is no IRI
    }
    return rdflib.URIRef(f"urn:kptm:key:{plain[key]}" if key in plain else key)


def value(item):
    if item.datatype == IRI:
        return node(item.value)
    if item.language:
        return rdflib.Literal(item.value, lang=item.language)
    datatype = rdflib.URIRef(item.datatype) if item.datatype else None
    return rdflib.Literal(item.value, datatype=datatype, normalize=False)


def in_memory(facts):
    graph = rdflib.Graph(bind_namespaces="none")
    for head, relation, end in facts:
        graph.add(
            (node(head), node(relation), value(end) if isinstance(end, Literal) else node(end))
        )
    return graph


def rows_of(result):
    """All rows of RDFLib's result; iterating over it leaves out those in which nothing is bound."""
    return [tuple(plain(row.get(name)) for name in result.vars) for row in result.bindings]


def plain(term):
    """A term of RDFLib in the form in which the store returns it."""
    names = {
        str(node(k)): k
        for k in ("Alien 3", "Q244", "Q60", "starring", "born in", "person", f"{E}sequel of")
    }
    if term is None:
        return None
    if isinstance(term, rdflib.Literal):
        return Literal(str(term), str(term.datatype or ""), term.language or "")
    return f"_:{term}" if isinstance(term, rdflib.BNode) else names.get(str(term), str(term))


@pytest.fixture
def films(graph):
    graph.add(FACTS)
    return graph


NAMES = {"e": E, "key": "urn:kptm:key:", "rdfs": LABEL.removesuffix("label"), "xsd": X}
SEQUEL = "key:http%3A%2F%2Fe.org%2Fsequel%20of"
QUERIES = [
    "SELECT * { ?s ?p ?o }",
    "SELECT ?f { ?f e:director e:Scott }",
    "SELECT ?f ?g { ?f e:director ?d . ?g e:director ?d . FILTER(?f != ?g) }",
    "SELECT ?who { e:Alien key:starring ?a . ?a key:born%20in ?who }",
    "SELECT ?f ?y { ?f e:director ?d OPTIONAL { ?f e:year ?y } }",
    "SELECT ?f { ?f e:director ?d OPTIONAL { ?f e:year ?y } FILTER(!bound(?y)) }",
    'SELECT ?f { ?f rdfs:label ?l FILTER regex(?l, "^a", "i") }',
    "SELECT ?f { ?f e:year ?y FILTER(?y > 1990 && ?y < 2001) }",
    'SELECT ?l { ?f rdfs:label ?l FILTER(lang(?l) = "fr") }',
    "SELECT ?f ?y { ?f e:year ?y } ORDER BY DESC(?y)",
    "SELECT ?f ?y { ?f e:year ?y } ORDER BY ?y LIMIT 1 OFFSET 1",
    "SELECT ?d (COUNT(?f) AS ?n) { ?f e:director ?d } GROUP BY ?d",
    "SELECT ?d (MAX(?y) AS ?n) { ?f e:director ?d ; e:year ?y } GROUP BY ?d HAVING (COUNT(?f) > 1)",
    "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }",
    f"SELECT ?x {{ e:Resurrection {SEQUEL}+ ?x }}",
    f"SELECT ?x {{ e:Resurrection {SEQUEL}* ?x }}",
    f"SELECT ?x {{ e:Resurrection {SEQUEL}/{SEQUEL} ?x }}",
    "SELECT ?f { e:Scott ^e:director ?f }",
    f"SELECT ?x {{ e:Alien (e:director|key:starring|^{SEQUEL}) ?x }}",
    "SELECT ?x { e:Scott e:knows/e:knows ?x }",
    "SELECT ?x { { ?x e:director e:Scott } UNION { ?x e:director e:Jeunet } }",
    "SELECT ?f { ?f e:director ?d MINUS { ?f e:year ?y } }",
    "SELECT ?f { ?f e:director ?d FILTER EXISTS { ?f a e:Film } }",
    "SELECT ?f { ?f e:director ?d FILTER NOT EXISTS { ?f a e:Film } }",
    "SELECT ?f ?d { VALUES ?d { e:Scott } ?f e:director ?d }",
    "SELECT ?f ?next { ?f e:year ?y BIND(?y + 1 AS ?next) }",
    "SELECT DISTINCT ?d { ?f e:director ?d }",
    "SELECT ?f { ?f e:year ?y { SELECT (MAX(?z) AS ?y) { ?g e:year ?z } } }",
    'SELECT ?f { ?f rdfs:label "Amélie"@en }',
    "SELECT ?f { ?f e:year 1979 }",
    "SELECT ?s ?t { ?s a ?t }",
    "SELECT ?s { ?s a key:person }",
    "SELECT ?p { e:Scott ?p ?o }",
    "SELECT ?s { ?s ?p e:Scott }",
    "SELECT ?s { ?s e:nothing ?o }",
    "SELECT ?b { e:Scott e:knows ?b FILTER isBlank(?b) }",
    "SELECT (STR(?l) AS ?text) { e:Alien rdfs:label ?l }",
    "SELECT ?x { ?x e:knows ?x }",
]


@pytest.mark.parametrize("query", QUERIES)
def test_a_select_binds_what_rdflib_binds(films, query):
    found = films.sparql("PREFIX e: <http://e.org/> " + query)
    wanted = in_memory(FACTS).query(query, initNs=NAMES)
    rows = rows_of(wanted)
    assert found.variables == tuple(map(str, wanted.vars)) or "*" in query.split("{")[0]
    if "*" in query.split("{")[0] and "COUNT" not in query:
        order = [found.variables.index(str(name)) for name in wanted.vars]
        found = [tuple(row[at] for at in order) for row in found]
    assert Counter(found) == Counter(rows)
    if "ORDER" in query:
        assert list(found) == rows


def test_ask_construct_and_describe(films):
    head = "PREFIX e: <http://e.org/> "
    assert films.sparql(head + "ASK { e:Alien e:director e:Scott }") is True
    assert films.sparql(head + "ASK { e:Alien e:director e:Jeunet }") is False
    made = films.sparql(head + "CONSTRUCT { ?d e:made ?f } { ?f e:director ?d }")
    assert set(made) == {Triple(t, f"{E}made", h) for h, r, t in FACTS if r == f"{E}director"}
    told = films.sparql(head + "DESCRIBE e:Amelie")
    assert set(told) == {fact for fact in FACTS if fact[0] == f"{E}Amelie"}


def test_the_past_is_asked_as_it_was(graph):
    graph.add([("a", "r", "b")])
    graph.add([("a", "r", "c")])
    graph.remove(tail="b")
    query = "SELECT ?x { key:a key:r ?x }"
    assert [set(graph.at(n).sparql(query)) for n in range(4)] == [
        set(), {("b",)}, {("b",), ("c",)}, {("c",)},
    ]  # fmt: skip
    assert set(graph.sparql(query)) == {("c",)}


def test_values_that_differ_only_in_their_unit_are_one_triple(graph):
    graph.add(Attribute("a", "r", Literal("5", unit=unit)) for unit in ("", "m", "kg"))
    assert list(graph.sparql("SELECT ?v { key:a key:r ?v }")) == [(Literal("5"),)]
    assert list(graph.sparql('SELECT ?s { ?s key:r "5" }')) == [("a",)]


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("SELECT ?x {", "not a query"),
        ("SELECT ?x { ?x no:prefix ?y }", "not a query"),
        ("INSERT DATA { <x:a> <x:b> <x:c> }", "not a query"),
        ("DELETE WHERE { ?s ?p ?o }", "not a query"),
        ("LOAD <http://e.org/x>", "not a query"),
        ("SELECT ?x FROM <http://e.org/g> { ?x ?p ?o }", "FROM"),
        ("SELECT ?x { SERVICE <http://e.org/sparql> { ?x ?p ?o } }", "SERVICE"),
        ("SELECT ?x { ?x ?p ?o OPTIONAL { SERVICE <http://e.org/s> { ?x ?q ?z } } }", "SERVICE"),
        ("ASK { FILTER EXISTS { SERVICE <http://e.org/s> { ?x ?q ?z } } }", "SERVICE"),
    ],
)
def test_unsupported_and_forbidden_queries_are_refused(graph, query, reason):
    with pytest.raises(QueryError, match=reason):
        graph.sparql(query)


def test_without_rdflib_it_says_what_to_install(graph, monkeypatch):
    monkeypatch.delitem(sys.modules, "kg.sparql.plugin", raising=False)
    monkeypatch.setitem(sys.modules, "rdflib", None)
    monkeypatch.delattr("kg.sparql.plugin", raising=False)
    with pytest.raises(KGError, match=r"kptm\[sparql\]"):
        graph.sparql("ASK {}")


name = st.sampled_from([f"{E}a", f"{E}b", f"{E}c"])
term = name.map(lambda key: f"<{key}>")


@pytest.mark.usefixtures("many_inputs")
@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.sets(st.builds(Triple, name, name, name), max_size=8),
    st.lists(
        st.tuples(term | st.just("?x"), term | st.just("?p"), term | st.sampled_from(["?x", "?y"])),
        min_size=1,
        max_size=3,
    ),
)
def test_any_pattern_on_any_graph_binds_the_same(new_graph, facts, patterns):
    graph = new_graph()
    graph.add(sorted(facts))
    body = " . ".join(" ".join(pattern) for pattern in patterns)
    query = f"SELECT (?x AS ?a) (?y AS ?b) (?p AS ?c) {{ {body} }}"
    wanted = Counter(rows_of(in_memory(facts).query(query)))
    assert Counter(graph.sparql(query)) == wanted
    graph.close()


def test_entities_from_records_are_found_by_their_labels(graph):
    graph.add([EntityRecord(key="Q90", label="Paris", types=("city",))])
    rows = graph.sparql('SELECT ?x ?t { ?x rdfs:label "Paris" ; a ?t }')
    assert list(rows) == [("Q90", Literal("city"))]
