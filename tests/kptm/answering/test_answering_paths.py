"""Questions in words over several hops: what is learnt from answers alone, against graphs whose paths are known."""

import json
import random

import numpy as np
import pytest

from kg import Step
from kptm import Linker, Phrasings, Workspace
from kptm.answering import RelationReader
from kptm.answering.learning import learn, read_questions
from kptm.answering.path_classifier import Example, PathClassifier, features, masked, merged
from kptm.answering.path_search import PathSearch, f1
from kptm.answering.questions import QuestionReader
from kptm.answering.ranking import Ranking
from kptm.errors import ConfigError

MADE, ACTS = "directed by", "starred actors"
BY = (Step(MADE, False),)
CAST = (Step(MADE, False), Step(ACTS))
OTHERS = (Step(MADE), Step(MADE, False))


@pytest.fixture
def films():
    """120 films of 30 directors with two actors each: (triples, films of a director, actors of a film)."""
    random_ = random.Random(7)
    triples, made, cast = [], {}, {}
    for number in range(120):
        film, director = f"Film {number} Xanadu", f"Dira {number % 30} Quill"
        actors = [f"Acta {n} Voss" for n in sorted(random_.sample(range(60), 2))]
        triples += [(film, MADE, director), *((film, ACTS, actor) for actor in actors)]
        made.setdefault(director, []).append(film)
        cast[film] = actors
    return triples, made, cast


@pytest.fixture
def asked(films):
    """Questions in two wordings of three paths, with their answers."""
    _, made, cast = films
    found = []
    for number, (director, own) in enumerate(sorted(made.items())):
        how = ["which films did {} shoot", "{} stood behind the camera of what"][number % 2]
        found.append((how.format(director), own))
        actors = sorted({actor for film in own for actor in cast[film]})
        how = ["who played for {}", "whom did {} bring before the lens"][number % 2]
        found.append((how.format(director), actors))
        how = ["what else was shot by the maker of {}", "who made {} shot what else"][number % 2]
        found.append((how.format(own[0]), own[1:]))
    return found


@pytest.fixture
def reader(new_graph, films):
    graph = new_graph()
    graph.add(films[0])
    relations = RelationReader(graph.relations(), Phrasings({}))
    return QuestionReader(graph, Linker(graph), relations), graph


def taught(reader, graph, rows, folder):
    path = folder / "questions.tsv"
    path.write_text("".join(f"{question}\t{'|'.join(names)}\n" for question, names in rows))
    return learn(reader, graph, Linker(graph), path)


def test_paths_are_learnt_from_answers_alone(reader, asked, films, tmp_path):
    reader, graph = reader
    held_out = asked[60:]
    assert taught(reader, graph, asked[:60], tmp_path) == 60
    assert set(reader.paths.paths) >= {BY, CAST, OTHERS}
    for question, names in held_out:
        best = reader.read(reader.link(question))[0]
        assert set(best.answers) == set(names), question
    _, made, _ = films
    director = sorted(made)[-1]
    best = reader.read(reader.link(f"who played for {director}"))[0]
    assert best.path == CAST
    assert best.entity == director


def test_a_path_that_fits_by_chance_is_outvoted(new_graph, tmp_path):
    """In a third of the films the director wrote them too, so that two relations lead to the answer."""
    rows, questions = [], []
    for number in range(60):
        film, director = f"Film {number} Xanadu", f"Dira {number} Quill"
        writer = director if number % 3 == 0 else f"Wrytan {number} Moss"
        rows += [(film, "a", writer), (film, "b", director)]
        questions.append((f"who stood behind {film}", [director]))
    graph = new_graph()
    graph.add(rows)
    reader = QuestionReader(graph, Linker(graph), RelationReader(graph.relations(), Phrasings({})))
    taught(reader, graph, questions, tmp_path)
    found = dict(reader.paths.score("who stood behind _"))
    assert found[Step("b"),] > 0.9


