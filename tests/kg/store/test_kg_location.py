"""No message contains a password; replaced files, read-only folders and full disks are errors."""

import os
import shutil
import subprocess
import sys
import traceback
from types import SimpleNamespace

import pytest

from kg import KnowledgeGraph
from kg.errors import StoreBusyError, StoreError
from kg.files import disks
from kg.sql import location
from kg.sql.database import Database

SECRET = "S3CRETpw"
AWAY = "127.0.0.1:1/db"


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql+psycopg://user:{SECRET}@{AWAY}",
        f"postgresql+foo://user:{SECRET}@{AWAY}",
        f"postgresql+psycopg://user:{SECRET}%40%2F@{AWAY}",
        f"postgresql+psycopg://user:{SECRET}@rest@{AWAY}",
        f"postgresql+psycopg://user:a/{SECRET}@{AWAY}",
        f"postgresql+psycopg://:{SECRET}@{AWAY}",
        f"postgresql+psycopg://user@{AWAY}?password={SECRET}",
        f"postgresql+psycopg://user:{SECRET}@host:port/db",
        f"nonsense://user:{SECRET}@{AWAY}",
        f"postgresql+psycopg://user:{SECRET}@127.0.0.1:1/db?nonsense={SECRET}",
    ],
)
def test_no_password_is_in_an_error_or_its_traceback(url, caplog):
    caplog.set_level("DEBUG")
    with pytest.raises(StoreError) as found:
        KnowledgeGraph.open(url)
    said = "".join(traceback.format_exception(found.value)) + caplog.text + repr(found.value)
    assert SECRET not in said.replace(f"nonsense={SECRET}", "")
    assert "***" in str(found.value)


def test_the_password_is_in_no_repr(postgresql):
    url = postgresql.new().replace("postgres@", f"postgres:{SECRET}@")
    with KnowledgeGraph.open(url) as graph:
        assert (
            SECRET
            not in f"{graph!r} {graph.database!r} {graph.database.engine!r} {graph.database.name}"
        )
        assert graph.add([("Peru", "capital", "Lima")]) == 1
    with pytest.raises(StoreError) as found:
        KnowledgeGraph.open(url.replace("/graph", "/nowhere"))
    assert "does not exist" in str(found.value)
    assert SECRET not in "".join(traceback.format_exception(found.value))


@pytest.fixture
def graph(tmp_path):
    (tmp_path / "w").mkdir()
    with KnowledgeGraph.open(tmp_path / "w" / "g.db") as graph:
        graph.add([("Peru", "capital", "Lima")])
        yield graph


@pytest.mark.parametrize("how", ["folder replaced", "file replaced", "deleted"])
def test_a_write_to_a_deleted_or_replaced_file_is_refused(graph, tmp_path, how):
    path = tmp_path / "w" / "g.db"
    if how == "folder replaced":
        shutil.copytree(tmp_path / "w", tmp_path / "copy")
        (tmp_path / "w").rename(tmp_path / "old")
        (tmp_path / "copy").rename(tmp_path / "w")
    elif how == "file replaced":
        shutil.copy(path, tmp_path / "copy")
        (tmp_path / "copy").rename(path)
    else:
        path.unlink()
    with pytest.raises(StoreError, match="deleted or replaced while it was open"):
        graph.edit("Peru", "capital", "Peru")
    with pytest.raises(StoreError, match="deleted or replaced"), graph.transaction():
        graph.add([("Chad", "capital", "N'Djamena")])
    assert graph.revision() == 1


READ_ONLY = """
import sys
from kg import KnowledgeGraph
from kg.errors import StoreError
with KnowledgeGraph.open(sys.argv[1]) as graph:
    print([triple.tail for triple in graph.match("Peru", "capital")], len(graph.search("Per")))
    try:
        graph.add([("Chad", "capital", "N'Djamena")])
    except StoreError as error:
        print(error)
"""
CAPABILITIES = "-dac_override,-dac_read_search,-fowner"


@pytest.mark.parametrize("log", ["closed", "open"])
def test_a_folder_that_cannot_be_written_is_read(graph, tmp_path, log):
    path = tmp_path / "w" / "g.db"
    if log == "closed":
        graph.close()
    drop = []
    if os.geteuid() == 0:
        if not shutil.which("setpriv"):
            pytest.skip("root may write everywhere, and setpriv is not here")
        drop = ["setpriv", f"--bounding-set={CAPABILITIES}", f"--inh-caps={CAPABILITIES}"]
    files = [path.parent, *path.parent.iterdir()]
    for file in files:
        file.chmod(file.stat().st_mode & 0o555)
    try:
        command = [*drop, sys.executable, "-c", READ_ONLY, path]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    finally:
        for file in files:
            file.chmod(0o755)
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    assert first == "['Lima'] 1"
    assert "read-only" in second


def test_a_full_disk_is_named(tmp_path, monkeypatch):
    where = location.Location(tmp_path / "g.db")
    assert where.full_disk() == ""
    monkeypatch.setattr(disks.shutil, "disk_usage", lambda _: SimpleNamespace(free=0))
    assert where.full_disk() == str(tmp_path)
    from kg.sql.driver_errors import explain

    for text in ("disk I/O error", "database or disk is full", "unable to open database file"):
        assert f"the disk of {tmp_path} is full" in str(explain(OSError(text), where))


def test_a_database_in_memory_needs_no_file():
    Database(":memory:").close()


class Coded(Exception):  # noqa: N818
    """An error of a driver with PostgreSQL's code."""

    def __init__(self, text, code):
        super().__init__(text)
        self.sqlstate = code


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (OSError("database is locked"), True),
        (Coded("canceling statement due to lock timeout", "55P03"), True),
        (Coded("canceling statement due to conflict with recovery", "40001"), True),
        (Coded("sorry, too many clients already", "53300"), True),
        (OSError('connection failed: connection to server at "db" failed: refused'), True),
        (OSError("connection failed: FATAL:  password authentication failed for user"), False),
        (OSError('connection failed: FATAL:  database "x" does not exist'), False),
        (Coded("permission denied for table triple", "42501"), False),
        (OSError("file is not a database"), False),
    ],
)
def test_errors_that_pass_are_told_from_those_that_last(tmp_path, error, passes):
    from kg.sql.driver_errors import explain

    found = explain(error, location.Location(tmp_path / "g.db"))
    assert isinstance(found, StoreBusyError) is passes
