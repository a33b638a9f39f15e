"""``kptm token``, and a server that requires one."""

import json

import pytest
from click.testing import CliRunner

from kptm.cli.main import main
from kptm.serving.access.token_file import TokenFile
from kptm.workspace import Layout


def run(*arguments, code=0):
    result = CliRunner().invoke(main, [str(item) for item in arguments])
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def workspace(tmp_path):
    run("init", tmp_path / "ws")
    return tmp_path / "ws"


def test_a_token_is_printed_once_and_alone(workspace):
    """What goes to standard output can be put into a file or a variable."""
    result = run("token", "add", workspace, "ann", "--role", "edit")
    (text,) = result.stdout.splitlines()
    assert "cannot be shown again" in result.stderr
    found = TokenFile(Layout(workspace).tokens).find(text)
    assert (found.name, found.role) == ("ann", "edit")
    listed = run("token", "list", workspace)
    assert text not in listed.output
    assert listed.stdout.split("\t")[:2] == ["ann", "edit"]
    assert "no longer" in run("token", "remove", workspace, "ann").stdout
    assert "kptm token add" in run("token", "list", workspace).stderr


def test_as_json(workspace):
    made = json.loads(run("token", "add", workspace, "ann", "--json").stdout)
    assert (made["name"], made["role"]) == ("ann", "read")
    assert TokenFile(Layout(workspace).tokens).find(made["token"]).name == "ann"
    (row,) = json.loads(run("token", "list", workspace, "--json").stdout)
    assert row.keys() == {"name", "role", "created"}
    assert json.loads(run("token", "remove", workspace, "ann", "--json").stdout) == {
        "removed": "ann"
    }


def test_what_is_wrong_is_one_line(workspace):
    run("token", "add", workspace, "ann")
    for arguments in (("add", workspace, "ann"), ("remove", workspace, "bob")):
        result = run("token", *arguments, code=1)
        (line,) = result.stderr.splitlines()
        assert line.startswith("kptm: ")
    run("token", "add", workspace, "bob", "--role", "boss", code=2)


def test_a_server_without_any_token_would_let_nobody_in(workspace):
    (line,) = run("serve", workspace, "--require-token", "--port", "0", code=1).stderr.splitlines()
    assert "kptm token add" in line


def test_no_result_is_written_over_the_tokens(workspace):
    run("token", "add", workspace, "ann")
    before = Layout(workspace).tokens.read_bytes()
    run("export", workspace, Layout(workspace).tokens, "--format", "jsonl", code=1)
    assert Layout(workspace).tokens.read_bytes() == before