def test_the_same_questions_teach_the_same_in_whichever_order(reader, asked, tmp_path):
    reader, graph = reader
    taught(reader, graph, asked, tmp_path)
    reader.paths.save(tmp_path / "one.json")
    taught(reader, graph, asked[::-1], tmp_path)
    reader.paths.save(tmp_path / "two.json")
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()


def test_words_that_nobody_taught_are_not_understood(reader, asked, tmp_path):
    reader, graph = reader
    taught(reader, graph, asked, tmp_path)
    readings = reader.read(reader.link("how tall is Dira 3 Quill in centimetres"))
    assert all(reading.relation_score < 0.25 for reading in readings)


def test_questions_that_have_no_answer_teach_that(reader, asked, tmp_path):
    reader, graph = reader
    vain = [(f"how many inches tall is {names[0]}", [""]) for _, names in asked[1:60:3]]
    assert taught(reader, graph, asked[:60] + vain, tmp_path) == 80
    assert dict(reader.paths.score("how many inches tall is _"))[()] > 0.8
    assert dict(reader.paths.score("who played for _"))[()] < 0.1
    assert taught(reader, graph, vain, tmp_path) == 20
    assert reader.paths.paths == [()]
    assert reader.read(reader.link(vain[0][0])) == []


def test_a_name_that_no_path_starts_from_is_not_asked_about(reader, asked, films, tmp_path):
    reader, graph = reader
    other = films[0][0][0]
    rows = [
        (f"unlike {other} {question}", names)
        for question, names in asked[:60]
        if other not in question
    ]
    taught(reader, graph, rows, tmp_path)
    told = dict(reader.paths.score("unlike _ which films did Dira 7 Quill shoot"))
    assert told[()] > 0.8
    told = dict(reader.paths.score(f"unlike {other} which films did _ shoot"))
    assert told[BY] > 0.8


def test_an_answer_that_two_readings_have_is_likelier(new_graph):
    graph = new_graph()
    graph.add(
        [
            ("Ost Quill", "capital", "Ax"),
            ("Ost Quill", "city", "Ax"),
            ("Ost Quill", "city", "Bo"),
            ("Ost Quill", "town", "Bo"),
        ]
    )
    reader = QuestionReader(graph, Linker(graph), RelationReader(graph.relations(), Phrasings({})))
    reader.ranking = Ranking(count=60)
    document = reader.link("capital city town of Ost Quill")
    readings = [item for item in reader.read(document) if item.answers]
    assert {item.score for item in readings if item.answers[0] == "Bo"} == {readings[0].score}
    assert all(
        item.score == item.scores[0] and len(item.scores) == len(item.answers) for item in readings
    )
    ways, signs, doubt = reader._ways.find(document, reader.paths)
    p = dict(zip((way.path for way in ways), reader.ranking.score(signs, doubt), strict=True))
    assert readings[0].score == pytest.approx(
        max(p[Step("city"),] + p[Step("town"),], p[Step("city"),] + p[Step("capital"),])
    )


def test_learnt_paths_over_relations_that_are_gone_lead_nowhere(reader, asked, films, tmp_path):
    reader, graph = reader
    taught(reader, graph, asked, tmp_path)
    graph.remove(relation=ACTS)
    again = QuestionReader(
        graph, Linker(graph), RelationReader(graph.relations(), Phrasings({})), reader.paths
    )
    director = sorted(films[1])[0]
    assert [
        x.answers for x in again.read(again.link(f"who played for {director}")) if x.path == CAST
    ] == [()]


def test_a_name_in_brackets_is_the_one_asked_about(reader):
    reader, _ = reader
    document = reader.link("was [Dira 3 Quill] better than Dira 4 Quill")
    assert document.text == "was Dira 3 Quill better than Dira 4 Quill"
    assert [(x.surface, x.entity) for x in document.links] == [("Dira 3 Quill", "Dira 3 Quill")]
    assert reader.link("was [Nobody Known] there").links == ()
    many = ["was [Dira 3 Quill] there", "was Dira 4 Quill there", "[MASK] made Film 3 Xanadu"]
    assert list(reader.link_many(many)) == [reader.link(question) for question in many]


