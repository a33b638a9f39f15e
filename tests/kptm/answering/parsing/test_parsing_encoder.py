"""Comparing questions with relations by a sentence encoder, with a stub whose vectors are known."""

import json
import re
import subprocess
import sys

import numpy as np
import pytest

from kg import KnowledgeGraph
from kg.types import Step
from kptm.answering.parsing.model import ReadingModel
from kptm.answering.parsing.parser import QuestionParser
from kptm.answering.parsing.similarity.encoder import RelationEncoder, without_names
from kptm.answering.parsing.similarity.question_map import QuestionMap, fit_map
from kptm.answering.parsing.similarity.relation_texts import RelationTexts, beginning
from kptm.answering.parsing.training.answer_matching import AnswerMatcher
from kptm.answering.parsing.training.parser_training import ParserExample, Trainer
from kptm.data.phrasings import Phrasings
from kptm.errors import LinkingError
from kptm.linking import Linker
from kptm.workspace import Workspace
from kptm.workspace.config import from_sections

BIRTH, WED, WORK = (
    "/people/person/place_of_birth",
    "/people/person/spouse_s",
    "/people/person/profession",
)
MEANINGS = {"birth": 0, "light": 0, "spouse": 1, "hitched": 1, "profession": 2, "bread": 2}


class Stub:
    """An encoder with one dimension for each meaning, and one for all words without a meaning."""

    def __init__(self):
        self.encoded = []
        self.kept = 0

    def vectors(self, texts):
        return self.encode(texts)

    def encode(self, texts):
        self.encoded += texts
        rows = np.full((len(texts), 4), 0.01, np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in re.findall(r"\w+", text):
                row[MEANINGS.get(word, 3)] += 1.0 if word in MEANINGS else 0.02
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def keep(self):
        self.kept += 1

    def fingerprint(self):
        return "stub"


@pytest.fixture
def people(tmp_path):
    graph = KnowledgeGraph.open(tmp_path / "graph.db")
    names = [f"Person{letter}" for letter in "ABCDEFGH"]
    lines = []
    for at, name in enumerate(names):
        lines += [(name, BIRTH, f"Town{at}"), (name, WED, f"Mate{at}"), (name, WORK, f"Job{at}")]
    (tmp_path / "people.tsv").write_text("".join("\t".join(line) + "\n" for line in lines))
    graph.load(tmp_path / "people.tsv")
    return graph


def parser(graph, encoder=None):
    return QuestionParser(graph, Linker(graph), Phrasings({}), encoder=encoder)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("what does PersonB do for bread", "Job1"),
        ("whom did PersonC get hitched with", "Mate2"),
    ],
)
def test_the_encoder_finds_a_relation_that_no_word_of_the_question_names(people, question, answer):
    with_encoder = parser(people, Stub())
    best = with_encoder.parse(question).parses[0].derivation
    assert (best.nodes, best.floating) == ((answer,), 0)
    plain = parser(people).candidates(parser(people).read(question))
    assert all(item.derivation.floating for item in plain if item.derivation.size)
    assert not any({"encoder", "similar"} & item.features.keys() for item in plain)


def test_similarity_is_relative_to_the_most_similar_step(people):
    encoder = RelationEncoder(people, Stub())
    encoder.refresh(people.relations())
    question = parser(people, Stub()).read("where did PersonB first see the light")
    behind = question.encoded.behind()
    texts = RelationTexts(people).of(people.relations())
    stub = Stub()
    rows = np.stack([sum(stub.encode(some)) for some in texts.values()])
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    cosine = rows @ stub.encode(["where did it first see the light"])[0]
    assert list(behind.values()) == pytest.approx((cosine - cosine.max()) / cosine.std(), abs=1e-4)
    assert max(behind, key=behind.__getitem__).relation == BIRTH


def test_names_are_replaced_one_at_a_time(people):
    question = parser(people).read("did PersonA and PersonB get hitched")
    assert without_names(
        question.text, question.tokens, question.mentions, question.importance
    ) == [
        "did it and PersonB get hitched",
        "did PersonA and it get hitched",
    ]
    assert without_names("and now", question.tokens[:2], [], []) == ["and now"]


def test_texts_of_relations_have_names_and_types_in_both_directions(tmp_path):
    graph = KnowledgeGraph.open(tmp_path / "graph.db")
    (tmp_path / "g.jsonl").write_text(
        json.dumps({"key": "Ann", "description": "American painter of the 20th century"})
        + "\n"
        + json.dumps({"key": "Rome", "types": ["CapitalCity"]})
        + "\n"
    )
    (tmp_path / "g.tsv").write_text(f"Ann\t{BIRTH}\tRome\n")
    graph.load(tmp_path / "g.jsonl")
    graph.load(tmp_path / "g.tsv")
    texts = RelationTexts(graph).of(graph.relations())
    assert texts[Step(BIRTH)] == [
        "place of birth",
        "place of birth of a people person",
        "place of birth of a people person: Capital City",
        "place of birth of American painter: Capital City",
    ]
    assert texts[Step(BIRTH, False)] == [
        "place of birth",
        "people person with place of birth",
        "people person with place of birth: American painter",
        "American painter whose place of birth is Capital City",
    ]


@pytest.mark.parametrize(
    ("description", "kind"),
    [(("city in Texas, United"
        " States"), "city"), ("2006 film by Ann", "film"), ("", ""), ("(unknown)", "unknown"),
     ("county seat of El Paso", "county seat"), ("the capital", "capital")],
)  # fmt: skip
def test_the_beginning_of_a_description_is_its_type(description, kind):
    assert beginning(description) == kind


