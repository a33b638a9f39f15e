"""After each sync, the workspace equals a fresh one made from the same files."""

import json
import os
import random
import signal
import time
from contextlib import suppress

import pytest
from click.testing import CliRunner

from kptm import Workspace
from kptm.cli.main import main
from kptm.errors import WorkspaceError
from kptm.sync.folder import FileKind, kind_of

KILLS = int(os.environ.get("KPTM_KILLS", "12"))
"""``KPTM_KILLS=200`` for the long run."""


def state(ws):
    """Everything that files state: facts, their sources' names, values, labels, passages."""
    facts = {tuple(triple) for triple in ws.graph.match()}
    values = {(one.head, one.relation, one.value) for one in ws.graph.attributes()}
    keys = sorted(ws.graph.keys())
    labels = {(key, one.label, one.types) for key, one in ws.graph.entities(keys).items()}
    passages = sorted(one.text for one in ws.passages.stream())
    return facts, values, labels, passages


def fresh(folder, where):
    with Workspace.open(where) as ws:
        ws.sync(folder)
        return state(ws)


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "folder"
    (root / "below").mkdir(parents=True)
    (root / "facts.tsv").write_text("Ann\towns\tThe Swan\nBob\towns\tThe Crown\n")
    (root / "below" / "more.csv").write_text(
        "head,relation,tail\nBob,owns,The Crown\nEve,born,1990\n"
    )
    (root / "names.jsonl").write_text('{"key": "Ann", "label": "Ann Smith", "types": ["person"]}\n')
    (root / "letters.txt").write_text("Ann owns The Swan.\nBob owns The Crown.\n")
    (root / "notes.jsonl").write_text('{"text": "Eve was born in 1990."}\n')
    (root / "picture.png").write_bytes(b"no text")
    (root / ".hidden.tsv").write_text("not\tto be\tread\n")
    return root


@pytest.fixture
def ws(tmp_path):
    with Workspace.open(tmp_path / "ws") as found:
        yield found


def actions(report):
    return {one.name: one.action for one in report.changes}


def test_new_files_are_read_and_a_second_run_does_nothing(ws, folder):
    report = ws.sync(folder)
    assert actions(report) == {
        "below/more.csv": "added", "facts.tsv": "added", "letters.txt": "added",
        "names.jsonl": "added",
        "notes.jsonl": "added", "picture.png": "skipped",
    }  # fmt: skip
    facts, values, labels, passages = state(ws)
    assert ("Bob", "owns", "The Crown") in facts
    assert ("Ann", "Ann Smith", ("person",)) in labels
    assert {one[:2] for one in values} == {("Eve", "born")}
    assert passages == ["Ann owns The Swan.", "Bob owns The Crown.", "Eve was born in 1990."]
    before, manifest = ws.graph.revision(), ws.layout.sync_manifest.read_bytes()
    again = ws.sync(folder)
    assert actions(again) == {"picture.png": "skipped"}
    assert again.unchanged == 5
    assert (ws.graph.revision(), ws.layout.sync_manifest.read_bytes()) == (before, manifest)


def test_facts_of_only_a_deleted_file_end(ws, folder, tmp_path):
    ws.sync(folder)
    ws.graph.add([("Ann", "knows", "Bob")])
    (folder / "facts.tsv").unlink()
    (folder / "letters.txt").unlink()
    report = ws.sync(folder)
    assert {n: a for n, a in actions(report).items() if a != "skipped"} == {
        "facts.tsv": "deleted", "letters.txt": "deleted",
    }  # fmt: skip
    facts, _, _, passages = state(ws)
    assert facts == {
        ("Ann", "knows", "Bob"),
        ("Bob", "owns", "The Crown"),
    }  # more.csv states it too
    assert passages == ["Eve was born in 1990."]
    ws.graph.remove(head="Ann", relation="knows", tail="Bob")
    assert state(ws)[0] == fresh(folder, tmp_path / "other")[0]


def test_a_changed_file_replaces_what_it_stated(ws, folder, tmp_path):
    ws.sync(folder)
    (folder / "facts.tsv").write_text("Ann\towns\tThe Anchor\n")
    (folder / "letters.txt").write_text("Ann owns The Anchor.\n")
    (folder / "notes.jsonl").write_text('{"key": "Eve", "label": "Eve Brown"}\n')  # another kind
    report = ws.sync(folder)
    assert [one.action for one in report.changes if one.action != "skipped"] == ["changed"] * 3
    assert state(ws) == fresh(folder, tmp_path / "other")


