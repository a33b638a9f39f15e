"""Every verb: what it prints, its exit code, and one line for an error."""

import gc
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from xml.etree import ElementTree as ET

import click
import pytest
from click.testing import CliRunner

from kptm import Workspace
from kptm.answering.questions.understanding import MAX_QUESTION_CHARACTERS
from kptm.cli.main import main

VERBS = {
    name: command
    for group, prefix in (
        (main, ""),
        (main.commands["evaluate"], "evaluate "),
        (main.commands["token"], "token "),
    )
    for name, command in ((prefix + key, value) for key, value in group.commands.items())
    if not isinstance(command, click.Group)
}


def run(*arguments, code=0, **options):
    result = CliRunner().invoke(main, [str(item) for item in arguments], **options)
    assert result.exit_code == code, result.output
    return result


def fails(*arguments, **options):
    """Exit code 1, nothing but one line on stderr."""
    result = run(*arguments, code=1, **options)
    assert isinstance(result.exception, SystemExit)
    lines = [line for line in result.stderr.splitlines() if line.startswith("kptm: ")]
    assert len(lines) == 1
    assert result.stderr.splitlines()[-1] == lines[0]
    assert "Traceback" not in result.output
    assert len(lines[0]) < 1_000
    assert "\x1b" not in lines[0]
    return lines[0]


def test_a_verb_leaves_the_collection_of_garbage_as_it_was(tmp_path):
    before = gc.get_threshold()
    fails("stats", tmp_path / "none")
    assert gc.get_threshold() == before


def answer(*arguments, **options):
    return json.loads(run(*arguments, "--json", **options).stdout)


TESTED = {
    "init", "load", "add", "stats", "link", "embed", "pretrain", "index", "ask", "query", "learn",
    "edit", "forget", "undo", "purge", "search", "describe", "history", "paths", "neighbours",
    "export", "evaluate answers", "evaluate fusion", "evaluate linking", "evaluate probes", "demo",
    "predict", "near", "map", "finetune", "classify", "receipts", "verify", "recall", "migrate",
    "merge", "example", "serve", "mcp", "extract", "review", "check", "evaluate extraction", "sync",
    "compress", "duplicates", "new", "doctor", "backup", "restore", "move",
    "token add", "token list", "token remove",
}  # fmt: skip


def test_every_verb_is_tested_here():
    assert set(VERBS) == TESTED


@pytest.mark.parametrize("name", sorted(VERBS))
def test_help_says_everything(name):
    text = run(*name.split(), "--help").stdout
    assert VERBS[name].help
    assert "--json" in text
    assert "--debug" in text
    for parameter in VERBS[name].params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name
    assert VERBS[name].get_short_help_str()
    assert name.split()[-1] in run(*name.split()[:-1], "--help").stdout


@pytest.mark.parametrize("name", sorted(VERBS))
def test_wrong_usage_is_2(name):
    run(*name.split(), "--no-such-option", code=2)


def test_usage_of_query_and_load(copied):
    run("query", copied, "France", code=2)
    run("query", copied, "?", "capital", code=2)
    run("query", copied, "France", "capital", "Paris", code=2)
    run("load", copied, code=2)
    run("nothing", code=2)
    assert "Usage" in run("--help").output
    assert run("--version").exit_code == 0


@pytest.mark.usefixtures("training")
def test_all_stages(toy, tmp_path):
    folder = tmp_path / "ws"
    settings = [part for change in toy.settings for part in ("--set", change)]
    assert answer("init", folder, *settings)["embedding"]["dim"] == 4
    loaded = answer("load", folder, toy.triples, "--entities", toy.entities)
    assert loaded[str(toy.triples)]["added"] == 12
    assert "12 known already" in run("load", folder, toy.triples).stdout
    assert answer("embed", folder)["entities"] == 16
    assert answer("pretrain", folder, toy.texts)["steps"] == 6
    added = answer("index", folder, toy.texts)
    assert added["added"] == added["records"] > 0
    assert "0 vectors added" in run("index", folder, toy.texts).stdout
    assert answer("stats", folder)["model"] is True


