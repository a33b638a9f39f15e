"""Typing on load: which relations of a table have values."""

import pytest

from kg import Attribute, KGError, Literal, Step, Triple
from kg.values import ValueKey
from kg.vocabulary import LABEL, XSD

FILMS = """\
1984\tdirected by\tMichael Radford
1984\trelease year\t1984
Alien\tdirected by\tRidley Scott
Alien\trelease year\t1979
Brazil\tdirected by\tTerry Gilliam
Brazil\trelease year\t1985
Heat\trelease year\t1995
Jaws\trelease year\t1975
Kes\trelease year\t1969
Brazil\tlikes\t1984
Alien\tlikes\tBrazil
Heat\tlikes\tAlien
"""


@pytest.fixture
def loaded(graph, tmp_path):
    """A function that loads a table; its report comes back."""

    def load(text, name="t.tsv", **options):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return graph.load(path, **options)

    return load


def kinds(report):
    return {item.relation: item.kind for item in report.typed}


def test_years_are_values_and_a_film_of_that_name_is_an_entity(graph, loaded):
    report = loaded(FILMS)
    assert kinds(report) == {"release year": "integer"}
    assert report.read == report.added == 12
    assert graph.follow("Brazil", [Step("likes")]) == ["1984"]
    assert Triple("Brazil", "likes", "1984") in set(graph.match())
    years = {item.head: item.value for item in graph.attributes(relation="release year")}
    assert years["1984"] == Literal("1984", f"{XSD}integer")
    assert set(graph.keys()) >= {"1984", "Alien"}
    assert "1979" not in set(graph.keys())


def test_a_path_goes_through_a_value_and_back(graph, loaded):
    loaded(FILMS + "Dune\trelease year\t1984\n")
    year = ValueKey(Literal("1984", f"{XSD}integer"))
    assert graph.follow("Dune", [Step("release year")]) == [year]
    assert graph.follow(year, [Step("release year", False)]) == ["1984", "Dune"]
    same = [Step("release year"), Step("release year", False)]
    assert graph.follow("Dune", same) == ["1984"]
    assert graph.trails("Dune", same, "1984") == [
        [Triple("Dune", "release year", year), Triple("1984", "release year", year)]
    ]
    told = graph.attestations([Triple("Dune", "release year", year)])
    assert told[Triple("Dune", "release year", year)].sources[0][1] == 13


def test_the_user_overrules_what_was_guessed(graph, loaded):
    report = loaded(FILMS, types={"Release Year": "entity", "likes": "text"})
    assert kinds(report) == {"likes": "text"}
    assert Triple("Alien", "release year", "1979") in set(graph.match())
    assert Attribute("Brazil", "likes", Literal("1984")) in set(graph.attributes())


def test_nothing_is_typed_without_guessing(graph, loaded):
    assert loaded(FILMS, types=False).typed == ()
    assert graph.stats()["triples"] == 12


MARKED = '<urn:a> <urn:size> "3" .\n'


@pytest.mark.parametrize(("name", "text", "format_name"), [
    ("t.nt", MARKED, "nt"),
    ("t.ttl", MARKED, "ttl"),
    ("t.jsonl", '{"head": "a", "relation": "size", "tail": "3"}', "jsonl"),
    ("t.kgtk", "node1\tlabel\tnode2\na\tsize\t3\n", "kgtk"),
])  # fmt: skip
def test_types_of_a_format_that_marks_values_are_refused(graph, loaded, name, text, format_name):
    with pytest.raises(KGError, match=rf"{format_name} has no types to choose \(size\)"):
        loaded(text, name, types={"size": "text"})
    assert graph.revision() == 0
    for nothing_stated in (None, False, {}):
        assert loaded(text, name, types=nothing_stated).typed == ()
    assert graph.stats()["triples"] + graph.stats()["attributes"] == 1


