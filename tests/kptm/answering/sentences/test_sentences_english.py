"""English sentences, compared with sentences that a person would write."""

import pytest

from kg.programs import (
    Aggregate,
    Compare,
    Difference,
    Exists,
    Follow,
    Having,
    Intersection,
    Measure,
    Named,
    OfType,
    Period,
    Subtract,
    Superlative,
    Union,
    Within,
)
from kg.types import Attribute, EntityRecord, Literal, Step
from kg.values import ValueKey
from kg.vocabulary import XSD
from kptm.answering.answer import Answer
from kptm.answering.answer_parts import ScoredEntity, WordMeaning
from kptm.answering.questions.naming import labels
from kptm.answering.sentences import SentenceWriter
from kptm.data.phrasings import Phrasings

INTEGER, DATE = f"{XSD}integer", f"{XSD}date"
FACTS = [
    ("s:tx", "capital", "c:austin"),
    ("s:tx", "borders", "s:la"),
    ("s:la", "borders", "s:tx"),
    ("s:ok", "borders", "s:tx"),
    ("s:ok", "borders", "s:la"),
    ("s:nm", "borders", "s:tx"),
    ("s:tx", "largest city", "c:houston"),
    ("s:tx", "language", "English"),
    ("s:tx", "language", "Spanish"),
    ("s:la", "language", "English"),
    ("r:grande", "traverses", "s:tx"),
    ("r:red", "traverses", "s:tx"),
    ("c:austin", "located in state", "s:tx"),
    ("c:houston", "located in state", "s:tx"),
    ("Alien", "directed by", "Scott"),
    ("Scott", "/people/person/place_of_birth", "Shields"),
    ("jq", "dependsOn", "libc6"),
    ("libc6", "isPartOf", "GNU"),
    ("Ann", "mother of", "Eve"),
    ("Ann", "member of", "Mensa"),
]
VALUES = [
    Attribute("s:tx", "population", Literal("14229000", INTEGER, unit="people")),
    Attribute("s:la", "population", Literal("4206000", INTEGER, unit="people")),
    Attribute("s:tx", "area", Literal("266807.0", f"{XSD}decimal", unit="square mile")),
    Attribute("r:grande", "length", Literal("3033", INTEGER, unit="kilometre")),
    Attribute("r:red", "length", Literal("1638", INTEGER, unit="kilometre")),
    Attribute("Scott", "born", Literal("1937-11-30", DATE)),
    Attribute("Mensa", "founded", Literal("1946", f"{XSD}gYear")),
]
ENTITIES = [
    EntityRecord(key=key, label=label, types=(kind,))
    for key, label, kind in [
        ("s:tx", "Texas", "state"), ("s:la", "Louisiana", "state"), ("s:ok", "Oklahoma", "state"),
        ("s:nm", "New Mexico", "state"), ("c:austin", "Austin", "city"),
        ("c:houston", "Houston", "city"), ("r:grande", "Rio Grande", "river"),
        ("r:red", "Red River", "river"), ("Scott", "Ridley Scott", "person"),
        ("Shields", "South Shields", "city"), ("usa", "United States", "country"),
    ]
]  # fmt: skip
TEXAS, LOUISIANA, RIVER, STATE = (
    Named(("s:tx",)),
    Named(("s:la",)),
    OfType("river"),
    OfType("state"),
)
BORDERS, CAPITAL, LENGTH = Step("borders"), Step("capital"), Measure((Step("length"),))
NEIGHBOURS = Intersection(STATE, Follow(TEXAS, Step("borders", forward=False)))
RIVERS = Intersection(RIVER, Follow(TEXAS, Step("traverses", forward=False)))
POPULATION = Measure((Step("population"),))


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    from kg import KnowledgeGraph

    with KnowledgeGraph.open(tmp_path_factory.mktemp("sentences") / "graph.db") as made:
        made.add([*ENTITIES, *FACTS, *VALUES])
        yield made


def said(graph, program, found, *, language="en", phrasings=None, asked="?", **parts):
    """The sentence for a program that denotes nodes, a number or a truth value."""
    if isinstance(found, bool):
        truth = Literal("true" if found else "false", f"{XSD}boolean")
        answers = (ScoredEntity(None, "yes" if found else "no", 0.9, truth),)
    elif isinstance(found, int):
        answers = (ScoredEntity(None, f"{found:,}", 0.9, Literal(str(found), INTEGER)),)
    else:
        named = labels(graph, found)
        answers = tuple(ScoredEntity.of(key, named[key], 0.9) for key in found)
    answer = Answer(question=asked, score=0.9, answers=answers, program=program, **parts)
    writer = SentenceWriter(graph, Phrasings(phrasings or {}))
    return writer.complete(answer, language).sentence


