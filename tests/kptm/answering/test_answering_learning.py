"""Training from questions with only their answers, over graphs whose paths are known."""

import random

import pytest

from kg import TripleFormatError
from kptm import Linker, Predictor, Workspace
from kptm.answering.training import lessons
from kptm.answering.training.lessons import Lesson
from kptm.answering.training.predictor_training import learn

MADE, ACTS = "directed by", "starred actors"


@pytest.fixture(scope="module")
def films():
    """60 films of 15 directors, two actors each: (triples, films by director, actors by film)."""
    random_ = random.Random(7)
    triples, made, cast = [], {}, {}
    for number in range(60):
        film, director = f"Film {number} Xanadu", f"Dira {number % 15} Quill"
        actors = [f"Acta {n} Voss" for n in sorted(random_.sample(range(30), 2))]
        triples += [(film, MADE, director), *((film, ACTS, actor) for actor in actors)]
        made.setdefault(director, []).append(film)
        cast[film] = actors
    return triples, made, cast


@pytest.fixture(scope="module")
def asked(films):
    """Questions with answers, about films of a director and actors, without names of relations."""
    _, made, cast = films
    found = [(f"what did {director} shoot", own) for director, own in sorted(made.items())]
    found += [(f"whom does {film} show", names) for film, names in sorted(cast.items())[:15]]
    return found


def labels(answer):
    return {item.label for item in answer.answers}


def test_a_workspace_stores_its_training(films, asked, tmp_path):
    path = tmp_path / "questions.tsv"
    taught = [*asked[:12], *asked[15:27]]
    path.write_text("".join(f"{question}\t{'|'.join(names)}\n" for question, names in taught))
    with Workspace.open(tmp_path / "ws") as ws:
        ws.graph.add(films[0])
        assert ws.learn_questions(path) == len(taught)
    with Workspace.open(tmp_path / "ws") as ws:
        for question, names in (*asked[12:15], *asked[27:]):
            assert labels(ws.ask(question)) == set(names)


def test_the_name_decides_between_relations_with_the_same_answers(new_graph):
    """In all training questions the capital is also the largest city, in one more country not."""
    rows = [(f"Landia {n}", relation,
    f"Citya {n}") for n in range(6) for relation in ("largest city", "capital")]  # fmt: skip
    rows += [("Landia 9", "largest city", "Big Citya"), ("Landia 9", "capital", "Small Citya")]
    graph = new_graph()
    graph.add(rows)
    predictor = Predictor(graph, Linker(graph))
    taught = [Lesson(f"what is the capital of Landia {n}", (f"Citya {n}",)) for n in range(6)]
    assert learn(predictor, graph, Linker(graph), taught, 6).used == 6
    assert labels(predictor.ask("what is the capital of Landia 9")) == {"Small Citya"}


def test_a_name_in_brackets_is_the_topic(new_graph, films):
    graph = new_graph()
    graph.add(films[0])
    predictor = Predictor(graph, Linker(graph))
    document = predictor.link("was [Dira 3 Quill] better than Dira 4 Quill")
    assert document.text == "was Dira 3 Quill better than Dira 4 Quill"
    assert [(x.surface, x.entity) for x in document.links] == [("Dira 3 Quill", "Dira 3 Quill")]
    assert predictor.link("was [Nobody Known] there").links == ()
    asked = predictor.ask("which films were directed by [Dira 3 Quill]")
    assert labels(asked) == set(films[1]["Dira 3 Quill"])


@pytest.mark.parametrize("content", ["no tab here\n", "\tAnkara\n", b"\xff\tAnkara\n"])
def test_malformed_question_files_are_refused(tmp_path, content):
    path = tmp_path / "q.tsv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(TripleFormatError, match="line 1"):
        list(lessons.read_lessons(path))
    with pytest.raises(TripleFormatError):
        list(lessons.read_lessons(tmp_path / "missing.tsv"))


def test_answers_are_read_as_keys_or_otherwise_as_names(new_graph, tmp_path):
    graph = new_graph()
    graph.add([("paris", "r", "Paris"), ("Paris", "r", "x")])
    path = tmp_path / "q.tsv"
    path.write_text("a?\tParis\nb?\tPARIS|x\tand more\nc?\t\nd?\tnobody known\n")
    read = list(lessons.read_lessons(path))
    assert [(item.question, item.answers, item.line) for item in read] == [
        ("a?", ("Paris",), 1), ("b?", ("PARIS", "x"), 2), ("c?", (), 3),
        ("d?", ("nobody known",), 4),
    ]  # fmt: skip
    meant = [lessons.meanings(graph, Linker(graph), item) for item in read]
    assert meant[0] == {"Paris": {"Paris"}}
    assert meant[1]["PARIS"] == {"Paris", "paris"}
    assert meant[1]["x"] == {"x"}
    assert meant[2:] == [{}, {"nobody known": frozenset()}]
