"""Relation scores against their formulas."""

import json
import math

import pytest

from kg import TripleFormatError
from kg.types import EntityRecord, Relation
from kptm import Linker, Phrasings
from kptm.answering import RelationReader
from kptm.answering.learning import learn
from kptm.answering.questions import QuestionReader
from kptm.answering.relations import LEARNT_WEIGHT, NAME_WEIGHT
from kptm.answering.words import question_words, stem

RELATIONS = [
    Relation("capital", "capital"),
    Relation("flows_into", "flows into"),
    Relation("r", "r"),
]
PATTERNS = {
    "capital": ["The capital of [X] is [Y].", "[Y], seat of [X]."],
    "flows_into": ["[X] flows to [Y].", "The mouth of [X] is the [Y]."],
}


def test_relation_scores_by_hand():
    reader = RelationReader(RELATIONS, Phrasings(PATTERNS))
    # Bags: a pattern's word counts its share of the most frequent one, a name's word 3 more; every word
    # here speaks for one relation only, so that it is worth its rarity ln(1 + 3/1) in full.
    rarity, unknown = math.log1p(3), math.log1p(3)
    assert dict(reader.score(["capital"])) == pytest.approx({"capital": 1.0})
    words = question_words("seat capital rubbish")
    assert dict(reader.score(words)) == pytest.approx(
        {"capital": 2 * rarity / (2 * rarity + unknown)}
    )
    assert reader.score([]) == reader.score(["rubbish"]) == []
    both = dict(reader.score(question_words("capital mouth")))
    assert both == pytest.approx({"capital": 0.5, "flows_into": 0.5})


def test_a_shared_word_is_split_by_what_each_says_of_it():
    shared = {"a": ["[X] stands by [Y]."], "b": ["[X] stands [Y].", "[X] sits [Y]."]}
    reader = RelationReader([Relation("a", "stand"), Relation("b", "sit")], Phrasings(shared))
    in_a, in_b = 1 + NAME_WEIGHT, 1.0  # a's name says "stand" too
    scores = dict(reader.score(question_words("stands")))
    assert scores == pytest.approx({"a": in_a / (in_a + in_b), "b": in_b / (in_a + in_b)})


def test_words_that_were_learnt_weigh_by_their_share():
    reader = RelationReader(RELATIONS, Phrasings({}))
    assert reader.score(["govern"]) == []
    reader.learn(
        {
            "capital": {"govern": 1.0, "sit": 1.0},
            "r": {"govern": 1.0, **{str(n): 1.0 for n in range(19)}},
        }
    )
    in_capital, in_r = (
        LEARNT_WEIGHT,
        LEARNT_WEIGHT * 10 / 20,
    )  # a word in one of ten or more counts in full
    both = in_capital + in_r
    assert dict(reader.score(["govern"])) == pytest.approx(
        {"capital": in_capital / both, "r": in_r / both}
    )
    reader.learn({"capital": {"govern": 0.0}})
    assert reader.score(["govern"]) == []
    reader.learn({})
    assert reader.score(["govern"]) == []


def test_words_of_a_question():
    assert question_words("Who directed the films of [X]?") == ["direct", "film"]
    assert question_words("Cities, city's, 42 [MASK]")[:2] == ["city", "city"]


@pytest.mark.parametrize(
    "forms",
    ["acted actor actors acts act", "starred stars star starring", "writer written writes writing", "cities city",
     "directed director directs", "released release", "founder founded founding"],
)  # fmt: skip
def test_forms_of_a_word_have_one_stem(forms):
    assert len({stem(word) for word in forms.split()}) == 1


@pytest.mark.parametrize("words", ["country county", "state star", "king kin", "river rival"])
def test_different_words_have_different_stems(words):
    assert len({stem(word) for word in words.split()}) == 2


def test_a_relation_that_is_an_entity_is_read_by_its_aliases_and_description():
    described = {
        "r": EntityRecord(key="r", label="r", aliases=("mayor",), description="who governs a town")
    }
    reader = RelationReader(RELATIONS, Phrasings({}), described)
    assert dict(reader.score(question_words("Who is the mayor?"))) == pytest.approx({"r": 1.0})
    assert dict(reader.score(question_words("governed"))) == pytest.approx({"r": 1.0})


def test_which_end_a_blank_is():
    reader = RelationReader(RELATIONS, Phrasings(PATTERNS))
    words = question_words("The capital of is")
    assert reader.blank_is_tail("capital", words, entity_first=True) is True
    assert reader.blank_is_tail("capital", words, entity_first=False) is False
    seat = question_words(", seat of")
    assert reader.blank_is_tail("capital", seat, entity_first=False) is True
    assert reader.blank_is_tail("capital", ["rubbish"], entity_first=True) is None


@pytest.mark.parametrize("content", ["no tab here\n", "\tAnkara\n", b"\xff\tAnkara\n"])
def test_questions_that_cannot_be_read(graph, phrasings, tmp_path, content):
    path = tmp_path / "q.tsv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    reader = QuestionReader(graph, Linker(graph), RelationReader(graph.relations(), phrasings))
    with pytest.raises(TripleFormatError, match="line 1"):
        learn(reader, graph, Linker(graph), path)
    with pytest.raises(TripleFormatError):
        learn(reader, graph, Linker(graph), tmp_path / "missing.tsv")


def test_answers_are_json(predictor):
    answer = predictor.query("Georgia", "capital")
    assert json.loads(json.dumps(answer.to_dict()))["answers"][0]["entity"] == "Tbilisi"
