"""Tables as people write them: units in the names of columns, and a column with the class."""

import pytest

from kg import KnowledgeGraph
from kptm import Workspace
from kptm.answering.lexicon.columns.column_names import without_unit
from kptm.answering.parsing.rows.nouns import Nouns

WEIGHTS = {"Blue whale": 140_000, "King cobra": 9, "Grey wolf": 45, "Barn owl": 0.5, "Crow": 0.4}
CLASSES = {"Blue whale": "mammal", "Grey wolf": "mammal", "King cobra": "reptile"}
CLASSES |= {"Barn owl": "night bird", "Crow": "song bird"}
HOMES = {"Blue whale": "ocean", "King cobra": "forest", "Grey wolf": "forest", "Barn owl": "barn"}


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    lines = [f"{name}\tweight_kg\t{weight}\n" for name, weight in WEIGHTS.items()]
    lines += [f"{name}\tclass\t{kind}\n" for name, kind in CLASSES.items()]
    lines += [f"{name}\thabitat\t{home}\n" for name, home in HOMES.items()]
    path = folder / "animals.tsv"
    path.write_text("".join(lines))
    return path


@pytest.fixture(scope="module")
def ws(table, tmp_path_factory):
    with Workspace.open(tmp_path_factory.mktemp("tables") / "ws") as opened:
        opened.load(table)
        yield opened


@pytest.mark.parametrize(
    ("name", "measure"),
    [
        ("weight_kg", "weight"),
        ("top_speed_kmh", "top speed"),
        ("area in km2", "area"),
        ("duration_minutes", "duration"),
        ("passengers_2019", "passengers"),
        ("runtimeMin", "runtime"),
        ("birth_year", "birth_year"),
        ("founded_in", "founded_in"),
        ("kg", "kg"),
        ("population", "population"),
        ("vitamin_d", "vitamin_d"),
        ("average temperature C", "average temperature"),
        ("vitamin C", "vitamin C"),
    ],
)
def test_a_unit_is_removed_from_the_name_of_a_measure(name, measure):
    assert without_unit(name) == measure


def test_a_question_need_not_name_the_unit_of_a_measure(ws):
    assert ws.ask("how heavy is a blue whale").answers[0].value.value == "140000"
    heavy = ws.ask("which animals weigh more than 40 kilos").answers
    assert {item.entity for item in heavy} == {name for name, kg in WEIGHTS.items() if kg > 40}


def test_the_heaviest_is_found(ws):
    heaviest = max(WEIGHTS, key=WEIGHTS.__getitem__)
    assert ws.ask("what is the heaviest animal").entity == heaviest


@pytest.mark.parametrize("noun", ["mammals", "animals", "birds"])
def test_rows_are_counted_by_their_class(ws, noun):
    counts = {"animals": 5, "mammals": 2, "birds": 2}
    answer = ws.ask(f"how many {noun} are there")
    assert answer.text == str(counts[noun])


def test_nouns_come_from_classes_and_file_names(table, tmp_path):
    with KnowledgeGraph.open(tmp_path / "graph.db") as graph:
        graph.load(table)
        evaluator = graph.evaluator()
        found = Nouns(graph, evaluator).find()
        denoted = {noun: set(evaluator.evaluate(made).nodes) for noun, made in found.items()}
    implied = {noun for noun, rows in denoted.items() if rows == set(HOMES)}  # by their habitat
    assert "species" in implied
    assert {noun: rows for noun, rows in denoted.items() if noun not in implied} == {
        "animals": set(WEIGHTS),
        "mammal": {"Blue whale", "Grey wolf"},
        "reptile": {"King cobra"},
        "night bird": {"Barn owl"},
        "song bird": {"Crow"},
        "bird": {"Barn owl", "Crow"},
    }


def test_an_unknown_adjective_is_not_taken_for_a_noun(ws):
    assert not ws.ask("is the king cobra venomous").found
    assert ws.ask("is a grey wolf a mammal").text == "yes"


def test_how_tall_is_not_answered_with_a_date(tmp_path):
    with Workspace.open(tmp_path / "ws") as ws:
        ws.graph.add([("Ann Lee", "plays", "guitar")])
        path = tmp_path / "people.tsv"
        path.write_text("Ann Lee\tborn\t1989-12-13\nBob Ray\tborn\t1970-01-02\n")
        ws.load(path)
        assert not ws.ask("how tall is ann lee").found
        assert ws.ask("when was ann lee born").found


@pytest.mark.parametrize(
    ("question", "count", "greatest"),
    [
        ("top 3 animals by weight", 3, True),
        ("the two heaviest animals", 2, True),
        ("what are the 2 lightest animals", 2, False),
    ],
)
def test_a_number_of_best_answers_comes_best_first(ws, question, count, greatest):
    order = sorted(WEIGHTS, key=WEIGHTS.__getitem__, reverse=greatest)
    answer = ws.ask(question)
    assert [item.entity for item in answer.answers] == order[:count]
    assert str(count) in answer.sentence


def test_a_number_before_a_comparison_is_its_bound(ws):
    heavy = ws.ask("which animals have a weight of 45 or more").answers
    assert {item.entity for item in heavy} == {name for name, kg in WEIGHTS.items() if kg >= 45}


@pytest.mark.parametrize(
    ("question", "home"),
    [("habitat of king cobrra", "forest"), ("what is the habitat of the grey wollf", "forest")],
)
def test_a_misspelt_word_of_a_name_is_corrected(ws, question, home):
    assert ws.ask(question).text == home


@pytest.fixture(scope="module")
def novels(tmp_path_factory):
    pages = {"War and Peace": 1225, "The Hunter's Tale": 340, "Emma": 420, "Peace": 90}
    path = tmp_path_factory.mktemp("novels") / "novels.tsv"
    path.write_text("".join(f"{name}\tpages\t{count}\n" for name, count in pages.items()))
    with Workspace.open(path.with_name("ws")) as opened:
        opened.load(path)
        yield opened


@pytest.mark.parametrize(
    ("question", "pages"),
    [
        # Pages are the only measure in the graph that "long" may mean.
        ("how long is war and peace", "1225"),
        ("how many pages has the hunters tale got", "340"),
        ("pages of war and peece", "1225"),
    ],
)
def test_a_long_name_is_found_if_misspelt_or_without_apostrophe(novels, question, pages):
    assert novels.ask(question).answers[0].value.value == pages


def test_the_longest_novel_has_the_most_pages(novels):
    assert novels.ask("which is the longest novel in the list").entity == "War and Peace"