def test_modeledge_by_its_verbs(copied, toy):
    added = answer("index", copied, "--triples")
    assert added["added"] > 0
    made = answer("index", copied, "--kind", "hnsw", "--queries", 10)["indexes"]
    assert {one["kind"] for one in made} == {"flat"}  # so few are compared one by one
    assert "recall 1.000" in run("index", copied, "--kind", "auto").stdout
    run("index", copied, code=2)
    assert [one["snapshot"] for one in answer("verify", copied)] == ["whole", "whole"]
    revision = answer("edit", copied, "France", "capital", "Lima")["revision"]
    first = answer("receipts", copied)[0]
    assert (first["kind"], first["revision"]) == ("edit", revision)
    told = answer("receipts", copied, first["operation"])
    assert told["rows_added"] == first["added"] > 0
    assert (
        "France | capital | ?: Paris → Lima" in run("receipts", copied, first["operation"]).stdout
    )
    assert "no such" in run("receipts", copied, 999).stdout
    triple = ("--triple", "France", "capital", "Lima")
    assert "1 triples" in run("forget", copied, *triple).stdout
    text = answer("forget", copied, "--text", "The capital of Chad is N'Djamena.")
    assert answer("undo", copied, "--operation", text["operation"])["operation"] > text["operation"]
    assert "0 records" in run("forget", copied, "--source", "nobody").stdout
    run("forget", copied, "Chad", *triple, code=2)
    run("undo", copied, revision, "--operation", 1, code=2)
    file = next((copied / "graph.db.index").rglob("rows.npy"))
    file.write_bytes(file.read_bytes()[:-8] + b"otherxyz")
    assert "damaged" in run("verify", copied, code=1).stdout
    run("index", copied, "--kind", "flat")
    assert "whole" in run("verify", copied).stdout


def test_modeledge_recalled_and_merged(copied, tmp_path):
    asked = "The capital of France is [MASK]."
    found = answer("recall", copied, asked, "-k", 3)
    assert len(found) == 3
    assert {row["at"] for row in found} == {"[MASK]"}
    near = [row["similarity"] for row in found]
    assert near == sorted(near, reverse=True)
    assert {row["kind"] for row in answer("recall", copied, "Chad borders Niger.")} == {"mention"}
    assert answer("recall", copied, asked, "--kind", "fact") == []
    other = shutil.copytree(copied, tmp_path / "other")
    with Workspace.open(copied) as ws:
        ws.modeledge.forget(entity="Chad")
        before = sum(ws.modeledge.stats().values())
    assert answer("merge", copied, other)["forgotten"] > 0
    merged = answer("merge", copied, other, "--policy", "theirs")
    assert merged["added"] + merged["returned"] > 0
    run("undo", copied, "--operation", merged["operation"])
    with Workspace.open(copied) as ws:
        assert sum(ws.modeledge.stats().values()) == before
    assert "0 records added" in run("merge", copied, other).stdout


def test_modeledge_goes_to_another_model(copied, toy):
    with Workspace.open(copied, changes=["pretraining.seed=5"]) as ws:
        ws.pretrain(toy.texts)
        there = sum(ws.modeledge.stats().values())
    assert "migrate the store" in fails("recall", copied, "The capital of France is [MASK].")
    moved = answer("migrate", copied, "--method", "encode", "--replace")
    assert sum(one["moved"] for one in moved["spaces"]) == moved["replaced"] == there
    assert answer("recall", copied, "The capital of France is [MASK].")
    fails("migrate", copied)


def test_asking_and_changing(copied, toy):
    question = "What is the capital of France?"
    assert answer("ask", copied, question)["entity"] == "Paris"
    assert run("ask", copied, question).stdout.startswith("Paris (")
    assert run("ask", copied, "Who?").stdout.startswith("I do not know: ")
    assert answer("query", copied, "?", "capital", "Lima")["entity"] == "Peru"
    revision = answer("edit", copied, "France", "capital", "Lima", "--old", "Paris")["revision"]
    assert answer("ask", copied, question)["entity"] == "Lima"
    run("undo", copied, revision)
    assert answer("query", copied, "France", "capital")["entity"] == "Paris"
    gone = answer("forget", copied, "Republic of France")
    assert gone["triples"] == 2
    assert answer("ask", copied, question)["entity"] != "Paris"
    run("undo", copied)
    assert answer("ask", copied, question)["entity"] == "Paris"
    assert answer("learn", copied, toy.questions)["used"] == 1
    assert answer("ask", copied, "Where does the government of Spain sit?")["entity"] == "Madrid"


