"""Tables from banks, Excel and pandas give the facts that they state."""

import io

import pytest

from kg import Attribute, KGError, Literal, Triple, TripleFormatError
from kg.vocabulary import XSD

BANK = """\
sep=;
Buchung;Datum;Betrag;Empfänger;IBAN;;
B-001;03.01.2024;"-1.234,50";"Stadtwerke; Abt. 2";="0049123";;
B-002;17.01.2024;99,00;Ünal & Söhne;="0049124";;
B-003;28.02.2024;12,5;;="0049125";;
"""
EXCEL = "country\tcapital\tpopulation\tsite\r\nFrance\tParis\t66,987,244\thttp://france.fr\r\nMali\tBamako\t\thttp://mali.ml\r\n"


@pytest.fixture
def loaded(graph, tmp_path):
    """A function that loads a table; its report comes back."""

    def load(text, name="t.csv", encoding="utf-8", **options):
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return graph.load(path, **options)

    return load


def typed(value, kind):
    return Literal(value, f"{XSD}{kind}")


def test_a_bank_export_with_semicolons(graph, loaded):
    report = loaded(BANK, key="Buchung")
    assert report.rejected_count == 0
    assert any("semicolons" in note for note in report.notes)
    assert "1 empty cells skipped" in report.notes
    amounts = {item.head: item.value for item in graph.attributes(relation="Betrag")}
    assert amounts == {
        "B-001": typed("-1234.50", "decimal"),
        "B-002": typed("99.00", "decimal"),
        "B-003": typed("12.5", "decimal"),
    }
    assert {item.value for item in graph.attributes(relation="Datum")} == {
        typed(day, "date") for day in ("2024-01-03", "2024-01-17", "2024-02-28")
    }
    assert set(graph.match(relation="Empfänger")) == {
        Triple("B-001", "Empfänger", "Stadtwerke; Abt. 2"),
        Triple("B-002", "Empfänger", "Ünal & Söhne"),
    }
    assert Triple("B-001", "IBAN", "0049123") in set(graph.match())


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_excel_text_in_unicode(graph, loaded, encoding):
    mark = "\ufeff" if encoding.endswith("e") else ""
    report = loaded(mark + EXCEL, "t.txt", encoding, key="Country")
    assert ("read as UTF-16" in report.notes) == encoding.startswith("utf-16")
    assert set(graph.match()) == {
        Triple("France", "capital", "Paris"),
        Triple("Mali", "capital", "Bamako"),
    }
    assert list(graph.attributes("France", "population")) == [
        Attribute("France", "population", typed("66987244", "integer"))
    ]
    assert graph.stats()["attributes"] == 3


def test_a_frame_written_by_pandas_with_its_index(graph, loaded):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(
        {"name": ["Ann", "Bob", "Cy"], "age": [31, 2, 1], "lives_in": ["Bonn", None, "Ulm"]},
        index=[1, 2, 31],
    )
    out = io.StringIO()
    frame.rename_axis("id").to_csv(out)
    report = loaded(out.getvalue(), key="id")
    assert {item.relation: item.kind for item in report.typed} == {
        "age": "integer"
    } or report.typed == ()
    assert set(graph.match(relation="lives_in")) == {
        Triple("1", "lives_in", "Bonn"),
        Triple("31", "lives_in", "Ulm"),
    }


def test_several_values_in_a_cell(graph, loaded):
    loaded("film,genre\nHeat,crime; drama;\nBrazil,comedy\n", key="film", split=";")
    assert set(graph.match("Heat")) == {
        Triple("Heat", "genre", "crime"),
        Triple("Heat", "genre", "drama"),
    }


@pytest.mark.parametrize("name", ["t.tsv", "t.csv"])
def test_usual_headers_are_recognised(graph, loaded, name):
    mark = "\t" if name == "t.tsv" else ","
    report = loaded(f"Head{mark}relation{mark}tail\nEmma{mark}author{mark}Austen\n", name)
    assert list(graph.match()) == [Triple("Emma", "author", "Austen")]
    assert report.read == 1
    assert any("header" in note for note in report.notes)
    (told,) = graph.describe("Emma").facts
    assert told.sources[0][1] == 2


def test_a_header_in_another_order_orders_the_columns(graph, loaded):
    loaded("object\tsubject\tpredicate\nAusten\tEmma\tauthor\n", "t.tsv")
    assert list(graph.match()) == [Triple("Emma", "author", "Austen")]


def test_the_user_can_say_whether_there_is_a_header(graph, loaded):
    loaded("head\trelation\ttail\n", "t.tsv", header=False)
    assert list(graph.match()) == [Triple("head", "relation", "tail")]
    loaded("book\thow\twho\nEmma\tauthor\tAusten\n", "u.tsv", header=True)
    assert graph.stats()["triples"] == 2


def test_the_error_for_a_wide_table_says_how_to_load_it(loaded):
    with pytest.raises(TripleFormatError, match="--key COLUMN"):
        loaded("country,iso,capital,tld\nFrance,FR,Paris,.fr\n")
    with pytest.raises(TripleFormatError, match="no column 'land'; it has country, iso"):
        loaded("country,iso\nFrance,FR\n", key="land")
    with pytest.raises(KGError, match="one of them"):
        loaded("country,iso\nFrance,FR\n", key="country", columns=(0, 1, 2))


def test_a_quoted_line_end_stays_in_its_cell(graph, loaded):
    loaded('who;says\nAnn;"one\ntwo"\n', key="who")
    assert list(graph.match()) == [Triple("Ann", "says", "one\ntwo")]


def test_turtle_with_a_mark_is_read(graph, loaded):
    report = loaded("@prefix : <http://a.org/> .\n:a :b :c .\n", "t.ttl", "utf-8-sig")
    assert report.added == 1