def test_a_failed_file_is_reported_and_tried_again(ws, folder, tmp_path):
    (folder / "bad.nt").write_text("<a> <b\n")
    report = ws.sync(folder)
    failed = [one for one in report.changes if one.action == "failed"]
    assert [one.name for one in failed] == ["bad.nt"]
    assert "bad.nt" in failed[0].note
    assert ("Ann", "owns", "The Swan") in state(ws)[0]
    (folder / "bad.nt").write_text("<urn:a> <urn:b> <urn:c> .\n")
    assert actions(ws.sync(folder))["bad.nt"] in ("added", "changed")
    assert state(ws) == fresh(folder, tmp_path / "other")


def test_a_missing_folder_changes_nothing(ws, folder):
    ws.sync(folder)
    before = state(ws)
    folder.rename(folder.with_name("away"))
    with pytest.raises(WorkspaceError, match="there is no such folder; nothing was changed"):
        ws.sync(folder)
    assert state(ws) == before
    ws.layout.sync_manifest.write_text("{")
    with pytest.raises(WorkspaceError, match=r"sync.json: is damaged"):
        ws.sync(folder.with_name("away"))


def test_facts_loaded_in_other_ways_are_left_alone(ws, folder, tmp_path):
    own = tmp_path / "own.tsv"
    own.write_text("Eve\towns\tThe Mill\n")
    ws.load(own)
    ws.sync(folder)
    for path in folder.rglob("*"):
        if path.is_file():
            path.unlink()
    ws.sync(folder)
    facts, values, _, passages = state(ws)
    assert (facts, values, passages) == ({("Eve", "owns", "The Mill")}, set(), [])


def test_the_verb_says_what_it_did(ws, folder):
    ws.close()
    result = CliRunner().invoke(main, ["sync", str(ws.folder), str(folder)])
    assert result.exit_code == 0
    assert "+ facts.tsv: 2 added, 0 ended" in result.stdout
    assert "5 added, 1 skipped; 0 files unchanged" in result.stdout
    (folder / "bad.nt").write_text("<a> <b\n")
    result = CliRunner().invoke(main, ["sync", str(ws.folder), str(folder), "--json"])
    assert result.exit_code == 1
    assert json.loads(result.stdout)["failed"] == 1


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.txt", "x", FileKind.TEXTS), ("a.jsonl", '{"text": "x"}', FileKind.TEXTS),
        ("a.jsonl", ('{"key":'
            ' "x"}'), FileKind.ENTITIES), ("a.jsonl", '{"head": "x"}', FileKind.TRIPLES),
        ("a.jsonl", "", FileKind.TRIPLES), ("a.ttl", "", FileKind.TRIPLES), ("a.docx", "", None),
    ],
)  # fmt: skip
def test_what_a_file_holds(tmp_path, name, content, kind):
    (tmp_path / name).write_text(content)
    assert kind_of(tmp_path / name) == kind


def change(folder, rng, step):
    """Write, change and delete files, as people do."""
    for _ in range(rng.randint(1, 4)):
        name = f"f{rng.randrange(6)}"
        kind = rng.choice(("tsv", "txt", "gone"))
        for suffix in ("tsv", "txt"):
            (folder / f"{name}.{suffix}").unlink(missing_ok=True)
        people = [f"P{rng.randrange(9)}" for _ in range(rng.randint(1, 5))]
        if kind == "tsv":
            (folder / f"{name}.tsv").write_text(
                "".join(f"{p}\tknows\tQ{rng.randrange(9)}\n" for p in people)
            )
        elif kind == "txt":
            (folder / f"{name}.txt").write_text(
                "".join(f"{p} was here on day {step}.\n" for p in people)
            )


def test_kills_lose_nothing(forge, tmp_path):
    rng = random.Random(11)
    folder, where = tmp_path / "folder", tmp_path / "ws"
    folder.mkdir()
    Workspace.open(where).close()
    change(folder, rng, 0)
    began = time.monotonic()
    assert forge.run("sync", where, folder) == 0
    took = time.monotonic() - began
    left = KILLS
    step = 0
    while left:
        step += 1
        change(folder, rng, step)
        process = forge.start("sync", where, folder)
        time.sleep(rng.uniform(0, 1) * took)
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
        if forge.wait() == -signal.SIGKILL:
            left -= 1
        if rng.random() < 0.3 or not left:
            assert forge.run("sync", where, folder) == 0
            with Workspace.open(where) as ws:
                assert state(ws) == fresh(folder, tmp_path / f"fresh{step}")
                before = ws.graph.revision()
                ws.sync(folder)
                assert ws.graph.revision() == before
