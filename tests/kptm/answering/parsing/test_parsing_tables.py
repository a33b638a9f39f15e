"""Questions over tables without types: the rows of "my_breads.tsv" are called breads.

The answers are computed by hand from the rows.
"""

import pytest

from kg import KnowledgeGraph
from kg.types import EntityRecord
from kptm import Linker, Predictor

BREADS = {
    # name: (kind, minutes in the oven, grams, baker, first baked)
    "Baguette": ("white bread", 25, 250, "Ann Lee", 1920),
    "Ciabatta": ("white bread", 30, 400, "Bob Ray", 1982),
    "Pumpernickel": ("rye bread", 240, 1000, "Cy Fox", 1570),
    "Vollkornbrot": ("rye bread", 60, 750, "Ann Lee", 1930),
    "Bagel": ("ring", 20, 100, "Ann Lee", 1610),
}
BAKERS = {"Ann Lee": "France", "Bob Ray": "Italy", "Cy Fox": "Germany"}
GRAINS = [("Baguette", "wheat"), ("Ciabatta", "wheat"), ("Bagel", "wheat")]
SERVED = [("Bagel", "Baguette"), ("Ciabatta", "Baguette"), ("Ciabatta", "Pumpernickel")]


@pytest.fixture(scope="module")
def asks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bakery")
    lines = []
    for name, (kind, minutes, grams, baker, year) in BREADS.items():
        lines += [
            (name, "dough category", kind),
            (name, "oven time", minutes),
            (name, "weight", grams),
            (name, "invented by", baker),
            (name, "first released", year),
        ]
    lines += [(name, "lives in", country) for name, country in BAKERS.items()]
    lines += [(name, "grain", grain) for name, grain in GRAINS]
    lines += [(one, "pairs with", other) for one, other in SERVED]
    text = "".join("\t".join(map(str, line)) + "\n" for line in lines)
    (folder / "my_breads.tsv").write_text(text)
    graph = KnowledgeGraph.open(folder / "graph.db")
    graph.load(folder / "my_breads.tsv")
    yield Predictor(graph, Linker(graph))
    graph.close()


def such(test):
    """The breads whose row satisfies a condition."""
    return {name for name, row in BREADS.items() if test(*row)}


@pytest.mark.parametrize(
    ("question", "answers"),
    [
        ("which bread is the heaviest", {"Pumpernickel"}),
        ("what is the oldest bread", {"Pumpernickel"}),
        ("second heaviest bread", {"Vollkornbrot"}),
        ("which breads are rye breads", such(lambda kind, *_: kind == "rye bread")),
        ("list all white breads", such(lambda kind, *_: kind == "white bread")),
        ("what kind of bread is bagel", {"ring"}),
        ("wheat breads", {name for name, grain in GRAINS if grain == "wheat"}),
        ("breads heavier than 500", such(lambda k, m, grams, *_: grams > 500)),
        ("breads heavier than 500 grams", such(lambda k, m, grams, *_: grams > 500)),
        ("breads with a weight between 200 and 800", such(lambda k, m, g, *_: 200 <= g <= 800)),
        (
            "which breads were invented by people who live in france",
            such(lambda k, m, g, baker, _: baker == "Ann Lee"),
        ),
        ("is bagel a ring or a white bread", {"ring"}),
        ("breads under 50 minutes", such(lambda k, minutes, *_: minutes < 50)),
        ("who invented the most breads", {"Ann Lee"}),
        ("breads that pair with both baguette and pumpernickel", {"Ciabatta"}),
    ],
)
def test_rows_are_called_by_the_name_of_their_file(asks, question, answers):
    found = asks.ask(question)
    texts = {item.text for item in found.answers}
    assert texts == set(answers), found.explain(reading=True)


@pytest.mark.parametrize(
    "question",
    [
        "danish breads",  # nothing in the table is Danish
        "breads that bake more than an hour",  # the table does not say that its unit is minutes
    ],
)
def test_a_question_that_the_table_cannot_answer_has_no_answer(asks, question):
    found = asks.ask(question)
    assert not found.answers, found.explain(reading=True)


def test_a_comparison_without_a_named_measure_is_uncertain(asks):
    """No measure of the table means "better", so that neither "yes" nor "no" is certain."""
    found = asks.ask("is bagel better than ciabatta")
    assert not found.answers or found.answers[0].score < 0.9, found.explain(reading=True)


CLUBS = {"Reds": ("Dover", 1900, "Gus Holt"), "Blues": ("Leeds", 1950, "Ira Jope")}
COACHES = {"Gus Holt": 61, "Ira Jope": 44}


@pytest.fixture(scope="module")
def asks_clubs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clubs")
    lines = []
    for name, (city, year, coach) in CLUBS.items():
        lines += [(name, "city", city), (name, "founded", year), (name, "coach", coach)]
    lines += [("Blues", "prize", "Silver Bowl")]
    lines += [(name, "age", age) for name, age in COACHES.items()]
    (folder / "clubs.tsv").write_text("".join("\t".join(map(str, x)) + "\n" for x in lines))
    graph = KnowledgeGraph.open(folder / "graph.db")
    graph.load(folder / "clubs.tsv")
    yield Predictor(graph, Linker(graph))
    graph.close()


@pytest.mark.parametrize(
    ("question", "answers"),
    [
        ("what is the oldest club", {"Reds"}),  # not a coach, because the file begins with clubs
        ("which teams are in leeds", {"Blues"}),
        ("blues manager", {"Ira Jope"}),
        ("price of blues", set()),  # "price" is a known word, not a misspelling of "prize"
    ],
)
def test_the_first_rows_of_a_file_decide_what_its_name_refers_to(asks_clubs, question, answers):
    found = asks_clubs.ask(question)
    assert {item.text for item in found.answers} == answers, found.explain(reading=True)


def test_types_replace_the_nouns_from_names_of_files(tmp_path):
    """The names of files are only read in a graph without types; here types are added later."""
    (tmp_path / "clubs.tsv").write_text("Reds\tcity\tDover\nBlues\tcity\tLeeds\n")
    graph = KnowledgeGraph.open(tmp_path / "graph.db")
    graph.load(tmp_path / "clubs.tsv")
    parser = Predictor(graph, Linker(graph)).parser
    assert [item.type for item in parser.read("all clubs").types] == ["clubs"]
    assert parser.knowledge.types(["Reds", "Blues"]) == {"clubs": 2}
    graph.add(
        [EntityRecord(key="Reds", types=("ship",)), EntityRecord(key="Acorns", types=("ship",))]
    )
    assert parser.read("all clubs").types == []
    assert parser.knowledge.types(["Reds", "Blues"]) == {"ship": 1}
    graph.close()
