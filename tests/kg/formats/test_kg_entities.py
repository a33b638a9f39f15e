"""Reads entities from CSV, TSV and JSON files."""

import pytest

from kg import KGError, TripleFormatError
from kg.formats import read_entities, read_triples
from kg.formats.text.blocks import Block
from kg.types import EntityRecord, Triple


def entities(path, **options):
    return [record for _, record in read_entities(path, **options)]


PARIS = EntityRecord(
    key="Q90", label="Paris", aliases=("City of Light", "Lutetia"), types=("city",), prior=2.5
)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("e.csv", ("key,label,aliases,types,prior\nQ90,Paris,City of Light|"
            " Lutetia,city,2.5\nQ1,,,,\n")),
        ("e.csv", ('Prior,KEY,label,types,aliases,more\n2.5,Q90,"Paris",city,City of'
            ' Light|Lutetia,x\n,Q1,,,,\n')),
        ("e.tsv", ("key\tlabel\taliases\ttypes\tprior\nQ90\tParis\tCity of"
            " Light|Lutetia\tcity\t2.5\nQ1\t\t\t\t\n")),
        ("e.json", """{"Q90": {"label": "Paris", "aliases": ["City of Light", "Lutetia"],
                       "types": ["city"], "prior": 2.5},\n"Q1": {"wiki": "x"}}"""),
    ],
)  # fmt: skip
def test_every_format_gives_the_same_entities(write, name, text):
    assert entities(write(name, text)) == [PARIS, EntityRecord(key="Q1")]


def test_json_maps_keys_to_types_or_labels(write):
    path = write("e.json", ' {"Q1": ["Q5", "Q7"], "Q2": "Two"}\n')
    assert entities(path) == [
        EntityRecord(key="Q1", types=("Q5", "Q7")),
        EntityRecord(key="Q2", label="Two"),
    ]
    assert entities(write("empty.json", "{}")) == []


def test_columns_name_what_a_file_without_a_header_holds(write):
    path = write("e.tsv", "1\tx\tfirst, a word\n2\ty\tsecond\n")
    assert entities(path, columns=("key", "-", "description")) == [
        EntityRecord(key="1", description="first, a word"),
        EntityRecord(key="2", description="second"),
    ]
    for columns in (("label",), ("key", "name")):
        with pytest.raises(KGError, match="the columns of entities are"):
            entities(path, columns=columns)


@pytest.mark.parametrize(
    ("name", "text", "line", "reason"),
    [
        ("e.csv", "key,prior\na,many\n", 2, "prior"),
        ("e.csv", "key,label\na\n", 2, "expected 2 columns"),
        ("e.tsv", "key\tlabel\n\tx\n", 2, "key"),
        ("e.json", '{"a": 5}', 1, "expected"),
        ("e.json", '{"a": {"label": "x"},\n"b": {"label": 5}}', 2, "label"),
    ],
)
def test_a_bad_entity_is_named(write, name, text, line, reason):
    path = write(name, text)
    (error,) = [item for item in entities(path) if isinstance(item, TripleFormatError)]
    assert (error.path, error.line) == (str(path), line)
    assert reason in str(error)


@pytest.mark.parametrize(
    ("name", "text", "line", "reason"),
    [
        ("e.csv", "name,label\na,b\n", 1, 'no column "key"'),
        ("e.json", "[]", 1, "expected '{'"),
        ("e.json", '{"a": "b"\n"c": "d"}', 2, "expected ','"),
        ("e.json", '{"a": "b"} x', 1, "after"),
        ("e.json", '{"a": tru}', 1, "not a JSON object"),
        ("e.json", '{"a"', 1, "expected ':'"),
        ("e.json", "{" * 3, 1, "not a JSON object"),
        ("e.json", "", 1, "expected '{'"),
    ],
)
def test_a_file_of_another_shape_is_an_error(write, name, text, line, reason):
    path = write(name, text)
    with pytest.raises(TripleFormatError, match=reason) as caught:
        entities(path)
    assert (caught.value.path, caught.value.line) == (str(path), line)


# ── the columns of triples ───────────────────────────────────────────────────────────────────────


def triples(path, **options):
    found = []
    for item in read_triples(path, **options):
        found += [record for _, record in (item.lines() if isinstance(item, Block) else [item])]
    return found


@pytest.mark.parametrize(("name", "mark"), [("a.csv", ","), ("a.tsv", "\t")])
def test_columns_are_chosen_by_name_or_position(write, name, mark):
    rows = "id,object,subject,predicate\n1,b,a,r\n2,d,c,r\n".replace(",", mark)
    wanted = [Triple("a", "r", "b"), Triple("c", "r", "d")]
    path = write(name, rows)
    assert triples(path, columns=("subject", "predicate", "Object")) == wanted
    assert triples(path, columns=(2, 3, 1))[1:] == wanted
    with pytest.raises(TripleFormatError, match="no column nobody"):
        triples(path, columns=("nobody", "predicate", "object"))
    with pytest.raises(KGError, match="must name three"):
        triples(path, columns=("subject",))
    with pytest.raises(KGError, match="names or positions"):
        triples(path, columns=(1, 2, -1))
    short = write(f"b{name[1:]}", mark.join("abcd") + "\n" + mark.join("ab") + "\n")
    assert isinstance(triples(short, columns=(2, 3, 1))[1], TripleFormatError)


def test_a_format_can_be_named_where_the_suffix_does_not_say_it(write, monkeypatch):
    path = write("a.data", "a\tr\tb\n")
    assert triples(path, format="tsv") == [Triple("a", "r", "b")]
    assert triples(path, format=".TSV") == [Triple("a", "r", "b")]
    with pytest.raises(TripleFormatError, match=r"there are tsv, csv, jsonl"):
        triples(path, format="excel")
    with pytest.raises(TripleFormatError, match="has no columns"):
        triples(path, format="nt", columns=(0, 1, 2))
    with path.open("rb") as raw:

        class In:
            buffer = raw

        monkeypatch.setattr("sys.stdin", In)
        assert triples("-", format="tsv") == [Triple("a", "r", "b")]
    with pytest.raises(TripleFormatError, match="name its format"):
        triples("-")


def test_a_dataset_of_pykeen_is_loaded_by_its_name(graph):
    assert graph.load("pykeen:nations").added == 1_992
    assert graph.load("pykeen:Nations/testing").duplicate == 201
    for name, reason in (("pykeen:nothing", "knows no dataset"), ("pykeen:nations/x", "no part")):
        with pytest.raises(TripleFormatError, match=reason):
            graph.load(name)
