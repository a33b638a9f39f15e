"""``kptm move`` leaves the same workspace on PostgreSQL, or the old one, nothing in between."""

import json
import os
import shutil
import signal
import sqlite3
import tempfile
import time
from contextlib import closing, suppress
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from kg import Attribute, KnowledgeGraph, Literal, Qualifier, Statement, StoreError, Triple
from kg.sql.database import Database
from kg.vocabulary import XSD
from kptm import Workspace, WorkspaceError
from kptm.cli.main import main
from kptm.workspace.config import read
from kptm.workspace.database import move as moving
from kptm.workspace.database.move import move
from kptm.workspace.database.moved_tables import Digest, moved_tables

KILLS = int(os.environ.get("KPTM_KILLS", "12"))
"""``KPTM_KILLS=200`` for the long run."""


def run(*arguments, code=0):
    result = CliRunner().invoke(main, [str(item) for item in arguments])
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def database():
    return "sqlite"


@pytest.fixture
def url(postgresql):
    made = postgresql.empty()
    yield made
    postgresql.drop(made)


def tables(url):
    """The tables that are visible to anybody who opens the database."""
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return {name for (name,) in found}


def schemas(url):
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        return {name for (name,) in connection.execute("SELECT nspname FROM pg_namespace")}


def exported(ws):
    """All statements, with their qualifiers, sources and confidence."""
    with tempfile.TemporaryDirectory() as folder:
        ws.export(Path(folder, "all.jsonl"))
        return sorted(Path(folder, "all.jsonl").read_text().splitlines())


def everything(folder):
    """What a user can see of a workspace."""
    with Workspace.open(folder, create=False) as ws:
        return (
            ws.graph.fingerprint(),
            [ws.graph.fingerprint(number) for number in range(1, ws.graph.revision() + 1)],
            exported(ws),
            [repr(item) for item in ws.revisions()],
            [repr(item) for item in ws.history("Chad")],
            [repr(item) for item in ws.receipts()],
            sorted(
                repr((space, record, vector.tobytes()))
                for space in ws.modeledge.stats()
                for record, vector in ws.modeledge.vectors(space)
            ),
            [repr(item) for item in ws.passages.stream()],
            [repr(item) for item in ws.proposals()],
            list(map(repr, ws.search("republic"))),
            [ws.ask(question).entity for question in
             ("What is the capital of France?", "The capital of Chad is [MASK].")],
        )  # fmt: skip


@pytest.fixture
def lively(copied):
    """A workspace with changes of all kinds."""
    with Workspace.open(copied) as ws:
        detail = Statement(
            Triple("Chad", "borders", "Libya"),
            source="s",
            confidence=0.25,
            qualifiers=(Qualifier("since", Literal("1960")),),
        )
        ws.graph.add([detail, ("Chad", "motto", "tab\there \\ and\nthere — 北京")])
        ws.graph.add([Attribute("Chad", "area in km2", Literal("1284000", f"{XSD}integer"))])
        ws.edit("France", "capital", "Lima")
        ws.undo()
        ws.forget("Niger")
        ws.propose(
            "Peru", "borders", "Chad", sentence="Peru borders Chad.", source="s", confidence=0.5
        )
    return copied


@pytest.mark.parametrize("options", [(), ("--partitions", 3)])
def test_everything_visible_is_the_same(lively, url, options):
    before = everything(lively)
    written = json.loads(run("move", lively, url, *options, "--json").stdout)
    assert everything(lively) == before
    assert written["fingerprint"] == before[0]
    assert written["resumed"] == 0
    assert read(lively / "kptm.toml").database.url == url
    assert not (lively / "graph.db").exists()
    with KnowledgeGraph.open(written["file"]) as old:
        assert old.fingerprint() == before[0]
    assert moving_schema_is_gone(url)
    with Workspace.open(lively) as ws:
        assert [check.problems for check in ws.verify()] == [()] * len(ws.modeledge.stats())
        ws.undo()
        ws.edit("France", "capital", "Lima")
        assert ws.ask("What is the capital of France?").entity == "Lima"


def moving_schema_is_gone(url):
    return "kptm_move" not in schemas(url)