def test_linking_from_arguments_files_and_standard_input(copied, toy, tmp_path):
    text = "France borders Spain."
    wanted = [("France", 0, 6), ("Spain", 15, 20)]
    for result in (
        run("link", copied, text, "--json"),
        run("link", copied, "--json", input=text + "\n"),
    ):
        found = json.loads(result.stdout)
        assert [(item["entity"], item["start"], item["end"]) for item in found["links"]] == wanted
    many = run("link", copied, "--file", toy.texts, "--json").stdout.splitlines()
    assert [json.loads(line)["text"] for line in many] == toy.texts.read_text().splitlines()
    assert "France → France" in run("link", copied, text).stdout
    assert "UTF-8" in fails("link", copied, input=b"\xff\xfe\n")
    gold = tmp_path / "gold.txt"
    gold.write_text("[[France|France]] borders [[Peru|Spain]].\n")
    report = answer("evaluate", "linking", copied, gold)
    assert (report["gold"], report["found"], report["right"]) == (2, 2, 1)


@pytest.mark.usefixtures("training")
def test_evaluate_fusion(tmp_path):
    facts, patterns = tmp_path / "f.jsonl", tmp_path / "p.jsonl"
    rows = [{"relation": "r", "subject": f"s{i}", "object": f"o{i % 5}"} for i in range(30)]
    facts.write_text("".join(json.dumps(row) + "\n" for row in rows))
    said = [{"relation": "r", "pattern": f"[X] {word} [Y]."} for word in ("sees", "has")]
    patterns.write_text("".join(json.dumps(row) + "\n" for row in said))
    common = ("evaluate", "fusion", "--facts", facts, "--phrasings", patterns)
    plot, out = tmp_path / "p.svg", tmp_path / "t.md"
    few = ("--seeds", 1, "--steps", 1, "--arms", "none,aligned", "--plot", plot, "--out", out)
    told = answer(*common, "--ask", 1, *few)
    table = {split: told[split] for split in told["count"]}
    assert {"A", "B"} <= set(table) <= set("ABCD")
    assert sum(told["count"].values()) == 30
    names = {"none", "aligned", "majority", "kge", "sql", "knn"}
    assert all(set(row) == names for row in table.values())
    gain = told["difference"]["aligned − none"]
    for split, row in table.items():
        assert gain[split]["mean"] == pytest.approx(row["aligned"] - row["none"])
    assert ET.parse(plot).getroot().tag.endswith("svg")
    assert out.read_text().startswith("| arm (runs) | A: text and graph")
    assert "no such folder" in fails(*common, "--ask", 1, "--out", tmp_path / "no" / "t.md")
    assert "--ask 9" in fails(*common, "--ask", 9)
    assert "aligend" in fails(*common, "--ask", 1, "--arms", "aligend")


def test_evaluate_fusion_does_not_overwrite_its_input(tmp_path):
    """Refused before the hours of training, by another name of the file too."""
    facts, patterns, asked = (tmp_path / name for name in ("f.jsonl", "p.jsonl", "ask.jsonl"))
    facts.write_text('{"relation": "r", "subject": "s", "object": "o"}\n')
    for path in (patterns, asked):
        path.write_text('{"relation": "r", "pattern": "[X] sees [Y]."}\n')
    before = {path: path.read_bytes() for path in (facts, patterns, asked)}
    link = tmp_path / "link.md"
    link.symlink_to(patterns)
    common = ("evaluate", "fusion", "--facts", facts, "--phrasings", patterns, "--ask", asked)
    for option, path in itertools.product(("--out", "--plot"), (*before, link)):
        said = fails(*common, option, path)
        assert f"{path}: is the same file as" in said
    assert "name two files" in fails(*common, "--out", tmp_path / "x", "--plot", tmp_path / "x")
    assert {path: path.read_bytes() for path in before} == before


