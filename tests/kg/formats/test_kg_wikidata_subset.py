"""A part of Wikidata's dump: types, languages and properties, with counts of what is left out."""

import bz2
import gzip
import json
import tracemalloc

import pytest

from kg import KGError, TripleFormatError, WikidataSubset
from kg.formats import read_triples
from kg.types import Attribute, Literal, Qualifier, Statement, Triple
from kg.vocabulary import ALIAS, DESCRIPTION, LABEL, PRIOR

XSD = "http://www.w3.org/2001/XMLSchema#"
# Lines as the dump has them: with hashes, ids, references, and [] for an empty object.
CURIE = (
    '{"type":"item","id":"Q7186","labels":{"en":{"language":"en","value":"Marie Curie"},'
    '"en-gb":{"language":"en-gb","value":"Marie Sk\\u0142odowska Curie"},'
    '"pl":{"language":"pl","value":"Maria Sk\\u0142odowska-Curie"},'
    '"mul":{"language":"mul","value":"M. Curie"}},'
    '"descriptions":{"fr":{"language":"fr","value":"physicienne"}},'
    '"aliases":{"de":[{"language":"de","value":"Marie Curie-Sk\\u0142odowska"}],'
    '"en":[{"language":"en","value":"Madame Curie"}]},"claims":{'
    '"P31":[{"mainsnak":{"snaktype":"value","property":"P31","hash":"ad7d38a03cdd40cdc373de0dc4e7b7f'
    'cbccb31d9","datavalue":{"value":{"entity-type":"item","numeric-id":5,"id":"Q5"},"type":'
    '"wikibase-entityid"},"datatype":"wikibase-item"},"type":"statement","id":"Q7186$1","rank":'
    '"normal"}],'
    '"P26":[{"mainsnak":{"snaktype":"value","property":"P26","datavalue":{"value":{"entity-type":'
    '"item","numeric-id":37463,"id":"Q37463"},"type":"wikibase-entityid"},"datatype":'
    '"wikibase-item"},"type":"statement","qualifiers":{"P580":[{"snaktype":"value","property":'
    '"P580","hash":"1","datavalue":{"value":{"time":"+1895-07-26T00:00:00Z","timezone":0,"before":0'
    ',"after":0,"precision":11,"calendarmodel":"http:\\/\\/www.wikidata.org\\/entity\\/Q1985727"},'
    '"type":"time"},"datatype":"time"}],"P1534":[{"snaktype":"somevalue","property":"P1534","hash":'
    '"2","datatype":"wikibase-item"}]},"qualifiers-order":["P580","P1534"],"id":"Q7186$2","rank":'
    '"normal","references":[{"hash":"3","snaks":{"P143":[]},"snaks-order":["P143"]}]}],'
    '"P1559":[{"mainsnak":{"snaktype":"value","property":"P1559","datavalue":{"value":{"text":'
    '"Maria Sk\\u0142odowska","language":"pl"},"type":"monolingualtext"},"datatype":'
    '"monolingualtext"},"type":"statement","id":"Q7186$3","rank":"normal"}],'
    '"P22":[{"mainsnak":{"snaktype":"novalue","property":"P22","datatype":"wikibase-item"},'
    '"type":"statement","id":"Q7186$4","rank":"normal"}]},'
    '"sitelinks":{"enwiki":{"site":"enwiki","title":"Marie Curie","badges":["Q17437796"]}},'
    '"pageid":8505,"ns":0,"title":"Q7186","lastrevid":2100000000,"modified":"2024-03-01T00:00:00Z"}'
)
WARSAW = (
    '{"type":"item","id":"Q270","labels":{"en":{"language":"en","value":"Warsaw"}},"descriptions":[]'
    ',"aliases":[],"claims":{"P31":['
    '{"mainsnak":{"snaktype":"value","property":"P31","datavalue":{"value":{"entity-type":"item",'
    '"numeric-id":515,"id":"Q515"},"type":"wikibase-entityid"},"datatype":"wikibase-item"},"type":'
    '"statement","id":"Q270$1","rank":"preferred"},'
    '{"mainsnak":{"snaktype":"value","property":"P31","datavalue":{"value":{"entity-type":"item",'
    '"numeric-id":5,"id":"Q5"},"type":"wikibase-entityid"},"datatype":"wikibase-item"},"type":'
    '"statement","id":"Q270$2","rank":"deprecated"},'
    '{"mainsnak":{"snaktype":"somevalue","property":"P31","datatype":"wikibase-item"},"type":'
    '"statement","id":"Q270$3","rank":"normal"}]},"sitelinks":[],"lastrevid":1}'
)
UNTYPED = '{"type":"item","id":"Q99","labels":[],"descriptions":[],"aliases":[],"claims":[]}'
SPOUSE = (
    '{"type":"property","datatype":"wikibase-item","id":"P26","labels":{"en":{"language":"en",'
    '"value":"spouse"},"de":{"language":"de","value":"Ehepartner(in)"}},"descriptions":[],"aliases"'
    ':[],"claims":{"P31":[{"mainsnak":{"snaktype":"value","property":"P31","datavalue":{"value":'
    '{"entity-type":"item","numeric-id":22964231,"id":"Q22964231"},"type":"wikibase-entityid"}},'
    '"type":"statement","rank":"normal"}]},"lastrevid":2}'
)
LEXEME = (
    '{"type":"lexeme","id":"L7","lemmas":{"en":{"language":"en","value":"cat"}},"lexicalCategory":'
    '"Q1084","language":"Q1860","claims":[],"forms":[],"senses":[],"lastrevid":3}'
)
LINES = [CURIE, WARSAW, UNTYPED, SPOUSE, LEXEME]
DUMP = "[\n" + ",\n".join(LINES) + "\n]\n"


