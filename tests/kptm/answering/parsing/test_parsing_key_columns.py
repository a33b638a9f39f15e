"""The name of a table's key column is the noun for its rows."""

import pytest

from kg import KnowledgeGraph
from kptm import Linker, Predictor

HEADER = "Patient name\tSpecies\tVet\tWeight (kg)\tNext check\n"
ROWS = {
    # name: (species, vet, weight, next check)
    "Biscuit": ("dog", "Dr Adler", 12.5, "2026-12-08"),
    "Gandalf": ("cat", "Dr Brandt", 5.6, "2027-01-20"),
    "Hector": ("goat", "Dr Brandt", 61, ""),
    "Toffee": ("hamster", "Dr Adler", 0.1, "2026-12-02"),
}


def table(rows=ROWS, header=HEADER):
    lines = ("\t".join((name, *map(str, cells))) for name, cells in rows.items())
    return header + "".join(line + "\n" for line in lines)


@pytest.fixture(scope="module")
def asks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vet")
    (folder / "export.tsv").write_text(table())
    graph = KnowledgeGraph.open(folder / "graph.db")
    graph.load(folder / "export.tsv", key="Patient name")
    yield Predictor(graph, Linker(graph))
    graph.close()


@pytest.mark.parametrize(
    ("question", "answers"),
    [
        ("how many patients are there", {str(len(ROWS))}),
        ("heaviest patient", {max(ROWS, key=lambda name: ROWS[name][2])}),
        ("which patients are dogs", {name for name, row in ROWS.items() if row[0] == "dog"}),
        ("dr brandt's patients", {name for name, row in ROWS.items() if row[1] == "Dr Brandt"}),
        ("patients over 5 kg", {name for name, row in ROWS.items() if row[2] > 5}),
    ],
)
def test_the_key_column_is_the_noun_for_rows(asks, question, answers):
    assert {item.text for item in asks.ask(question).answers} == answers


def test_the_noun_is_among_the_meanings_of_a_question(asks):
    answer = asks.ask("heaviest patient")
    meant = {item.text: (item.kind, item.means) for item in answer.meanings}
    assert meant["patient"] == ("rows", "has:Species")


def keys_of(graph):
    """The key columns of the files."""
    return [key for _, _, key in graph.evaluator().files()]


def test_another_key_column_replaces_the_first(tmp_path):
    path = tmp_path / "export.tsv"
    path.write_text(table())
    with KnowledgeGraph.open(tmp_path / "graph.db") as graph:
        graph.load(path, key="Patient name")
        assert keys_of(graph) == ["Patient name"]
        path.write_text(table(header=HEADER.replace("Patient name", "Animal")))
        report = graph.load(path, key="Animal")
        assert report.revision is None  # no fact has changed
        assert keys_of(graph) == ["Animal"]
        (tmp_path / "more.tsv").write_text("Biscuit\tcolour\tbrown\n")
        graph.load(tmp_path / "more.tsv")
        assert keys_of(graph) == ["Animal", ""]


def test_rows_of_several_tables_in_one_source_have_no_key_column(tmp_path):
    with KnowledgeGraph.open(tmp_path / "graph.db") as graph:
        graph.load([{"Patient": "Biscuit", "Vet": "Dr Adler"}], key="Patient")
        assert keys_of(graph) == ["Patient"]
        graph.load([{"Patient": "Hector", "Vet": "Dr Brandt"}], key="Patient")
        assert keys_of(graph) == ["Patient"]
        graph.load([{"Clinic": "North", "Town": "Bern"}], key="Clinic")
        assert keys_of(graph) == []
