"""A file that is written and read gives equal records, except for parts that its format lacks."""

import io
import tempfile
from pathlib import Path

import networkx as nx
import pandas as pd
import pytest
import rdflib
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg import TripleFormatError
from kg.errors import InvalidNameError
from kg.formats import (
    from_networkx,
    from_pandas,
    read_triples,
    to_pandas,
    write_records,
)
from kg.formats.rdf.iris import iri_of, key_of
from kg.types import Attribute, EntityRecord, Literal, Qualifier, Statement, Triple
from kg.vocabulary import ALIAS, IRI, LABEL, PRIOR, TYPE

files = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

ODD = [
    "Q1", "directed by", "http://example.org/a#b", "http://example.org/ä", "urn:x:1", "_:b0", "_:",
    "_:a b", "a:", "a:b c", "x:<y>", "http://[bad", "urn:kptm:key:Q1", "urn:kptm:key:",
    "urn:kptm:key:%zz", "%41", "a%20b",
    "é", "e\u0301", "日本", "🦊", "NA", "null", '"', "'", "\\", "a,b", "#", "x\u2028y", " lead",
    "trail ", "\x7f",
    "mailto:a@b", "C:\\x", "1", "-", "?x", "\ufeff", "http://example.org/a?b=c&d=<e>", "tel:+1",
    "A:B",
]  # fmt: skip
INSIDE = st.characters(exclude_categories=("Cs",), exclude_characters="\0")
name = st.sampled_from(ODD) | st.text(INSIDE, min_size=1, max_size=10)
line_name = name.filter(lambda text: not set(text) & set("\t\n\r"))
word = st.sampled_from(["en", "de-at", "zh-hans-cn", "sr-latn", "x-klingon", "es-419"])
text = st.text(INSIDE, max_size=12) | st.sampled_from(["", " ", "5", "a\nb", '"', "\\n", "x\u0085"])
iri = st.sampled_from(["http://www.w3.org/2001/XMLSchema#date", "urn:d", "http://e.org/ä#x"])
literal = (
    st.builds(Literal, text)
    | st.builds(Literal, text, language=word)
    | st.builds(Literal, text, datatype=iri)
    | st.builds(Literal, name, datatype=st.just(IRI))
)
relation = name | st.sampled_from([LABEL, ALIAS, TYPE, PRIOR])
facts = name.flatmap(
    lambda head: st.builds(Attribute, st.just(head), relation, literal)
) | st.builds(Triple, name, name, name)
statements = st.builds(
    Statement,
    facts,
    confidence=st.none() | st.floats(0, 1),
    qualifiers=st.lists(st.builds(Qualifier, name, name | literal), max_size=2).map(tuple),
    source=st.none() | name,
    span=st.none() | st.tuples(st.integers(0, 9), st.integers(9, 20)),
)


def plain(record):
    """A record as a statement."""
    return record if isinstance(record, Statement) else Statement(record)


def read(path):
    return [plain(record) for _, record in read_triples(path)]


def flat(path):
    return [
        line[1]
        for item in read_triples(path)
        for line in (item.lines() if hasattr(item, "lines") else [item])
    ]


@pytest.fixture
def folder():
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


@pytest.mark.usefixtures("many_inputs")
@files
@given(st.lists(statements, max_size=6), st.sampled_from(["", ".gz", ".bz2", ".zst"]))
def test_json_lines_give_back_everything(folder, wanted, packed):
    path = folder / f"a.jsonl{packed}"
    report = write_records(path, wanted)
    assert read(path) == list(dict.fromkeys(wanted)) or set(read(path)) == set(wanted)
    assert (report.written, report.left_out) == (len(read(path)), 0)


@files
@given(st.lists(st.builds(Triple, line_name, line_name, line_name), max_size=6))
def test_tsv_gives_back_triples(folder, wanted):
    path = folder / "a.tsv"
    write_records(path, map(Statement, wanted))
    assert set(flat(path)) == set(wanted)


@files
@given(st.lists(st.builds(Triple, name, name, name), max_size=6))
def test_csv_gives_back_triples(folder, wanted):
    path = folder / "a.csv"
    write_records(path, map(Statement, wanted))
    assert set(flat(path)) == set(wanted)
    frame = pd.read_csv(path, keep_default_na=False, dtype=str, quotechar='"') if wanted else None
    if frame is not None and not any("\r" in part for item in wanted for part in item):
        assert set(frame.itertuples(index=False, name=None)) == set(wanted)


def is_understood(fact):
    return fact[1] in (LABEL, ALIAS, TYPE, PRIOR)


