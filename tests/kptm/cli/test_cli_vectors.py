"""``kptm embed``, ``predict``, ``near`` and ``map``."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from kptm import Workspace
from kptm.cli.main import main
from kptm.workspace.files.stage_files import artefacts_of, delete_workspace, foreign_files


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
    monkeypatch.setattr("kg.embedding.training.checkpoint.CHECKPOINT_SECONDS", 0.0)

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


def test_training_by_partitions(copied):
    found = answer("embed", copied, "--partitions", "3", "--recipe", "large")
    assert (found["width"], found["entities"]) == (128, 16)
    with Workspace.open(copied) as ws:
        embeddings = ws.embeddings()
        assert embeddings.config == ws.embedding_config("large", 3)
        assert embeddings.fingerprint == ws.graph.fingerprint()
        assert embeddings.predict(head="France", relation="capital", k=3)
    assert not (copied / "embeddings.partitions").exists()
    error = run("embed", copied, "--partitions", "3", "--recipe", "fast", code=1).stderr
    assert "needs training to be 'sampled'" in error
    run("embed", copied, "--partitions", "3", "--update", code=2)
    run("embed", copied, "--partitions", "0", code=2)


def test_partitions_of_the_settings(copied):
    """The default settings give way to those of a large graph, and others are used as they are."""
    path = copied / "kptm.toml"
    given = path.read_text()
    with Workspace.open(copied) as ws:
        assert ws.embedding_config(partitions=1) == ws.config.embedding
        assert ws.embedding_config("auto", 5).training == "sampled"
    path.write_text("[embedding]\npartitions = 4\n")
    with Workspace.open(copied) as ws:
        config = ws.embedding_config()
        assert (config.partitions, config.training, config.dim) == (4, "sampled", 64)
        assert ws.embedding_config(partitions=1) == type(ws.config)().embedding
    path.write_text('[embedding]\npartitions = 4\ntraining = "sampled"\ndim = 5\nepochs = 2\n')
    assert answer("embed", copied)["width"] == 10
    path.write_text("[embedding]\npartitions = 0\n")
    assert "partitions must be a whole number" in run("embed", copied, code=1).stderr
    path.write_text(given)


def test_an_interrupted_training_on_disk_is_continued_and_purged(copied, monkeypatch):
    monkeypatch.setattr("kg.embedding.buckets.bucket_training.COMMIT_SECONDS", 0.0)

    class CutError(Exception):
        pass

    def cut(epoch):
        if epoch.number == 3:
            raise CutError

    numbers = []
    work = copied / "embeddings.partitions"
    with Workspace.open(copied) as ws:
        for again in (False, True):
            with pytest.raises(CutError):
                ws.embed(partitions=2, recipe="large", progress=cut)
            assert work.is_dir()
            if again:
                ws.graph.add([("Peru", "borders", "Brazil")])
            ws.embed(
                partitions=2, recipe="large", progress=lambda epoch: numbers.append(epoch.number)
            )
            assert numbers.pop(0) == (1 if again else 3)
            numbers.clear()
            assert not work.exists()
        with pytest.raises(CutError):
            ws.embed(partitions=2, recipe="large", progress=cut)
        foreign = foreign_files(ws.layout, artefacts_of(ws.layout))
        assert not [path for path in foreign if work in path.parents]
        delete_workspace(ws.layout)
    assert not work.exists()


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
