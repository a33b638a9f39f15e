"""Conflicts between sources, codes of refusals, the choice of sources, and many questions."""

import numpy as np
import pytest

from kptm import ConfigError, Linker, Modeledge, Predictor
from kptm.answering import predictor as asking
from kptm.answering.config import PredictorConfig
from kptm.answering.sources.blank_words import predict_words
from kptm.answering.sources.source import SourceScores
from kptm.data import collate, fill
from kptm.modeledge.encode.encode_texts import clozes

GUESS = PredictorConfig(min_score=0.0, uncalibrated=True)


@pytest.fixture
def says(graph, phrasings, monkeypatch):
    """A function that creates a predictor whose sources return given p: {kind: {entity: p}}."""

    def make(config=GUESS, **told):
        predictor = Predictor(graph, Linker(graph), phrasings=phrasings, config=config)
        kinds = {"links": "link prediction", "model": "model"}

        def opinions(asked, chosen, weights):
            return [
                [
                    SourceScores(
                        kinds[name],
                        np.array([p.get(key, 0.0) for key in question.side.keys]),
                        len(p),
                    )
                    for name, p in told.items()
                    if kinds[name] in chosen
                ]
                for question in asked
            ]

        voices = predictor._voices
        monkeypatch.setattr(voices, "opinions", opinions)
        monkeypatch.setattr(voices, "there", lambda chosen: frozenset(kinds.values()) & set(chosen))
        return predictor

    return make


def test_a_source_with_a_different_answer_is_shown(says):
    predictor = says(links={"Atlanta": 0.7, "Ankara": 0.3}, model={"Ankara": 0.9, "Tbilisi": 0.1})
    stated = predictor.query("Turkey", "capital")
    assert stated.entity == "Ankara"
    assert [(x.kind, x.entity, x.label, x.score) for x in stated.conflicts] == [
        ("link prediction", "Atlanta", "Atlanta", 0.7)
    ]
    assert "link prediction: Atlanta (Atlanta), p = 0.70" in stated.explain()
    guessed = predictor.query("Armenia", "capital")
    assert guessed.entity == "Ankara"
    assert [x.kind for x in guessed.conflicts] == ["link prediction"]


def test_several_stated_answers_do_not_conflict(says):
    predictor = says(model={"Armenia": 0.9, "Turkey": 0.1})
    assert predictor.query("Sakartvelo", "borders").conflicts == ()


def test_an_unlikely_answer_of_a_source_is_no_conflict(says):
    predictor = says(model={"Atlanta": 0.29, "Tbilisi": 0.28})
    assert predictor.query("Turkey", "capital").conflicts == ()


def test_disagreement_and_doubt_are_different_reasons(says):
    config = PredictorConfig(min_score=0.6, uncalibrated=True)
    predictor = says(config, links={"Atlanta": 0.8, "Ankara": 0.2},
    model={"Ankara": 0.8, "Atlanta": 0.2})  # fmt: skip
    answer = predictor.query("Armenia", "capital")
    assert (answer.entity, answer.why) == (None, "disagreement")
    assert "link prediction says Atlanta (p = 0.80), model says Ankara (p = 0.80)" in answer.reason
    assert len(answer.conflicts) == 1
    doubtful = says(config, model={"Ankara": 0.5, "Atlanta": 0.25, "Tbilisi": 0.25}).query(
        "Armenia", "capital"
    )
    assert (doubtful.entity, doubtful.why) == (None, "doubt")
    assert "the best guess, Ankara, has p = 0.50" in doubtful.reason


@pytest.mark.parametrize(
    ("question", "why", "words"),
    [
        ("Who is the mayor of Atlantis?", "name", "'Atlantis'"),
        ("who governs the lost empire of el dorado?", "name", "'governs'"),
        ("who governs the lost city of el dorado?", "words", "I understood type:city, but not"),
        ("Which songs does Tbilisi sing?", "relation", ""),
        ("What is the capital of Armenia?", "fact", "no 'capital' of Armenia"),
    ],
)
def test_every_refusal_has_a_code_and_a_reason(predictor, question, why, words):
    answer = predictor.ask(question)
    assert (answer.entity, answer.why) == (None, why)
    assert words in answer.reason


def test_a_question_that_was_hardly_understood_is_refused(graph, phrasings):
    config = PredictorConfig(min_stated=0.9999)
    predictor = Predictor(graph, Linker(graph), phrasings=phrasings, config=config)
    answer = predictor.ask("What is the capital of Turkey?")
    assert (answer.entity, answer.why) == (None, "doubt")
    assert "the best reading, Turkey.capital, has p = " in answer.reason
    assert predictor.query("Turkey", "capital").entity == "Ankara"  # names need no parser
    predictor = Predictor(graph, Linker(graph), phrasings=phrasings)
    sure = predictor.ask("What is the capital of Turkey?")
    assert sure.entity == "Ankara"
    assert 0.7 < sure.score < 1


def test_an_answer_has_its_topic_and_path(predictor):
    answer = predictor.ask("Tbilisi is the capital of [MASK].")
    assert answer.topic == "Tbilisi"
    assert answer.path == (("capital", False),)
    assert answer.why == ""


# ── switching off ────────────────────────────────────────────────────────────────────────────────


