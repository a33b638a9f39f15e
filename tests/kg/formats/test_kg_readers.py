"""Readers give back exactly what was written, and name path, line and text of what is malformed."""

import bz2
import csv
import gzip
import io
import json
import os
import random

import pytest
from backports import zstd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg.errors import MAX_STORED_CHARACTERS, KGError, TripleFormatError
from kg.formats import read_entities, read_triples
from kg.formats.rdf.blank_nodes import BlankNodes
from kg.formats.text import lines
from kg.formats.text.blocks import Block
from kg.types import Attribute, EntityRecord, Literal, Triple
from kg.vocabulary import ALIAS, DESCRIPTION_HTTPS, IRI, LABEL, PRIOR, TYPE

# The reader is a pure function of the file, so that one folder serves all examples.
files = settings(
    deadline=None, max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

ODD_NAMES = [
    "NA", "null", "nan", "None", "true", "1e5", 'a"b', '"', '""', "'", "a,b", ";", "#", "\\", "\\n",
    "x\x85y", "x\u2028y", "\u2029", "x\x0by", "x\x0cy", "\x1c", "\x1f", "\x7f", " ", "  lead",
    "trail ", "\u00a0", "\u200b", "é", "e\u0301", "İ", "ß", "日本", "🦊", "👩‍🔬", "\U0010ffff",
    "-",
    "--", "'; DROP TABLE triple;--", "inner\rreturn",
]  # fmt: skip


def names(excluded):
    """Any name without ``excluded`` and without a byte order mark, which begins a file."""
    alphabet = st.characters(exclude_categories=("Cs",), exclude_characters=excluded + "\ufeff")
    odd = [name for name in ODD_NAMES if not set(name) & set(excluded)]
    return st.text(alphabet, min_size=1, max_size=12) | st.sampled_from(odd)


def triples(excluded):
    name = names(excluded)
    return st.lists(st.builds(Triple, name, name, name), max_size=8)


def read(path):
    """The records of a file, line by line."""
    found = []
    for item in read_triples(path):
        found += item.lines() if isinstance(item, Block) else [item]
    return found


def records(path):
    return [record for _, record in read(path)]


def put(folder, suffix, raw, zipped=False):
    path = folder / f"file{suffix}{'.gz' if zipped else ''}"
    path.write_bytes(gzip.compress(raw, 1) if zipped else raw)
    return path


# ── what is written comes back ───────────────────────────────────────────────────────────────────


@files
@given(
    triples("\t\n\r"), st.booleans(), st.sampled_from(["\n", "\r\n"]), st.booleans(), st.booleans()
)
def test_tsv_gives_back_every_name(tmp_path, wanted, zipped, end, bom, last):
    text = "".join("\t".join(triple) + end for triple in wanted)
    if not last:
        text = text.removesuffix(end)
    raw = (b"\xef\xbb\xbf" if bom else b"") + text.encode()
    assert records(put(tmp_path, ".tsv", raw, zipped)) == wanted


@files
@given(
    triples(""), st.booleans(), st.booleans(),
    # Up to Python 3.12 the writer leaves a return at the end of a line bare where lines end in
    # "\n".
    st.sampled_from([("\r\n", csv.QUOTE_MINIMAL), ("\r\n", csv.QUOTE_ALL), ("\n", csv.QUOTE_ALL)]),
)  # fmt: skip
def test_csv_gives_back_what_the_standard_writer_wrote(tmp_path, wanted, zipped, bom, dialect):
    end, quoting = dialect
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=end, quoting=quoting).writerows(wanted)
    raw = (b"\xef\xbb\xbf" if bom else b"") + text.getvalue().encode()
    assert records(put(tmp_path, ".csv", raw, zipped)) == wanted


