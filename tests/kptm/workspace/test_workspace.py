"""The whole path on a toy graph, and every way in which a workspace can be wrong."""

import json
import shutil
import sqlite3
from dataclasses import asdict

import pytest

from kg import EmbeddingMismatchError, KGError, StoreError, TripleFormatError, UnknownKeyError
from kptm import CheckpointError, ConfigError, Interpolation, KPTMError, Workspace, WorkspaceError
from kptm.fusion.small_bert import BackboneConfig
from kptm.linking import LinkedText
from kptm.texts import read_texts
from kptm.workspace.config import WorkspaceConfig, read, write

CAPITAL = "What is the capital of France?"


def modeledge(ws):
    return sorted(
        repr((space, record, vector.tobytes()))
        for space in ws.modeledge.stats()
        for record, vector in ws.modeledge.vectors(space)
    )


def test_the_whole_path(copied):
    with Workspace.open(copied) as ws:
        stats = ws.stats()
        assert stats["triples"] == 12
        assert stats["modeledge"] > 0
        assert stats["model"]
        assert stats["embeddings"]
        assert not (copied / "pretraining").exists()
        assert ws.ask(CAPITAL).entity == "Paris"
        assert ws.ask("The capital of Republic of Chad is [MASK].").entity == "N'Djamena"
        assert ws.query("Peru", "capital").entity == "Lima"
        assert ws.query(relation="capital", tail="Madrid").entity == "Spain"
        assert ws.ask("Who wrote Hamlet?").entity is None
        weights = (copied / "model" / "fusion.safetensors").read_bytes()
        revision = ws.edit("Republic of France", "capital", "Lima")
        assert ws.ask(CAPITAL).entity == "Lima"
        assert (copied / "model" / "fusion.safetensors").read_bytes() == weights
        ws.undo(revision)
        assert ws.ask(CAPITAL).entity == "Paris"
    with Workspace.open(copied) as again:
        assert again.ask(CAPITAL).entity == "Paris"


@pytest.mark.parametrize("database", ["sqlite"])
def test_the_weight_of_modeledge_is_learnt_where_the_graph_has_no_answer(copied, tmp_path):
    asked = "The capital of Chad is [MASK]."
    questions = tmp_path / "q.tsv"
    questions.write_text(f"{asked}\tN'Djamena\n" * 300)
    with Workspace.open(copied) as ws:
        # The graph answers it, so this teaches nothing about the store, but how such questions are
        # understood.
        ws.learn_questions(questions)
        kept = json.loads((copied / "weights.json").read_text())
        assert kept["neighbours"] == json.loads(json.dumps(asdict(Interpolation())))
        assert kept["count"] == 0
        assert json.loads((copied / "questions.json").read_text())["count"] > 0
        ws.graph.remove(head="Chad", relation="capital", tail="N'Djamena")
        ws.graph.add([("Spain", "capital", "N'Djamena")])  # still a capital, so still a candidate
        ws.passages.purge(["Chad"])  # otherwise its texts would give the answer
    with Workspace.open(copied) as ws:
        ws.learn_questions(questions)
        fitted = ws.ask(asked)
    kept = json.loads((copied / "weights.json").read_text())
    assert kept["count"] >= 60
    assert max(kept["neighbours"]["weights"]) > 0.5
    assert fitted.entity == "N'Djamena"
    assert "modeledge" in {item.kind for item in fitted.evidence}
    with Workspace.open(copied) as again:
        assert again.ask(asked) == fitted


def test_edit_undo_edit_undo(copied):
    with Workspace.open(copied) as ws:
        graph, before = ws.graph.fingerprint(), modeledge(ws)
        for _ in range(2):
            ws.edit("France", "capital", "Lima")
            edited = (ws.graph.fingerprint(), modeledge(ws))
            assert edited != (graph, before)
            ws.undo()
            assert (ws.graph.fingerprint(), modeledge(ws)) == (graph, before)
        ws.undo()  # the undo: the edit again
        assert (ws.graph.fingerprint(), modeledge(ws)) == edited
        ws.undo()
        assert (ws.graph.fingerprint(), modeledge(ws)) == (graph, before)


