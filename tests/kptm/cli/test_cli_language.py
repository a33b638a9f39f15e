"""``--language`` sets the preferred languages of labels for one command."""

import json

import pytest
from click.testing import CliRunner

from kg import Attribute, Literal
from kg.vocabulary import LABEL
from kptm import Workspace
from kptm.cli.main import main

SHOW_LABELS = (
    "search describe history paths neighbours ask query link predict near map review serve mcp"
).split()


@pytest.fixture
def folder(tmp_path):
    names = {"Q1": {"en": "Germany", "de": "Deutschland", "mul": "DE"}, "Q2": {"en": "Berlin"}}
    names["P36"] = {"en": "capital", "de": "Hauptstadt"}
    with Workspace.open(tmp_path / "ws") as ws:
        ws.graph.add([("Q1", "P36", "Q2")])
        ws.graph.add(
            Attribute(key, LABEL, Literal(text, language=code))
            for key, texts in names.items()
            for code, text in texts.items()
        )
    return tmp_path / "ws"


def run(*arguments, code=0):
    result = CliRunner().invoke(main, [str(item) for item in arguments])
    assert result.exit_code == code, result.output
    return result.output


@pytest.mark.parametrize("name", SHOW_LABELS)
def test_verbs_that_show_labels_have_it(name):
    options = {flag for option in main.commands[name].params for flag in option.opts}
    assert "--language" in options


@pytest.mark.parametrize(
    ("tags", "label"),
    [("de", "Deutschland"), ("de-AT,en", "Deutschland"), ("en", "Germany"), ("fr", "DE")],
)
def test_it_counts_for_one_command(folder, tags, label):
    before = (folder / "kptm.toml").read_bytes()
    [found] = json.loads(run("search", folder, "Q1", "--language", tags, "--json"))
    assert found["label"] == label
    assert (folder / "kptm.toml").read_bytes() == before


def test_an_answer_has_the_labels_of_that_language(folder):
    found = json.loads(run("query", folder, "?", "P36", "Q2", "--language", "de", "--json"))
    assert [item["label"] for item in found["answers"]] == ["Deutschland"]
    assert found["labels"]["P36"] == "Hauptstadt"


def test_the_setting_of_the_workspace_counts_without_it(folder):
    path = folder / "kptm.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("languages = []", 'languages = ["de"]'), encoding="utf-8")
    [found] = json.loads(run("search", folder, "Q1", "--json"))
    assert found["label"] == "Deutschland"
    [found] = json.loads(run("search", folder, "Q1", "--language", "en", "--json"))
    assert found["label"] == "Germany"


def test_an_unknown_language_is_refused(folder):
    assert "'x!' is not a language" in run("search", folder, "Q1", "--language", "x!", code=1)