def leads(graph, source, *steps):
    return graph.follow(source, steps)


FOLLOWED = [
    ("s:tx", Step("population"), "The population of Texas is 14,229,000."),
    ("s:tx", Step("area"), "The area of Texas is 266,807 square miles."),
    ("s:tx", CAPITAL, "The capital of Texas is Austin."),
    ("c:austin", Step("capital", forward=False), "Austin is the capital of Texas."),
    ("s:tx", Step("largest city"), "The largest city of Texas is Houston."),
    ("s:tx", Step("language"), "The languages of Texas are English and Spanish."),
    ("Spanish", Step("language", forward=False), "Spanish is a language of Texas."),
    ("s:tx", BORDERS, "Texas borders Louisiana."),
    ("s:tx", Step("borders", forward=False), "Louisiana, Oklahoma and New Mexico border Texas."),
    ("s:tx", Step("traverses", forward=False), "The Rio Grande and the Red River traverse Texas."),
    ("c:austin", Step("located in state"), "Austin is located in Texas."),
    ("s:tx", Step("located in state", forward=False), "Austin and Houston are located in Texas."),
    ("Alien", Step("directed by"), "Alien was directed by Ridley Scott."),
    ("Scott", Step("directed by", forward=False), "Alien was directed by Ridley Scott."),
    ("Scott", Step("/people/person/place_of_birth"),
    "The place of birth of Ridley Scott is South Shields."),
    ("jq", Step("dependsOn"), "jq depends on libc6."),
    ("libc6", Step("isPartOf"), "libc6 is part of GNU."),
    ("Ann", Step("mother of"), "Ann is the mother of Eve."),
    ("Ann", Step("member of"), "Ann is a member of Mensa."),
    ("Scott", Step("born"), "Ridley Scott was born on 30 November 1937."),
    ("Mensa", Step("founded"), "Mensa was founded in 1946."),
]  # fmt: skip


@pytest.mark.parametrize(("source", "step", "expected"), FOLLOWED)
def test_sentences_for_one_step(graph, source, step, expected):
    assert said(graph, Follow(Named((source,)), step), leads(graph, source, step)) == expected


NAMES = [
    ("partially contains", "A partially contains B."),
    ("member of political party", "A is a member of B."),
    ("instance of recurring event", "A is an instance of B."),
    ("located in the administrative territorial entity", "A is located in B."),
    ("unmarried partner", "The unmarried partner of A is B."),
    ("position_s", "The position of A is B."),
    ("dog breed", "The dog breed of A is B."),
    ("story by", "The story of A is by B."),
    ("executive produced by", "A was executive produced by B."),
    ("languages spoken", "Languages spoken of A: B."),
    ("drug used for treatment", "Drug used for treatment of A: B."),
    ("countries within", "Countries within of A: B."),
    ("symptom of", "A is a symptom of B."),
    ("share border with", "A shares border with B."),
    ("smells like", "A smells like B."),
    ("works for", "A works for B."),
    ("members", "The member of A is B."),
    ("official languages", "The official language of A is B."),
    ("olympics", "The olympics of A are B."),
    ("headquarters", "The headquarters of A are B."),
    ("fraternities and sororities", "The fraternities and sororities of A are B."),
    ("has part(s)", "The part of A is B."),
    ("hasChild", "The child of A is B."),
    ("is a", "A is a B."),
    ("isLocatedIn", "A is located in B."),
    ("died in", "A died in B."),
    ("wrote", "A wrote B."),
    ("GDP per capita", "The GDP per capita of A is B."),
    ("Place Of Birth", "The place of birth of A is B."),
]  # fmt: skip


@pytest.mark.parametrize(("name", "expected"), NAMES)
def test_names_of_relations_in_other_graphs(graph, name, expected):
    assert said(graph, Follow(Named(("A",)), Step(name)), ["B"]) == expected