@pytest.mark.parametrize("name", ["Chad", "Republic of Chad", "chad"])
def test_forget_by_any_name_is_one_undo(copied, name):
    with Workspace.open(copied) as ws:
        graph, before = ws.graph.fingerprint(), modeledge(ws)
        gone = ws.forget(name)
        assert gone["triples"] == 2
        assert gone["records"] > 0
        assert not any("Chad" in (item.head, item.tail) for item in ws.graph.match())
        assert not any("'Chad'" in row.split(", text=")[0] for row in modeledge(ws))
        assert ws.ask("What is the capital of Chad?").entity != "N'Djamena"
        with pytest.raises(UnknownKeyError):
            ws.forget(name)
        ws.undo(gone["revision"])
        assert (ws.graph.fingerprint(), modeledge(ws)) == (graph, before)
        with pytest.raises(StoreError):
            ws.undo(gone["revision"])


def test_unknown_names(copied):
    with Workspace.open(copied) as ws:
        before = ws.graph.fingerprint()
        for names in (
            ("Atlantis", "capital", "Paris"),
            ("France", "weight", "Paris"),
            ("", "", ""),
        ):
            with pytest.raises(UnknownKeyError):
                ws.edit(*names)
        for name in ("Atlantis", "", "x" * 1_000_000):
            with pytest.raises(UnknownKeyError) as caught:
                ws.forget(name)
            assert len(str(caught.value)) < 300
        with pytest.raises(StoreError):
            ws.edit("France", "capital", "Paris")
        for revision in (0, -1, 10_000):
            with pytest.raises(StoreError):
                ws.undo(revision)
        assert ws.graph.fingerprint() == before


def test_index_twice_adds_nothing(copied, toy):
    with Workspace.open(copied) as ws:
        before = modeledge(ws)
        assert ws.index(toy.texts) == 0
        assert modeledge(ws) == before


def test_stages_that_need_an_earlier_stage(tmp_path, toy):
    with Workspace.open(tmp_path / "ws") as ws:
        with pytest.raises(KGError):
            ws.embed()
        with pytest.raises(WorkspaceError, match="kptm embed"):
            ws.pretrain(toy.texts)
        with pytest.raises(WorkspaceError, match="kptm pretrain"):
            ws.model()
        with pytest.raises(StoreError):
            ws.undo()
        assert ws.index(toy.texts) == 0  # vectors; the passages need no model
        assert len(ws.passages) == len(toy.texts.read_text().splitlines())
        assert ws.ask("Anything?").entity is None
        ws.undo()
        assert not ws.passages


def test_new_relations_are_understood_after_a_load(tmp_path, toy):
    with Workspace.open(tmp_path / "ws") as ws:
        ws.load_entities(toy.entities)
        assert ws.ask(CAPITAL).entity is None
        ws.load(toy.triples)
        assert ws.ask(CAPITAL).entity == "Paris"


# ── what is refused ──────────────────────────────────────────────────────────────────────────


