"""``kptm link``: where texts come from, and where links go.

A stand-in makes the links; the linker has tests of its own.
"""

import gzip
import json
import re
from itertools import islice

import pytest
from click.testing import CliRunner

from kg import Candidate
from kptm import Workspace
from kptm.cli.main import main
from kptm.linking.document import LinkedText
from kptm.linking.link import Link

OTHERS = (Candidate("FR", 0.75), Candidate("<France>", 0.2))


class Stub:
    """Link France, two texts at a time, and record how far it has read."""

    def __init__(
        self, graph, *, weights=None, encoder=None, folder=None, policy=None, coreference=False
    ):
        self.read = 0

    def refresh(self, progress=None):
        pass

    def link_many(self, texts, *, n_jobs):
        texts = iter(texts)
        while batch := list(islice(texts, 2)):
            self.read += len(batch)
            for text in batch:
                found = re.finditer("France", text)
                links = [Link(m.start(), m.end(), m[0], "FR", 0.75, OTHERS) for m in found]
                yield LinkedText(text, tuple(links))


@pytest.fixture
def ws(tmp_path, monkeypatch):
    monkeypatch.setattr("kptm.workspace.graph.Linker", Stub)
    monkeypatch.chdir(tmp_path)
    entities = tmp_path / "entities.jsonl"
    entities.write_text('{"key": "FR", "label": "France", "description": "land & sea"}\n')
    with Workspace.init(tmp_path / "ws") as made:
        made.load_entities(entities)
    return tmp_path / "ws"


@pytest.fixture
def folder(tmp_path):
    inside = tmp_path / "texts"
    (inside / "below").mkdir(parents=True)
    (inside / "b.txt").write_text("b1 France\n\nb2\n")
    (inside / "a.JSONL").write_text('{"text": "a1\\nFrance"}\n')
    (inside / "c.txt.gz").write_bytes(gzip.compress(b"c1\n"))
    (inside / "image.png").write_bytes(b"\x89PNG\xff")
    (inside / "below" / "d.txt").write_text("d1\n")
    return inside


def run(*arguments, code=0, **options):
    result = CliRunner().invoke(main, ["link", *map(str, arguments)], **options)
    assert result.exit_code == code, result.output
    return result


def rows(text):
    return [json.loads(line) for line in text.splitlines()]


def test_a_folder_in_order_with_its_files(ws, folder):
    found = rows(run(ws, "--file", folder, "--json").stdout)
    assert [(row["text"], row["source"]) for row in found] == [
        ("a1\nFrance", str(folder / "a.JSONL")),
        ("b1 France", str(folder / "b.txt")),
        ("b2", str(folder / "b.txt")),
        ("c1", str(folder / "c.txt.gz")),
    ]
    assert [len(row["links"]) for row in found] == [1, 1, 0, 0]


def test_arguments_files_and_standard_input_together(ws, folder):
    result = run(ws, "t", "--file", "-", "--file", folder / "b.txt", "--json", input="x\r\n\ny")
    found = [(row["text"], row.get("source")) for row in rows(result.stdout)]
    name = str(folder / "b.txt")
    assert found == [
        ("t", None),
        ("x", None),
        ("", None),
        ("y", None),
        ("b1 France", name),
        ("b2", name),
    ]
    assert rows(run(ws, "--json", input="only\n").stdout) == [{"text": "only", "links": []}]
    assert rows(run(ws, "t", "--json", input="unread\n").stdout) == [{"text": "t", "links": []}]


def test_candidates_on_request(ws):
    bare, full = (
        rows(run(ws, "In France", "--json", *more).stdout) for more in ((), ("--candidates",))
    )
    assert "candidates" not in bare[0]["links"][0]
    assert LinkedText.from_dict(full[0]).links[0].candidates == OTHERS
    assert run(ws, "In France").stdout == "In France\n  France → FR (0.75)\n"
    told = "In France\n  France → FR (0.75), not <France> (0.20)\n"
    assert run(ws, "In France", "--candidates").stdout == told