SETS = [
    (NEIGHBOURS, ["s:la", "s:ok"], "Louisiana and Oklahoma border Texas."),
    (RIVERS, ["r:red"], "The Red River traverses Texas."),
    (Superlative(RIVERS, LENGTH, "max"), ["r:grande"],
     "The longest river that traverses Texas is the Rio Grande (3033 kilometres)."),
    (Superlative(RIVERS, LENGTH, "max", 2), ["r:red"],
     "The second longest river that traverses Texas is the Red River (1638 kilometres)."),
    (Superlative(STATE, POPULATION, "min"), ["s:la"],
    "The least populous state is Louisiana (4,206,000)."),
    (Superlative(STATE, Measure((BORDERS,), True, STATE), "max"), ["s:ok"],
     "The state that borders the most states is Oklahoma (2)."),
    (Superlative(Named(("s:tx", "s:la")), POPULATION, "max"), ["s:tx"],
     "Of Texas and Louisiana, Texas has the greater population (14,229,000)."),
    (Superlative(Follow(TEXAS, Step("located in state", forward=False)), Measure((Step("age"),)),
    "max"), ["c:austin"],
     "The oldest city that is located in Texas is Austin."),
    (Difference(STATE, Follow(TEXAS, Step("borders", forward=False))), ["s:tx"],
    "The state that does not border Texas is Texas."),
    (Difference(STATE, Follow(Named(("English",)), Step("language", forward=False))),
    ["s:ok", "s:nm"],
     "The states whose language is not English are Oklahoma and New Mexico."),
    (Compare(STATE, POPULATION, ">", Named((ValueKey(Literal("10000000", INTEGER)),))), ["s:tx"],
     "The state whose population is more than 10,000,000 is Texas."),
    (Compare(STATE, POPULATION, "<", Follow(TEXAS, Step("population"))), ["s:la"],
     "The state whose population is less than the population of Texas is Louisiana."),
    (Compare(STATE, Measure((BORDERS,), True), ">=", Named((ValueKey(Literal("2", INTEGER)),))),
    ["s:ok"],
     "The state that borders at least 2 others is Oklahoma."),
    (Compare(STATE, Measure((BORDERS,), True), "=", Named((ValueKey(Literal("0", INTEGER)),))),
    ["s:ok", "s:nm"],
     "The states that border no others are Oklahoma and New Mexico."),
    (Compare(OfType("person"), Measure((Step("born"),)), "<",
    Named((ValueKey(Literal("1940", f"{XSD}gYear")),))), ["Scott"],
     "The person that was born before 1940 is Ridley Scott."),
    (Follow(Follow(TEXAS, CAPITAL), Step("population")), [ValueKey(Literal("345496", INTEGER))],
     "The population of the capital of Texas is 345,496."),
    (Follow(NEIGHBOURS, CAPITAL), ["c:austin", "c:houston"],
    "The capitals of the states that border Texas are Austin and Houston."),
    (Intersection(Follow(TEXAS, Step("borders", forward=False)),
    Follow(LOUISIANA, Step("borders", forward=False))), ["s:ok"],
     "Oklahoma borders Texas and Louisiana."),
    (Follow(Union(TEXAS, LOUISIANA), CAPITAL), ["c:austin", "c:houston"],
    "The capitals of Texas and Louisiana are Austin and Houston."),
    (Follow(Named(("usa",)), Step("president"), Period("1995", "1995")), ["Scott"],
     "The president of the United States in 1995 is Ridley Scott."),
    (Having(CAPITAL), ["s:tx"], "The state with a capital is Texas."),
    (Superlative(Having(Step("population")), POPULATION, "max"), ["s:tx"],
    "The most populous state is Texas (14,229,000)."),
    (Superlative(STATE, Measure((CAPITAL, Step("population"))), "max"), ["s:tx"],
     "The state whose capital has the greatest population is Texas."),
    (Compare(STATE, Measure((CAPITAL, Step("population"))), ">",
    Named((ValueKey(Literal("500000", INTEGER)),))), ["s:tx"],
     "The state whose capital's population is more than 500,000 is Texas."),
    (Superlative(Follow(STATE, Step("highest point")), Measure((Step("elevation"),)), "max"),
    ["c:austin"],
     "The highest point of the states is Austin."),
    (Compare(RIVER, LENGTH, ">", Named((ValueKey(Literal("2000", INTEGER)),))), ["r:grande"],
     "The river whose length is more than 2000 is the Rio Grande."),
    (Compare(RIVER, Measure((Step("year of discovery"),)), ">",
    Named((ValueKey(Literal("1500", INTEGER)),))), ["r:grande"],
     "The river whose year of discovery is after 1500 is the Rio Grande."),
    (Difference(STATE, Follow(RIVER, Step("traverses"))), ["s:nm"],
    "The state that no rivers traverse is New Mexico."),
    (Intersection(STATE, Follow(RIVER, Step("traverses"))), ["s:tx"],
    "The state that rivers traverse is Texas."),
    (Follow(Named(("s:tx", "s:la")), Step("borders", forward=False)), ["s:ok"],
    "Oklahoma borders Texas or Louisiana."),
    (Follow(Union(TEXAS, LOUISIANA), Step("borders", forward=False)), ["s:ok"],
    "Oklahoma borders Texas or Louisiana."),
]  # fmt: skip


