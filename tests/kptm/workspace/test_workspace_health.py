"""``kptm doctor`` names each planted fault and no other, and says what to run."""

import json
import os
import shutil
import sqlite3
from collections import namedtuple
from contextlib import closing
from importlib import metadata

import pytest
from click.testing import CliRunner

from kg.files.process_lock import process_lock
from kptm import Workspace
from kptm.cli.main import main
from kptm.errors import WorkspaceError
from kptm.modeledge.vector_index import snapshots
from kptm.workspace import examine


@pytest.fixture
def database():
    """SQLite only: these tests damage, lock and copy its file."""
    return "sqlite"


def run(*arguments, code=0):
    result = CliRunner().invoke(main, [str(item) for item in arguments])
    assert result.exit_code == code, result.output
    return result


def names(folder):
    return [one.name for one in examine(folder).findings]


def tree(folder):
    """Every file with its bytes and its modification time."""
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def sql(folder, *statements):
    """Change rows without the checks that kptm makes."""
    with closing(sqlite3.connect(folder / "graph.db")) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def flip(path, at=-20):
    content = bytearray(path.read_bytes())
    content[at] ^= 0xFF
    path.write_bytes(bytes(content))


def damage_pages(folder):
    content = bytearray((folder / "graph.db").read_bytes())
    for page in range(3, len(content) // 4096, 2):
        content[page * 4096 : page * 4096 + 64] = b"\xff" * 64
    (folder / "graph.db").write_bytes(bytes(content))


def snapshot(folder):
    """Write a snapshot of the first space; return its folder."""
    with Workspace.open(folder) as ws:
        space = ws.modeledge.spaces()[0]
        indexes = ws.modeledge._indexes
        snapshots.save(ws.graph.database, indexes.root, space, indexes.current(space))
    return next((folder / "graph.db.index").iterdir())


def damage_snapshot(folder):
    flip(snapshot(folder) / "rows.npy")


def shorten_snapshot(folder):
    """Remove a row from the database and from its log, so the index never hears of it."""
    snapshot(folder)
    with closing(sqlite3.connect(folder / "graph.db")) as connection:
        space, last = connection.execute(
            "SELECT space_id, max(last) FROM modeledge_log WHERE space_id ="
            " (SELECT space_id FROM modeledge_snapshot)"
        ).fetchone()
        connection.execute(
            "UPDATE modeledge_log SET last = last - 1 WHERE space_id = ? AND last = ?",
            (space, last),
        )
        connection.execute("DELETE FROM modeledge_record WHERE id = ?", (last,))
        connection.commit()


def edit(folder):
    with Workspace.open(folder) as ws:
        ws.graph.add([("Peru", "capital", "Cusco")])


def rename_space(folder):
    sql(folder, "UPDATE modeledge_space SET name = substr(name, 1, 12) || 'another model'")


def sync_and_change(folder):
    texts = folder.parent / "followed"
    texts.mkdir()
    (texts / "a.txt").write_text("Lima is the capital of Peru.\n")
    (texts / "b.txt").write_text("Paris is the capital of France.\n")
    with Workspace.open(folder) as ws:
        ws.sync(texts)
    (texts / "a.txt").write_text("Lima is the capital of Peru, and lies by the sea.\n")
    (texts / "b.txt").unlink()


FAULTS = {
    "database-damaged": (damage_pages, "kptm restore", True),
    "graph-missing": (lambda ws: (ws / "graph.db").unlink(), "kptm restore", True),
    "references-broken": (
        lambda ws: sql(ws, "DELETE FROM entity WHERE id = (SELECT min(id) FROM entity)"),
        "kptm restore",
        True,
    ),
    "schema-old": (
        lambda ws: sql(ws, "UPDATE alembic_version SET version_num = '0010'"), "kptm stats", False,
    ),
    "schema-new": (
        lambda ws: sql(ws, "UPDATE alembic_version SET version_num = '9999'"),
        "upgrade kptm",
        True,
    ),
    "purge-unfinished": (
        lambda ws: sql(ws, "UPDATE revision SET kind = 'purge', note = 'pending' WHERE id = 1"),
        "kptm stats",
        False,
    ),
    "embeddings-damaged": (
        lambda ws: flip(ws / "embeddings" / "vectors.safetensors", 600), "kptm embed", True,
    ),
    "model-damaged": (
        lambda ws: flip(ws / "model" / "backbone" / "model.safetensors"), "kptm pretrain", True,
    ),
    "modeledge-inconsistent": (
        lambda ws: sql(ws, "DELETE FROM modeledge_record WHERE id = 1"), "kptm restore", True,
    ),
    "index-damaged": (damage_snapshot, "kptm recall", False),
    "index-differs": (shorten_snapshot, "graph.db.index/", True),
    "linking-index-damaged": (
        lambda ws: flip(ws / "linking" / "index" / "keys.npy"), "kptm link", False,
    ),
    "linking-index-stale": (
        lambda ws: sql(ws, "UPDATE revision SET note = 'of another graph' WHERE id = 1"),
        "kptm link",
        False,
    ),
    "file-damaged": (
        lambda ws: (ws / "phrasings.json").write_text('{"capital": ['), "kptm index", True,
    ),
    "file-unreadable": (
        lambda ws: ((ws / "phrasings.json").unlink(), os.mkfifo(ws / "phrasings.json")),
        "phrasings.json",
        True,
    ),
    "settings-malformed": (
        lambda ws: (ws / "kptm.toml").write_text("[embedding]\ndimm = 3\n"), "kptm.toml", True,
    ),
    "leftover-file": (
        lambda ws: (ws / ".embeddings.0123456789ab.kptm-new").mkdir(), "kptm stats", False,
    ),
    "lock-abandoned": (
        lambda ws: (ws / ".kptm-embed.lock").write_text('{"process": 1}'), "kptm embed", False,
    ),
    "embeddings-stale": (edit, "kptm embed", False),
    "model-stale": (edit, "kptm pretrain", False),
    "modeledge-stale": (rename_space, "kptm migrate", False),
    "modeledge-missing": (
        lambda ws: sql(ws, *(f"DELETE FROM modeledge_{part}" for part in ("log", "record"))),
        "kptm index",
        False,
    ),
    "reader-stale": (lambda ws: (ws / "reader.safetensors").unlink(), "kptm ask", False),
    "texts-stale": (sync_and_change, "kptm sync", False),
}  # fmt: skip


def test_a_healthy_workspace_has_no_finding_and_is_not_touched(copied):
    before = tree(copied)
    assert names(copied) == []
    assert "healthy" in run("doctor", copied).stdout
    found = json.loads(run("doctor", copied, "--json").stdout)
    assert found["broken"] is False
    assert sum(found["sizes"].values()) == sum(len(content) for content, _ in before.values())
    assert tree(copied) == before


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_found_with_its_remedy(name, copied):
    plant, remedy, broken = FAULTS[name]
    plant(copied)
    before = {path: path.lstat().st_mtime_ns for path in copied.rglob("*")}
    report = examine(copied)
    found = [one for one in report.findings if one.name == name]
    assert found, report.findings
    assert all(remedy in one.remedy and one.broken is broken for one in found)
    assert {path: path.lstat().st_mtime_ns for path in copied.rglob("*")} == before
    shown = run("doctor", copied, code=int(report.broken)).stdout
    assert name in shown
    assert found[0].remedy in shown


@pytest.mark.parametrize(
    ("plant", "allowed"),
    [
        (edit, {"embeddings-stale", "model-stale", "reader-stale"}),  # a fact in 13 is new
        (damage_snapshot, {"index-damaged"}),
        (lambda ws: flip(ws / "model" / "kptm.json", 30), {"model-damaged"}),
        (lambda ws: (ws / ".kptm-sync.lock").touch(), {"lock-abandoned"}),
    ],
)
def test_a_fault_causes_no_other_findings(plant, allowed, copied):
    plant(copied)
    assert set(names(copied)) == allowed


def test_files_of_a_living_process_are_no_leftovers(copied):
    with process_lock(copied / ".kptm-embed.lock"):
        assert names(copied) == []


def test_a_workspace_that_others_write_to_is_examined(copied):
    with Workspace.open(copied) as ws, ws.graph.transaction():
        ws.graph.add([("Peru", "capital", "Cusco")])
        assert [one for one in examine(copied).findings if one.broken] == []
    assert {"embeddings-stale", "model-stale"} <= set(names(copied))


def test_the_remedies_of_advice_work(copied):
    (copied / ".embeddings.0123456789ab.kptm-new").mkdir()
    sql(copied, "UPDATE revision SET kind = 'purge', note = 'pending' WHERE id = 1")
    assert "leftover-file" in names(copied)
    run("stats", copied)
    assert {"leftover-file", "purge-unfinished"}.isdisjoint(names(copied))


@pytest.mark.parametrize("folder", ["finetuned", "compressed", "modules"])
def test_a_model_that_was_renamed_aside_by_a_killed_writer_is_restored(copied, folder):
    """Between its two renames a writer leaves the older model under a temporary name alone."""
    aside = copied / folder / ".rivers.0123456789ab.kptm-old"
    aside.mkdir(parents=True)
    (aside / "weights").write_text("of the older model")
    unfinished = copied / folder / ".rivers.0123456789ab.kptm-new"
    unfinished.mkdir()
    left = [one for one in examine(copied).findings if one.name == "leftover-file"]
    assert [one.remedy for one in left] == ["run kptm stats, which cleans up"] * 2
    run("stats", copied)
    assert [path.name for path in (copied / folder).iterdir()] == ["rivers"]
    assert (copied / folder / "rivers" / "weights").read_text() == "of the older model"


def test_libraries_and_disk(copied, monkeypatch):
    def version(name):
        if name == "networkx":
            raise metadata.PackageNotFoundError(name)
        return "0.9" if name == "alembic" else "99" if name == "transformers" else real(name)

    real = metadata.version
    monkeypatch.setattr("kptm.workspace.health.versions.metadata.version", version)
    Usage = namedtuple("Usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**9, 10**9 - 10**5, 10**5))
    found = {(one.name, one.broken): one for one in examine(copied).findings}
    assert set(found) == {
        ("library-missing", True), ("library-version", False), ("disk-low", False),
    }  # fmt: skip
    assert "networkx>=3.4" in found["library-missing", True].remedy
    said = sorted(one.text.split()[0] for one in examine(copied).findings)
    assert said == ["100,000", "alembic", "networkx", "transformers"]


def test_other_folders_are_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(WorkspaceError, match="kptm init"):
            examine(folder)
    assert "kptm init" in run("doctor", tmp_path / "missing", code=1).stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes.txt"]


def test_strange_files_end_in_findings(copied):
    """Folders, loops of links and text stand where files are expected."""
    (copied / "kptm.toml").unlink()
    (copied / "kptm.toml").symlink_to("kptm.toml")
    (copied / "reader.safetensors").write_bytes(b"\0" * 100)
    (copied / "sync.json").mkdir()
    (copied / "questions.json").write_bytes(b"\xff\xfe\xfd")
    (copied / "weights.json").symlink_to("weights.json")
    shutil.rmtree(copied / "embeddings")
    (copied / "embeddings").write_text("a file")
    (copied / "model" / "kptm.json").write_text('{"sha256": {"/etc/passwd": "0", "../x": "1"}}')
    report = examine(copied)
    found = {one.name for one in report.findings}
    assert {"settings-malformed", "file-unreadable", "file-damaged", "model-damaged"} <= found
    run("doctor", copied, code=1)
    (copied / "graph.db").unlink()
    (copied / "graph.db").mkdir()
    assert "file-unreadable" in names(copied)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(copied):
    (copied / "graph.db").chmod(0)
    assert "file-unreadable" in names(copied)


def test_a_database_of_another_program(copied):
    (copied / "graph.db").write_bytes(b"not a database" * 1000)
    assert "database-damaged" in names(copied)
    (copied / "graph.db").unlink()
    sql(copied, "CREATE TABLE theirs (x)")
    assert "schema-unknown" in names(copied)