DEFINITIONS = """
SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public';
SELECT table_name, column_name, data_type, is_nullable, column_default, collation_name
    FROM information_schema.columns WHERE table_schema = 'public';
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace;
SELECT extname, extnamespace::regnamespace::text FROM pg_extension;
SELECT version_num FROM alembic_version
""".split(";")


@pytest.mark.parametrize("partitions", [None, 3])
def test_its_tables_and_indexes_are_those_of_a_new_database(lively, url, postgresql, partitions):
    move(lively, url, partitions=partitions)
    new = postgresql.empty()
    Database(new, partitions=partitions).close()

    def definitions(where):
        with psycopg.connect(where.replace("+psycopg", "")) as connection:
            return [sorted(connection.execute(query).fetchall()) for query in DEFINITIONS]

    assert definitions(url) == definitions(new)
    postgresql.drop(new)


def test_pages_of_any_size_give_the_same(lively, url, monkeypatch):
    before = everything(lively)
    monkeypatch.setattr(moving, "ROWS_PER_TRANSACTION", 3)
    run("move", lively, url)
    assert everything(lively) == before


class Stopped(BaseException):
    """Stands for a kill: no function catches it."""


def stop_after(monkeypatch, count):
    """Stop after the ``count``-th call that changes the server."""
    calls = iter(range(count))
    real = psycopg.Connection.execute

    def execute(self, query, *arguments, **options):
        if not str(query).startswith("SELECT") and next(calls, None) is None:
            raise Stopped
        return real(self, query, *arguments, **options)

    monkeypatch.setattr(psycopg.Connection, "execute", execute)


def test_a_stop_anywhere_shows_nothing_partial_and_can_be_continued(
    lively, url, postgresql, tmp_path, monkeypatch
):
    before = everything(lively)
    seen, at = set(), 0
    monkeypatch.setattr(moving, "ROWS_PER_TRANSACTION", 40)
    folder = shutil.copytree(lively, tmp_path / "moved")
    while read(folder / "kptm.toml").database.url == "" or (folder / "graph.db").exists():
        at += 1 if at < 10 else 9
        assert at < 400
        with monkeypatch.context() as patch:
            stop_after(patch, at)
            try:
                move(folder, url)
            except Stopped:
                seen.add(len(tables(url)))
                assert tables(url) == set() or "triple" in tables(url)
        with Workspace.open(folder) as ws:
            assert ws.graph.fingerprint() == before[0]
    assert 0 in seen
    assert everything(folder) == before
    assert moving_schema_is_gone(url)


def test_killed_processes_leave_the_old_workspace_or_the_new_one(lively, url, forge, tmp_path):
    before = everything(lively)
    folder = shutil.copytree(lively, tmp_path / "moved")
    start = time.monotonic()
    other = shutil.copytree(lively, tmp_path / "timed")
    moved = move(other, url)
    length = time.monotonic() - start
    assert moved.rows
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    for number in range(KILLS):
        process = forge.start("move", folder, url)
        time.sleep(length * number / KILLS)
        with suppress(ProcessLookupError):  # it has ended
            os.kill(process, signal.SIGKILL)
        code = forge.wait()
        if read(folder / "kptm.toml").database.url == "":
            assert tables(url) == set() or "triple" in tables(url)
            with Workspace.open(folder) as ws:
                assert ws.graph.fingerprint() == before[0]
        elif code == 0:
            break
    if read(folder / "kptm.toml").database.url == "" or (folder / "graph.db").exists():
        move(folder, url)
    assert everything(folder) == before