def test_search_finds_the_shortest_path_that_has_just_the_answers(reader, films):
    _, graph = reader
    _, made, cast = films
    search = PathSearch(graph)
    director, own = sorted(made.items())[0]
    assert [x.path for x in search.explain(director, own)] == [BY]
    actors = {actor for film in own for actor in cast[film]}
    assert [x.path for x in search.explain(director, actors)] == [CAST]
    assert [x.path for x in search.explain(own[0], own[1:])] == [OTHERS]
    assert search.explain(director, {"nobody"}) == search.explain(director, set()) == []
    part = search.explain(director, own[:-1])
    assert part[0].f1 == pytest.approx(2 * 3 / (3 + 4))


def test_f1_by_hand():
    assert f1({"a", "b"}, {"b", "c", "d"}) == pytest.approx(2 / 5)
    assert f1([], {"a"}) == f1({"a"}, {"b"}) == 0.0


def test_features_and_slot_by_hand():
    question = "Who made Up_ so?"
    assert masked(question, 9, 11) == "Who made  _   so?"
    assert features("who _") == {
        "<",
        "who",
        "_",
        ">",
        "< who",
        "who _",
        "_ >",
        "< who _",
        "who _ >",
    }


def test_classifier_is_softmax_regression_that_scikit_learn_would_fit():
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression

    examples = [Example(f"{word} {n % 3} _", path, 1.0 + n % 2)
                for n in range(12) for word, path in (("who", BY), ("whom", CAST), ("what", OTHERS))]  # fmt: skip
    examples = merged(examples)
    found = PathClassifier.fit(examples)
    vectors = CountVectorizer(analyzer=lambda text: features(text))
    data = vectors.fit_transform([item.question for item in examples])
    labels = [sorted({BY, CAST, OTHERS}).index(item.path) for item in examples]
    model = LogisticRegression(C=10.0, tol=1e-6, max_iter=1_000)
    model.fit(data, labels, [item.weight for item in examples])
    p = model.predict_proba(vectors.transform(["whom 1 _"]))[0]
    scores = dict(found.score("whom 1 _"))
    assert [scores[path] for path in sorted(scores)] == pytest.approx(p, abs=0.01)
    assert sum(scores.values()) == pytest.approx(1.0)


def test_known_is_the_share_of_words_by_weight():
    found = PathClassifier.fit([Example("who shot the _", BY)])
    assert found.known("who shot the _") == 1.0
    assert found.known("shot sold _") == pytest.approx(0.5)
    assert found.known("which shot _") == pytest.approx(1 / 1.1)  # "which" says nothing
    assert found.known("_") == PathClassifier.empty().known("who _") == 0.0
    assert found.score("anything _") == [(BY, 1.0)]
    assert PathClassifier.empty().score("who _") == []


def test_a_word_that_next_to_nothing_of_a_question_said_is_not_kept():
    found = PathClassifier.fit(
        [Example("who shot _", BY), Example("who acted _", (Step(ACTS),), 1e-6)]
    )
    assert found.said == {MADE: {"shot": 1.0}, ACTS: {}}


def test_many_paths_of_few_questions_are_learnt_without_a_warning():
    found = PathClassifier.fit([Example(f"who {n} _", (Step(f"r{n % 20}"),)) for n in range(30)])
    assert found.score("who 7 _")[0][0] == (Step("r7"),)


def test_two_paths_are_told_apart():
    found = PathClassifier.fit([Example("who shot _", BY), Example("who acted _", CAST)] * 5)
    assert found.score("shot _")[0][0] == BY
    assert found.score("acted _")[0][0] == CAST


def test_saved_and_loaded_it_scores_the_same(tmp_path):
    found = PathClassifier.fit(
        [Example("who shot _", BY), Example("é _", CAST), Example("so _", OTHERS)]
    )
    found.save(tmp_path / "q.json")
    again = PathClassifier.load(tmp_path / "q.json")
    for question in ("who shot _", "é _", "nothing _"):
        assert [path for path, _ in again.score(question)] == [p for p, _ in found.score(question)]
        assert np.allclose(
            [p for _, p in again.score(question)], [p for _, p in found.score(question)], atol=0.02
        )
    assert again.said == found.said == {MADE: {"shot": 1.0}}
    assert PathClassifier.load(tmp_path / "none.json").paths == []


