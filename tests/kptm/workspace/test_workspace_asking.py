"""A workspace's answers follow each change of its graph, and name the models that lack it."""

import pytest

from kptm import Workspace

CAPITAL = "What is the capital of France?"


def entities(answer):
    return {item.entity for item in answer.answers}


def stale(answer):
    return [item for item in answer.evidence if item.kind == "stale"]


def test_load_edit_forget_and_undo_are_seen_by_the_next_answer(copied, tmp_path):
    more = tmp_path / "more.tsv"
    more.write_text("France\tcapital\tMarseille\nFrance\tanthem\tLa Marseillaise\n")
    with Workspace.open(copied) as ws:
        before = ws.ask(CAPITAL)
        assert entities(before) == {"Paris"}
        assert stale(before) == []

        loaded = ws.load(more, source="more").revision
        assert entities(ws.ask(CAPITAL)) == {"Paris", "Marseille"}
        anthem = ws.ask("What is the anthem of France?")  # its name and relation are new
        assert entities(anthem) == {"La Marseillaise"}
        [fact] = [item for item in anthem.evidence if item.kind == "triple"]
        assert (fact.sources, fact.revision) == (("more:2",), loaded)
        assert len(stale(ws.ask(CAPITAL))) == 2

        edited = ws.edit("France", "capital", "Lima", old="Marseille")
        assert entities(ws.ask(CAPITAL)) == {"Paris", "Lima"}
        ws.undo(edited)
        assert entities(ws.ask(CAPITAL)) == {"Paris", "Marseille"}

        gone = ws.forget(source="more")
        assert entities(ws.ask(CAPITAL)) == {"Paris"}
        assert ws.ask("What is the anthem of France?").entity is None
        assert stale(ws.ask(CAPITAL)) == []
        ws.undo(gone["revision"])
        assert entities(ws.ask("What is the anthem of France?")) == {"La Marseillaise"}
        assert entities(ws.query("France", "capital")) == {"Paris", "Marseille"}


def test_changes_of_another_workspace_are_seen(copied):
    with Workspace.open(copied) as ws, Workspace.open(copied) as other:
        assert entities(ws.query("Spain", "capital")) == {"Madrid"}
        revision = other.edit("Spain", "capital", "Lima")
        answer = ws.query("Spain", "capital")
        assert entities(answer) == {"Lima"}
        assert {item.text.split(" trained")[0] for item in stale(answer)} == {
            "the embeddings were",
            "the model was",
        }
        assert all("Spain" in item.text for item in stale(answer))
        other.undo(revision)
        assert stale(ws.query("Spain", "capital")) == []


def test_sources_and_many_questions(copied):
    with Workspace.open(copied) as ws:
        alone = ws.ask(CAPITAL, sources=["graph"])
        assert {item.kind for item in alone.evidence} == {"triple", "linking"}
        assert ws.query("France", "capital", sources=["graph"]).entity == "Paris"
        many = list(ws.ask_many([CAPITAL, "Who wrote Hamlet?"], sources=["graph"]))
        assert [item.entity for item in many] == ["Paris", None]
        assert many[0] == alone


@pytest.mark.parametrize("name", ["embeddings", "model"])
def test_one_of_the_sources_alone(copied, name):
    import shutil

    shutil.rmtree(copied / name)
    with Workspace.open(copied) as ws:
        answer = ws.query("France", "capital")
        assert answer.entity == "Paris"
        kinds = {item.kind for item in answer.evidence}
        assert ("model" in kinds) == (name != "model")
        assert ("link prediction" in kinds) == (name != "embeddings")
