"""Where output goes: links, pipes, devices, closed streams, encodings, broken pipes."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner

from kptm import Workspace
from kptm.cli.main import main

KPTM = [sys.executable, "-m", "kptm"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("streams")
    with Workspace.open(folder / "w") as ws:
        ws.graph.add([("Łódź", "river", "東京"), ("Łódź", "twin", "Chemnitz")])
    return folder


@pytest.fixture
def here(made, tmp_path, monkeypatch):
    shutil.copytree(made / "w", tmp_path / "w")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def cli():
    def invoke(*arguments, charset="utf-8"):
        arguments = [str(item) for item in arguments]
        result = CliRunner(charset=charset).invoke(main, arguments)
        return result.exit_code, result.stdout_bytes.decode(charset), result.stderr

    return invoke


def run(*arguments, **options):
    return subprocess.run(
        [*KPTM, *map(str, arguments)], capture_output=True, check=False, timeout=60, **options
    )


WRITERS = {
    "export": ("export", "w"),
    "link --out": ("link", "w", "Łódź", "--out"),
    "link --html": ("link", "w", "Łódź", "--html"),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_a_link_is_written_through_and_a_pipe_is_written_to(here, cli, writer):
    (here / "real").mkdir()
    target, link, pipe = here / "real" / "o.jsonl", here / "o.jsonl", here / "pipe.jsonl"
    target.write_text("old")
    link.symlink_to(target)
    os.mkfifo(pipe)
    assert cli(*WRITERS[writer], link)[0] == 0
    assert link.is_symlink()
    assert "Łódź" in target.read_text(encoding="utf-8")
    read = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    assert cli(*WRITERS[writer], pipe)[0] == 0
    reader.join()
    assert read == [target.read_bytes()]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.parametrize("name", ["in.jsonl", "link.jsonl", "hard.jsonl", "dir/../in.jsonl"])
@pytest.mark.parametrize("option", ["--out", "--html"])
def test_a_file_that_is_read_is_not_written(here, cli, name, option):
    text = '{"text": "Łódź lies there."}\n'
    (here / "in.jsonl").write_text(text, encoding="utf-8")
    (here / "dir").mkdir()
    (here / "link.jsonl").symlink_to("in.jsonl")
    os.link(here / "in.jsonl", here / "hard.jsonl")
    code, _, said = cli("link", "w", "--file", "in.jsonl", option, name)
    assert code == 1
    assert "is the same file as in.jsonl, which is read" in said
    assert (here / "in.jsonl").read_text(encoding="utf-8") == text


def test_a_file_in_a_folder_that_is_read_is_not_written(here, cli):
    (here / "dir").mkdir()
    (here / "dir" / "a.txt").write_text("Łódź\n", encoding="utf-8")
    code, _, said = cli("link", "w", "--file", "dir", "--out", "dir/a.txt")
    assert (code, "same file" in said) == (1, True)
    assert (here / "dir" / "a.txt").read_text(encoding="utf-8") == "Łódź\n"


def test_rejected_lines_do_not_overwrite_their_file(here, cli):
    (here / "in.tsv").write_text("a\tr\tb\nbad\n")
    code, _, said = cli("load", "w", "in.tsv", "--skip-errors", "--rejected", "in.tsv")
    assert (code, "same file" in said) == (1, True)
    assert (here / "in.tsv").read_text() == "a\tr\tb\nbad\n"


@pytest.mark.parametrize(
    "target", ["w/graph.db", "w/kptm.toml", "link", "w/model/x.tsv", "w/graph.db.index/x.tsv"]
)
def test_a_part_of_the_workspace_is_not_written(here, cli, target):
    (here / "link").symlink_to("w/graph.db")
    before = (here / "w" / "graph.db").read_bytes()
    code, _, said = cli("export", "w", target, "--format", "tsv")
    assert (code, "is a part of the workspace" in said) == (1, True)
    assert (here / "w" / "graph.db").read_bytes() == before


def test_a_reader_that_leaves_ends_an_export_quietly(here):
    with Workspace.open(here / "w") as ws:
        ws.graph.add((f"e{i}", "r", f"f{i}") for i in range(20_000))
    command = [*KPTM, "export", "w", "-", "--format", "tsv"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read().decode()
        assert process.wait(60) == 141
    assert "Traceback" not in said
    assert "rror" not in said


@pytest.mark.usefixtures("separate_process")
def test_ctrl_c_ends_with_status_130_and_without_a_traceback(here):
    pipe = here / "pipe.tsv"
    os.mkfifo(pipe)
    heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # a background job may ignore it
    with subprocess.Popen(
        [*KPTM, "export", "w", pipe], stderr=subprocess.PIPE, preexec_fn=heed
    ) as process:
        time.sleep(3)  # by then it waits for a reader of the pipe
        process.send_signal(signal.SIGINT)
        said = process.stderr.read().decode()
        assert process.wait(60) == 130
    assert "Traceback" not in said


@pytest.mark.usefixtures("separate_process")
@pytest.mark.parametrize("verb", [("ask", "w"), ("link", "w")])
def test_a_closed_standard_input_is_said(here, verb):
    done = run(*verb, preexec_fn=lambda: os.close(0))
    assert done.returncode == 1
    assert b"standard input is closed" in done.stderr
    assert b"Traceback" not in done.stderr


def test_closed_output_is_not_written_into_the_database(here):
    def close():
        os.close(1)
        os.close(2)

    assert subprocess.run([*KPTM, "stats", "w"], preexec_fn=close, check=False).returncode == 0
    with Workspace.open(here / "w") as ws:
        assert ws.query("Łódź", "river").entity == "東京"


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "latin-1"])
@pytest.mark.usefixtures("here")
def test_characters_that_a_terminal_cannot_show_are_escaped(cli, encoding):
    code, text, said = cli("query", "w", "Łódź", "river", charset=encoding)
    assert (code, said) == (0, "")
    assert r"\u6771\u4eac" in text
    assert ("ó" in text) == (encoding != "ascii")
    for verb in (("query", "w", "Łódź", "river"), ("describe", "w", "Łódź")):
        _, text, _ = cli(*verb, "--json", charset=encoding)
        assert "東京" in json.dumps(json.loads(text), ensure_ascii=False)


def test_a_full_disk_is_named(here, cli):
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full")
    (here / "full.tsv").symlink_to("/dev/full")
    code, _, said = cli("export", "w", "full.tsv")
    assert code == 1
    assert "No space left on device" in said