def test_evaluate_fusion_does_not_overwrite_a_workspace(tmp_path):
    home, texts = tmp_path / "ws", tmp_path / "texts"
    run("init", home)
    texts.mkdir()
    (texts / "a.txt").write_text("France borders Spain.\n")
    common = ("evaluate", "fusion", "--graph", home, "--text", texts)
    for name in ("kptm.toml", "graph.db", "model/tables.md"):
        (home / name).parent.mkdir(exist_ok=True)
        assert "is a part of the workspace" in fails(*common, "--out", home / name)
    assert "is the same file as" in fails(*common, "--out", texts / "a.txt")


def test_evaluate_probes(copied, toy, tmp_path):
    facts, patterns, labels = (tmp_path / name for name in ("f.jsonl", "p.jsonl", "l.jsonl"))
    pairs = (("France", "Paris"), ("Peru", "Lima"), ("Chad", "Atlantis"))
    rows = [{"relation": "capital", "subject": s, "object": o} for s, o in pairs]
    facts.write_text("".join(json.dumps(row) + "\n" for row in rows))
    said = ("The capital of [X] is [Y].", "[Y] is the capital of [X].")
    rows = [{"relation": "capital", "pattern": pattern} for pattern in said]
    patterns.write_text("".join(json.dumps(row) + "\n" for row in rows))
    common = ("evaluate", "probes", copied, "--facts", facts, "--phrasings", patterns)
    found = answer(*common)  # the texts that were indexed
    assert found["facts"] == {"found": 2, "left_out": 1, "unknown": ["Atlantis"], "ambiguous": []}
    assert found["factual"]["knowledge"]["all"]["facts"] == 2
    assert [part["layer"] for part in found["linear"]["plain"]["layers"]] == [
        "embedding", "1", "2", "output",
    ]  # fmt: skip
    assert found["task"] == "types"
    assert len(found["attention"]) == 4
    spans = [[0, 3, "x"], [4, 11, "y"]]
    labels.write_text((json.dumps({"text": "The capital", "spans": spans}) + "\n") * 4)
    told = run(*common, "--text", toy.texts, "--labels", labels, "--limit", 3).stdout
    assert "layers: labels, 2 labels" in told
    assert "1 left out" in told
    assert "spans" in fails(*common, "--labels", toy.texts)
    patterns.write_text(json.dumps({"relation": "borders", "pattern": "[X] [Y]"}) + "\n")
    assert "Atlantis" in fails(*common)


def test_evaluate_fusion_on_a_workspace(copied, toy, tmp_path):
    few = ("--steps", 1, "--arms", "aligned")
    common = ("evaluate", "fusion", "--graph", copied)
    told = answer(*common, "--text", toy.texts, *few)
    linked = tmp_path / "linked.jsonl"
    run("link", copied, "--file", toy.texts, "--out", linked)
    assert answer(*common, "--text", linked, *few) == told
    linked.write_text('{"text": "Chad", "links": [{"start": 0, "end": 9, "entity": "Chad"}]}\n')
    assert "line 1" in fails(*common, "--text", linked, *few)
    assert "leave the arm" in fails(*common, "--text", toy.texts, "--arms", "real")
    silent = tmp_path / "silent.txt"
    silent.write_text("Nothing.\n")
    assert "none of 1 sentences" in fails(*common, "--text", silent)


def test_the_example_is_copied_once(tmp_path, world):
    copied = answer("example", tmp_path / "world")
    names = [
        "corpus.txt",
        "entities.jsonl",
        "facts.tsv",
        "learn.tsv",
        "phrasings.tsv",
        "prose.txt",
        "questions-composed.jsonl",
        "questions.jsonl",
        "relations.jsonl",
        "triples.tsv",
        "values.tsv",
    ]
    assert [path.name for path in sorted((tmp_path / "world").iterdir())] == names
    assert copied == [str(tmp_path / "world" / name) for name in names]
    for name in names:
        assert (tmp_path / "world" / name).read_bytes() == (world.folder / name).read_bytes()
    assert "is there already" in fails("example", tmp_path / "world")
    (tmp_path / "file").touch()
    assert "cannot be written" in fails("example", tmp_path / "file" / "below")