@files
@given(
    triples(""), st.booleans(), st.booleans(), st.booleans(), st.sampled_from([".jsonl", ".ndjson"])
)
def test_jsonl_gives_back_every_name(tmp_path, wanted, zipped, escaped, as_list, suffix):
    rows = [list(triple) if as_list else triple._asdict() for triple in wanted]
    text = "".join(json.dumps(row, ensure_ascii=escaped) + "\n" for row in rows)
    assert records(put(tmp_path, suffix, text.encode(), zipped)) == wanted


@files
@given(st.lists(names(""), max_size=8), st.booleans(), st.booleans())
def test_ntriples_gives_back_every_literal(tmp_path, texts, zipped, numeric):
    def escape(text):
        if numeric:
            return "".join(f"\\U{ord(letter):08X}" for letter in text)
        for letter, code in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r")):
            text = text.replace(letter, code)
        return text

    raw = "".join(f'<x:é#{n}> <x:p> "{escape(text)}" .\n' for n, text in enumerate(texts))
    wanted = [Attribute(f"x:é#{n}", "x:p", Literal(text)) for n, text in enumerate(texts)]
    assert records(put(tmp_path, ".nt", raw.encode(), zipped)) == wanted


@files
@given(
    st.lists(
        st.builds(
            EntityRecord,
            key=names(""),
            label=st.none() | names(""),
            aliases=st.lists(names(""), max_size=3).map(tuple),
            description=st.none() | st.just("") | names(""),
            types=st.lists(names(""), max_size=3).map(tuple),
            prior=st.none() | st.floats(0, 1e9),
        ),
        max_size=5,
    ),
    st.booleans(),
)
def test_entities_come_back_and_none_means_not_given(tmp_path, wanted, left_out):
    rows = []
    for record in wanted:
        row = {name: getattr(record, name) for name in record.__slots__}
        rows.append({k: v for k, v in row.items() if v is not None} if left_out else row)
    text = "\n".join(json.dumps(row) for row in rows)
    path = put(tmp_path, ".jsonl", text.encode())
    assert [record for _, record in read_entities(path)] == wanted


def test_ntriples_understands_labels_aliases_descriptions_types_and_blank_nodes(write):
    path = write(
        "a.nt",
        """# a comment
<x:a> <http://www.w3.org/2000/01/rdf-schema#label> "Ä" .
<x:a> <http://www.w3.org/2000/01/rdf-schema#label> "Aa"@de .
<x:a> <http://www.w3.org/2004/02/skos/core#altLabel> "AA"@en .
<x:a> <https://schema.org/description> "first" .
<x:a> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <x:T> .

_:b <x:p> _:c . # behind
<x:a> <x:n> "5"^^<http://www.w3.org/2001/XMLSchema#integer> .
""",
    )
    name = BlankNodes(str(path), generated=False)
    assert read(path) == [
        (2, Attribute("x:a", LABEL, Literal("Ä"))),
        (3, Attribute("x:a", LABEL, Literal("Aa", language="de"))),
        (4, Attribute("x:a", ALIAS, Literal("AA", language="en"))),
        (5, Attribute("x:a", DESCRIPTION_HTTPS, Literal("first"))),
        (6, Attribute("x:a", TYPE, Literal("x:T", IRI))),
        (8, Triple(f"_:{name('b')}", "x:p", f"_:{name('c')}")),
        (9, Attribute("x:a", "x:n", Literal("5", "http://www.w3.org/2001/XMLSchema#integer"))),
    ]


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("head,relation,tail", "h,r,t"),
        ("tail,head,relation", "t,h,r"),
        ("relation,tail,head", "r,t,h"),
        ("Subject,Predicate,Object", "h,r,t"),
        ('"object", subject ,predicate', "t,h,r"),
        (" target , source,RELATION", "t,h,r"),
        ("\r\n\nhead,tail,relation", "h,t,r"),
    ],
)
def test_csv_header_sets_the_order_of_the_columns(write, header, row):
    path = write("a.csv", f"{header}\n{row}\n")
    assert records(path) == [Triple("h", "r", "t")]


def test_csv_without_a_header_keeps_its_first_line(write):
    assert records(write("a.csv", "head,relation,Paris\n")) == [Triple("head", "relation", "Paris")]