def test_folders_that_are_no_workspace(tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").touch()
    (tmp_path / "file").touch()
    with pytest.raises(WorkspaceError, match="not empty"):
        Workspace.open(tmp_path / "other")
    with pytest.raises(WorkspaceError, match="is a file"):
        Workspace.open(tmp_path / "file")
    with pytest.raises(WorkspaceError, match="kptm init"):
        Workspace.open(tmp_path / "none", create=False)
    assert not (tmp_path / "none").exists()
    Workspace.init(tmp_path / "ws").close()
    with pytest.raises(WorkspaceError, match="already"):
        Workspace.init(tmp_path / "ws")
    assert sorted(path.name for path in (tmp_path / "other").iterdir()) == ["file"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[embedding", "kptm.toml"),
        ("[embeddings]\ndim = 3", "no section 'embeddings'"),
        ("embedding = 3", "must be a section"),
        ("[embedding]\nsize = 3", "no setting 'size'"),
        ('[embedding]\ndim = "3"', "embedding.dim must be int"),
        ("[embedding]\ndim = true", "embedding.dim must be int"),
        ("[embedding]\ndim = 0", "dim"),
        ("[pretraining]\nsteps = 1.5", "pretraining.steps must be int"),
        ("[pretraining]\nlearning_rate = nan", "learning_rate"),
        ('[fusion]\nlayers = "ab"', "layers"),
        ('[fusion]\nlayers = ["a"]', "layers"),
        ('[fusion]\nwidth = "a"', "width"),
        ('[fusion]\nkind = "magic"', "gated"),
        ("[backbone]\nhidden = 10\nheads = 4", "multiple of heads"),
        ("[backbone]\nlayers = 0", "layers"),
        (b"\xff", "kptm.toml"),
    ],
)
def test_settings_that_are_refused(tmp_path, text, message):
    path = tmp_path / "kptm.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError, match=message):
        Workspace.open(tmp_path)
    assert not (tmp_path / "graph.db").exists()


@pytest.mark.parametrize(
    "change", ["", "a", "a=1", "embedding.dim", "embedding.size=3", "fusion.dim=3",
    "embedding.dim=x",
               "embedding.dim=", ".=", "pretraining.use_knowledge=1"],
)  # fmt: skip
def test_changes_that_are_refused(change):
    with pytest.raises(ConfigError):
        WorkspaceConfig().with_changes([change])


def test_settings_come_back_unchanged(tmp_path):
    changes = ("embedding.dim=7", "fusion.layers=[0, 1]", "pretraining.learning_rate=1e-05",
               "pretraining.weight_decay=0", 'embedding.model="TransE"')  # fmt: skip
    config = WorkspaceConfig().with_changes(changes)
    assert (config.embedding.dim, config.fusion.layers) == (7, (0, 1))
    for path in ("a\\b", 'with "quotes"', "line\nbreak\x7f\x1b", "ünï/💥"):
        there = config.with_changes([])
        there = WorkspaceConfig(
            embedding=there.embedding, fusion=there.fusion, backbone=BackboneConfig(path=path)
        )
        write(tmp_path / "kptm.toml", there)
        assert read(tmp_path / "kptm.toml") == there


def test_embeddings_and_model_of_another_graph(copied, toy, tmp_path):
    with Workspace.open(tmp_path / "other") as ws:
        ws.graph.add([("a", "r", "b"), ("b", "r", "c")])
    for part in ("embeddings", "model"):
        shutil.copytree(copied / part, tmp_path / "other" / part)
    with Workspace.open(tmp_path / "other") as ws:
        for stage in (ws.embeddings, ws.model, ws.predictor):
            with pytest.raises(EmbeddingMismatchError):
                stage()
        with pytest.raises(EmbeddingMismatchError):
            ws.index(toy.texts)
        with pytest.raises(EmbeddingMismatchError):
            ws.pretrain(toy.texts)


def test_a_run_with_other_settings_is_not_continued(copied, toy, monkeypatch):
    import kptm.pretraining

    def cut(*arguments, **options):
        raise KeyboardInterrupt

    with Workspace.open(copied) as ws, monkeypatch.context() as patched:
        patched.setattr(kptm.pretraining, "pretrain", cut)
        with pytest.raises(KeyboardInterrupt):
            ws.pretrain(toy.texts)
    with Workspace.open(copied) as ws:
        ws.config = ws.config.with_changes(["backbone.hidden=8"])
        with pytest.raises(CheckpointError, match="pretraining"):
            ws.pretrain(toy.texts)
        ws.config = ws.config.with_changes(["backbone.hidden=16"])
        with pytest.raises(CheckpointError, match="other texts"):
            ws.pretrain(["Other words have another vocabulary."])
        before = ws.model().fingerprint()
        ws.pretrain(toy.texts)
        assert ws.model().fingerprint() == before
    assert not (copied / "pretraining").exists()


def test_a_run_without_texts_leaves_no_files(copied, tmp_path):
    empty = tmp_path / "empty.txt"
    empty.write_text("", encoding="utf-8")
    with Workspace.open(copied) as ws:
        with pytest.raises(KPTMError, match="no text to pretrain on"):
            ws.pretrain(empty)
        assert not (copied / "pretraining").exists()


def test_a_damaged_model_is_refused(copied):
    weights = copied / "model" / "fusion.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x00\x01")
    with Workspace.open(copied) as ws, pytest.raises(KPTMError, match="damaged"):
        ws.predictor()