@pytest.mark.parametrize(("program", "found", "expected"), SETS)
def test_sentences_for_sets(graph, program, found, expected):
    assert said(graph, program, found) == expected


COUNTS = [
    (NEIGHBOURS, 9, "9 states border Texas."), (NEIGHBOURS, 1, "1 state borders Texas."),
    (NEIGHBOURS, 0, "No states border Texas."),
    (Follow(TEXAS, Step("language")), 2, "Texas has 2 languages."),
    (Follow(TEXAS, Step("language")), 0, "Texas has no languages."),
    (Follow(TEXAS, Step("borders", forward=False)), 4, "There are 4 that border Texas."),
    (Follow(Named(("English",)), Step("language", forward=False)), 2,
    "There are 2 whose language is English."), (STATE, 51, "There are 51 states."),
    (Compare(STATE, POPULATION, ">", Named((ValueKey(Literal("10000000", INTEGER)),))), 1,
     "There is 1 state whose population is more than 10,000,000."),
]  # fmt: skip


@pytest.mark.parametrize(("source", "number", "expected"), COUNTS)
def test_sentences_for_counts(graph, source, number, expected):
    assert said(graph, Aggregate("count", source), number) == expected


NUMBERS = [
    (Aggregate("sum", Follow(NEIGHBOURS, Step("population"))),
    "The total population of the states that border Texas is 12,345."),
    (Aggregate("mean", Follow(STATE, Step("population"))),
    "The average population of the states is 12,345."),
    (Subtract(Follow(TEXAS, Step("population")), Follow(LOUISIANA, Step("population"))),
     "The difference between the population of Texas and the population of Louisiana is 12,345."),
]  # fmt: skip


@pytest.mark.parametrize(("program", "expected"), NUMBERS)
def test_sentences_for_numbers(graph, program, expected):
    assert said(graph, program, 12345) == expected


HOUSTON, AUSTIN = Named(("c:houston",)), Named(("c:austin",))
INSTEAD = "No: the graph states that the capital of Texas is Austin, not Houston."
TRUTHS = [
    (Within(AUSTIN, Follow(TEXAS, CAPITAL)), True, "Yes, Austin is the capital of Texas."),
    (Within(Follow(TEXAS, CAPITAL), AUSTIN), True, "Yes, the capital of Texas is Austin."),
    (Within(HOUSTON, Follow(TEXAS, CAPITAL)), False, INSTEAD),
    (Within(TEXAS, Follow(HOUSTON, Step("capital", forward=False))), False, INSTEAD),
    (Within(Follow(TEXAS, CAPITAL), HOUSTON), False, INSTEAD),
    (Within(HOUSTON, Follow(LOUISIANA, CAPITAL)), False,
    "No, Houston is not the capital of Louisiana."),
    (Within(Named(("s:ok",)), Follow(TEXAS, Step("borders", forward=False))), True,
    "Yes, Oklahoma borders Texas."),
    (Within(TEXAS, Follow(Named(("s:nm",)), Step("borders", forward=False))), False,
    "No, Texas does not border New Mexico."),
    (Within(TEXAS, STATE), True, "Yes, Texas is a state."),
    (Within(TEXAS, RIVER), False, "No, Texas is not a river."),
    (Within(TEXAS, Superlative(STATE, POPULATION, "max")), False,
    "No, Texas is not the most populous state."),
    (Exists(Compare(TEXAS, POPULATION, ">", Follow(LOUISIANA, Step("population")))), True,
     "Yes, the population of Texas is more than the population of Louisiana."),
    (Exists(Follow(TEXAS, CAPITAL)), True, "Yes, Texas has a capital."),
    (Exists(Follow(LOUISIANA, CAPITAL)), False, "No, Louisiana has no capital."),
    (Exists(RIVERS), True, "Yes, there is a river that traverses Texas."),
    (Exists(RIVERS), False, "No, there is no river that traverses Texas."),
]  # fmt: skip