def test_types_of_mappings_and_data_sets_are_refused(graph):
    with pytest.raises(KGError, match=r"the rows given: jsonl has no types to choose \(size\)"):
        graph.load([{"head": "a", "relation": "size", "value": "3"}], types={"size": "text"})
    with pytest.raises(KGError, match=r"a dataset of PyKEEN has no types to choose"):
        graph.load("pykeen:nations", types={"size": "text"})
    with pytest.raises(KGError, match=r"a server has no types to choose"):
        graph.load("bolt://localhost:1/neo4j", types={"size": "text"})
    assert graph.revision() == 0


def test_unknown_relations_and_unknown_types_are_errors(graph, loaded):
    with pytest.raises(KGError, match="no relation is called released"):
        loaded(FILMS, types={"released": "entity"})
    with pytest.raises(KGError, match="there is no type 'number'"):
        loaded(FILMS, types={"release year": "number"})
    assert graph.stats()["triples"] == 0


@pytest.mark.parametrize(("rows", "kind"), [
    ([(f"e{n}", f"{n},{n % 10}") for n in range(9)], "decimal"),  # 0,0 1,1 …: commas as in German
    ([(f"e{n}", f"{n} km²") for n in range(9)], "quantity"),
    ([(f"e{n}", f"{n + 1}.12.1999") for n in range(9)], "date"),
    ([(f"e{n}", f"{n + 13}/01/2001") for n in range(9)], "date"),
    ([(f"e{n}", f"0{n}/01/2001") for n in range(1, 9)], "text"),  # a month or a day: nobody can say
    ([(f"e{n}", f"1:{n}.{n}-1") for n in range(9)] + [("e99", "20230101")], "version"),
    ([(f"e{n}", f"https://x{n}.org/will") for n in range(9)], "url"),
    ([(f"e{n}", f"a{n}@x.org") for n in range(9)], "email"),
    ([(f"e{n}", str(n)) for n in range(99)] + [("e100", "many"), ("e101", "n/a")], "integer"),
    ([(f"e{n}", str(n)) for n in range(20)] + [("e100", "many")], None),
    ([(f"http://a.org/{n}", f"http://a.org/{n + 1}") for n in range(9)], None),  # keys of one kind
    ([(f"00{n}", str(n)) for n in range(9)], "integer"),
    ([(str(n), str(n + 50)) for n in range(9)], None),
    ([(f"e{n}", "00260881") for n in range(9)], None),
    ([("Heat", "likes", "12 Monkeys"), ("e1", "3")], None),
])  # fmt: skip
def test_a_relation_has_values_by_the_rule(graph, loaded, rows, kind):
    report = loaded("".join(f"{row[0]}\tr\t{row[-1]}\n" for row in rows))
    assert kinds(report) == ({} if kind is None else {"r": kind})
    assert report.added == len(rows)


def test_tails_that_are_entities_elsewhere_are_keys(graph, loaded):
    orders = "".join(f"order {n}\tcustomer\t{4000 + n}\n" for n in range(50))
    names = "".join(f"{4000 + n}\tlives in\tVaduz\n" for n in range(50))
    assert loaded(orders + names).typed == ()


def test_keys_that_come_long_after_their_use_are_noticed(graph, loaded, monkeypatch):
    monkeypatch.setattr("kg.formats.text.blocks.BYTES_PER_READ", 200)
    monkeypatch.setattr("kg.values.tail_typing.BLOCKS_READ_AHEAD", 1)
    orders = "".join(f"order {n}\tcustomer\t{4000 + n}\n" for n in range(50))
    names = "".join(f"{4000 + n}\tlives in\tVaduz\n" for n in range(50))
    report = loaded(orders + names)
    assert report.typed == ()
    assert graph.stats()["triples"] == report.added == 100
    assert graph.stats()["revisions"] == 1