def read(path, **subset):
    return [record for _, record in read_triples(path, subset=WikidataSubset(**subset))]


@pytest.fixture
def dump(write):
    return write("dump.json", DUMP)


def name(key, relation, text, language):
    return Attribute(key, relation, Literal(text, language=language))


MARRIAGE = Statement(
    Triple("Q7186", "P26", "Q37463"),
    qualifiers=(Qualifier("P580", Literal("1895-07-26", f"{XSD}date")),),
)


def test_all_three_at_once(dump):
    """Types select Marie Curie, the property stays for its label, and the lexeme has no type."""
    assert read(dump, types=("Q5",), languages=("en",), properties=("P26",)) == [
        name("Q7186", LABEL, "Marie Curie", "en"),
        name("Q7186", LABEL, "Marie Skłodowska Curie", "en-gb"),
        name("Q7186", LABEL, "M. Curie", "mul"),
        name("Q7186", ALIAS, "Madame Curie", "en"),
        Attribute("Q7186", PRIOR, Literal("1", f"{XSD}integer")),
        MARRIAGE,
        name("P26", LABEL, "spouse", "en"),
    ]


def test_an_empty_subset_is_everything(dump):
    everything = [record for _, record in read_triples(dump)]
    assert read(dump) == everything
    assert len(everything) == 11 + 3 + 1 + 3 + 1


def test_types_alone(graph, dump):
    report = graph.load(dump, subset=WikidataSubset(types=("Q515", "Q1")))
    assert [entity.key for entity in graph.search("warsaw")] == ["Q270"]
    assert [graph.search(text) for text in ("curie", "cat")] == [[], []]
    assert [tuple(fact) for fact in graph.match()] == [
        ("Q270", "P31", "Q515"),
        ("P26", "P31", "Q22964231"),
    ]
    assert report.notes == (
        "items of other types left out: 1",
        "items without a type (P31) left out: 1",
        "lexemes and other entities that are no items and have no type, left out: 1",
        "claims and qualifiers of an unknown value or of no value left out: 1 (P31 1)",
    )


def test_a_deprecated_type_is_none(dump):
    """Warsaw was once said to be a human being."""
    found = read(dump, types=("Q5",))
    assert not [record for record in found if "Q270" in str(record)]


def test_languages_alone(dump):
    found = read(dump, languages=("DE", "pl"))
    names = (LABEL, ALIAS, DESCRIPTION)
    assert [one for one in found if isinstance(one, Attribute) and one.relation in names] == [
        name("Q7186", LABEL, "Maria Skłodowska-Curie", "pl"),
        name("Q7186", LABEL, "M. Curie", "mul"),
        name("Q7186", ALIAS, "Marie Curie-Skłodowska", "de"),
        name("P26", LABEL, "Ehepartner(in)", "de"),
    ]
    native = Attribute("Q7186", "P1559", Literal("Maria Skłodowska", language="pl"))
    assert native in found
    assert native in read(dump, languages=("fr",))  # a value, not a name


def test_properties_alone_keep_qualifiers_and_count_the_rest(graph, dump):
    report = graph.load(dump, subset=WikidataSubset(properties=("P26",)))
    assert [tuple(fact) for fact in graph.match()] == [("Q7186", "P26", "Q37463")]
    assert MARRIAGE in [record for _, record in read_triples(dump)]
    assert graph.search("Q99")  # an entity without facts is still one
    assert report.notes == (
        "claims of other properties left out: 7 (P31 5, P1559 1, P22 1)",
        "claims and qualifiers of an unknown value or of no value left out: 1 (P1534 1)",
    )