def test_sources_can_be_switched_off(graph, phrasings, model, table, tmp_path):
    said = fill("The capital of [X] is [Y].",
    {"[X]": ("Turkey", "Turkey"), "[Y]": ("Atlanta", "Atlanta")})  # fmt: skip
    with Modeledge.open(tmp_path / "store.db") as store:
        store.edit(model, list(clozes(said, kind="fact")), head="Turkey", old=None, note="")
        predictor = Predictor(graph, Linker(graph), model, table, store, phrasings=phrasings,
        config=GUESS)  # fmt: skip
        everything = predictor.query("Turkey", "capital")
        assert everything.entity == "Ankara"
        kinds = {"triple", "link prediction", "model", "modeledge", "sentence"}
        assert {x.kind for x in everything.evidence} == kinds
        assert [x.kind for x in everything.conflicts if x.kind == "modeledge"] == ["modeledge"]
        for name, also in (
            ("link prediction", set()),
            ("model", set()),
            ("modeledge", {"sentence"}),
        ):
            answer = predictor.query("Turkey", "capital", sources=[name])
            assert {x.kind for x in answer.evidence} == {"note", name, *also}
        assert predictor.query("Turkey", "capital", sources=["modeledge"]).entity == "Atlanta"
        alone = predictor.query("Turkey", "capital", sources=["graph"])
        assert {x.kind for x in alone.evidence} == {"triple"}
        asked = predictor.ask("What is the capital of Turkey?", sources=["modeledge"])
        assert asked.entity == "Atlanta"


def test_the_configuration_switches_sources_off_too(graph, phrasings, table):
    config = PredictorConfig(min_score=0.0, uncalibrated=True, sources=("graph",))
    predictor = Predictor(graph, Linker(graph), None, table, phrasings=phrasings, config=config)
    assert predictor.query("Armenia", "capital").why == "fact"
    assert predictor.query("Armenia", "capital", sources=["link prediction"]).entity
    with pytest.raises(ConfigError, match="no source is called 'oracle'"):
        PredictorConfig(sources=("oracle",))
    with pytest.raises(ConfigError, match="no source is called 'oracle'"):
        predictor.ask_many(["x"], sources=["oracle"])  # raised before a question is read


# ── many ─────────────────────────────────────────────────────────────────────────────────────────

QUESTIONS = [
    "What is the capital of Turkey?",
    "The capital of Armenia is [MASK].",
    "Who is the mayor of Atlantis?",
    "[MASK] borders Armenia.",
    "Rhine flows into [MASK] [MASK].",
    "",
    "Which songs does Tbilisi sing?",
]


@pytest.mark.parametrize("chunk", [1, 2, 3, 100])
def test_many_questions_get_the_same_answers_as_single_ones(
    graph, phrasings, model, table, monkeypatch, chunk
):
    predictor = Predictor(graph, Linker(graph), model, table, phrasings=phrasings, config=GUESS)
    alone = [predictor.ask(question) for question in QUESTIONS]
    monkeypatch.setattr(asking, "QUESTIONS_PER_BATCH", chunk)
    many = list(predictor.ask_many(QUESTIONS))
    assert [x.question for x in many] == QUESTIONS
    for one, other in zip(alone, many, strict=True):
        assert (one.entity, one.answers and one.answers[0].entity) == (other.entity,
        other.answers and other.answers[0].entity)  # fmt: skip
        assert one.score == pytest.approx(other.score, abs=1e-5)
        assert [x.kind for x in one.evidence] == [x.kind for x in other.evidence]


def test_an_endless_stream_of_questions_is_answered(predictor, monkeypatch):
    monkeypatch.setattr(asking, "QUESTIONS_PER_BATCH", 2)
    taken = []

    def endless():
        while True:
            taken.append(1)
            yield "What is the capital of Turkey?"

    answers = predictor.ask_many(endless())
    assert next(answers).entity == "Ankara"
    assert len(taken) == 2
    assert next(answers).entity == next(answers).entity == "Ankara"
    assert len(taken) == 4


def test_no_questions_give_no_answers(predictor):
    assert list(predictor.ask_many([])) == []


# ── words of the model's own ─────────────────────────────────────────────────────────────────────


def test_the_words_for_blanks_are_the_likeliest_tokens(graph, model):
    text = Linker(graph).link("[MASK] [MASK] borders Turkey, said [MASK].")
    encoded = model.encoder.encode(text)
    hidden = model(**collate([encoded], model.pad_id).tensors()).hidden[0]
    p, ids = [], []
    for place in encoded.blanks:
        logits = model.token_logits(hidden[place][None])[0].double().detach()
        logits[model.tokenizer.all_special_ids] = -np.inf
        p.append(logits.softmax(0).max().item())
        ids.append(int(logits.argmax()))
    found = predict_words(model, text)
    assert found.p == pytest.approx(np.prod(p) ** (1 / 3))
    decode = model.tokenizer.decode
    assert found.text == f"{decode(ids[:2]).strip()}, {decode(ids[2:]).strip()}"
    assert predict_words(model, Linker(graph).link("Turkey.")) is None


def test_a_blank_that_no_entity_fits_gets_the_models_word(graph, phrasings, model):
    def ask(question, least, **more):
        config = PredictorConfig(min_score=least, uncalibrated=True)
        predictor = Predictor(graph, Linker(graph), model, phrasings=phrasings, config=config)
        return predictor.ask(question, **more)

    answer = ask("Nobody knows the [MASK].", 0.0)
    assert answer.entity is None
    assert answer.token
    assert str(answer) == f"predicted: {answer.token}"
    assert answer.why == "name"
    assert answer.evidence[0].kind == "model"
    assert repr(answer.token) in answer.evidence[0].text
    assert ask("Nobody knows the [MASK].", 0.9).token == ""  # below the threshold
    assert ask("Nobody knows the [MASK].", 0.0, sources=["graph"]).token == ""
    assert ask("Who knows?", 0.0).token == ""
    assert ask("The capital of Armenia is [MASK].", 0.0).token == ""  # an entity fits


def test_several_blanks_side_by_side_are_one_entity(predictor):
    answer = predictor.ask("The Rhine flows into the [MASK] [MASK].")
    assert answer.entity == "North_Sea"
    assert answer.question == "The Rhine flows into the [MASK] [MASK]."