@pytest.mark.parametrize("database", ["sqlite"])
def test_a_locked_database(copied, monkeypatch):
    monkeypatch.setattr("kg.sql.database.BUSY_SECONDS", 0.05)
    with Workspace.open(copied) as ws:
        other = sqlite3.connect(copied / "graph.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        assert ws.ask(CAPITAL).entity == "Paris"  # reading goes on
        for change in (lambda: ws.edit("France", "capital", "Lima"), lambda: ws.forget("France")):
            with pytest.raises(StoreError, match="locked"):
                change()
        other.close()
        assert ws.edit("France", "capital", "Lima")


@pytest.mark.parametrize("database", ["sqlite"])
def test_a_database_that_cannot_be_written(copied, monkeypatch):
    with Workspace.open(copied) as ws:
        with ws.graph.database.read() as connection:
            connection.exec_driver_sql("PRAGMA query_only=ON")
        assert ws.ask(CAPITAL).entity == "Paris"
        with pytest.raises(StoreError):
            ws.edit("France", "capital", "Lima")


@pytest.mark.parametrize("name", ["Robert'); DROP TABLE entity;--", "💥", "a\x1bb", "x" * 2_490])
def test_hostile_names_go_in_and_come_out(tmp_path, name):
    with Workspace.open(tmp_path / "ws") as ws:
        ws.graph.add([(name, "has", "b"), ("b", "is", "c")])
        assert ws.query(name, "has").entity == "b"
        assert ws.query(relation="has", tail="b").entity == name
        assert ws.edit(name, "has", "c") > 0
        assert ws.forget(name)["triples"] == 1
        assert ws.graph.stats()["triples"] == 1


def test_texts_of_files(tmp_path):
    (tmp_path / "a.txt").write_text("one\n\ntwo\n")
    (tmp_path / "b.jsonl").write_text('{"text": "three"}\n')
    assert list(read_texts(tmp_path)) == ["one", "two", "three"]
    for name, content in (("c.txt", b"\xff\n"), ("d.jsonl", b"{\n"), ("e.jsonl", b"[1]\n"),
                          ("f.pdf", b""), ("g.jsonl", b'{"text": 1}\n')):  # fmt: skip
        (tmp_path / name).write_bytes(content)
        with pytest.raises(TripleFormatError, match=name):
            list(read_texts(tmp_path / name))
    for name in ("none.txt", "a\0b.txt"):
        with pytest.raises(TripleFormatError):
            list(read_texts(tmp_path / name))


@pytest.mark.parametrize("what", ["entity", "source"])
def test_no_file_holds_what_was_purged(copied, tmp_path, what):
    (tmp_path / "birds.jsonl").write_text(
        '{"key": "Zwitscherkey", "label": "Zwitscherlabel", "aliases": ["Zwitscheralias"]}\n'
        '["Zwitscherkey", "capital", "Paris"]\n["Zwitscherkey", "capital", "Lima"]\n'
    )
    texts = tmp_path / "texts.txt"
    texts.write_text("The capital of Zwitscherlabel is Paris.\nThe capital of Chad is N'Djamena.\n")
    source = str(tmp_path / "birds.jsonl")

    def left():
        files = [path for path in copied.rglob("*") if path.is_file()]
        return [path.name for path in files if b"zwitscher" in path.read_bytes().lower()]

    with Workspace.open(copied) as ws:
        ws.load(source)
        ws.embed()
        shutil.rmtree(copied / "model")
        ws.pretrain(texts)
        ws.index(texts)
        ws.ask("The capital of Zwitscherlabel is [MASK].")
        assert left()
        found = ws.purge(**{what: "Zwitscheralias" if what == "entity" else source})
        if what == "entity":
            assert "embeddings" in found.artefacts
            assert found.triples >= 4
        assert found.records > 0
        if what == "entity":  # no record has the file's name as its source any more
            ws.purge(source=source)
        assert left() == []
        assert "zwitscher" not in str(ws.graph.revisions())
    assert left() == []
    with Workspace.open(copied) as ws:
        assert ws.ask("What is the capital of Chad?").entity == "N'Djamena"


def test_unknown_names_cannot_be_purged(copied):
    with Workspace.open(copied) as ws:
        for arguments in ({"entity": "nobody"}, {"source": "nowhere"}):
            with pytest.raises(UnknownKeyError):
                ws.purge(**arguments)


def test_texts_that_are_linked_and_triples_are_read(tmp_path, monkeypatch):
    """A line with links keeps these links.

    Sentences made from the graph's triples follow the texts.
    """
    import kptm.pretraining

    seen = []

    def read(model, texts, *_, **__):
        seen.extend(texts)
        raise KeyboardInterrupt

    monkeypatch.setattr(kptm.pretraining, "pretrain", read, raising=False)
    with Workspace.open(tmp_path / "new") as ws:
        ws.graph.add([("Peru", "capital", "Lima")])
        ws.embed()
        linked = LinkedText.from_spans("Lima is far.", [(0, 4, "Lima")])
        file = tmp_path / "texts.jsonl"
        lines = [json.dumps(linked.to_dict()), json.dumps({"text": "Peru is plain."})]
        file.write_text("\n".join(lines), encoding="utf-8")
        with pytest.raises(KeyboardInterrupt):
            ws.pretrain(file, triples=True)
    assert seen[:2] == [linked, "Peru is plain."]
    assert [(text.text, text.entities()) for text in seen[2:]] == [
        ("Peru capital Lima.", ("Peru", "Lima"))
    ]
