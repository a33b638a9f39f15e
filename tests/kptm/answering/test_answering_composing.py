"""Questions that need more than one relation are answered correctly, or refused with a reason."""

import pytest

from kg.types import EntityRecord
from kptm import Linker, Predictor
from kptm.answering.answer_kinds import fits, is_date
from kptm.answering.training.lessons import Lesson
from kptm.answering.training.predictor_training import learn
from kptm.errors import LinkingError

CAPITALS = {"France": "Paris", "Germany": "Berlin", "Spain": "Madrid", "Australia": "Canberra"}
BORDERS = {
    "France": ("Spain", "Germany", "Belgium"),
    "Germany": ("France", "Poland", "Belgium"),
    "Spain": ("France", "Portugal"),
    "Belgium": ("France", "Germany"),
}
FACTS = [
    *((country, "capital", city) for country, city in CAPITALS.items()),
    *((country, "borders", other) for country, others in BORDERS.items() for other in others),
    ("Sydney", "country", "Australia"),
    ("Lyon", "country", "France"),
    ("France", "currency", "Euro"),
    ("France", "continent", "Europe"),
    ("Australia", "continent", "Oceania"),
    ("Eve", "mother of", "Ann"),
    ("Oxygen", "discovered by", "Joseph Priestley"),
    ("Oxygen", "year of discovery", "Anno 1774"),
    ("Oxygen", "discovered in", "England"),
    ("New Zealand", "capital", "Wellington"),
    ("Chad", "capital", "Ndjamena"),
]


@pytest.fixture
def asks(new_graph):
    graph = new_graph()
    graph.add(FACTS)
    return Predictor(graph, Linker(graph))


def labels(answer):
    return {item.label for item in answer.answers}


@pytest.mark.parametrize(
    "question",
    [
        "What is the capital of {}?",
        "what is the capital of {}",
        "capital of {}",
        "{} capital",
        "WHAT IS THE CAPITAL OF {}",
    ],
)
@pytest.mark.parametrize(
    ("name", "city"), [("france", "Paris"), ("new zealand", "Wellington"), ("chad", "Ndjamena")]
)
def test_a_name_is_found_in_upper_and_lower_case(asks, question, name, city):
    shouted = question.isupper()
    said = question.format(name.upper() if shouted else name)
    written = asks.ask(question.capitalize().format(name.title()))
    typed = asks.ask(said)
    assert labels(typed) == labels(written) == {city}
    assert typed.score == pytest.approx(written.score, abs=0.05)


def test_a_word_for_a_relation_is_not_read_as_a_name(new_graph):
    graph = new_graph()
    graph.add([*FACTS, ("Capital", "borders", "Will"), ("Will", "capital", "It")])
    answer = Predictor(graph, Linker(graph)).ask("will it be the capital of france")
    assert answer.topic in ("France", "")
    asked = Predictor(graph, Linker(graph)).ask("what is the capital of france")
    assert labels(asked) == {"Paris"}


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("which countries border both France and Germany", {"Belgium"}),
        ("what are the capitals of France and Germany", {"Paris", "Berlin"}),
        ("what is the capital of the country where Sydney is", {"Canberra"}),
        ("what currency is used in the country whose capital is Paris", {"Euro"}),
        ("is Paris the capital of France", {"yes"}),
        ("is Sydney the capital of Australia", {"no"}),
        ("does France border Spain", {"yes"}),
        ("does france border portugal", {"no"}),
        ("is France in Europe", {"yes"}),
        ("is France in Oceania", {"no"}),
        (
            "how many countries border Germany",
            {str(sum("Germany" in others for others in BORDERS.values()))},
        ),
        ("where was Oxygen discovered", {"England"}),
        ("who discovered Oxygen", {"Joseph Priestley"}),
        ("capitals of the neighbours of Germany", {"Paris"}),
    ],
)
def test_composed_questions_have_the_right_answers(asks, question, wanted):
    answer = asks.ask(question)
    assert labels(answer) == wanted, answer
    assert answer.found
    assert 0 < answer.score < 1
    assert answer.question == question
    assert [item for item in answer.evidence if item.kind == "triple"]


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("is Atlantis the capital of France", "'Atlantis'"),
        ("what is the oldest capital of France", "'oldest'"),
        ("What is the capital of the France that is not in Texas?", "'Texas'"),
    ],
)
def test_a_refusal_names_the_words_that_were_not_understood(asks, question, words):
    answer = asks.ask(question)
    assert not answer.found
    assert answer.why == "words"
    assert words in answer.reason
    assert "I understood France.capital, but not" in answer.reason


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("is France bigger than Germany", "'bigger', 'than'"),
    ],
)
def test_words_that_change_the_question_are_not_ignored(asks, question, words):
    answer = asks.ask(question)
    assert (answer.found, answer.why) == (False, "words")
    assert words in answer.reason


