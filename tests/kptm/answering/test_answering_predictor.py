"""Questions to a small graph, and answers of the other sources if it has no such fact."""

import pytest
import torch

from kg import EmbeddingMismatchError, UnknownKeyError
from kptm import Interpolation, Linker, Modeledge, Predictor
from kptm.answering.config import PredictorConfig
from kptm.answering.training.lessons import Lesson
from kptm.answering.training.predictor_training import learn
from kptm.data import collate, fill
from kptm.modeledge.encode.encode_texts import clozes


def keys(answer):
    return {item.entity for item in answer.answers}


@pytest.mark.parametrize("name", ["Georgia_(country)", "Georgia", "Sakartvelo", "georgia"])
@pytest.mark.parametrize("relation", ["capital", "Capital"])
def test_query_by_key_label_and_alias(predictor, name, relation):
    answer = predictor.query(name, relation)
    assert (answer.entity, keys(answer)) == ("Tbilisi", {"Tbilisi"})
    assert answer.evidence[0].kind == "triple"
    assert "Georgia (Georgia_(country)) | capital | Tbilisi (Tbilisi)" in answer.evidence[0].text


def test_query_for_heads_and_for_several_answers(predictor, graph):
    assert predictor.query(relation="capital", tail="Ankara").entity == "Turkey"
    wanted = {item.tail for item in graph.match("Georgia_(country)", "borders")}
    answer = predictor.query("Sakartvelo", "borders")
    assert keys(answer) == wanted
    assert {item.entity for item in answer.evidence if item.kind == "triple"} == wanted


def test_an_ambiguous_name_lists_its_other_senses(predictor):
    answer = predictor.query("Georgia", "capital")
    [sense] = answer.senses
    assert (sense.entity, sense.label, sense.answers) == (
        "Georgia_(state)",
        "Georgia",
        ("Atlanta",),
    )
    assert sense.score == pytest.approx((5 + 1) / (9 + 5 + 2))  # the priors, each plus one
    assert predictor.query("Georgia_(state)", "capital").senses == ()
    asked = predictor.ask("What is the capital of Georgia?")
    assert [item.entity for item in asked.senses] == ["Georgia_(state)"]


def test_a_sense_with_the_fact_is_preferred_to_a_likelier_one(predictor):
    assert predictor.query("Mercury", "named_after").entity == "Quicksilver"
    assert predictor.query(relation="named_after", tail="Mercury").entity == "Mercury_(planet)"


@pytest.mark.parametrize(
    ("head", "relation", "tail"),
    [
        ("Atlantis", "capital", None),
        ("", "capital", None),
        ("Georgia", "weight", None),
        ("Georgia", "", None),
        (None, "capital", None),
        ("Georgia", "capital", "Tbilisi"),
        ("x" * 1_000_000, "capital", None),
        ("Robert'); DROP TABLE entity;--", "capital", None),
    ],
)
def test_unknown_names_of_a_query_are_errors(predictor, graph, head, relation, tail):
    with pytest.raises(UnknownKeyError) as caught:
        predictor.query(head, relation, tail)
    assert len(str(caught.value)) < 500
    assert graph.stats()["triples"] == 9


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("The capital of Georgia is [MASK].", "Tbilisi"),
        ("[MASK] is the capital of Georgia.", "Tbilisi"),
        ("Tbilisi is the capital of [MASK].", "Georgia_(country)"),
        ("What is the capital of Turkey?", "Ankara"),
        ("Which country has the capital Ankara?", "Turkey"),
        ("What is the capital of the state Georgia?", "Atlanta"),
        ("The planet Mercury is named after [MASK].", "Mercury_(god)"),
        ("Mercury, the metal, is named after [MASK].", "Quicksilver"),
        ("What is the planet Mercury named after?", "Mercury_(god)"),
        ("Which sea does the river Rhine flow into?", "North_Sea"),
    ],
)
def test_questions_in_words_and_clozes(predictor, question, wanted):
    answer = predictor.ask(question)
    assert answer.entity == wanted, answer.explain()
    assert answer.evidence[0].kind == "triple"
    assert any(item.kind == "linking" for item in answer.evidence)
    assert str(answer) in answer.explain()


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("Who is the mayor of Atlantis?", "no name"),
        ("", "no name"),
        ("[MASK]", "no name"),
        ("Which songs does Tbilisi sing?", "relation"),
        ("\x1b[31m💥\x00", "no name"),
    ],
)
def test_unanswered_questions_have_a_reason(predictor, question, reason):
    answer = predictor.ask(question)
    assert (answer.entity, answer.score, answer.answers) == (None, 0.0, ())
    assert reason in answer.reason
    assert str(answer).startswith("unknown (")


def test_without_the_cited_triple_there_is_no_answer(predictor, graph):
    before = predictor.ask("What is the capital of Turkey?")
    graph.remove(head="Turkey", relation="capital", tail=before.entity)
    after = predictor.ask("What is the capital of Turkey?")
    assert after.entity is None
    assert "no 'capital' of Turkey" in after.reason
    graph.add([("Turkey", "capital", "Istanbul")])
    assert predictor.ask("What is the capital of Turkey?").entity == "Istanbul"


def test_the_parser_learns_words_for_a_relation(predictor, graph):
    question = "Where does the government of Georgia sit?"
    assert predictor.ask(question).entity is None
    lessons = [
        Lesson("Where does the government of Turkey sit?", ("Ankara",)),
        Lesson("Nobody here?", ("Ankara",)),
    ]
    assert learn(predictor, graph, Linker(graph), lessons, 2).used == 1
    assert predictor.ask(question).entity == "Tbilisi"


# ── where the graph is silent ────────────────────────────────────────────────────────────────


