"""A workspace whose largest tables are divided, from ``kptm init`` to a restored dump."""

import json
import shutil
import subprocess

import pytest
from click.testing import CliRunner

from kg.sql.partitions import COLUMNS, count_partitions
from kptm import Workspace
from kptm.cli.main import main


@pytest.fixture
def database():
    return "postgresql"


@pytest.fixture
def url(postgresql):
    made = postgresql.empty()
    yield made
    postgresql.drop(made)


def run(*arguments, code=0):
    result = CliRunner().invoke(main, [str(item) for item in arguments])
    assert result.exit_code == code, result.output
    return result


def counts(ws):
    with ws.graph.database.reading() as sql:
        children = "SELECT count(*) FROM pg_inherits WHERE inhparent = CAST(? AS regclass)"
        return [sql.one(children, (table,)) for table in COLUMNS]


def test_from_an_empty_folder_to_an_answer(url, toy, tmp_path):
    made = run("init", tmp_path / "my", "--database", url, "--partitions", 4)
    assert "in 4 partitions" in made.stdout
    run("load", tmp_path / "my", toy.triples, "--entities", toy.entities)
    answer = run("ask", tmp_path / "my", "What is the capital of Peru?", "--json").stdout
    assert json.loads(answer)["entity"] == "Lima"
    assert "healthy" in run("doctor", tmp_path / "my").stdout
    run("init", tmp_path / "second", "--database", url)
    with Workspace.open(tmp_path / "second") as ws:
        assert counts(ws) == [4, 4]
        assert ws.forget("Peru")
        ws.undo()
        assert ws.query(head="Peru", relation="capital").entity == "Lima"


def test_what_is_refused_leaves_no_workspace(url, postgresql, tmp_path):
    for arguments, code, message in (
        (("--partitions", 4), 1, "only tables on PostgreSQL can have partitions"),
        (("--database", url, "--partitions", 1), 2, "2<=x<=128"),
        (("--database", postgresql.new(), "--partitions", 4), 1, "has tables already, with"),
    ):
        error = run("init", tmp_path / "my", *arguments, code=code).stderr
        assert message in error
        assert not (tmp_path / "my").exists()


def test_a_restored_dump_is_divided_too(url, postgresql, toy, tmp_path):
    tools = [shutil.which(name) for name in ("pg_dump", "pg_restore")]
    if None in tools:
        pytest.skip("no pg_dump")
    with Workspace.init(tmp_path / "my", database=url, partitions=3) as ws:
        ws.load(toy.triples)
        ws.modeledge.add([[1.0, 0.0], [0.0, 1.0]], ["a", "b"], space="s", source="x")
        fingerprint = ws.graph.fingerprint()
    restored = postgresql.empty()
    plain = [where.replace("+psycopg", "") for where in (url, restored)]
    dump = tmp_path / "dump"
    subprocess.run([tools[0], "--format=custom", f"--file={dump}", plain[0]], check=True)
    subprocess.run([tools[1], f"--dbname={plain[1]}", dump], check=True)
    with Workspace.init(tmp_path / "other", database=restored, partitions=3) as ws:
        assert ws.graph.fingerprint() == fingerprint
        [[hit]] = ws.modeledge.search([[0.1, 1.0]], k=1, space="s")
        assert hit.value == "b"
        with ws.graph.database.reading() as sql:
            assert count_partitions(sql) == 3
    postgresql.drop(restored)