def number(value):
    return Named((ValueKey(Literal(str(value), INTEGER)),))


def in_range(base, measure, low, high):
    return Compare(Compare(base, measure, ">=", number(low)), measure, "<=", number(high))


NUMBER_OF_NEIGHBOURS = Measure((BORDERS,), True)
BORN_BY_1940 = Compare(
    OfType("person"), Measure((Step("born"),)), "<=", Named((ValueKey(Literal("1940", DATE)),))
)
RANGES_AND_DENIALS = [
    (in_range(STATE, NUMBER_OF_NEIGHBOURS, 2, 5), "state that borders 2 to 5 others"),
    (in_range(STATE, NUMBER_OF_NEIGHBOURS, 2, 2), "state that borders 2 others"),
    (in_range(STATE, POPULATION, 2, 5), "state whose population is from 2 to 5"),
    (Difference(STATE, in_range(STATE, NUMBER_OF_NEIGHBOURS, 2, 5)),
    "state that borders less than 2 or more than 5 others"),
    (Difference(STATE, in_range(STATE, POPULATION, 2, 5)),
    "state whose population is not from 2 to 5"),
    (Difference(STATE, Compare(STATE, NUMBER_OF_NEIGHBOURS, "=", number(0))),
    "state that borders some others"),
    (Difference(STATE, Compare(STATE, NUMBER_OF_NEIGHBOURS, ">", number(0))),
    "state that borders no others"),
    (Difference(STATE, Compare(STATE, POPULATION, "!=", number(5))),
    "state whose population is 5"),
    (Difference(OfType("person"), BORN_BY_1940), "person that was born after 1940"),
    (Difference(STATE, Compare(NEIGHBOURS, POPULATION, ">", number(5))),
    "state that is not among the states that border Texas and whose population is more than 5"),
    (Difference(NEIGHBOURS, Compare(NEIGHBOURS, POPULATION, ">", number(5))),
    "state that borders Texas and whose population is not more than 5"),
]  # fmt: skip


@pytest.mark.parametrize(("program", "expected"), RANGES_AND_DENIALS)
def test_both_bounds_of_a_range_and_all_that_is_denied_are_said(graph, program, expected):
    assert said(graph, program, ["s:tx"]) == f"The {expected} is Texas."


def test_what_is_not_among_compared_nodes_may_fail_for_either_reason(graph):
    compared = Compare(NEIGHBOURS, POPULATION, ">", number(5))
    assert said(graph, Within(TEXAS, compared), False) == (
        "No, Texas is not among the states that border Texas and whose population is more than 5."
    )
    assert (
        said(graph, Within(TEXAS, compared), True) == "Yes, the population of Texas is more than 5."
    )


@pytest.mark.parametrize(("program", "holds", "expected"), TRUTHS)
def test_sentences_for_yes_and_no(graph, program, holds, expected):
    assert said(graph, program, holds) == expected


def test_a_long_list_names_ten_items(graph):
    keys = [f"e{number:02}" for number in range(34)]
    text = said(graph, Follow(TEXAS, Step("borders", forward=False)), keys)
    assert text == f"{', '.join(keys[:10])} and 24 more border Texas."


def test_names_with_commas_are_separated_by_semicolons(graph):
    text = said(graph, Follow(TEXAS, Step("twin")), ["Bonaire, Saba", "Aruba"])
    assert text == "The twins of Texas are Bonaire, Saba and Aruba."
    text = said(graph, Follow(TEXAS, Step("twin")), ["Bonaire, Saba", "Aruba", "Chad"])
    assert text == "The twins of Texas are Bonaire, Saba; Aruba and Chad."


def test_phrasings_of_texts_decide_if_a_name_is_ambiguous(graph):
    program = Follow(Named(("s:la",)), Step("border", forward=False))
    assert said(graph, program, ["s:ok"]) == "Louisiana is the border of Oklahoma."
    patterns = {"border": ["[X] near [Y].", "[X] borders [Y]."]}
    assert said(graph, program, ["s:ok"], phrasings=patterns) == "Oklahoma borders Louisiana."
    opaque = Follow(TEXAS, Step("P36"))
    patterns = {"P36": ["The capital of [X] is [Y]."]}
    assert (
        said(graph, opaque, ["c:austin"], phrasings=patterns) == "The capital of Texas is Austin."
    )