def test_output_files(ws, folder, tmp_path):
    out, page = tmp_path / "o.jsonl", tmp_path / "p.html"
    result = run(ws, "France <b>", "--file", folder, "--out", out, "--html", page, "--candidates")
    assert result.stdout == f"{out}, {page}: 5 texts, 3 links\n"
    found = rows(out.read_text())
    assert [row["text"] for row in found] == ["France <b>", "a1\nFrance", "b1 France", "b2", "c1"]
    assert [LinkedText.from_dict(row).links[0].candidates for row in found[:3]] == [OTHERS] * 3
    html = page.read_text()
    assert html.startswith("<!doctype html>")
    assert html.endswith("</html>\n")
    assert html.count("<mark ") == 3
    assert html.count("</h2>") == 3
    assert "</mark> &lt;b&gt;</div>" in html
    assert (
        "0.75  \u2068France — land &amp; sea\u2069 · \u2068FR\u2069\n0.20  \u2068&lt;France&gt;"
        in html
    )
    assert json.loads(run(ws, "France", "--out", out, "--json").stdout) == {"texts": 1, "links": 1}
    assert len(rows(out.read_text())) == 1


def test_packed_and_to_standard_output(ws, tmp_path):
    run(ws, "France", "--out", tmp_path / "o.jsonl.gz")
    assert (
        rows(gzip.decompress((tmp_path / "o.jsonl.gz").read_bytes()).decode())[0]["text"]
        == "France"
    )
    page = tmp_path / "p.html"
    assert len(rows(run(ws, "France", "--out", "-", "--html", page).stdout)) == 1
    assert page.exists()
    assert run(ws, "France", "--html", "-").stdout.count("<mark ") == 1


def test_streaming_keeps_no_texts(ws, monkeypatch):
    """Each text is written before the linker gets the next ones."""
    seen = []
    stub = Stub(None)
    monkeypatch.setattr("kptm.workspace.graph.Linker", lambda graph, **_: stub)
    monkeypatch.setattr(
        "kptm.cli.output.link_lines.click.echo", lambda line: seen.append((line, stub.read))
    )
    run(ws, *"abcdef")
    assert seen == [("a", 2), ("b", 2), ("c", 4), ("d", 4), ("e", 6), ("f", 6)]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--file", "missing.txt"], "missing.txt"),
        (["--file", "empty"], "holds no texts"),
        (["--file", "image.png"], "suffix"),
        (
            ["--file", "bad.txt", "--out", "o.jsonl", "--html", "p.html"],
            "bad.txt, line 2: not UTF-8",
        ),
        (["t", "--out", "nowhere/o.jsonl"], "nowhere/o.jsonl"),
        (["t", "--html", "empty"], "is a folder"),
    ],
)
def test_an_error_is_one_line_and_leaves_no_partial_file(ws, tmp_path, arguments, said):
    (tmp_path / "empty").mkdir()
    (tmp_path / "image.png").touch()
    (tmp_path / "bad.txt").write_bytes(b"good\n\xff\n")
    before = sorted(tmp_path.iterdir())
    result = run(ws, *arguments, code=1)
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("kptm: ")]
    assert said in line
    assert "Traceback" not in result.output
    assert sorted(tmp_path.iterdir()) == before


def test_standard_input_that_is_not_text(ws, tmp_path):
    result = run(ws, "--out", tmp_path / "o.jsonl", code=1, input=b"good\n\xff\n")
    assert "line 2: not UTF-8" in result.stderr
    assert not (tmp_path / "o.jsonl").exists()


def test_one_file_cannot_be_both(ws):
    run(ws, "t", "--out", "same", "--html", "same", code=2)
    run(ws, "t", "--out", "-", "--html", "-", code=2)


def test_the_settings_of_a_workspace_are_used(ws, tmp_path, monkeypatch):
    made = []

    class Told(Stub):
        def __init__(self, graph, **settings):
            super().__init__(graph)
            self.settings = settings

        def link_many(self, texts, *, n_jobs):
            made.append((self.settings, n_jobs))
            return super().link_many(texts, n_jobs=n_jobs)

    monkeypatch.setattr("kptm.workspace.graph.Linker", Told)
    monkeypatch.setattr(
        "kptm.workspace.graph.Encoder",
        lambda path, folder, *, device: (path, folder.name, device),
    )
    run(ws, "France", "--jobs", "3")
    toml = ws / "kptm.toml"
    toml.write_text(toml.read_text().replace('encoder = ""', 'encoder = "small"'))
    run(ws, "France")
    assert [(item["encoder"], jobs) for item, jobs in made] == [
        (None, 3),
        (("small", "encoder", "auto"), 1),
    ]
    assert "leave jobs at 1" in run(ws, "France", "--jobs", "3", code=1).output