def test_demo_leaves_the_folder_of_another_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    assert "another folder" in fails("demo", "--out", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    assert "is a file" in fails("demo", "--out", tmp_path / "mine.txt")


def test_an_interrupted_demo_starts_again(tmp_path):
    from kptm.demo.run import MARK, _fresh

    folder = tmp_path / "demo"
    _fresh(folder)
    (folder / "world").mkdir()
    (folder / "world" / "kptm.toml").write_text("half")
    (folder / "report.html").write_text("old")
    _fresh(folder)
    assert [path.name for path in folder.iterdir()] == [MARK]


def test_demo_starts_again_and_leaves_other_files_alone(copied, tmp_path):
    from kptm.demo.run import MARK, _fresh

    folder = tmp_path / "demo"
    _fresh(folder)
    copied.rename(folder / "world")
    foreign = ("notes.txt", "mine/a.tsv", "world/mine.txt", "world/model/mine.txt")
    for name in foreign:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("mine")
    _fresh(folder)
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert there == {MARK, *foreign}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("bad.tsv", b"a\tb\n", "line 1"),
        ("bad.tsv", b"a\tb\tc\n\xff\tb\tc\n", "line 2"),
        ("bad.jsonl", b"{\n", "line 1"),
        ("bad.xyz", b"", "suffix"),
        ("missing.tsv", None, "missing.tsv"),
        ("[/red].tsv", b"a\tb\n", "line 1"),
        ("two\nlines.tsv", b"a\tb\n", "line 1"),
    ],
)
def test_files_that_cannot_be_loaded(copied, tmp_path, name, content, said):
    path = tmp_path / name
    if content is not None:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    assert said in fails("load", copied, path)
    assert answer("stats", copied)["triples"] == 12
    run("load", copied, path, "--debug", code=1)


def test_bad_lines_can_be_skipped(copied, tmp_path):
    path = tmp_path / "t.tsv"
    path.write_text("a\tb\tc\nbad\n")
    assert "rejected" in run("load", copied, path, "--skip-errors").stdout
    found = answer("load", copied, path, "--skip-errors")[str(path)]
    assert (found["added"], found["duplicate"], len(found["rejected"])) == (0, 1, 1)


@pytest.mark.parametrize(
    "arguments",
    [
        ("query", "Atlantis", "capital"),
        ("query", "France", "weight"),
        ("query", "", ""),
        ("query", "x" * 100_000, "capital"),
        ("query", "a\nb\x1b[31m", "capital"),
        ("edit", "France", "capital", "Atlantis"),
        ("edit", "France", "capital", "Paris"),
        ("edit", "France", "capital", "Lima", "--old", "Madrid"),
        ("forget", "Robert'); DROP TABLE entity;--"),
        ("undo", "999"),
        ("pretrain", "missing.txt"),
        ("index", "missing.txt"),
        ("learn", "missing.tsv"),
        ("link", "--file", "missing.txt"),
        ("evaluate linking", "missing.txt"),
        ("evaluate answers", "missing.tsv"),
        ("ask", ""),
        ("ask", " \n"),
        ("ask", "x" * 100_000),
        ("ask", "--file", "missing.txt"),
    ],
)
def test_one_line_says_what_is_wrong(copied, arguments):
    verb, *rest = arguments
    before = answer("stats", copied)
    fails(*verb.split(), copied, *rest)
    assert answer("stats", copied) == before