def test_csv_record_over_several_lines_is_numbered_by_its_first(write):
    path = write("a.csv", '"a\r\nb","r",t\n\nc,r,t\n')
    assert read(path) == [(1, Triple("a\r\nb", "r", "t")), (4, Triple("c", "r", "t"))]


def test_suffixes_are_read_in_any_case(tmp_path):
    path = tmp_path / "A.TSV.GZ"
    path.write_bytes(gzip.compress(b"a\tr\tb\n"))
    assert records(path) == [Triple("a", "r", "b")]


# ── what is malformed ────────────────────────────────────────────────────────────────────────────

BAD_LINES = [
    ("a.tsv", "a\tb", "3 columns"),
    ("a.tsv", "a\tb\tc\td", "found 4"),
    ("a.tsv", "a,b,c", "found 1"),
    ("a.tsv", "a\t\tc", "empty"),
    ("a.tsv", "\tb\tc", "empty"),
    ("a.txt", "a\tb\t", "empty"),
    ("a.csv", "a,b", "3 columns"),
    ("a.csv", "a,b,c,d", "found 4"),
    ("a.csv", 'a,"",c', "empty"),
    ("a.csv", 'a,5" or 6",c', "quote"),
    ("a.csv", 'a,"b"x,c', "quote"),
    ("a.jsonl", "{", "not JSON"),
    ("a.jsonl", "[1,2,3]", "expected"),
    ("a.jsonl", '["a","b"]', "expected"),
    ("a.jsonl", '["a","","c"]', "expected"),
    ("a.jsonl", '{"head":"a","relation":"b"}', "expected"),
    ("a.jsonl", "null", "expected"),
    ("a.jsonl", "[" * 100_000, "not JSON"),
    ("a.jsonl", "1" * 10_000, "not JSON"),
    ("a.ndjson", '"abc"', "expected"),
    ("a.nt", "a b c .", "not N-Triples"),
    ("a.nt", "<a:a> <a:b> <a:c>", "not N-Triples"),
    ("a.nt", '<a:a> <a:b> "\\uD800" .', "not N-Triples"),
    ("a.nq", "<a:a> <a:b> <a:c> <a:d> <a:e> .", "not N-Quads"),
    ("a.jsonl", '{"head":"a","relation":"b","tail":"c","value":"d"}', "expected"),
    ("a.jsonl", '{"head":"a","relation":"b","value":[5]}', "must be text"),
    ("a.jsonl", '{"head":"a","relation":"b","tail":"c","confidence":2}', "between 0 and 1"),
    ("a.jsonl", '{"head":"a","relation":"b","tail":"c","span":[2,1]}', "span"),
    ("a.jsonl", '{"head":"a","relation":"b","tail":"c","qualifiers":[1]}', "qualifiers"),
    ("a.jsonl", '{"head":"a","relation":"b","tail":"c","source":""}', "source"),
    ("a.jsonl", '{"key":""}', "key"),
    ("a.json", '{"id": 5}', "must be text"),
    ("a.json", "{}", "not an entity of Wikidata"),
    ("a.nt", "<a:a> <a:b> <<( <a:s> <a:p> <a:o> )>> .", "triple"),
]
GOOD = {
    ".tsv": "x\ty\tz",
    ".txt": "x\ty\tz",
    ".csv": "x,y,z",
    ".jsonl": '["x","y","z"]',
    ".ndjson": '["x","y","z"]',
    ".nt": "<x:x> <x:y> <x:z> .",
    ".nq": "<x:x> <x:y> <x:z> <x:g> .",
    ".json": '{"id": "Q1", "labels": {"en": {"language": "en", "value": "One"}}},',
}


