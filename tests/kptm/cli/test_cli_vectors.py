"""``kptm embed``, ``predict``, ``near`` and ``map``."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from kptm import Workspace
from kptm.cli.main import main


def run(*arguments, code=0):
    result = CliRunner().invoke(main, [str(item) for item in arguments])
    assert result.exit_code == code, result.output
    return result


def answer(*arguments):
    return json.loads(run(*arguments, "--json").stdout)


def test_a_recipe_overrules_the_settings(copied):
    with Workspace.open(copied) as ws:
        assert ws.embeddings().dim == 8
        assert ws.embedding_config("auto").dim == ws.embedding_config("accurate").dim == 256
    assert answer("embed", copied, "--recipe", "fast")["width"] == 256
    assert "no recipe" in run("embed", copied, "--recipe", "best", code=1).stderr
    run("embed", copied, "--recipe", "fast", "--update", code=2)


def test_an_update_keeps_present_vectors(copied, tmp_path):
    with Workspace.open(copied) as ws:
        old = ws.embeddings()
    more = tmp_path / "more.tsv"
    more.write_text("Brazil\tborders\tPeru\nBrazil\tcapital\tBrasilia\n")
    run("load", copied, more)
    assert "2 of them new" in run("embed", copied, "--update").stdout
    with Workspace.open(copied) as ws:
        new = ws.embeddings()
        assert new.staleness(ws.graph).fresh
    assert set(new.keys) - set(old.keys) == {"Brazil", "Brasilia"}
    assert new.vectors(list(old.keys)).equal(old.table)


def test_only_an_interrupted_training_of_the_same_graph_is_continued(copied, monkeypatch):
    monkeypatch.setattr("kg.embedding.training.checkpoint.EVERY", 0.0)

    class Cut(Exception):  # noqa: N818
        pass

    def cut(epoch):
        if epoch.number == 3:
            raise Cut

    numbers = []
    with Workspace.open(copied) as ws:
        for again in (False, True):
            with pytest.raises(Cut):
                ws.embed(progress=cut)
            assert (copied / "embeddings.checkpoint").exists()
            if again:
                ws.graph.add([("Peru", "borders", "Brazil")])
            ws.embed(progress=lambda epoch: numbers.append(epoch.number))
            assert numbers.pop(0) == (1 if again else 3)
            numbers.clear()
            assert not (copied / "embeddings.checkpoint").exists()


def test_predictions(copied):
    with Workspace.open(copied) as ws:
        embeddings, graph = ws.embeddings(), ws.graph
        plain = embeddings.predict(head="France", relation="capital", k=3, known=graph)
        facts = embeddings.predict(relation="borders", k=4, known=graph)
    found = answer("predict", copied, "capital", "--head", "Republic of France", "-k", "3")
    assert [row["entity"] for row in found] == [item.entity for item in plain]
    assert "Paris" not in [row["entity"] for row in found]
    marked = answer("predict", copied, "capital", "--head", "France", "-k", "16", "--known")
    assert [row["entity"] for row in marked if row["known"]] == ["Paris"]
    heads = answer("predict", copied, "capital", "--tail", "Paris", "-k", "16", "--known")
    assert [row["entity"] for row in heads if row["known"]] == ["France"]
    rows = answer("predict", copied, "borders", "-k", "4")
    assert [(row["head"], row["relation"], row["tail"]) for row in rows] == [
        tuple(f) for f, _ in facts
    ]
    run("predict", copied, "capital", "--head", "France", "--tail", "Paris", code=2)
    assert "no relation" in run("predict", copied, "eats", code=1).stderr


def test_neighbours_of_vectors(copied):
    with Workspace.open(copied) as ws:
        embeddings = ws.embeddings()
    table = embeddings.table.numpy()
    unit = table / np.linalg.norm(table, axis=1, keepdims=True)
    cosine = dict(zip(embeddings.keys, (unit @ unit[embeddings.row("Peru")]).tolist(), strict=True))
    del cosine["Peru"]
    found = answer("near", copied, "Peru", "-k", "5")
    assert [row["entity"] for row in found] == sorted(cosine, key=cosine.get, reverse=True)[:5]
    assert len(answer("near", copied, "Peru", "-k", "100")) == len(embeddings) - 1


def test_a_map_is_drawn(copied, tmp_path):
    page = tmp_path / "map.html"
    assert answer("map", copied, page)["entities"] == 16
    text = page.read_text()
    assert "France" in text
    assert "country" in text
    assert "<script" not in text
    assert answer("map", copied, page, "--type", "city", "--limit", "4")["entities"] == 4


def test_vectors_from_elsewhere_are_taken(copied, tmp_path):
    path = tmp_path / "v.txt"
    path.write_text("France 1 2 3\nPeru 0 1 0\nElsewhere 1 1 1\n")
    assert answer("embed", copied, "--from", path)["width"] == 3
    with Workspace.open(copied) as ws:
        assert ws.embeddings().vectors(["Peru"]).tolist() == [[0, 1, 0]]
    np.save(tmp_path / "v.npy", np.eye(2, dtype=np.float32))
    (tmp_path / "keys").write_text("France\nPeru\n")
    run("embed", copied, "--from", tmp_path / "v.npy", "--keys", tmp_path / "keys")
    path.write_text("Elsewhere 1 1 1\n")
    assert "none of its keys" in run("embed", copied, "--from", path, code=1).stderr
