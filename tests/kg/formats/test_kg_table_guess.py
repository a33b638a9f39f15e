"""The guessed layout of a table is the one that a person would see."""

import pytest

from kg import KnowledgeGraph, TripleFormatError
from kg.formats import guess_table
from kg.types import Step

FILMS = "id,Title,Director,Year,Genres\n1,Alien,Ridley Scott,1979,horror;sci-fi\n"
FILMS += "2,Heat,Michael Mann,1995,crime\n3,Jaws,Steven Spielberg,1975,horror;thriller\n"


def written(tmp_path, text, name="table.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "head,relation,tail\nFrance,capital,Paris\n"),
        ("a.tsv", "object\tsubject\tpredicate\nParis\tFrance\tcapital\n"),
        ("a.tsv", ("France\tcapital\tParis\nFrance\tborders\tSpain\nSpain\tcapital\tMadrid\n"
                  "Spain\tborders\tFrance\n")),
        ("a.csv", "Paris,in,France\nRome,in,Italy\nOslo,in,Norway\n"),
    ],
)  # fmt: skip
def test_one_fact_in_each_row(tmp_path, name, text):
    guess = guess_table(written(tmp_path, text, name))
    assert (guess.layout, guess.key, guess.doubts) == ("triples", "", ())


@pytest.mark.parametrize(
    ("text", "key", "split"),
    [
        (FILMS, "Title", ";"),
        ("year,composer\n1685,Bach\n1770,Beethoven\n", "composer", ""),  # numbers are no names
        # A row without a key could not be loaded.
        ("plot,tenant\n1A,Ann Lee\n2,Bo Ek\n3,Cy Orr\n7B,\n", "plot", ""),
        ("born;person\n1906-12-09;Hopper\n1815-12-10;Lovelace\n", "person", ""),  # nor are dates
        ("country,city name,tags\nFrance,Paris,old|big\nFrance,Nice,old\nItaly,Rome,big\n",
         "city name", "|"),
        (("name,note\nA,one; and then a long sentence that goes on and on until it is no value any"
         " more\nB,x\n"), "name", ""),
    ],
)  # fmt: skip
def test_one_entity_in_each_row(tmp_path, text, key, split):
    guess = guess_table(written(tmp_path, text))
    assert (guess.layout, guess.key, guess.split) == ("entities", key, split)
    assert guess.doubts == ()


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        ("name,size\nA,1\nA,2\nB,3\n", "1 of 3 rows"),
        ("150,4,setosa\n5.1,3.5,0\n4.9,3.0,0\n", "header"),
        ("codename,series\nWarty Warthog,warty\nHoary Hedgehog,hoary\n", "'series'"),
    ],
)
def test_doubts_are_reported(tmp_path, text, doubt):
    guess = guess_table(written(tmp_path, text))
    assert any(doubt in item for item in guess.doubts)


@pytest.mark.parametrize("text", ["", "\n\n", "one\ntwo\n"])
def test_no_table_is_an_error(tmp_path, text):
    with pytest.raises(TripleFormatError, match=r"table\.csv"):
        guess_table(written(tmp_path, text))


def test_a_guess_is_what_load_takes(tmp_path):
    path = written(tmp_path, FILMS)
    guess = guess_table(path)
    with KnowledgeGraph.open(tmp_path / "graph.db") as graph:
        graph.load(path, key=guess.key, split=guess.split)
        assert graph.follow("Jaws", [Step("Genres")]) == ["horror", "thriller"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_table_as_excel_writes_it(tmp_path, encoding):
    path = tmp_path / "films.csv"
    path.write_text("sep=;\n" + FILMS.replace(";", "|").replace(",", ";"), encoding=encoding)
    guess = guess_table(path)
    assert (guess.key, guess.split) == ("Title", "|")


def test_another_format_is_not_a_table(tmp_path):
    with pytest.raises(TripleFormatError, match="is not a table"):
        guess_table(written(tmp_path, "<a> <b> <c> .\n", "facts.nt"))