SURE = PredictorConfig(min_score=0.0, uncalibrated=True)


def test_link_prediction_is_a_softmax_of_its_scores(graph, phrasings, table):
    predictor = Predictor(graph, Linker(graph), None, table, phrasings=phrasings, config=SURE)
    answer = predictor.query("Armenia", "capital")
    among = ["Ankara", "Atlanta", "Tbilisi"]
    scores = table.scores(head="Armenia", relation="capital")[[table.row(key) for key in among]]
    p = dict(zip(among, torch.softmax(scores.double(), 0).tolist(), strict=True))
    assert answer.entity == max(p, key=p.get)
    # The pool of one source is its p, apart from the share of SMOOTHING for three candidates.
    assert answer.score == pytest.approx(0.999 * p[answer.entity] + 0.001 / 3)
    assert {item.kind for item in answer.evidence} == {"note", "link prediction"}
    assert "prediction" in answer.evidence[0].text


def test_a_prediction_below_the_threshold_is_refused(graph, phrasings, table):
    config = PredictorConfig(min_score=1.1, uncalibrated=True)
    predictor = Predictor(graph, Linker(graph), None, table, phrasings=phrasings, config=config)
    answer = predictor.query("Armenia", "capital")
    assert answer.entity is None
    assert "best guess" in answer.reason
    assert {item.kind for item in answer.evidence} == {"note", "link prediction"}


def test_the_p_of_the_model_is_the_mean_over_its_clozes(graph, phrasings, model):
    predictor = Predictor(graph, Linker(graph), model, phrasings=phrasings, config=SURE)
    answer = predictor.query("Armenia", "capital")
    among = ["Ankara", "Atlanta", "Tbilisi"]
    rows = [model.embeddings.row(key) for key in among]
    mean = torch.zeros(3, dtype=torch.double)
    for pattern in phrasings.of("capital"):
        cloze = fill(pattern, {"[X]": ("Armenia", "Armenia"), "[Y]": ("[MASK]", None)})
        with torch.no_grad():
            batch = collate([model.encoder.encode(cloze)], model.pad_id)
            logits = model(**batch.tensors()).entity_logits[0, rows]
        mean += torch.softmax(logits.double(), 0) / 2
    assert answer.score == pytest.approx(0.999 * mean.max().item() + 0.001 / 3, abs=1e-5)
    assert answer.entity == among[int(mean.argmax())]
    assert [item.kind for item in answer.evidence] == ["note", "model"]


def test_near_neighbours_in_modeledge_outweigh_other_sources(graph, phrasings, model, tmp_path):
    store = Modeledge.open(tmp_path / "graph0.db")
    said = fill(
        "The capital of [X] is [Y].", {"[X]": ("Armenia", "Armenia"), "[Y]": ("Atlanta", "Atlanta")}
    )
    store.edit(model, list(clozes(said, kind="fact")), head="Armenia", old=None, note="")
    config = PredictorConfig(uncalibrated=True)
    predictor = Predictor(
        graph, Linker(graph), model, None, store, phrasings=phrasings, config=config
    )
    answer = predictor.ask("The capital of Armenia is [MASK].")
    assert answer.entity == "Atlanta"
    assert answer.score > Interpolation().weights[-1] - 0.01
    assert "modeledge" in {item.kind for item in answer.evidence}
    store.undo(store.newest_operation())
    quiet = predictor.ask("The capital of Armenia is [MASK].")
    assert "modeledge" not in {item.kind for item in quiet.evidence}
    store.close()


def test_a_predictor_fits_the_weight_of_its_store(graph, phrasings, model, tmp_path):
    asked = "The capital of Armenia is [MASK]."
    store = Modeledge.open(tmp_path / "graph0.db")
    said = fill(
        "The capital of [X] is [Y].", {"[X]": ("Armenia", "Armenia"), "[Y]": ("Atlanta", "Atlanta")}
    )
    store.edit(model, list(clozes(said, kind="fact")), head="Armenia", old=None, note="")

    def answer(answers, count=60):
        asks = Predictor(graph, Linker(graph), model, None, store, phrasings=phrasings)
        # A question that the graph answers is not used; it would be the 61st.
        known = ("The capital of Turkey is [MASK].", {"Ankara"})
        return asks.weigh([known, *[(asked, answers)] * count]), asks.ask(asked)

    weights, told = answer({"Atlanta"})
    assert weights.count == 60
    assert told.entity == "Atlanta"
    assert told.score > 0.95
    cited = [item for item in told.evidence if item.kind == "modeledge"]
    assert {item.entity for item in cited} == {"Atlanta"}
    weights, told = answer({"Tbilisi"})
    assert weights.neighbours.threshold == float("inf")
    assert not [item for item in told.evidence if item.kind == "modeledge"]
    weights, _ = answer({"Tbilisi"}, count=5)
    assert weights.count == 0
    store.close()


def test_tell_replaces_the_old_value_in_modeledge(graph, phrasings, model, tmp_path):
    store = Modeledge.open(tmp_path / "graph0.db")
    predictor = Predictor(graph, Linker(graph), model, None, store, phrasings=phrasings)
    for old, new in ((None, "Ankara"), ("Ankara", "Tbilisi")):
        predictor.tell("Armenia", "capital", new, old=old, revision=1)
    values = {record.value for space in store.stats() for record, _ in store.vectors(space)}
    assert values == {"Armenia", "Tbilisi"}
    store.close()


def test_embeddings_and_models_of_another_graph_are_refused(new_graph, table, model):
    other = new_graph()
    other.add([("a", "r", "b")])
    for parts in ((None, table), (model, None)):
        with pytest.raises(EmbeddingMismatchError):
            Predictor(other, Linker(other), *parts)