@pytest.mark.parametrize(("name", "line", "reason"), BAD_LINES)
def test_a_bad_line_comes_with_path_line_and_text_and_the_reading_goes_on(
    write, name, line, reason
):
    good = GOOD[name[1:]]
    path = write(name, f"{good}\n{line}\n{good}\n")
    (_, before), (number, error), (_, after) = read(path)
    assert before == after
    assert isinstance(error, TripleFormatError)
    assert (error.path, error.line, number) == (str(path), 2, 2)
    assert line.startswith(error.text.removesuffix("…"))
    assert reason in str(error)
    assert f"{path}, line 2: " in str(error)
    assert len(str(error)) < 600


@pytest.mark.parametrize("suffix", [*GOOD])
def test_a_line_that_is_not_utf8_is_one_bad_line(write, suffix):
    good = GOOD[suffix].encode()
    path = write(f"a{suffix}", good + b"\n" + good[:-1] + b"\xff\xfe\n" + good + b"\n")
    (_, before), (number, error), (_, after) = read(path)
    assert before == after
    assert isinstance(error, TripleFormatError)
    assert (error.line, number) == (2, 2)
    assert "not UTF-8" in str(error)
    assert error.text


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        (b'a,b,c\nx,"y,z\na,b,c\n', 2, "never closed"),
        (b'a,b,c\nx,y"y,z\na,b"b,c\n', 2, "quote"),
        (b'a,b,c\nx,"y\n\xff",z\na,b,c\n', 3, "not UTF-8"),
        (b'a,b,c\nx,"\xffy\nw",z\na,b,c\n', 2, "not UTF-8"),
    ],
)
def test_csv_with_an_open_quote_stops_the_reading(write, content, line, reason):
    path = write("a.csv", content)
    with pytest.raises(TripleFormatError, match=reason) as caught:
        list(read_triples(path))
    assert caught.value.line == line
    assert caught.value.path == str(path)
    assert caught.value.text


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("[]", "key"),
        ("{}", "key"),
        ('{"key": ""}', "key"),
        ('{"key": 5}', "key"),
        ('{"key": "a", "label": 5}', "label"),
        ('{"key": "a", "description": []}', "description"),
        ('{"key": "a", "aliases": "b"}', "aliases"),
        ('{"key": "a", "aliases": ""}', "aliases"),
        ('{"key": "a", "aliases": [""]}', "aliases"),
        ('{"key": "a", "types": [1]}', "types"),
        ('{"key": "a", "prior": "1"}', "prior"),
        ('{"key": "a", "prior": -1}', "prior"),
        ('{"key": "a", "prior": NaN}', "prior"),
        ('{"key": "a", "prior": true}', "prior"),
        ('{"key": "a", "prior": ' + "9" * 400 + "}", "prior"),
        ("{'key': 'a'}", "not JSON"),
    ],
)
def test_a_bad_entity_comes_with_path_line_and_text(write, line, reason):
    path = write("e.jsonl", f'{{"key": "x"}}\n{line}\n')
    (_, good), (_, error) = read_entities(path)
    assert good == EntityRecord(key="x")
    assert isinstance(error, TripleFormatError)
    assert (error.path, error.line, error.text) == (str(path), 2, line)
    assert reason in str(error)


