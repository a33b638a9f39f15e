"""Remembered paths: which paths are remembered, and paths learnt from answers about films."""

import random
from collections import Counter
from dataclasses import replace

import pytest

from kg.programs import Aggregate, Follow, Named, Period
from kg.types import Step
from kptm import Linker, Predictor
from kptm.answering.parsing.model import ReadingModel
from kptm.answering.parsing.parser import QuestionParser
from kptm.answering.parsing.programs.steps.remembered_paths import frequent, path_of
from kptm.answering.training.lessons import Lesson
from kptm.answering.training.predictor_training import learn
from kptm.data.phrasings import Phrasings

CAST, CASTED = Step("cast"), Step("cast", False)
DIRECTOR = Step("director")
FILM = Named(("Alien",))


@pytest.mark.parametrize(
    ("program", "path"),
    [
        (FILM, ()),
        (Follow(FILM, CAST), ()),  # the search tries all single steps anyway
        (Follow(Follow(FILM, CAST), CASTED), (CAST, CASTED)),
        (Follow(Follow(Follow(FILM, CAST), CASTED), DIRECTOR), (CAST, CASTED, DIRECTOR)),
        (Aggregate("count", Follow(Follow(FILM, CAST), CASTED)), ()),
        (Follow(Follow(FILM, CAST), CASTED, during=Period("1995", "1995")), ()),
    ],
)
def test_the_path_of_a_program(program, path):
    assert path_of(program) == path


def test_paths_that_answered_several_questions_are_sorted_by_frequency():
    counts = Counter({(CAST, CASTED): 2, (CAST, DIRECTOR): 5, (DIRECTOR, CAST): 1})
    assert frequent(counts) == ((CAST, DIRECTOR), (CAST, CASTED))


def test_a_model_is_saved_and_loaded_with_its_paths(tmp_path):
    model = ReadingModel(paths=((CAST, CASTED, DIRECTOR), (CAST, CASTED)))
    model.save(tmp_path / "model.json")
    assert ReadingModel.load(tmp_path / "model.json") == model


@pytest.fixture
def films(new_graph):
    """30 films, each with two of 20 actors and one of nine directors.

    Returns:
        The graph, and by film: the directors of the other films with one of its actors.
    """
    random_ = random.Random(3)
    names = [f"Film {number} Xanadu" for number in range(30)]
    cast = {film: random_.sample(range(20), 2) for film in names}
    director = {film: f"Dira {number % 9} Quill" for number, film in enumerate(names)}
    graph = new_graph()
    graph.add([(film, "cast", f"Acta {n} Voss") for film, own in cast.items() for n in own])
    graph.add([(film, "director", name) for film, name in director.items()])

    def directors(film):
        others = [one for one in names if one != film and set(cast[one]) & set(cast[film])]
        return {director[one] for one in others}

    return graph, {film: found for film in names if (found := directors(film))}


def test_a_remembered_path_is_a_candidate_even_if_no_word_names_two_of_its_steps(films):
    graph, directors = films
    parser = QuestionParser(graph, Linker(graph), Phrasings({}))

    def found(film):
        question = parser.read(f"who is the director of colleagues' pictures of {film}")
        return [set(item.derivation.nodes) for item in parser.candidates(question)]

    assert not any(wanted in found(film) for film, wanted in directors.items())
    parser.model = replace(parser.model, paths=((CAST, CASTED, DIRECTOR),))
    assert all(wanted in found(film) for film, wanted in directors.items())


@pytest.mark.usefixtures("training")
def test_paths_are_learnt_from_answers_alone(films):
    graph, directors = films
    asked = [
        Lesson(f"who is the director of colleagues' pictures of {film}", tuple(sorted(found)))
        for film, found in directors.items()
    ]
    linker = Linker(graph)
    predictor = Predictor(graph, linker)
    taught, rest = asked[:-5], asked[-5:]
    learn(predictor, graph, linker, taught, len(taught))
    assert (CAST, CASTED, DIRECTOR) in predictor.parser.model.paths
    for lesson in rest:
        found = {item.label for item in predictor.ask(lesson.question).answers}
        assert found == set(lesson.answers)