def test_a_question_is_encoded_once_and_a_new_relation_when_it_is_added(people, tmp_path):
    stub = Stub()
    own = parser(people, stub)
    own.read("where did PersonB first see the light")
    seen, kept = len(stub.encoded), stub.kept
    own.read("where did PersonB first see the light")
    assert (len(stub.encoded), stub.kept) == (seen, kept)
    (tmp_path / "more.tsv").write_text("PersonA\t/people/person/pet_hitched\tRex\n")
    people.load(tmp_path / "more.tsv")
    best = own.parse("whom is PersonA hitched to").parses[0].derivation
    assert set(best.nodes) <= {"Rex", "Mate0"}
    assert stub.kept > kept


def test_a_question_over_an_empty_graph_has_no_parse(tmp_path):
    graph = KnowledgeGraph.open(tmp_path / "graph.db")
    assert parser(graph, Stub()).parse("who is Ann").parses == ()


def test_a_fitted_map_makes_the_right_step_most_similar():
    rng = np.random.default_rng(0)
    steps = np.eye(6, 12, dtype=np.float32)
    turn = np.linalg.qr(rng.normal(size=(12, 12)))[0].astype(np.float32)
    asked = rng.integers(0, 6, 200)
    questions = steps[asked] @ turn
    right = np.eye(6)[asked]
    learnt = fit_map(questions[:150], steps, right[:150], "stub", strength=1.0)
    assert ((questions[150:] @ steps.T).argmax(1) == asked[150:]).mean() < 0.5
    assert ((learnt(questions[150:]) @ steps.T).argmax(1) == asked[150:]).all()
    again = QuestionMap.from_dict(json.loads(json.dumps(learnt.to_dict())))
    assert again(questions) == pytest.approx(learnt(questions), abs=2e-2)
    assert fit_map(questions, steps, np.zeros_like(right), "stub") is None
    with pytest.raises(ValueError, match="shapes"):
        QuestionMap("stub", np.zeros((3, 2), np.float32), np.zeros((3, 2), np.float32))


def test_the_fitted_map_is_a_minimum_of_the_loss():
    """No small change of the map lowers the loss, which is computed here by its formula."""
    rng = np.random.default_rng(1)
    steps, questions = (rng.normal(size=size).astype(np.float32) for size in ((4, 5), (20, 5)))
    steps /= np.linalg.norm(steps, axis=1, keepdims=True)
    questions /= np.linalg.norm(questions, axis=1, keepdims=True)
    right = np.eye(4)[rng.integers(0, 4, 20)]

    def cost(a):
        score = 20.0 * (questions + questions @ a) @ steps.T
        p = np.exp(score - score.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        return -np.log((p * right).sum(1)).sum() + 5.0 * (a**2).sum() / 2

    learnt = fit_map(questions, steps, right, "stub", strength=5.0)
    best = learnt.left @ learnt.right
    assert cost(best) < cost(0 * best)
    for _ in range(20):
        assert cost(best) <= cost(best + 0.02 * rng.normal(size=best.shape)) + 1e-3


def test_training_teaches_the_map_a_word_that_the_encoder_does_not_know(people, tmp_path):
    """The stub encodes all unknown words, such as "zorp", in one dimension.

    In the training questions, "zorp" asks for a profession.
    """
    stub = Stub()
    own = parser(people, stub)
    letters = "ABCDEFGH"
    lessons = [
        ParserExample(
            f"what does Person{letter} zorp",
            AnswerMatcher([f"Job{at}"], {f"Job{at}": (f"Job{at}",)}),
        )
        for at, letter in enumerate(letters[:6])
    ]
    training = Trainer(own, people, lambda count: None).train(lessons)
    assert training.model.question_map is not None
    assert own.parse("what does PersonH zorp").parses[0].derivation.nodes == ("Job7",)
    training.model.save(tmp_path / "questions.json")
    loaded = ReadingModel.load(tmp_path / "questions.json")
    assert loaded.question_map.encoder == "stub"
    again = QuestionParser(people, Linker(people), Phrasings({}), loaded, encoder=stub)
    assert again.parse("what does PersonH zorp").parses[0].derivation.nodes == ("Job7",)
    plain = parser(people)
    assert Trainer(plain, people, lambda count: None).train(lessons).model.question_map is None


def test_a_map_for_another_encoder_is_ignored(people):
    question = parser(people, Stub()).read("where did PersonB first see the light")
    other = QuestionMap("other", np.zeros((7, 1), np.float32), np.zeros((1, 7), np.float32))
    assert question.encoded.behind(other) == question.encoded.behind()


def test_a_workspace_refuses_an_encoder_that_does_not_exist(tmp_path):
    config = from_sections({"answering": {"encoder": "some/folder"}}, "kptm.toml")
    assert config.answering.encoder == "some/folder"
    Workspace.init(tmp_path / "ws").close()
    with (
        pytest.raises(LinkingError, match="nowhere: no encoder"),
        Workspace.open(tmp_path / "ws", changes=["answering.encoder=nowhere"]),
    ):
        pass


@pytest.mark.usefixtures("separate_process")
def test_questions_without_an_encoder_load_no_torch(people, tmp_path):
    code = (
        "import sys\nfrom kg import KnowledgeGraph\nfrom kptm.linking import Linker\n"
        "from kptm.answering import Predictor\n"
        f"graph = KnowledgeGraph.open({str(tmp_path / 'graph.db')!r})\n"
        "print(Predictor(graph, Linker(graph)).ask('what is the profession of PersonA').answers)\n"
        "assert not {'torch', 'transformers'} & set(sys.modules), 'loaded'\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Job0" in done.stdout