def test_fields_the_graph_does_not_know_are_left(write):
    path = write("e.jsonl", '{"key": "x", "wikidata": {"a": 1}}')
    assert [record for _, record in read_entities(path)] == [EntityRecord(key="x")]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing.tsv", "no such file"),
        ("folder.tsv", "is a folder"),
        ("a.xlsx", "unknown suffix"),
        ("a", "unknown suffix"),
        ("a.gz", "unknown suffix"),
        ("a.db/b.tsv", "cannot be read"),
        ("x" * 300 + ".tsv", "cannot be read"),
        ("a\0b.tsv", "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path, name, reason):
    (tmp_path / "folder.tsv").mkdir()
    (tmp_path / "a.db").touch()
    with pytest.raises(TripleFormatError, match=reason) as caught:
        list(read_triples(tmp_path / name))
    assert caught.value.path == str(tmp_path / name)
    assert caught.value.line is None


@pytest.mark.parametrize("damage", ["cut", "flip", "plain", "empty"])
def test_a_damaged_gzip_is_an_error(write, damage):
    whole = gzip.compress(b"".join(b"%d\tr\t%d\n" % (n, n * n) for n in range(20_000)))
    broken = bytearray(whole)
    broken[len(whole) // 2] ^= 0x55
    raw = {"cut": whole[:-20], "flip": bytes(broken), "plain": b"a\tb\tc\n", "empty": b"\x1f"}[
        damage
    ]
    with pytest.raises(TripleFormatError, match="gzip"):
        list(read_triples(write("a.tsv.gz", raw)))


def test_a_line_longer_than_any_record_is_an_error_and_takes_little_memory(write, monkeypatch):
    monkeypatch.setattr(lines, "MAX_LINE_BYTES", 1_000)
    with pytest.raises(TripleFormatError, match="is this a text file"):
        list(read_triples(write("a.tsv", b"a\tb\tc\n" + bytes(5_000))))


def test_an_error_holds_on_to_the_beginning_of_a_long_line_only(write):
    ((_, error),) = read(write("a.tsv", "x" * 5_000_000))
    assert len(error.text) <= MAX_STORED_CHARACTERS
    assert len(str(error)) < 600


# ── mutated files ────────────────────────────────────────────────────────────────────────────────

SPLICES = [
    b"\t", b"\n", b"\r", b'"', b'""', b",", b"{", b"}", b"[", b"\\", b"\\ud800", b"\0", b"\xff",
    b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xc2\x85", b"\xe2\x80\xa8", b"<", b">", b"_:", b"<<(",
    b"@en", b"^^",
    b"1e999", b"null", b"NaN", b"-", b"#",
]  # fmt: skip


def mutated(random_, raw):
    data = bytearray(raw)
    for _ in range(random_.randint(1, 4)):
        at = random_.randrange(len(data) + 1)
        kind = random_.randrange(4)
        if kind == 0 and at < len(data):
            data[at] = random_.randrange(256)
        elif kind == 1:
            del data[at : at + random_.randint(1, 6)]
        elif kind == 2:
            data[at:at] = random_.choice(SPLICES)
        else:
            other = random_.randrange(len(data) + 1)
            data[at:at] = data[other : other + random_.randint(1, 20)]
    return bytes(data)


TURTLE = """@prefix x: <x:> .
x:a a x:T ; x:r x:b , [ x:p "l"@en ] .
_:b x:n 5 . x:a x:d "2020-01-01"^^x:date .
"""
XML = """<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:x="x:">
<rdf:Description rdf:about="x:a"><x:r rdf:resource="x:b"/>
<x:p xml:lang="en">l</x:p></rdf:Description>
</rdf:RDF>
"""
DUMP = """[
{"id": "Q1", "labels": {"en": {"language": "en", "value": "One"}}, "claims": {"P1": [{"mainsnak":
 {"snaktype": "value", "property": "P1",
  "datavalue": {"type": "wikibase-entityid", "value": {"id": "Q2"}}},
 "rank": "preferred", "qualifiers": {"P2": [{"snaktype": "value", "property": "P2", "datavalue":
 {"type": "time", "value": {"time": "+2001-00-00T00:00:00Z", "precision": 9}}}]}}]}},
{"id": "Q2", "sitelinks": {"enwiki": {"title": "Two"}}}
]
""".replace("\n ", " ")
SEEDS = {
    ".tsv": 'a\tr\tb\né\tNA\t"q"\n',
    ".csv": 'head,relation,tail\n"a ""x""",r,b\nx,"y\nz",w\n',
    ".jsonl": '{"head": "a", "relation": "r", "tail": "b", "confidence": 0.5, "source": "s"}\n'
    '["é", "\\u00e9", "c"]\n{"head": "a", "relation": "r", "value": "5", "unit": "m"}\n{"key":'
    ' "k"}\n',
    ".nt": '<x:a> <x:r> <x:b> .\n_:b <x:p> "l\\u00e9\\n"@en .\n',
    ".nq": '<x:a> <x:r> <x:b> <x:g> .\n_:b <x:p> "l\\u00e9\\n"@en _:g .\n',
    ".ttl": TURTLE,
    ".rdf": XML,
    ".jsonld": '[{"@id": "x:a", "@type": "x:T", "x:r": [{"@id": "x:b"}, {"@value":'
    ' "l", "@language": "en"}]}]',
    ".json": DUMP,
}
ENTITY_SEEDS = {
    ".jsonl": '{"key": "a", "label": "A", "aliases": ["x"], "types": ["t"], "prior": 1.5}\n{"key":'
    ' "b"}\n',
    ".json": '{"a": {"label": "A", "prior": 2}, "b": ["t"],\n"c": "C"}',
    ".csv": 'key,label,aliases,prior\na,"A, B",x|y,1.5\nb,,,\n',
    ".tsv": "key\tdescription\ttypes\na\tfirst\tt|u\nb\t\t\n",
}
FUZZ = int(os.environ.get("KPTM_FUZZ", "2600"))
"""Mutated files in all; a release is tried with 100,000."""


PACKERS = {
    "": bytes,
    ".gz": lambda raw: gzip.compress(raw, 1),
    ".bz2": bz2.compress,
    ".zst": zstd.compress,
}


@pytest.mark.usefixtures("many_inputs")
@pytest.mark.parametrize(
    ("kind", "suffix"),
    [
        *(("triples", suffix) for suffix in SEEDS),
        *(("entities", suffix) for suffix in ENTITY_SEEDS),
    ],
)
def test_mutated_files_load_or_leave_the_graph_as_it_was(tmp_path, new_graph, kind, suffix):
    random_ = random.Random(f"{kind}{suffix}")
    graph = new_graph()
    load, seeds = graph.load, SEEDS
    if kind == "entities":
        load, seeds = graph.load_entities, ENTITY_SEEDS
    seed = seeds[suffix].encode()
    graph.add([("a", "r", "b")])

    def state():
        return graph.revision(), graph.fingerprint(), graph.stats()

    for _ in range(FUZZ // (len(SEEDS) + len(ENTITY_SEEDS))):
        packed = random_.choice(["", "", "", *PACKERS])
        raw = PACKERS[packed](seed)
        raw = mutated(random_, raw) if packed else mutated(random_, seed)
        path = tmp_path / f"f{suffix}{packed}"
        path.write_bytes(raw)
        before = state()
        try:
            report = load(path)
        except KGError as error:
            assert isinstance(error, TripleFormatError)  # noqa: PT017
            assert error.path == str(path)  # noqa: PT017
            assert state() == before
            try:
                report = load(path, on_error="skip", rejected=tmp_path / "rejected.jsonl")
            except TripleFormatError:
                assert state() == before
                continue
        assert report.read == report.added + report.duplicate + report.rejected_count
        assert (report.revision is None) == (state() == before)
        if graph.stats()["triples"] > 200:
            graph.purge(source=str(path))


def test_a_bounded_prior_is_reported(graph, write):
    lines = [{"key": "a", "prior": 1e16}, {"key": "b", "prior": 1e15}, {"key": "c", "prior": 7}]
    path = write("e.jsonl", "\n".join(map(json.dumps, lines)))
    assert graph.load(path).notes == ("1 prior above 1e+15 reduced to 1e+15",)
    assert [graph.entity(key).prior for key in "abc"] == [1e15, 1e15, 7]
    fact = f'<http://x/{{}}> <{PRIOR}> "{{}}" .\n'
    path = write(
        "p.nt",
        "".join(
            fact.format(key, value)
            for key, value in (("a", "3e15"), ("b", "2e15"), ("c", "many"), ("d", "5"))
        ),
    )
    assert graph.load(path).notes == ("2 priors above 1e+15 reduced to 1e+15",)
    assert graph.load_entities(write("f.jsonl", '{"key": "a", "prior": 1e17}')).notes == (
        "1 prior above 1e+15 reduced to 1e+15",
    )