def in_rdf(item, graphs):
    """The parts of a statement that RDF can represent."""
    fact = item.fact
    if isinstance(fact, Attribute) and fact.value.datatype == IRI and not is_understood(fact):
        fact = Triple(fact.head, fact.relation, fact.value.value)
    return Statement(fact, source=item.source if graphs else None)


@pytest.mark.usefixtures("many_inputs")
@files
@given(
    st.lists(statements, max_size=6),
    st.sampled_from([".nt", ".nq", ".ttl", ".jsonld", ".nq.zst"]),
)
def test_rdf_gives_back_keys_values_and_graphs(folder, wanted, suffix):
    path = folder / f"a{suffix}"
    write_records(path, wanted)
    graphs = suffix.startswith((".nq", ".jsonld"))
    expected = {in_rdf(item, graphs) for item in wanted}
    assert set(read(path)) == expected


xml_name = st.from_regex(r"[A-Za-z][a-z]{0,5}", fullmatch=True)
xml_text = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), max_size=9
)


@files
@given(
    st.lists(
        st.builds(Triple, name, xml_name, name)
        | st.builds(Attribute, name, xml_name, st.builds(Literal, xml_text, language=word)),
        max_size=6,
    )
)
def test_rdf_xml_gives_back_what_it_can_hold(folder, wanted):
    path = folder / "a.rdf"
    write_records(path, map(Statement, wanted))
    assert {item.fact for item in read(path)} == set(wanted)


@pytest.mark.parametrize(
    "fact",
    [
        Attribute("a", "b", Literal("bell\x07")),
        Attribute("a", "b", Literal("return\r")),
        Triple("a", "1", "b"),
        Triple("a", "http://example.org/", "b"),
    ],
)
def test_rdf_xml_refuses_what_xml_cannot_hold_and_leaves_no_file(folder, fact):
    (folder / "a.rdf").write_text("before")
    with pytest.raises(TripleFormatError, match="RDF/XML"):
        write_records(folder / "a.rdf", [Statement(Triple("a", "b", "c")), Statement(fact)])
    assert [path.name for path in folder.iterdir()] == ["a.rdf"]
    assert (folder / "a.rdf").read_text() == "before"


@pytest.mark.parametrize("bad", ["a\tb", "a\nb"])
def test_tsv_refuses_tabs_and_line_ends(folder, bad):
    for fact in (Triple(bad, "r", "t"), Triple("h", bad, "t"), Triple("h", "r", bad)):
        with pytest.raises(TripleFormatError, match="use CSV"):
            write_records(folder / "a.tsv", [Statement(fact)])
    with pytest.raises(TripleFormatError, match="use CSV"):
        write_records(folder / "a.tsv", [Statement(Triple("h", "r", "t\r"))])
    assert list(folder.iterdir()) == []


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
@pytest.mark.parametrize(
    ("suffix", "form"), [("nt", "nt"), ("ttl", "turtle"), ("rdf", "xml"), ("jsonld", "json-ld")]
)
def test_rdflib_reads_the_same_from_our_files(folder, suffix, form, monkeypatch):
    monkeypatch.setattr(rdflib, "NORMALIZE_LITERALS", False)
    wanted = [
        Triple("http://e.org/a", "http://e.org/knows", "http://e.org/b"),
        Triple("_:x", "http://e.org/knows", "http://e.org/ä"),
        Triple("Q1", "directed by", "Q2"),
        Attribute("http://e.org/a", LABEL, Literal("Äpfel", language="de-at")),
        Attribute("http://e.org/a", "http://e.org/n", Literal("2020-02-29", f"{XSD}date")),
        Attribute("http://e.org/a", TYPE, Literal("http://e.org/T", IRI)),
        Attribute("http://e.org/a", "http://e.org/t", Literal('a "quote"\n\\ line')),
    ]
    path = folder / f"a.{suffix}"
    write_records(path, map(Statement, wanted))
    graph = rdflib.Graph(bind_namespaces="none").parse(path, format=form)
    uri = rdflib.URIRef
    a = uri("http://e.org/a")
    expected = {
        (a, uri("http://e.org/knows"), uri("http://e.org/b")),
        (uri("urn:kptm:key:Q1"), uri("urn:kptm:key:directed%20by"), uri("urn:kptm:key:Q2")),
        (a, uri(LABEL), rdflib.Literal("Äpfel", lang="de-at")),
        (
            a,
            uri("http://e.org/n"),
            rdflib.Literal("2020-02-29", datatype=uri(f"{XSD}date"), normalize=False),
        ),
        (a, uri(TYPE), uri("http://e.org/T")),
        (a, uri("http://e.org/t"), rdflib.Literal('a "quote"\n\\ line')),
    }
    blank = {triple for triple in graph if isinstance(triple[0], rdflib.BNode)}
    assert {(str(p), str(o)) for _, p, o in blank} == {("http://e.org/knows", "http://e.org/ä")}

    def spelt(triples):
        return {tuple(term.n3() for term in triple) for triple in triples}

    assert spelt(set(graph) - blank) == spelt(expected)