def test_a_relation_that_turns_out_to_have_names_is_read_again(graph, loaded, monkeypatch):
    monkeypatch.setattr("kg.formats.text.blocks.BYTES_PER_READ", 100)
    monkeypatch.setattr("kg.values.tail_typing.BLOCKS_READ_AHEAD", 1)
    text = "".join(f"shop\tsells\t{1900 + n}\n" for n in range(20))
    text += "".join(f"shop\tsells\tThe Film {n}\n" for n in range(20))
    assert loaded(text).typed == ()
    assert graph.stats()["triples"] == 40


def test_standard_input_that_must_be_read_again_is_an_error_that_says_how(
    graph, tmp_path, monkeypatch
):
    monkeypatch.setattr("kg.formats.text.blocks.BYTES_PER_READ", 100)
    monkeypatch.setattr("kg.values.tail_typing.BLOCKS_READ_AHEAD", 1)
    rows = [f"shop\tsells\t{1900 + n}\n" for n in range(20)]
    rows += [f"shop\tsells\tThe Film {n}\n" for n in range(20)]
    (tmp_path / "in").write_text("".join(rows))
    with (tmp_path / "in").open() as stream:
        monkeypatch.setattr("sys.stdin", stream)
        with pytest.raises(KGError, match="stated in types: sells=entity"):
            graph.load("-", format="tsv")
    assert graph.stats()["triples"] == 0
    with (tmp_path / "in").open() as stream:
        monkeypatch.setattr("sys.stdin", stream)
        assert graph.load("-", format="tsv", types={"sells": "entity"}).added == 40


def test_the_kinds_of_labels_are_not_for_the_user_to_state(graph, loaded):
    with pytest.raises(KGError, match="label=text: the kind of this relation's tails is fixed"):
        loaded(f"a\t{LABEL}\tAnn\n", types={LABEL: "text"})


def test_a_relation_stays_what_it_is_in_the_graph(graph, loaded):
    loaded("Emma\tpages\t474\n")
    report = loaded("Persuasion\tpages\tabout 250\n", "more.tsv")
    assert [(item.kind, item.as_text) for item in report.typed] == [("integer", 1)]
    graph.add([("Emma", "shelf", "12")])
    assert loaded("Persuasion\tshelf\t13\n", "shelf.tsv").typed == ()


def test_the_window_decides_like_the_whole_file(graph, loaded, monkeypatch):
    monkeypatch.setattr("kg.formats.text.blocks.BYTES_PER_READ", 64)
    report = loaded(FILMS)
    assert kinds(report) == {"release year": "integer"}
    assert graph.stats()["attributes"] == 6


def test_csv_is_typed_too_and_lines_are_noted(graph, loaded):
    report = loaded(
        'head,relation,tail\r\nEmma,published,"1815-12-23"\r\nEmma,author,Austen\r\n', "t.csv"
    )
    assert kinds(report) == {"published": "date"}
    (told,) = [item for item in graph.describe("Emma").facts if item.fact.relation == "published"]
    assert told.fact == Attribute("Emma", "published", Literal("1815-12-23", f"{XSD}date"))
    assert told.sources[0][1] == 2


def test_values_are_no_names(graph, loaded):
    loaded("".join(f"p{n}\thomepage\thttps://x{n}.org/will\n" for n in range(5)))
    assert [item.key for item in graph.search("will")] == []


def test_a_text_beside_values_that_no_store_takes_is_rejected(graph, loaded, tmp_path):
    rows = "".join(f"e{n}\tr\t{n}\n" for n in range(99)) + "e99\tr\ta\0b\n"
    report = loaded(rows, on_error="skip")
    assert (report.added, report.rejected_count) == (99, 1)


def test_values_of_a_text_are_those_that_the_graph_has(graph, loaded):
    loaded("France\tpopulation\t66,987,244\nMali\tpopulation\t5\n")
    (value,) = graph.values("66987244")
    assert value == graph.values("66,987,244")[0] == Literal("66987244", f"{XSD}integer")
    assert graph.values("7") == graph.values("France") == []