@pytest.mark.parametrize(
    "name",
    sorted(
        TESTED
        - {"example", "init", "load", "new", "demo", "evaluate fusion", "classify", "restore"}
    ),
)
def test_no_verb_makes_a_workspace_by_mistake(name, tmp_path):
    needed = [part for part in VERBS[name].params if isinstance(part, click.Argument)][1:]
    rest = [word for part in needed if part.required for word in "abc"[: max(part.nargs, 1)]]
    options = {
        "query": ["a", "b"],
        "purge": ["--entity", "a", "--yes"],
        "forget": ["a"],
        "index": ["a"],
        "evaluate probes": ["--facts", "a", "--phrasings", "b"],
        "finetune": ["a", "--task", "text"],
        "compress": ["--share"],
        "backup": [tmp_path / "a.zip"],
    }
    rest = options.get(name, rest)
    assert "kptm init" in fails(*name.split(), tmp_path / "typo", *rest)
    assert not (tmp_path / "typo").exists()


def test_workspaces_that_are_wrong(tmp_path):
    (tmp_path / "file").touch()
    run("stats", tmp_path / "file", code=2)
    assert "not empty" in fails("stats", tmp_path)
    run("init", tmp_path / "ws")
    assert "already" in fails("init", tmp_path / "ws")
    assert "sections are" in fails("init", tmp_path / "new", "--set", "embeddings.dim=3")
    assert not (tmp_path / "new").exists()
    fails("init", tmp_path / "file" / "below")
    (tmp_path / "ws" / "kptm.toml").write_text("[x")
    assert "kptm.toml" in fails("stats", tmp_path / "ws")
    with pytest.raises(Exception, match=r"kptm\.toml"):
        run("stats", tmp_path / "ws", "--debug", catch_exceptions=False)


NAMES = [
    "Robert'); DROP TABLE entity;--",
    "💥 \u202eבא",
    "[bold]x[/]",
    "a\x1b[31mb",
    "x" * 2_490,
]


@pytest.mark.parametrize("name", NAMES)
def test_hostile_names_in_and_out(tmp_path, name):
    path = tmp_path / "t.jsonl"
    path.write_text(json.dumps({"head": name, "relation": "has", "tail": "b"}) + "\n")
    folder = tmp_path / "ws"
    run("load", folder, path)
    assert answer("query", folder, "?", "has", "b")["entity"] == name
    assert answer("query", folder, name, "has")["entity"] == "b"
    said = run("query", folder, "?", "has", "b").stdout
    assert "\x1b" not in said
    assert answer("link", folder, name)["text"] == name
    question = f"What does {name} have?"
    if len(question) > MAX_QUESTION_CHARACTERS:
        fails("ask", folder, question)
    else:
        answer("ask", folder, question)
    assert answer("forget", folder, name)["triples"] == 1


def test_what_is_not_utf8_on_the_command_line(copied):
    for verb in ("ask", "link", "forget"):
        fails(verb, copied, b"\xff".decode("utf-8", "surrogateescape"))


def test_killed_pretraining_ends_with_the_same_weights(forge, toy, copied):
    """The copy has the embeddings of the trained one; its model is what a whole run makes."""
    with Workspace.open(copied) as ws:
        wanted = ws.model().fingerprint()
    began = time.monotonic()
    assert forge.run("pretrain", copied, toy.texts) == 0
    took = time.monotonic() - began
    process = forge.start("pretrain", copied, toy.texts)
    while not (copied / "pretraining").exists():  # it is there from the first text to the last step
        time.sleep(0.001)
    os.kill(process, signal.SIGKILL)
    assert forge.wait() == -signal.SIGKILL
    for share in (0.2, 0.5, 0.8):
        process = forge.start("pretrain", copied, toy.texts)
        time.sleep(share * took)
        with suppress(ProcessLookupError):  # it was faster this time
            os.kill(process, signal.SIGKILL)
        forge.wait()
    assert forge.run("pretrain", copied, toy.texts) == 0
    with Workspace.open(copied) as ws:
        assert ws.model().fingerprint() == wanted
    assert not list(copied.glob("pretraining*"))


def test_a_closed_pipe_gives_no_traceback(copied, toy):
    command = [sys.executable, "-m", "kptm.cli.main", "link", str(copied), "--json"]
    for _ in range(50):
        command += ["--file", str(toy.texts)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.readline()
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()