XSD = "http://www.w3.org/2001/XMLSchema#"


@given(name)
def test_a_key_and_its_iri_are_one_to_one(key):
    assert key_of(iri_of(key)) == key
    assert not set(iri_of(key)) & set(' <>"{}|^`\\\n\t')


@given(name, name)
def test_two_keys_have_two_iris(first, second):
    assert (iri_of(first) == iri_of(second)) == (first == second)


def test_omitted_statements_are_counted(folder):
    wanted = [
        Statement(Triple("a", "r", "b")),
        Statement(
            Triple("a", "r", "b"),
            confidence=0.5,
            qualifiers=(Qualifier("q", "v"),),
            source="g",
            span=(1, 2),
        ),
        Statement(Attribute("a", "size", Literal("5", unit="m"))),
        Statement(Attribute("a", LABEL, Literal("x", language="zh-classical"))),
    ]
    counts = {}
    for suffix in ("jsonl", "nq", "nt", "tsv", "csv"):
        report = write_records(folder / f"a.{suffix}", wanted)
        counts[suffix] = (report.written, report.left_out)
    assert counts == {
        "jsonl": (4, 0),
        "nq": (4, 5),  # confidence, qualifier, span, unit, language
        "nt": (3, 6),  # the graph too
        "tsv": (1, 6),  # confidence, qualifier, graph, span, two values
        "csv": (1, 6),
    }


def test_the_same_graph_gives_the_same_packed_file(folder):
    packed = []
    for path in (folder / "a.tsv.gz", folder / "b.tsv.gz"):
        write_records(path, [Statement(Triple("a", "r", "b"))])
        packed.append(path.read_bytes())
    assert packed[0] == packed[1]


def test_standard_output_takes_a_format(monkeypatch):
    class Out:
        buffer = io.BytesIO()

    monkeypatch.setattr("sys.stdout", Out)
    write_records("-", [Statement(Triple("a", "r", "b"))], format="tsv")
    assert Out.buffer.getvalue() == b"a\tr\tb\n"
    with pytest.raises(TripleFormatError, match="name its format"):
        write_records("-", [])


def test_a_file_that_cannot_be_written_says_why(folder):
    (folder / "d.tsv").mkdir()
    for path, reason in (
        (folder / "no" / "a.tsv", "cannot be written"),
        (folder / "d.tsv", "is a folder"),
        (folder / "a.xlsx", "unknown suffix"),
    ):
        with pytest.raises(TripleFormatError, match=reason):
            write_records(path, [])


# ── NetworkX and pandas ──────────────────────────────────────────────────────────────────────────


@given(st.sets(st.builds(Triple, name, name, name), max_size=6))
def test_pandas_and_networkx_give_back_triples(wanted):
    assert set(from_pandas(to_pandas(sorted(wanted)))) == wanted
    graph = nx.MultiDiGraph()
    graph.add_edges_from((item.head, item.tail, item.relation) for item in wanted)
    assert set(from_networkx(graph)) == wanted


def test_a_graph_comes_back_from_networkx_with_its_labels(new_graph):
    first, second = new_graph(), new_graph()
    first.add([("Q1", "knows", "Q2"), EntityRecord(key="Q1", label="Ann")])
    second.add(from_networkx(first.to_networkx()))
    assert second.entity("Q1") == first.entity("Q1")
    assert second.fingerprint() == first.fingerprint()


def test_edges_of_networkx_name_their_relation_by_an_attribute():
    graph = nx.DiGraph()
    graph.add_edge("a", "b", relation="r")
    graph.add_edge("b", "c", label="s")
    assert list(from_networkx(graph)) == [Triple("a", "r", "b"), Triple("b", "s", "c")]
    graph.add_edge("c", "d", weight=1)
    with pytest.raises(InvalidNameError, match="no relation"):
        list(from_networkx(graph))
    numbers = nx.DiGraph()
    numbers.add_edge(1, 2, relation="r")
    with pytest.raises(InvalidNameError, match="must be text"):
        list(from_networkx(numbers))


def test_frames_may_have_other_names_of_columns():
    frame = pd.DataFrame({"o": ["b"], "s": ["a"], "p": ["r"]})
    assert list(from_pandas(frame, columns=("s", "p", "o"))) == [Triple("a", "r", "b")]
    with pytest.raises(InvalidNameError, match="it has o, s, p"):
        list(from_pandas(frame))
    with pytest.raises(InvalidNameError, match="must be text"):
        list(from_pandas(pd.DataFrame({"head": [1], "relation": ["r"], "tail": [None]})))
