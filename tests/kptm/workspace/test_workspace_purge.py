"""A purge deletes everything that kptm wrote about a name, and nothing else."""

import json
import os
import shutil

import pytest

from kg.errors import EmbeddingError, StoreError, UnknownKeyError
from kg.files import temporary
from kptm import Workspace, held_names
from kptm.errors import ModelError, WorkspaceError
from kptm.workspace.files.stage_locks import stage

CANARY = "Zwitscherling"


def add_foreign(workspace, outside, canary):
    """Files, folders and links of other people, some with the name in them.

    Return the paths of files.
    """
    files = {
        "my-own-triples.tsv": f"{canary}\tcapital\tParis\n",
        "notes/2024/note.md": f"# {canary}\n",
        "notes/empty.txt": "",
        ".git/HEAD": "ref: refs/heads/main\n",
        ".git/objects/ab/cdef": f"blob {canary}",
        "model/my-notes.txt": f"trained with {canary}",
        "model/backbone/old/model.safetensors": canary,
        "embeddings.old/embeddings.json": f'{{"{canary}": 1}}',
        "finetuned/README": canary,
        "linking/encoder/mine.txt": canary,
        "linking/index/extra.bin": "x",
        "graph.db.index/mine/ids.npy": canary,
        "graph.db.bak": canary,
        "facts.tsv.rejected.jsonl": canary,
        "weights.json.mine": canary,
        f"{canary}.txt": "",
    }
    for name, value in files.items():
        path = workspace / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(value, encoding="utf-8")
    (outside / "folder").mkdir(parents=True)
    (outside / "folder" / "file.txt").write_text(canary, encoding="utf-8")
    (outside / "file.txt").write_text(canary, encoding="utf-8")
    (workspace / "link-to-folder").symlink_to(outside / "folder")
    (workspace / "link-to-file").symlink_to(outside / "file.txt")
    (workspace / "model" / "link").symlink_to(outside / "file.txt")
    (workspace / "dangling").symlink_to(outside / "nowhere")
    return sorted(files)


def foreign_state(workspace, outside, names):
    links = ("link-to-folder", "link-to-file", "model/link", "dangling")
    return (
        {name: (workspace / name).read_bytes() for name in names},
        {name: (workspace / name).readlink() for name in links},
        {str(path): path.read_bytes() for path in outside.rglob("*") if path.is_file()},
    )


def own_with(workspace, foreign, text):
    """Kptm's files that hold a text."""
    return [
        str(path.relative_to(workspace))
        for path in workspace.rglob("*")
        if path.is_file()
        and not path.is_symlink()
        and str(path.relative_to(workspace)) not in foreign
        and "link-to-folder" not in path.parts
        and text.encode().lower() in path.read_bytes().lower()
    ]


@pytest.fixture
def filled(copied, tmp_path):
    """A trained workspace that knows the canary in every stage; its texts and facts lie outside."""
    facts, texts = tmp_path / "in" / "birds.tsv", tmp_path / "in" / "birds.txt"
    facts.parent.mkdir()
    facts.write_text(f"{CANARY}\tcapital\tParis\n{CANARY}\tborders\tPeru\n")
    texts.write_text(f"The capital of {CANARY} is Paris.\nThe capital of Chad is N'Djamena.\n")
    with Workspace.open(copied) as ws:
        ws.load(facts)
        ws.embed()
        shutil.rmtree(copied / "model")
        ws.pretrain(texts)
        ws.index(texts)
        ws.ask(f"The capital of {CANARY} is [MASK].")
    return copied, facts, texts


@pytest.mark.parametrize("what", ["entity", "source"])
def test_foreign_files_stay_and_kptms_own_are_deleted(filled, tmp_path, what):
    workspace, facts, texts = filled
    foreign = add_foreign(workspace, tmp_path / "outside", CANARY)
    # a writer that was killed left the name as well
    left = temporary.beside(workspace / "phrasings.json", temporary.NEW)
    left.write_text(CANARY)
    before = foreign_state(workspace, tmp_path / "outside", foreign)
    assert own_with(workspace, foreign, CANARY)
    with Workspace.open(workspace) as ws:
        if what == "entity":
            planned = ws.plan_purge(entity=CANARY)
            assert own_with(workspace, foreign, CANARY), "a plan changes nothing"
            done = ws.purge(entity=CANARY)
        else:
            planned = ws.plan_purge(source=str(facts))
            done = ws.purge(source=str(facts))
            ws.purge(source=str(texts))
        assert ws.query("Chad", "capital").entity == "N'Djamena"
    assert done.files == planned.files
    assert {"embeddings", "model"} <= set(done.artefacts)
    assert own_with(workspace, foreign, CANARY) == []
    assert foreign_state(workspace, tmp_path / "outside", foreign) == before
    with_name = {name for name in foreign if CANARY.encode() in (workspace / name).read_bytes()}
    assert set(done.foreign) == with_name


def test_a_stage_behind_a_link_is_not_touched(filled, tmp_path):
    workspace, _, _ = filled
    elsewhere = tmp_path / "elsewhere"
    (workspace / "model").rename(elsewhere)
    (workspace / "model").symlink_to(elsewhere)
    before = {path: path.read_bytes() for path in elsewhere.rglob("*") if path.is_file()}
    with Workspace.open(workspace) as ws:
        done = ws.purge(entity=CANARY)
    assert "model" not in done.artefacts
    assert "model" in done.foreign
    assert (workspace / "model").is_symlink()
    assert {path: path.read_bytes() for path in elsewhere.rglob("*") if path.is_file()} == before