def test_a_negation_may_follow_its_subject(asks):
    beside = set(BORDERS["Germany"])
    assert labels(asks.ask("Germany does not border [MASK].")) == BORDERS.keys() - beside
    assert labels(asks.ask("what borders France but not Spain")).isdisjoint(BORDERS["Spain"])


@pytest.mark.parametrize("no", ["do not", "don't", "dont", "never"])
def test_a_negation_excludes_entities_in_a_graph_without_types(asks, no):
    beside = {country for country, others in BORDERS.items() if "Germany" in others}
    assert labels(asks.ask(f"which countries {no} border Germany")).isdisjoint(beside)


@pytest.mark.parametrize("no", ["do not", "don't", "dont", "never"])
def test_a_negation_excludes_entities_of_a_type(new_graph, no):
    graph = new_graph()
    countries = {*BORDERS, "Poland", "Portugal", "Australia"}
    graph.add([EntityRecord(key=key, types=("country",)) for key in sorted(countries)])
    graph.add(FACTS)
    answer = Predictor(graph, Linker(graph)).ask(f"which countries {no} border Germany")
    beside = {country for country, others in BORDERS.items() if "Germany" in others}
    assert labels(answer) == countries - beside


@pytest.mark.parametrize(
    ("question", "other"),
    [("who is the mother of Eve", "Ann"), ("what is the capital of Paris", "France")],
)
def test_a_fact_in_the_other_direction_is_only_mentioned(asks, question, other):
    answer = asks.ask(question)
    assert not answer.found
    assert f"the other way round there is {other}" in answer.reason


def test_when_is_never_answered_with_a_person(asks, new_graph):
    assert "Joseph Priestley" not in str(asks.ask("when was Oxygen discovered"))
    graph = new_graph()
    graph.add([*(fact for fact in FACTS if fact[1] != "year of discovery")])
    graph.add([("Oxygen", "year of discovery", "1774")])
    answer = Predictor(graph, Linker(graph)).ask("when was Oxygen discovered")
    assert "1774" in labels(answer)


@pytest.mark.parametrize("text", ["1774", "-0100", "1774-08-01", "1 August 1774", "19th century"])
def test_dates_are_recognised(text):
    assert is_date(text)


@pytest.mark.parametrize("text", ["Joseph Priestley", "May", "66987244", "", "England"])
def test_names_are_not_read_as_dates(text):
    assert not is_date(text)


@pytest.mark.parametrize(
    ("label", "kinds"),
    [
        ("year of discovery", {"date"}),
        ("area code", set()),
        ("time zone population", set()),
        ("discovered by", {"person"}),
        ("located in", {"place"}),
        ("city approved by", None),
        ("borders", None),
    ],
)
def test_the_kind_of_answers_follows_from_the_relation_s_name(label, kinds):
    assert bool(fits("date", label)) == ("date" in (kinds or ()))
    named = {kind for kind in ("person", "place") if fits(kind, label)}
    assert named == (kinds or set()) - {"date"}
    if named:  # a relation that leads to places does not lead to people
        other = {"person", "place"} - named
        assert fits(other.pop(), label) is False
    elif kinds is None:
        assert fits("person", label) is None