GOOD = {"version": 3, "paths": [[["r", True]]], "bias": [0.0], "features": {"who": {"0": 1.0}}, "said": {"r": {"shot": 2.0}}}  # fmt: skip


@pytest.mark.parametrize(
    "content",
    ["{", "[]", "{}", *(json.dumps(GOOD | change) for change in (
        {"version": 9}, {"paths": [["r"]]}, {"paths": 3}, {"bias": [0.0, 1.0]}, {"bias": "x"},
        {"said": 3}, {"said": {"r": {"shot": "x"}}}, {"features": {"who": {"5": 1.0}}}, {"features": {"who": {"0": "x"}}}, {"features": []}))],
)  # fmt: skip
def test_a_damaged_file_of_learnt_paths(tmp_path, content):
    path = tmp_path / "q.json"
    path.write_text(content)
    with pytest.raises(ConfigError, match=r"q\.json"):
        PathClassifier.load(path)


def test_answers_are_keys_or_else_names(new_graph, tmp_path):
    graph = new_graph()
    graph.add([("paris", "r", "Paris"), ("Paris", "r", "x")])
    path = tmp_path / "q.tsv"
    path.write_text("a?\tParis\nb?\tPARIS|x\tand more\nc?\t\nd?\tnobody known\n")
    found = list(read_questions(graph, Linker(graph), path))
    assert found[0] == ("a?", {"Paris"})
    assert found[1][0] == "b?"
    assert found[1][1] >= {"Paris", "x"}
    assert found[2:] == [
        ("c?", set())
    ]  # the graph has no answer; what it does not know teaches nothing


def test_a_workspace_keeps_what_it_learnt(films, asked, tmp_path):
    path = tmp_path / "questions.tsv"
    path.write_text("".join(f"{question}\t{'|'.join(names)}\n" for question, names in asked[:60]))
    with Workspace.open(tmp_path / "ws") as ws:
        ws.graph.add(films[0])
        assert ws.learn_questions(path) == 60
    with Workspace.open(tmp_path / "ws") as ws:
        question, names = asked[61]
        answer = ws.ask(question)
        assert {item.entity for item in answer.answers} == set(names)


def test_what_a_question_names_it_does_not_ask_for(new_graph):
    graph = new_graph()
    graph.add(
        [("Tagara", "flows through", city) for city in ("Lisbana", "Toleda")]
        + [("Tagara", "flows through", "Queen Ann Toleda")]
    )
    relations = RelationReader(graph.relations(), Phrasings({}))
    reader = QuestionReader(graph, Linker(graph), relations)
    found = reader.read(reader.link("Tagara flows through Lisbana and which city"))
    assert set(found[0].answers) == {"Toleda", "Queen Ann Toleda"}
    found = reader.read(reader.link("Tagara flows through what"))
    assert len(found[0].answers) == 3


def test_where_two_relations_always_have_the_same_answer_the_name_decides(new_graph, tmp_path):
    """Every capital asked for is the largest city, too; that of one more country is not."""
    rows = [(f"Landia {n}", relation, f"Citya {n}") for n in range(6) for relation in ("largest city", "capital")]  # fmt: skip
    rows += [("Landia 9", "largest city", "Big Citya"), ("Landia 9", "capital", "Small Citya")]
    graph = new_graph()
    graph.add(rows)
    reader = QuestionReader(graph, Linker(graph), RelationReader(graph.relations(), Phrasings({})))
    questions = [(f"what is the capital of Landia {n}", [f"Citya {n}"]) for n in range(6)]
    assert taught(reader, graph, questions, tmp_path) == 6
    best = reader.read(reader.link("what is the capital of Landia 9"))[0]
    assert best.answers == ("Small Citya",)