def test_a_folder_with_a_link_of_others_keeps_it(filled, tmp_path):
    workspace, _, _ = filled
    (workspace / "model" / "link").symlink_to(tmp_path / "nowhere")
    with Workspace.open(workspace) as ws:
        assert "model" in ws.purge(entity=CANARY).artefacts
    assert [path.name for path in (workspace / "model").iterdir()] == ["link"]


def test_other_files_in_a_stages_folder_are_refused_before_a_training(copied, toy):
    for stage_of, name in (("embeddings", "notes.txt"), ("model", "backbone/mine.txt")):
        (copied / stage_of / name).write_text("mine")
    with Workspace.open(copied) as ws:
        with pytest.raises(EmbeddingError, match=r"notes\.txt.*would be lost"):
            ws.embed()
        (copied / "embeddings" / "notes.txt").unlink()
        with pytest.raises(ModelError, match=r"mine\.txt.*would be lost"):
            ws.pretrain(toy.texts)
    assert not (copied / "pretraining").exists()


@pytest.mark.parametrize("name", ["東京", "李", "Åt", "Zq"])
def test_a_short_name_is_gone_everywhere(copied, tmp_path, name):
    facts, texts = tmp_path / "facts.tsv", tmp_path / "texts.txt"
    facts.write_text(f"{name}\tcapital\tParis\n", encoding="utf-8")
    texts.write_text(f"The capital of {name} is Paris.\nAtZqx stays here.\n", encoding="utf-8")
    with Workspace.open(copied) as ws:
        ws.load(facts)
        ws.embed()
        ws.index(texts)
        assert name in ws.embeddings()
        ws.purge(entity=name)
        with ws.graph.database.reading() as sql:
            said = [text for (text,) in sql.all("SELECT text FROM modeledge_origin")]
        assert f"The capital of {name} is Paris." not in said
        assert "The capital of Chad is N'Djamena." in said
        assert ws.graph.search(name) == []
        assert not (copied / "embeddings").exists()
    if not name.isascii():
        assert own_with(copied, [], name) == []


def test_names_are_found_as_json_writes_them(tmp_path):
    file, name = tmp_path / "lessons.jsonl", 'Ada "Countess" Lovélace'
    for text in (json.dumps(name), json.dumps(name, ensure_ascii=False), name, name.upper()):
        file.write_text(f"who met {text}?", encoding="utf-8")
        assert held_names.holds(file, [name])
    file.write_text("who met Ada?", encoding="utf-8")
    assert not held_names.holds(file, [name])


def test_a_value_of_one_character_deletes_no_text(copied, tmp_path):
    facts, source = tmp_path / "facts.jsonl", str(tmp_path / "facts.jsonl")
    row = {"head": "Chad", "relation": "grade", "value": "5"}
    facts.write_text(json.dumps(row) + "\n")
    with Workspace.open(copied) as ws:
        ws.load(facts)
        before = sum(ws.modeledge.stats().values())
        done = ws.purge(source=source)
        assert done.artefacts == ()
        assert done.records == 0
        assert sum(ws.modeledge.stats().values()) == before


def test_an_indexed_source_is_purged_and_texts_of_another_stay(copied, tmp_path):
    first, second = tmp_path / "a.txt", tmp_path / "also-a.txt"
    first.write_text("Lima lies at Geheimgasse.\nThe capital of Chad is N'Djamena.\n")
    second.write_text("Lima lies at the coast.\n")
    with Workspace.open(copied) as ws:
        ws.index(first)
        ws.index(second)
        done = ws.purge(source=str(first))
        assert done.records > 0
        assert done.revision == 0, "the graph has nothing of it"
        with ws.graph.database.reading() as sql:
            said = {text for (text,) in sql.all("SELECT text FROM modeledge_origin")}
        assert "Lima lies at the coast." in said
        assert "The capital of Chad is N'Djamena." in said, "the first texts say it too"
        with pytest.raises(UnknownKeyError):
            ws.purge(source=str(first))
    assert own_with(copied, [], "Geheimgasse") == []
    assert own_with(copied, [], str(first)) == []


def test_a_source_whose_name_is_part_of_another_purges_only_its_own(copied, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("t.txt", "last.txt"):
        (tmp_path / name).write_text(f"Lima is in {name.partition('.')[0]}.\n")
    with Workspace.open(copied) as ws:
        ws.index("t.txt")
        ws.index("last.txt")
        ws.purge(source="t.txt")
        with ws.graph.database.reading() as sql:
            said = {text for (text,) in sql.all("SELECT text FROM modeledge_origin")}
    assert "Lima is in last." in said
    assert "Lima is in t." not in said


def test_a_purge_names_the_running_stage_and_does_not_wait(copied):
    with Workspace.open(copied) as ws, stage(ws.layout, "pretrain"):
        with pytest.raises(WorkspaceError, match=f"pretrain is at work.*process {os.getpid()}"):
            ws.purge(entity="Chad")
        assert ws.query("Chad", "capital").entity == "N'Djamena"


def test_one_of_entity_and_source_is_needed(copied):
    with Workspace.open(copied) as ws:
        for arguments in ({}, {"entity": "Chad", "source": "x"}):
            with pytest.raises(StoreError, match="an entity or a source, but not both"):
                ws.purge(**arguments)
            with pytest.raises(StoreError, match="an entity or a source, but not both"):
                ws.plan_purge(**arguments)