def test_a_bare_name_is_described(asks):
    for question in ("France", "france", "tell me about France", "What is France?"):
        answer = asks.ask(question)
        assert answer.entity == "France"
        assert "capital Paris" in answer.description
        assert {x.triple.relation for x in answer.evidence} >= {"capital", "borders", "currency"}
    for question in ("where is France in", "what is France on"):
        assert not asks.ask(question).description.startswith("France:")


def test_unexplained_words_lower_the_score(asks):
    plain = asks.ask("what is the capital of France")
    more = asks.ask("what is the purple bicycle capital of France")
    assert labels(more) == labels(plain)
    assert more.score < plain.score - 0.2


def test_training_does_not_harm_relations_that_it_never_saw(new_graph):
    graph = new_graph()
    countries = [f"Land{n}" for n in range(12)]
    graph.add([(name, "capital", f"City{name}") for name in countries])
    graph.add([(name, "currency", f"Coin{name}") for name in countries])
    graph.add([("Land1", "national animal", "Vicuna")])
    taught = [Lesson(f"where do they govern {name}", (f"City{name}",)) for name in countries]
    taught += [Lesson(f"what do they pay with in {name}", (f"Coin{name}",)) for name in countries]
    predictor = Predictor(graph, Linker(graph))
    before = predictor.ask("what is the national animal of Land1")
    assert learn(predictor, graph, Linker(graph), taught, len(taught)).kept
    after = predictor.ask("what is the national animal of Land1")
    assert labels(before) == labels(after) == {"Vicuna"}
    assert after.score > 0.5
    assert labels(predictor.ask("what do they pay with in Land2")) == {"CoinLand2"}


def test_a_question_with_too_many_characters_is_refused(asks):
    with pytest.raises(LinkingError, match=r"2,001 characters, more than 2,000"):
        asks.ask("x" * 2_001)
    assert not asks.ask("x" * 2_000).found


def test_a_count_needs_answers_of_the_counted_type(new_graph):
    graph = new_graph()
    graph.add([EntityRecord(key=key, types=("country",)) for key in BORDERS])
    graph.add(FACTS[4:])
    asks = Predictor(graph, Linker(graph))
    assert labels(asks.ask("how many countries border Germany")) == {"2"}
    refused = asks.ask("how many sandwiches border Germany")
    assert (refused.found, refused.why) == (False, "words")


@pytest.mark.parametrize(
    "question", ["What is the capital of Atlantis?", "the capital of Atlantis"]
)
def test_an_unknown_name_is_reported_although_the_relation_is_known(asks, question):
    answer = asks.ask(question)
    assert (answer.found, answer.why) == (False, "name")
    assert answer.reason == "no name in the question is in the graph: 'Atlantis'"


@pytest.mark.parametrize(
    ("question", "answers"),
    [
        ("which countries use the Euro", {"France", "Germany"}),
        ("which countries have the Euro", {"France", "Germany"}),
        ("countries with the Euro", {"France", "Germany"}),
        ("what is the capital of the Euro", set()),
    ],
)
def test_a_noun_for_the_type_of_the_answers_is_not_read_as_a_relation(new_graph, question, answers):
    """Cities have a relation "country", but here "countries" is the type of the answers."""
    graph = new_graph()
    graph.add([*FACTS, ("Germany", "currency", "Euro"), ("Berlin", "country", "Germany")])
    assert labels(Predictor(graph, Linker(graph)).ask(question)) == answers


@pytest.mark.parametrize(
    "question", ["rivers of Lyon", "what is the river of Lyon", "religion of France"]
)
def test_an_unknown_noun_is_not_read_as_the_only_relation_of_a_name(asks, question):
    """The only fact about Lyon is its country, and the graph has no rivers."""
    answer = asks.ask(question)
    assert not answer.answers
    assert "nothing in the question is a relation the graph knows" in answer.reason
