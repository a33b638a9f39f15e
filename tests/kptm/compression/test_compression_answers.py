"""A workspace answers with a compressed model, by name, and its evidence says so."""

import json
import logging

import numpy as np
import pytest
from click.testing import CliRunner

from kptm import ConfigError, FusedModel, Predictor, Workspace, WorkspaceError
from kptm.answering.combination.source_weights import SourceWeights
from kptm.answering.config import PredictorConfig
from kptm.cli.main import main
from kptm.compression import CompressionConfig

QUESTION = "What is the capital of Peru?"
INT8 = "answering.model=int8"


def run(*arguments, code=0):
    result = CliRunner().invoke(main, [str(item) for item in arguments])
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def small(copied):
    """A workspace with an int8 copy of its model, and the figures of the compression."""
    with Workspace.open(copied) as ws:
        ws.compress(CompressionConfig(quantise="int8", steps=0))
    return copied


def of_model(answer):
    return [item for item in answer.evidence if item.kind == "model"]


def test_the_named_model_answers_and_is_named(small):
    with Workspace.open(small) as ws:
        full = of_model(ws.ask(QUESTION))
        own = ws.model().fingerprint()
    with Workspace.open(small, changes=[INT8]) as ws:
        found = of_model(ws.ask(QUESTION))
        assert ws.config.answering.model == "int8"
        assert ws.predictor().model.fingerprint() == ws.model("int8").fingerprint() != own
        model = FusedModel.from_pretrained(small / "compressed" / "int8")
        assert (model.origin.compressed, model.origin.copy_of) == ("int8", own)
        # The same p as a predictor that was given the compressed model's folder.
        by_hand = Predictor(ws.graph, ws.linker, model, ws.embeddings(), phrasings=ws.phrasings())
        assert found == of_model(by_hand.ask(QUESTION))
    assert full
    assert {item.sources for item in full} == {()}
    assert {item.sources for item in found} == {("model int8",)}
    assert [item.text for item in found] != [item.text for item in full] or np.isclose(
        found[0].score, full[0].score, atol=0.05
    )
    for path in ("int8", small / "compressed" / "int8"):
        told = json.loads(run("ask", small, QUESTION, "--model", path, "--json").stdout)
        assert ["model int8"] in [item["sources"] for item in told["evidence"]]
    assert "[model int8]" in run("ask", small, QUESTION, "--model", "int8").stdout
    assert "model int8" not in run("ask", small, QUESTION).stdout


def test_words_are_named_too(small):
    with Workspace.open(small, changes=[INT8]) as ws:
        predictor = ws.predictor()
        words = predictor._voices.words(predictor.link("The [MASK] is blue."))
    assert words.origin == ("model int8",)


def test_a_model_that_is_not_there_is_one_line(copied, small):
    error = run("ask", small, QUESTION, "--model", "int4", code=1).stderr
    assert "has no compressed model 'int4'; it has int8" in error
    with (
        Workspace.open(small, changes=["answering.model=../model"]) as ws,
        pytest.raises(WorkspaceError, match="has no compressed model"),
    ):
        ws.ask(QUESTION)
    run("purge", small, "--entity", "Chad", "--yes")
    assert "make one with kptm compress" in run("ask", small, "?", "--model", "int8", code=1).stderr


def test_its_modeledge_is_its_own(small, caplog):
    with Workspace.open(small) as ws:
        before = ws.modeledge.stats()
    assert before
    with Workspace.open(small, changes=[INT8]) as ws, caplog.at_level(logging.WARNING):
        ws.ask(QUESTION)
        assert "the model int8 has no modeledge" in caplog.text
        assert f"run kptm migrate {small} --model int8" in caplog.text
        caplog.clear()
    run("migrate", small, "--model", "int8", "--method", "encode")
    with Workspace.open(small, changes=[INT8]) as ws, caplog.at_level(logging.WARNING):
        name = ws.predictor().space
        assert not caplog.text
        after = ws.modeledge.stats()
        assert after[name] == before[f"cloze:{ws.model().fingerprint()}"]
        assert ws.recall("[MASK] is the capital of Peru.")
    report = run("doctor", small).stdout
    assert "modeledge" not in [line.split()[0] for line in report.splitlines() if line.split()]
    assert "earlier model" not in report


def test_of_several_models_a_copy_migrates_its_original(small):
    with Workspace.open(small) as ws:
        ws.compress(CompressionConfig(prune=0.1, unit="weights", steps=0))
        full = f"cloze:{ws.model().fingerprint()}"
        before = ws.modeledge.stats()
    run("migrate", small, "--model", "int8", "--method", "encode")
    run("migrate", small, "--model", "prune-weights-0.1", "--method", "encode")
    with Workspace.open(small) as ws:
        after = ws.modeledge.stats()
        copies = [f"cloze:{ws.model(x).fingerprint()}" for x in ("int8", "prune-weights-0.1")]
    assert len({full, *copies}) == 3
    assert [after[name] for name in copies] == [before[full]] * 2


def test_each_model_has_weights_of_its_own(tmp_path):
    path = tmp_path / "weights.json"
    SourceWeights(space="cloze:full", count=80).save(path)
    borrowed = SourceWeights.load(path, space="cloze:int8", original="cloze:full")
    assert (borrowed.count, borrowed.borrowed) == (80, "the uncompressed model")
    assert "uncompressed" in borrowed.remark
    assert SourceWeights.load(path, space="cloze:other", original="cloze:no").count == 0
    SourceWeights(space="cloze:int8", count=90).save(path)
    own = SourceWeights.load(path, space="cloze:int8", original="cloze:full")
    assert (own.count, own.borrowed, own.remark) == (90, "", "")
    full = SourceWeights.load(path, space="cloze:full")
    assert (full.count, full.borrowed) == (80, "")
    for number in range(20):
        SourceWeights(space=f"cloze:{number}", count=1).save(path)
    assert len(json.loads(path.read_text())["others"]) == 8
    assert SourceWeights.load(path, space="cloze:18").count == 1
    assert SourceWeights.load(path, space="cloze:1").count == 0


def test_a_copy_uses_the_weights_of_its_original_and_says_so(small):
    path = small / "weights.json"
    with Workspace.open(small) as ws:
        space = ws.predictor().space
    SourceWeights(space=space, count=60).save(path)
    with Workspace.open(small, changes=[INT8]) as ws:
        predictor = ws.predictor()
        assert predictor.weights.count == 60
        assert predictor.weights.borrowed == "the uncompressed model"
        predictor._config = PredictorConfig(min_score=0.0, weights=predictor.weights)
        answer = predictor.query("Peru", "borders", sources=["model"])
    notes = [item.text for item in answer.evidence if item.kind == "note"]
    assert notes
    assert notes[0].endswith(
        "this is a prediction; its p was calibrated for the uncompressed model"
    )


def test_int4_is_refused_with_the_reason(copied):
    with pytest.raises(ConfigError, match="20 times slower in float32; use int8"):
        CompressionConfig(quantise="int4")
    assert "need a GPU" in run("compress", copied, "--quantise", "int4", code=1).stderr