def test_a_note_names_the_most_frequent(graph, write):
    labels = {tag: {"language": tag, "value": "x"} for tag in ("aa", "bb", "cc", "dd", "ee")}
    lines = [json.dumps({"id": "Q1", "labels": labels, "aliases": {"ee": [labels["ee"]] * 3}})]
    report = graph.load(write("a.json", "\n".join(lines)), subset=WikidataSubset(languages=("en",)))
    assert report.notes == ("names in other languages left out: 8 (ee 4, aa 1, bb 1, and 2 more)",)


def test_a_rejected_line_is_not_counted_as_left_out(graph, write):
    broken = {
        "id": "Q1",
        "labels": {"fr": {"language": "fr", "value": "x"}},
        "claims": {"P1": [{}]},
    }
    path = write("a.json", json.dumps(broken) + "\n" + CURIE)
    report = graph.load(path, subset=WikidataSubset(languages=("en",)), on_error="skip")
    assert report.rejected_count == 1
    assert report.notes[0] == "names in other languages left out: 3 (de 1, fr 1, pl 1)"


@pytest.mark.parametrize(
    ("suffix", "pack"),
    [
        (".bz2", bz2.compress),
        (".gz", gzip.compress),
        (".bz2", lambda raw: bz2.compress(raw[:99]) + bz2.compress(raw[99:])),  # as pbzip2 writes
    ],
)
def test_a_packed_dump(suffix, pack, dump, write):
    packed = write(f"dump.json{suffix}", pack(DUMP.encode()))
    chosen = {"types": ("Q5",), "properties": ("P26",)}
    assert read(packed, **chosen) == read(dump, **chosen)
    assert MARRIAGE in read(packed, **chosen)


@pytest.mark.usefixtures("many_inputs")
def test_memory_is_that_of_one_entity(tmp_path):
    """The longer dump of 8,000 entities takes no more than one of 500."""

    def peak(count):
        path = tmp_path / f"{count}.json.gz"
        with gzip.open(path, "wt") as file:
            for number in range(count):
                file.write(CURIE.replace('"Q7186"', f'"Q{number}1"') + ",\n")
        tracemalloc.start()
        try:
            read_count = sum(1 for _ in read_triples(path, subset=WikidataSubset(types=("Q5",))))
            return read_count, tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(10)  # imports
    (few, small), (many, large) = peak(500), peak(8_000)
    assert many == 16 * few
    assert large < small + 100_000


def test_subsets_agree_with_a_filter_of_the_whole(write):
    """Random claims: a subset by properties is what remains of the whole by the same rule."""
    lines = []
    for number in range(60):
        claims = {
            f"P{prop}": [
                {
                    "mainsnak": {
                        "snaktype": "value",
                        "property": f"P{prop}",
                        "datavalue": {"type": "string", "value": f"{number} {prop}"},
                    },
                    "rank": "normal",
                }
            ]
            for prop in range(1, 12)
            if (number * 7 + prop * 3) % 5 < 2
        }
        lines.append(json.dumps({"type": "item", "id": f"Q{number}", "claims": claims}))
    path = write("many.json", "\n".join(lines))
    everything = [one for _, one in read_triples(path) if isinstance(one, Attribute)]
    found = [one for one in read(path, properties=("P2", "p5")) if isinstance(one, Attribute)]
    assert found == [one for one in everything if one.relation in ("P2", "P5")]
    assert 0 < len(found) < len(everything)


@pytest.mark.parametrize(
    ("subset", "said"),
    [
        ({"types": ("P5",)}, "'P5' is not the key of an item"),
        ({"types": ("human",)}, "'HUMAN' is not the key of an item"),
        ({"types": ("Q05",)}, "'Q05'"),
        ({"properties": ("Q5",)}, "'Q5' is not the key of a property"),
        ({"properties": ("",)}, "''"),
        ({"languages": ("e n",)}, "not a language"),
    ],
)
def test_keys_that_are_none(subset, said):
    with pytest.raises(KGError, match=said):
        WikidataSubset(**subset)


@pytest.mark.parametrize("path", ["a.tsv", "a.jsonl", "a.nt", "pykeen:nations"])
def test_other_formats_are_refused(graph, write, path):
    if ":" not in path:
        path = write(path, "")
    with pytest.raises(TripleFormatError, match="only Wikidata's dump is read in part"):
        graph.load(path, subset=WikidataSubset(types=("Q5",)))
    assert graph.revision() == 0


def test_another_subset_of_the_dump_replaces_the_first_one_or_is_added(graph, dump):
    graph.load(dump, subset=WikidataSubset(types=("Q5",), properties=("P26",)))
    cities = WikidataSubset(types=("Q515",), properties=("P31",))
    assert graph.load(dump, subset=cities, add=True).ended == 0
    assert {fact.head for fact in graph.match()} == {"Q7186", "Q270", "P26"}
    assert graph.load(dump, subset=cities).ended > 0
    assert {fact.head for fact in graph.match()} == {"Q270", "P26"}
