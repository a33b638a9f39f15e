"""The p of each source compared with its formula, candidates with sets, and names of sources."""

import numpy as np
import pytest
import torch

from kg.types import Step
from kptm import ConfigError
from kptm.answering.questions.path_reading import Reading
from kptm.answering.sources.candidate_sets import CandidateSet, CandidateSets
from kptm.answering.sources.scoring import from_embeddings, from_model
from kptm.answering.sources.source import SOURCES, SourceQuery, SourceScores, checked_sources
from kptm.data import collate, fill


def asked(entity, relation, keys, *, forward=True, texts=()):
    reading = Reading(entity=entity, path=(Step(relation, forward),), link_score=1.0, answers=(),
    score=1.0)  # fmt: skip
    return SourceQuery(reading, tuple(texts), CandidateSet(sorted(keys)))


def cloze(entity, pattern="[X] has [Y]."):
    return fill(pattern, {"[X]": (entity, entity), "[Y]": ("[MASK]", None)})


@pytest.mark.parametrize("forward", [True, False])
def test_link_prediction_is_a_softmax_over_the_candidates_that_have_a_vector(table, forward):
    keys = ["Ankara", "Atlanta", "Nobody", "Turkey"]
    found = from_embeddings(table, asked("Turkey", "capital", keys, forward=forward))
    given = {"head": "Turkey"} if forward else {"tail": "Turkey"}
    scores = table.scores(relation="capital", **given)
    rows = [table.row(key) for key in ("Ankara", "Atlanta")]
    p = torch.softmax(scores[rows].double(), 0).tolist()
    np.testing.assert_allclose(found.p, [*p, 0, 0])  # 0 without a vector, and for the entity itself
    assert found.known == 2


def test_a_batch_of_questions_gives_the_same_p_as_single_ones(model):
    keys = ["Ankara", "Atlanta", "Tbilisi"]
    questions = [
        asked("Turkey", "capital", keys, texts=[cloze("Turkey"),
        cloze("Turkey", "[Y] of the [X].")]), asked("Armenia", "capital", keys,
        texts=[cloze("Armenia", "It is [Y], said [X] and others.")]),
        asked("Rhine", "capital", keys, texts=[]),
    ]  # fmt: skip
    together = from_model(model, questions)
    for question, (opinion, key_TF) in zip(questions, together, strict=True):
        if not question.texts:
            assert opinion is None
            assert len(key_TF) == 0
            continue
        p, wanted = [], []
        for text in question.texts:
            with torch.no_grad():
                seen = model(**collate([model.encoder.encode(text)], model.pad_id).tensors())
            rows = [model.embeddings.row(key) for key in keys]
            p.append(torch.softmax(seen.entity_logits[0, rows].double(), 0).numpy())
            wanted.append(seen.fact_keys[0].numpy())
        np.testing.assert_allclose(opinion.p, np.mean(p, axis=0), atol=1e-6)
        np.testing.assert_allclose(key_TF, wanted, atol=1e-5)
        assert opinion.text == question.texts[0].text


def test_sources_without_a_vector_have_no_scores(table, model):
    assert from_embeddings(table, asked("Nobody", "capital", ["Tbilisi"])) is None
    assert from_embeddings(table, asked("Turkey", "nothing", ["Tbilisi"])) is None
    assert from_embeddings(table, asked("Turkey", "capital", ["Nobody"])) is None
    said = fill("[X].", {"[X]": ("Turkey", "Turkey")})
    assert from_model(model, [asked("Turkey", "capital", ["Ankara"], texts=[said])])[0][0] is None
    [(opinion, keys)] = from_model(
        model, [asked("Turkey", "capital", ["Nobody"], texts=[cloze("Turkey")])]
    )
    assert opinion is None
    assert len(keys) == 1  # modeledge can be asked nevertheless


def test_best_and_rank_are_those_of_sorting():
    rng = np.random.default_rng(0)
    for _ in range(50):
        p = rng.integers(1, 5, size=6) / 10
        opinion = SourceScores("model", p, 6)
        assert p[opinion.best] == p.max()
        assert opinion.best == max(np.flatnonzero(p == p.max()))
        for place in range(6):
            assert opinion.rank(place) == 1 + sum(value > p[place] for value in p)


def test_candidates_are_the_heads_or_tails_in_the_current_graph(graph):
    candidates = CandidateSets(graph)

    def wanted(relation, forward):
        return {item.tail if forward else item.head for item in graph.match(None, relation)}

    for relation in ("capital", "borders", "nothing"):
        for forward in (True, False):
            side = candidates.of(relation, forward)
            assert set(side.keys) == wanted(relation, forward)
            assert [side.place[key] for key in side.keys] == list(range(len(side)))
    before = candidates.of("capital", True)
    assert candidates.of("capital", True) is before
    graph.add([("Armenia", "capital", "Yerevan")])
    assert "Yerevan" in candidates.of("capital", True).keys
    graph.undo()
    assert set(candidates.of("capital", True).keys) == wanted("capital", True)


def test_rows_of_candidates_are_those_of_the_table(table):
    side = CandidateSet(["Ankara", "Nobody", "Turkey"])
    assert side.rows(table).tolist() == [table.row("Ankara"), -1, table.row("Turkey")]
    other = table.permuted(0)
    assert side.rows(other) is not side.rows(table)


def test_names_of_sources_are_checked():
    assert checked_sources(None) == set(SOURCES)
    assert checked_sources("model") == {"model"}
    assert checked_sources(["graph", "modeledge"]) == {"graph", "modeledge"}
    for wrong in (["graph", "oracle"], "", [], ["Graph"]):
        with pytest.raises(
            ConfigError, match="there are graph, link prediction, model, texts, modeledge"
        ):
            checked_sources(wrong)
