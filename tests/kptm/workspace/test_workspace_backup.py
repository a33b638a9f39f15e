"""A backup holds the workspace at one moment, and is restored completely or not at all."""

import gzip
import io
import json
import os
import random
import shutil
import signal
import tarfile
import threading
import time
import zipfile
from contextlib import suppress

import pytest
from click.testing import CliRunner

from kg import KnowledgeGraph
from kptm import Workspace
from kptm.cli.main import main
from kptm.errors import KPTMError, WorkspaceError
from kptm.workspace import back_up, examine, restore
from kptm.workspace.backup.backup_manifest import NAME

KILLS = int(os.environ.get("KPTM_KILLS", "20"))
"""``KPTM_KILLS=200`` for the long run."""
SUFFIXES = (".tar.zst", ".tar.gz", ".zip", ".tar")


@pytest.fixture
def database():
    """SQLite only: these tests damage, lock and copy its file."""
    return "sqlite"


def run(*arguments, code=0):
    result = CliRunner().invoke(main, [str(item) for item in arguments])
    assert result.exit_code == code, result.output
    return result


def files(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def state(folder):
    with Workspace.open(folder, create=False) as ws:
        return ws.graph.revision(), ws.graph.fingerprint(), ws.ask("[MASK] is Peru's capital.")


@pytest.fixture(scope="module")
def saved(trained, tmp_path_factory):
    """A backup of the trained workspace."""
    path = tmp_path_factory.mktemp("saved") / "my.tar.gz"
    back_up(trained, path)
    return path


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_restored_workspace_is_the_same(suffix, copied, toy, tmp_path):
    with Workspace.open(copied) as ws:
        ws.learn(toy.questions)
    (copied / "notes.txt").write_text("mine")
    file = tmp_path / f"my{suffix}"
    written = json.loads(run("backup", copied, file, "--json").stdout)
    assert written["left_out"] == ["notes.txt"]
    assert "revision" in run("restore", file, tmp_path / "new").stdout
    own = files(tmp_path / "new")
    before = files(copied)
    same = {name for name in own if name != "graph.db"}
    assert {name: own[name] for name in same} == {name: before[name] for name in same}
    assert set(before) - set(own) <= {"notes.txt", ".kptm-state.json"}
    assert not [one for one in examine(tmp_path / "new").findings if one.broken]
    assert state(tmp_path / "new") == state(copied)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_backup_under_load_is_one_revision(copied, tmp_path):
    """A thread adds and edits meanwhile; each backup equals the graph at one revision."""
    ended = threading.Event()
    failures = []

    def write():
        try:
            with Workspace.open(copied) as ws:
                number = 0
                while not ended.is_set():
                    number += 1
                    ws.graph.add(
                        [(f"City {number}", "in", "Peru"), (f"City {number}", "near", "Lima")]
                    )
                    ws.edit("Chile", "capital", f"City {number}")
        except Exception as error:  # noqa: BLE001  # shown below
            failures.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    reports = []
    try:
        for number, suffix in enumerate(SUFFIXES):
            time.sleep(0.3)
            file = tmp_path / f"{number}{suffix}"
            back_up(copied, file)
            reports.append(restore(file, tmp_path / f"new{number}"))
    finally:
        ended.set()
        writer.join()
    assert failures == []
    with KnowledgeGraph.open(copied / "graph.db") as graph:
        newest = graph.revision()
        for number, report in enumerate(reports):
            with Workspace.open(tmp_path / f"new{number}") as ws:
                assert ws.graph.revision() == report.revision
                assert ws.graph.fingerprint() == graph.fingerprint(report.revision)
                assert not any(one.problems for one in ws.verify())
    revisions = [report.revision for report in reports]
    assert revisions == sorted(set(revisions))  # the writer continued in between
    assert revisions[-1] <= newest


def test_a_stage_that_replaces_its_folder_is_complete(copied, tmp_path):
    """Embeddings are saved repeatedly; in each backup they match their manifest."""
    ended = threading.Event()

    def save():
        with Workspace.open(copied) as ws:
            embeddings = ws.embeddings()
            while not ended.is_set():
                embeddings.save(copied / "embeddings")

    writer = threading.Thread(target=save)
    writer.start()
    try:
        for number in range(8):
            back_up(copied, tmp_path / f"{number}.tar")
    finally:
        ended.set()
        writer.join()
    for number in range(8):
        restore(tmp_path / f"{number}.tar", tmp_path / f"new{number}")
        found = examine(tmp_path / f"new{number}").findings
        assert [one for one in found if one.broken] == []
        assert (tmp_path / f"new{number}" / "embeddings" / "embeddings.json").exists()


@pytest.mark.parametrize("verb", ["backup", "restore"])
def test_kills_leave_nothing_partial(verb, trained, saved, tmp_path, forge):
    source, target = (
        (trained, tmp_path / "b.tar.gz") if verb == "backup" else (saved, tmp_path / "w")
    )
    assert forge.run(verb, source, target) == 0
    start = time.monotonic()
    assert forge.run(verb, source, target.with_name("again.tar.gz")) == 0
    whole = time.monotonic() - start
    delays, killed, number = random.Random(0), 0, 0
    while killed < KILLS:
        number += 1
        assert number < 10 * KILLS
        target = tmp_path / f"{number}.tar.gz" if verb == "backup" else tmp_path / f"w{number}"
        process = forge.start(verb, source, target)
        time.sleep(delays.random() * whole)
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
        killed += forge.wait() < 0
        if target.exists():  # then it is complete
            new = restore(target, tmp_path / f"r{number}") if verb == "backup" else None
            folder = target if new is None else tmp_path / f"r{number}"
            assert not [one for one in examine(folder).findings if one.broken]
            shutil.rmtree(folder)
        else:
            assert forge.run(verb, source, target) == 0  # and the leftovers of the kill are gone
        assert not list(tmp_path.glob(f".{target.name}*"))


def test_a_flipped_byte_is_refused_by_name(trained, tmp_path):
    file = tmp_path / "my.tar"
    back_up(trained, file)
    with tarfile.open(file) as tar:
        places = [(info.name, info.offset_data, info.size) for info in tar]
    content = file.read_bytes()
    for name, offset, size in places:
        if not size:
            continue
        broken = bytearray(content)
        broken[offset + size // 2] ^= 0x10
        file.write_bytes(bytes(broken))
        with pytest.raises(WorkspaceError) as raised:
            restore(file, tmp_path / "new")
        assert name in str(raised.value) or name == NAME
        assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.usefixtures("many_inputs")
def test_any_flipped_byte_is_refused_or_harmless(suffix, trained, tmp_path):
    file, chance = tmp_path / f"my{suffix}", random.Random(1)
    back_up(trained, file)
    restore(file, tmp_path / "whole")
    whole, content = files(tmp_path / "whole"), file.read_bytes()
    refused = 0
    for number in range(40):
        broken = bytearray(content)
        broken[chance.randrange(len(broken))] ^= 1 << chance.randrange(8)
        file.write_bytes(bytes(broken) if number % 4 else content[: chance.randrange(len(content))])
        new = tmp_path / f"new{number}"
        try:
            restore(file, new)
        except KPTMError as error:
            refused += str(file) in str(error)
            assert not new.exists()
            continue
        assert files(new) == whole
        shutil.rmtree(new)
    assert refused > 25
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def crafted(path, members, *, names=None, kind=tarfile.REGTYPE):
    """An archive with a manifest that fits its members."""
    import hashlib

    listed = {
        name: [len(content), hashlib.sha256(content).hexdigest()] for name, content in members
    }
    manifest = {"format": 1, "kptm": "9", "at": "", "revision": 1, "files": names or listed}
    with tarfile.open(path, "w") as tar:
        for name, content in [(NAME, json.dumps(manifest).encode()), *members]:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            if kind != tarfile.REGTYPE and name != NAME:
                info.type, info.linkname, info.size = kind, "/etc/passwd", 0
            tar.addfile(info, io.BytesIO(content))
    return path


GOOD = [("kptm.toml", b""), ("graph.db", b"")]


@pytest.mark.parametrize(
    "name",
    ["../out", "/tmp/out", "model/../../out", "model\\..\\out", ".git/hooks/x", "model//x",
     "./model/x", "", ".", "model/\nx", "kptm.toml/../../x", ".bashrc"],
)  # fmt: skip
def test_an_archive_cannot_write_elsewhere(name, tmp_path):
    file = crafted(tmp_path / "evil.tar", [*GOOD, (name, b"evil")])
    with pytest.raises(WorkspaceError, match="does not belong to a workspace"):
        restore(file, tmp_path / "deep" / "new")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["deep", "evil.tar"]


def test_hostile_archives(tmp_path):
    new = tmp_path / "new"
    file = crafted(tmp_path / "a.tar", [*GOOD, ("model", b"x")], kind=tarfile.SYMTYPE)
    with pytest.raises(WorkspaceError, match="not a plain file"):
        restore(file, new)
    file = crafted(tmp_path / "b.tar", [*GOOD, ("kptm.toml", b"again")])
    with pytest.raises(WorkspaceError, match=r"kptm\.toml"):
        restore(file, new)
    file = crafted(tmp_path / "c.tar", [("graph.db", b"")])
    with pytest.raises(WorkspaceError, match=r"kptm\.toml is missing"):
        restore(file, new)
    huge = {"kptm.toml": [0, "0"], "graph.db": [10**18, "0"]}
    with pytest.raises(WorkspaceError, match="free some space"):
        restore(crafted(tmp_path / "d.tar", GOOD, names=huge), new)
    with zipfile.ZipFile(tmp_path / "e.zip", "w") as archive:
        archive.writestr("../out", "x")
    with pytest.raises(WorkspaceError, match="not a backup by kptm"):
        restore(tmp_path / "e.zip", new)
    (tmp_path / "f.tar.gz").write_bytes(gzip.compress(b"x" * 10_000))
    (tmp_path / "g.tar.zst").write_bytes(b"x" * 10_000)
    for name in ("f.tar.gz", "g.tar.zst"):
        with pytest.raises(WorkspaceError, match="damaged"):
            restore(tmp_path / name, new)
    assert not new.exists()


def test_nothing_is_overwritten(copied, saved, tmp_path):
    before = files(copied)
    assert "already" in run("restore", saved, copied, code=1).stderr
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine").touch()
    assert "not empty" in run("restore", saved, tmp_path / "other", code=1).stderr
    (tmp_path / "dangling").symlink_to("nowhere")
    assert "not empty" in run("restore", saved, tmp_path / "dangling", code=1).stderr
    assert "no such backup" in run("restore", tmp_path / "x.zip", tmp_path / "n", code=1).stderr
    assert "ends in" in run("backup", copied, tmp_path / "my.rar", code=1).stderr
    assert (
        "part of the workspace" in run("backup", copied, copied / "model" / "a.zip", code=1).stderr
    )
    (tmp_path / "taken.zip").write_text("mine")
    assert "already" in run("backup", copied, tmp_path / "taken.zip", code=1).stderr
    assert (tmp_path / "taken.zip").read_text() == "mine"
    assert "kptm init" in run("backup", tmp_path / "none", tmp_path / "a.zip", code=1).stderr
    url = "postgresql://me@localhost/graph"
    assert "pg_dump" in run("backup", url, tmp_path / "a.zip", code=1).stderr
    assert "pg_restore" in run("restore", saved, url, code=1).stderr
    assert files(copied) == before
    (tmp_path / "empty").mkdir()
    run("restore", saved, tmp_path / "empty")
    assert (tmp_path / "empty" / "graph.db").exists()


def test_a_damaged_database_is_not_backed_up(copied, tmp_path):
    content = bytearray((copied / "graph.db").read_bytes())
    for page in range(3, len(content) // 4096, 2):
        content[page * 4096 : page * 4096 + 64] = b"\xff" * 64
    (copied / "graph.db").write_bytes(bytes(content))
    assert "kptm doctor" in run("backup", copied, tmp_path / "a.zip", code=1).stderr
    (copied / "graph.db").unlink()
    assert "missing" in run("backup", copied, tmp_path / "a.zip", code=1).stderr
    assert [path.name for path in tmp_path.iterdir()] == ["ws"]
