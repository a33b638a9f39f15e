"""A workspace trains modules, asks with them, and says which module moved an answer."""

import json

import pytest
from click.testing import CliRunner

from kptm import ConfigError, Workspace, WorkspaceError
from kptm.answering.sources.scoring import from_model, from_modules
from kptm.cli.main import main
from kptm.errors import ModelError

QUESTION = "What is the capital of Peru?"
TEXTS = ["The capital of Peru is Lima.", "Peru borders Chile.", "Lima is the capital of Peru."]


def run(*arguments, code=0):
    result = CliRunner().invoke(main, [str(item) for item in arguments])
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def with_modules(copied):
    with Workspace.open(copied) as ws:
        before = ws.model().fingerprint()
        report = ws.pretrain_module("peru", TEXTS)
        assert (report.texts, report.links) == (3, 6)
        assert report.backbone == "the backbone stays as it is"
        assert ws.model().fingerprint() == before
    return copied


def of_model(answer):
    return [item for item in answer.evidence if item.kind == "model"]


def test_the_module_is_named_with_p_before_and_after(with_modules):
    with Workspace.open(with_modules) as ws:
        plain = of_model(ws.ask(QUESTION))
    with Workspace.open(with_modules, changes=['answering.modules=["peru"]']) as ws:
        found = of_model(ws.ask(QUESTION))
        space = ws.predictor().space
        # The oracle: the same clozes, asked by hand with the module active.
        predictor = ws.predictor()
        case = predictor._understanding.by_names("Peru", "capital", None, {"model"})
        asked = predictor._source_query(case, {"model"})
        modules = ws.modular_model()
        [(without, keys)] = from_model(modules.model, [asked])
        modules.set_adapter("peru")
        [(moved, _)] = from_model(modules.model, [asked])
        [(used, used_keys)] = from_modules(predictor._voices.modules, [asked])
        assert used.p.tolist() == moved.p.tolist() != without.p.tolist()
        assert used.without.tolist() == without.p.tolist()
        assert used_keys.tolist() == keys.tolist()
        assert f"cloze:{ws.model().fingerprint()}" == space
    assert {item.sources for item in plain} == {()}
    assert {item.sources for item in found} == {("module peru",)}
    assert "the model with module peru at the blank of" in found[0].text
    before = plain[0].text.rpartition("ranks it ")[2]
    rank, _, p = before.partition(" of ")
    assert found[0].text.endswith(f"; without it, {rank}, p = {p.rpartition('p = ')[2]}")


def test_the_router_asks_the_module_that_knows_the_type(with_modules):
    with Workspace.open(with_modules) as ws:
        types = ws.modular_model().modules["peru"].types
        assert types == {"country": 4, "city": 2}
    with Workspace.open(with_modules, changes=['answering.modules=["auto"]']) as ws:
        assert of_model(ws.ask(QUESTION))[0].sources == ("module peru",)
    text = run("ask", with_modules, QUESTION, "--module", "auto").stdout
    assert "[module peru]" in text
    told = json.loads(
        run(
            "ask", with_modules, QUESTION, "--module", "default", "--module", "peru", "--json"
        ).stdout
    )
    assert ["module default", "module peru"] in [item["sources"] for item in told["evidence"]]
    assert "module" not in run("ask", with_modules, QUESTION, "--module", "default").stdout


def test_it_is_a_stage_like_others(with_modules, toy):
    text = run("pretrain", with_modules, toy.texts, "--module", "all").stdout
    assert "6 steps on " in text
    assert sorted(path.name for path in (with_modules / "modules").iterdir()) == ["all", "peru"]
    assert "healthy" in run("doctor", with_modules).stdout
    weights = with_modules / "modules" / "all" / "module.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"?")
    assert "module-damaged" in run("doctor", with_modules, code=1).stdout
    error = run("ask", with_modules, QUESTION, "--module", "peru", code=1).stderr
    assert "damaged" in error
    run("pretrain", with_modules, toy.texts, "--module", "all")
    run("ask", with_modules, QUESTION, "--module", "peru")


def test_impossible_requests_are_one_line(with_modules, toy, tmp_path):
    error = run("ask", with_modules, QUESTION, "--module", "chile", code=1).stderr
    assert "has no module 'chile', only default, peru; make one with kptm pretrain" in error
    error = run("learn", with_modules, toy.questions, code=0)
    with Workspace.open(with_modules, changes=['answering.modules=["peru"]']) as ws:
        with pytest.raises(ConfigError, match="learn without them"):
            ws.learn(toy.questions)
        with pytest.raises(ConfigError, match="stands for the choice"):
            ws.pretrain_module("auto", TEXTS)
        with pytest.raises(ConfigError, match="already"):
            ws.pretrain_module("default", TEXTS)
        with pytest.raises(ModelError, match="no text"):
            ws.pretrain_module("empty", [])
        with pytest.raises(ConfigError, match="cannot be the name"):
            ws.pretrain_module("../model", TEXTS)
    assert [path.name for path in (with_modules / "modules").iterdir()] == ["peru"]
    run("pretrain", with_modules, toy.texts, "--module", "x", "--triples", code=2)
    with (
        Workspace.init(tmp_path / "new") as ws,
        pytest.raises(WorkspaceError, match="no model yet"),
    ):
        ws.pretrain_module("x", TEXTS)