def test_predictions_refusals_and_descriptions(graph):
    program = Follow(LOUISIANA, CAPITAL)
    guessed = said(graph, program, ["c:houston"], predicted=True)
    assert guessed == "Predicted: the capital of Louisiana is Houston (p = .90)."
    writer = SentenceWriter(graph)
    unknown = Answer(question="?", reason="the graph has no 'capital' of Louisiana", why="fact")
    assert writer.complete(unknown).sentence == (
        "I do not know: the graph has no 'capital' of Louisiana."
    )
    assert said(graph, None, ["s:tx"], description="Texas: a state") == "Texas: a state."


def test_without_a_program_the_sentence_uses_the_path(graph):
    from kptm.answering.answer_parts import Evidence

    answer = Answer(
        question="?", score=0.9, answers=(ScoredEntity("c:austin", "Austin", 0.9),), topic="s:tx",
        path=(CAPITAL,), evidence=(Evidence("triple", "Texas | capital | Austin", "c:austin"),),
    )  # fmt: skip
    writer = SentenceWriter(graph)
    found = writer.complete(answer)
    assert found.sentence == "The capital of Texas is Austin."
    assert found.labels["s:tx"] == "Texas"


def test_a_sentence_keeps_the_first_letter_of_a_name(graph):
    assert said(graph, Follow(Named(("iPhone",)), Step("maker")), ["Apple"]).startswith(
        "The maker of iPhone"
    )
    assert (
        said(graph, Follow(Named(("iPhone",)), Step("runs on")), ["iOS"]) == "iPhone runs on iOS."
    )


def test_entities_with_the_same_label_get_their_type_or_key(graph):
    graph.add(
        [
            EntityRecord(key="m1", label="Mercury", types=("planet",)),
            EntityRecord(key="m2", label="Mercury", types=("god",)),
            EntityRecord(key="m3", label="Mercury"),
        ]
    )
    program = Follow(Named(("m1",)), Step("named after"))
    assert said(graph, program, ["m2"]) == "Mercury (planet) is named after Mercury (god)."
    assert said(graph, program, ["m3"]) == "Mercury (planet) is named after Mercury (m3)."


POPULOUS = Compare(
    Having(Step("area")), POPULATION, ">", Named((ValueKey(Literal("10000000", INTEGER)),))
)
IN_AFRICA = Follow(Named(("Africa",)), Step("continent", forward=False))
ASKED = [
    ("countries with more than 10000000 people", POPULOUS, ["A", "B"], (10, 19),
     "The countries whose population is more than 10,000,000 are A and B."),
    ("which country has the biggest population",
    Superlative(Having(Step("area")), POPULATION, "max"), ["A"], (22, 40),
     "The most populous country is A."),
    ("what is the largest city in africa", Superlative(IN_AFRICA, POPULATION, "max"), ["A"],
    (12, 19),
     "The most populous city whose continent is Africa is A."),
    ("how many rivers run through texas",
    Aggregate("count", Follow(TEXAS, Step("traverses", forward=False))), 5, (16, 33),
     "5 rivers traverse Texas."),
    ("how many countries are in africa", Aggregate("count", IN_AFRICA), 58, (26, 32),
    "There are 58 countries whose continent is Africa."),
    ("list all the countries that do not border A",
    Difference(Having(Step("borders")), Follow(Named(("A",)), BORDERS)), ["B"], (28, 43),
     "The country that A does not border is B."),
    ("how many people live in africa", Aggregate("count", IN_AFRICA), 58, (9, 30),
    "There are 58 whose continent is Africa."),
    ("where do they speak it", Follow(Named(("A",)), Step("borders", forward=False)), ["B", "C"],
    (20, 22), "B and C border A."), ("what speaks", POPULOUS, ["A"], (5, 11),
    "The one whose population is more than 10,000,000 is A."),
]  # fmt: skip


@pytest.mark.parametrize(("question", "program", "found", "taken", "expected"), ASKED)
def test_the_noun_of_the_question_is_used(graph, question, program, found, taken, expected):
    """In a graph without types, the noun of the sentence comes from the question."""
    meanings = (WordMeaning(*taken, question[slice(*taken)], "relation", "r"),)
    assert said(graph, program, found, meanings=meanings, asked=question) == expected


def test_a_noun_that_was_not_understood_is_not_used(graph):
    question = "which dragons have more than 10000000 people"
    meanings = (WordMeaning(19, 44, question[19:], "relation", "population"),)
    told = said(graph, POPULOUS, ["A"], asked=question, meanings=meanings, unexplained=("dragons",))
    assert told == "The one whose population is more than 10,000,000 is A."
