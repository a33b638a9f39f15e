"""Questions about relatives in a family tree that states fathers, mothers and marriages.

The expected relatives are computed from the dictionaries of parents.
"""

import pytest

from kg import KnowledgeGraph
from kptm import Linker, Predictor

PARENTS = {
    # child: (father, mother)
    "Olaf Berg": ("Nils Berg", "Ida Holm"),
    "Tove Berg": ("Nils Berg", "Ida Holm"),
    "Jens Berg": ("Olaf Berg", "Ruth Cole"),
    "Mia Berg": ("Olaf Berg", "Ruth Cole"),
    "Per Dahl": ("Axel Dahl", "Tove Berg"),
    "Ruth Cole": ("Hugh Cole", "Edna Fox"),
}
BORN = {"Jens Berg": "1950-02-01", "Mia Berg": "1947-06-12", "Per Dahl": "1951-09-30"}
MARRIED = {"Olaf Berg": "Ruth Cole", "Axel Dahl": "Tove Berg", "Nils Berg": "Ida Holm"}
PLACES = {"Olaf Berg": "Oslo", "Ruth Cole": "Leeds", "Mia Berg": "Bergen", "Tove Berg": "Turku"}

SONS = [("Olaf", "Jens"), ("Olaf", "Mia"), ("Nils", "Olaf")]


@pytest.fixture(scope="module")
def family(tmp_path_factory):
    graph = KnowledgeGraph.open(tmp_path_factory.mktemp("family") / "graph.db")
    rows = [(child, "has father", father) for child, (father, _) in PARENTS.items()]
    rows += [(child, "has mother", mother) for child, (_, mother) in PARENTS.items()]
    rows += [(one, "married to", other) for one, other in MARRIED.items()]
    rows += [(one, "born in", place) for one, place in PLACES.items()]
    path = tmp_path_factory.mktemp("rows") / "family.tsv"
    dated = [(one, "born on", day) for one, day in BORN.items()]
    path.write_text("".join("\t".join(row) + "\n" for row in (*rows, *dated)))
    graph.load(path)
    return Predictor(graph, Linker(graph))


def parents(person):
    return set(PARENTS.get(person, ()))


def children(person):
    return {child for child, both in PARENTS.items() if person in both}


def each(relatives, people):
    return {one for person in people for one in relatives(person)}


def siblings(person):
    return each(children, parents(person)) - {person}


EXPECTED = {
    "who are the parents of jens berg": parents("Jens Berg"),
    "jens bergs parents": parents("Jens Berg"),
    "kids of nils berg": children("Nils Berg"),
    "who are the children of ida holm": children("Ida Holm"),
    "grandparents of jens berg": each(parents, parents("Jens Berg")),
    "who are nils berg's grandchildren": each(children, children("Nils Berg")),
    "grandkids of edna fox": each(children, children("Edna Fox")),
    "who is the maternal grandfather of mia berg": {PARENTS["Ruth Cole"][0]},
    "paternal grandmother of mia berg": {PARENTS["Olaf Berg"][1]},
    "siblings of mia berg": siblings("Mia Berg"),
    "who are the cousins of per dahl": each(children, each(siblings, parents("Per Dahl"))),
    "nieces and nephews of tove berg": each(children, siblings("Tove Berg")),
    "who is the mother in law of olaf berg": {PARENTS["Ruth Cole"][1]},
    "ruth coles husband": {"Olaf Berg"},
    "who is olaf bergs wife": {"Ruth Cole"},
    "who is tove berg married to": {"Axel Dahl"},
    "who is axel dahl married to": {"Tove Berg"},
}


@pytest.mark.parametrize(("question", "expected"), EXPECTED.items())
def test_relatives_follow_the_parents_and_marriages_of_the_graph(family, question, expected):
    answer = family.ask(question)
    assert {item.text for item in answer.answers} == expected, answer.reason


def test_relatives_are_counted_compared_and_described(family):
    grandchildren = each(children, children("Nils Berg"))
    assert family.ask("how many grandchildren did nils berg have").answers[0].text == str(
        len(grandchildren)
    )
    eldest = min(grandchildren, key=BORN.__getitem__)
    assert family.ask("eldest grandchild of nils berg").answers[0].text == eldest
    assert family.ask("where was the wife of olaf berg born").answers[0].text == "Leeds"
    assert family.ask("is jens berg a sibling of mia berg").answers[0].text == "yes"
    assert family.ask("is jens berg a sibling of olaf berg").answers[0].text == "no"


def test_a_word_for_one_sex_is_not_used_where_the_graph_states_no_sex(family):
    assert not family.ask("sisters of jens berg").found


def test_the_sex_that_a_graph_states_tells_brothers_from_sisters(tmp_path):
    graph = KnowledgeGraph.open(tmp_path / "graph.db")
    graph.add([("Jens", "parent", "Olaf"), ("Mia", "parent", "Olaf"), ("Tom", "parent", "Olaf")])
    graph.add([("Jens", "sex", "male"), ("Tom", "sex", "male"), ("Mia", "sex", "female")])
    predictor = Predictor(graph, Linker(graph))
    for word, expected in (
        ("brothers", {"Tom"}),
        ("sister", {"Mia"}),
        ("siblings", {"Tom", "Mia"}),
    ):
        answer = predictor.ask(f"who are the {word} of Jens")
        assert {item.text for item in answer.answers} == expected, word


@pytest.mark.parametrize(
    "facts",
    [
        [("Jens", "child of", "Olaf"), ("Mia", "child of", "Olaf"), ("Olaf", "child of", "Nils")],
        [
            ("Olaf", "father of", "Jens"),
            ("Olaf", "father of", "Mia"),
            ("Nils", "father of", "Olaf"),
        ],
        [("Olaf", "children", "Jens"), ("Olaf", "children", "Mia"), ("Nils", "children", "Olaf")],
    ],
)
def test_a_noun_with_of_names_the_other_side_of_its_relation(tmp_path, facts):
    graph = KnowledgeGraph.open(tmp_path / "graph.db")
    graph.add(facts)
    predictor = Predictor(graph, Linker(graph))
    expected = {
        "parents of Jens": {"Olaf"},
        "siblings of Jens": {"Mia"},
        "grandparents of Mia": {"Nils"},
        "grandchildren of Nils": {"Jens", "Mia"},
    }
    for question, people in expected.items():
        answer = predictor.ask(question)
        assert {item.text for item in answer.answers} == people, (question, answer.reason)


def test_a_relation_of_that_name_comes_before_a_path(tmp_path):
    graph = KnowledgeGraph.open(tmp_path / "graph.db")
    graph.add([("Jens", "parent", "Olaf"), ("Mia", "parent", "Olaf"), ("Jens", "sibling", "Kai")])
    answer = Predictor(graph, Linker(graph)).ask("siblings of Jens")
    assert [item.text for item in answer.answers] == ["Kai"]


def test_a_rank_without_an_order_is_not_left_out(family):
    assert not family.ask("second child of nils berg").found


def test_a_long_path_is_answered_by_its_end_alone(family):
    answer = family.ask("grandparents of jens berg")
    assert answer.sentence == "Nils Berg, Hugh Cole, Ida Holm and Edna Fox."