def test_it_continues_where_it_was_interrupted(lively, url, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(moving.MoveStaging, "make_indexes", lambda self: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            move(lively, url)
    assert tables(url) == set()
    report = move(lively, url)
    assert report.resumed == report.rows > 0


def test_writes_in_between_arrive_too(lively, url, monkeypatch):
    for step in ("make_indexes", "drop"):
        with monkeypatch.context() as patch:
            patch.setattr(moving.MoveStaging, step, lambda self: 1 / 0)
            if step == "drop":  # killed after the tables were placed, before kptm.toml was written
                patch.setattr(moving.workspace_config, "write", lambda *given: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                move(lively, url)
        with Workspace.open(lively) as ws:
            assert ws.edit("Peru", "capital", "Paris" if step == "drop" else "Madrid")
    before = everything(lively)
    assert move(lively, url).resumed == 0
    assert everything(lively) == before


def test_a_difference_that_arrives_is_found(lively, url, monkeypatch):
    make = moving.MoveStaging.make_indexes

    def damaged(self):
        make(self)
        self.connection.execute("UPDATE kptm_move.triple SET tail_id = tail_id + 1 WHERE id = 3")

    monkeypatch.setattr(moving.MoveStaging, "make_indexes", damaged)
    with pytest.raises(StoreError, match="table triple differs"):
        move(lively, url)
    assert tables(url) == set()
    assert read(lively / "kptm.toml").database.url == ""


def test_no_writes_during_the_move_or_to_the_old_file_afterwards(lively, url, monkeypatch):
    from kg.sql import database as databases

    monkeypatch.setattr(databases, "BUSY_SECONDS", 0.1)
    make = moving.MoveStaging.make_indexes
    errors = []
    with Workspace.open(lively) as ws:

        def busy(self):
            with pytest.raises(StoreError) as error:
                ws.graph.add([("a", "r", "b")])
            errors.append(str(error.value))
            make(self)

        monkeypatch.setattr(moving.MoveStaging, "make_indexes", busy)
        move(lively, url)
        assert "another process is writing" in errors[0]
        with pytest.raises(StoreError, match="deleted or replaced"):
            ws.graph.add([("a", "r", "b")])


def test_what_cannot_be_moved_is_one_error(lively, url, postgresql, tmp_path):
    assert "kptm init" in run("move", tmp_path / "none", url, code=1).stderr
    assert "mysql" in run("move", lively, "mysql://x@y/z", code=1).stderr
    full = postgresql.new()
    assert "has tables already" in run("move", lively, full, code=1).stderr
    run("move", lively, url)
    assert "already" in run("move", lively, url, code=1).stderr
    assert "already" in run("move", lively, full, code=1).stderr
    postgresql.drop(full)


def test_an_unfinished_move_of_another_workspace_is_refused(lively, url, tmp_path, monkeypatch):
    other = shutil.copytree(lively, tmp_path / "other")
    with monkeypatch.context() as patch:
        patch.setattr(moving.MoveStaging, "make_indexes", lambda self: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            move(other, url)
    with pytest.raises(WorkspaceError, match="unfinished move"):
        move(lively, url)


def test_an_unfinished_move_with_other_partitions_is_refused(lively, url, monkeypatch):
    before = everything(lively)
    with pytest.raises(StoreError, match="say a number from 2"):
        move(lively, url, partitions=1)
    with monkeypatch.context() as patch:
        patch.setattr(moving.MoveStaging, "make_indexes", lambda self: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            move(lively, url, partitions=3)
    for partitions in (None, 4):
        with pytest.raises(WorkspaceError, match="unfinished move with 3 partitions"):
            move(lively, url, partitions=partitions)
    report = move(lively, url, partitions=3)
    assert report.resumed == report.rows
    assert everything(lively) == before


def test_two_moves_at_once_are_refused(lively, url, tmp_path, monkeypatch):
    other = shutil.copytree(lively, tmp_path / "other")
    make = moving.MoveStaging.make_indexes
    refused = []

    def second(self):
        monkeypatch.setattr(moving.MoveStaging, "make_indexes", make)
        with pytest.raises(WorkspaceError, match="another kptm move"):
            move(other, url)
        refused.append(True)
        make(self)

    monkeypatch.setattr(moving.MoveStaging, "make_indexes", second)
    move(lively, url)
    assert refused


def test_the_digest_sees_every_change_and_no_order(lively):
    with closing(sqlite3.connect(lively / "graph.db")) as source:
        for table in moved_tables():
            rows = source.execute(table.select(after=False), (-1,)).fetchall()
            one, other = Digest(), Digest()
            for row in rows:
                one.add(row)
            for row in reversed(rows):
                other.add(row)
            assert one == other
            if rows:
                changed = Digest()
                for row in (*rows[1:], (*rows[0][:-1], "changed")):
                    changed.add(row)
                assert changed != one
