"""``kptm index`` and ``kptm extract`` on shards: the rows of the plain path, whoever links."""

import json
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from kptm import CorpusError, Workspace
from kptm.cli.main import main
from kptm.corpora import CorpusShards, RayCluster
from kptm.errors import ConfigError
from kptm.texts import read_records
from kptm.workspace.stages.linked_corpora import LinkedCorpora
from kptm.workspace.stages.text_spool import TextSpool

VOLATILE = {"created_at", "at", "created", "time"}
"""Columns with times."""


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """A corpus of several shards in which names are rare, so that the reader is fitted quickly."""
    folder = tmp_path_factory.mktemp("corpus")
    chance = random.Random(5)
    names = "Chad France Lima Peru Niger Spain Georgia".split()
    texts = []
    for _ in range(90):
        filler = " ".join(chance.choices("old rain wall blue seven said went".split(), k=500))
        first, second = chance.sample(names, 2)
        texts.append(f"{first} borders {second}. {filler}. The capital is {first}.")
    (folder / "a.txt").write_text("".join(f"{text}\n" for text in texts[:40]))
    lines = [{"text": text} for text in ("", "Chad\n\u2028é", *texts[40:], texts[0])]
    (folder / "b.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "c.txt").write_text("Georgia borders Armenia.\n")
    return folder


@pytest.fixture
def copy(linked, tmp_path):
    """A function that copies the workspace."""

    def make(name):
        return shutil.copytree(linked.workspace, tmp_path / name)

    return make


def rows(folder):
    """All rows of all tables of a workspace, without times."""
    found = {}
    with closing(sqlite3.connect(folder / "graph.db")) as database:
        tables = database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'"
        )
        for (table,) in sorted(tables.fetchall()):
            described = database.execute(f'SELECT * FROM "{table}"')
            names = [column[0] for column in described.description]
            wanted = [at for at, name in enumerate(names) if name not in VOLATILE]
            found[table] = sorted(repr([row[at] for at in wanted]) for row in described)
    return found


def files(folder):
    """The learnt files that depend on the texts."""
    return {path.name: path.read_bytes() for path in folder.glob("phrasings*")}


def shards(folder, **options):
    return CorpusShards(folder=folder, documents=5, **options)


def test_both_passes_of_an_index_have_the_links_of_the_plain_path(ws, corpus, tmp_path):
    corpora = LinkedCorpora(ws._base)
    links, senses = corpora.link_for_index(corpus, shards(tmp_path / "s", jobs=1), None)
    texts = [record.values["text"] for record in read_records(corpus)]
    for sharded, plain in (
        (links, ws.link(texts)),
        (senses, ws.linker.link_many(texts, threshold=0.0)),
    ):
        with TextSpool(tmp_path, plain) as spool:
            expected = list(spool)
        assert list(sharded) == expected
        assert len(sharded) == len(expected)
        assert list(sharded) == expected  # it can be read again
    assert any(link.candidates for one in senses for link in one.links)


@pytest.fixture(scope="module")
def indexed(linked, corpus, tmp_path_factory):
    """The workspace after ``kptm index`` without shards."""
    folder = shutil.copytree(linked.workspace, tmp_path_factory.mktemp("indexed") / "plain")
    with Workspace.open(folder) as ws:
        ws.index(corpus)
    return folder


@pytest.mark.usefixtures("separate_process")
@pytest.mark.parametrize("workers", ["one", "processes", "ray"])
def test_an_index_by_shards_has_the_rows_of_the_plain_path(
    corpus, indexed, copy, tmp_path, workers
):
    if workers == "ray":
        pytest.importorskip("ray")
    options = {
        "one": {"jobs": 1},
        "processes": {"jobs": 2},
        "ray": {"jobs": 2, "ray": RayCluster()},
    }[workers]
    own = copy("own")
    with Workspace.open(own) as ws:
        ws.index(corpus, shards=shards(tmp_path / "s", **options))
    assert rows(own) == rows(indexed)
    assert files(own) == files(indexed)
    assert len(list((tmp_path / "s" / "links").glob("*.parquet"))) > 2


def test_an_interrupted_index_goes_on(corpus, indexed, copy, tmp_path):
    own, seen = copy("own"), []

    def stop(count):
        seen.append(count)
        if len(seen) == 3:
            raise KeyboardInterrupt

    where = shards(tmp_path / "s", jobs=1)
    before = rows(own)
    with Workspace.open(own) as ws:
        with pytest.raises(KeyboardInterrupt):
            ws.index(corpus, shards=where, reading=stop)
        finished = {
            path: path.stat().st_mtime_ns for path in (tmp_path / "s" / "links").glob("*.parquet")
        }
        assert len(finished) == 3
        assert rows(own) == before  # nothing is indexed in part
        ws.index(corpus, shards=where)
    assert rows(own) == rows(indexed)
    assert {path: path.stat().st_mtime_ns for path in finished} == finished


def test_bad_lines_are_skipped_and_named(copy, tmp_path, caplog):
    texts = tmp_path / "texts.jsonl"
    texts.write_text('{"text": "Chad borders Niger."}\n{"no": 1}\n{"text": "Lima is in Peru."}\n')
    with Workspace.open(copy("own")) as ws:
        ws.index(texts, shards=shards(tmp_path / "s", jobs=1))
        assert len(ws.passages) == 2
    assert "1 lines skipped" in caplog.text
    assert "texts.jsonl, line 2" in caplog.text


def test_what_cannot_be_sharded_is_refused(ws, corpus, tmp_path):
    with pytest.raises(ConfigError, match="file or folder"):
        ws.index(["Chad borders Niger."], shards=shards(tmp_path / "s"))
    with pytest.raises(ConfigError, match="file or folder"):
        ws.extract(["Chad borders Niger."], shards=shards(tmp_path / "s"))
    ws.link_corpus([corpus / "c.txt"], tmp_path / "l", jobs=1)
    with pytest.raises(CorpusError, match="has the shards of kptm link"):
        ws.index(corpus, shards=shards(tmp_path / "l", jobs=1))


def test_shards_of_another_corpus_are_refused(copy, corpus, tmp_path):
    where = shards(tmp_path / "s", jobs=1)
    with Workspace.open(copy("own")) as ws:
        ws.index(corpus / "c.txt", shards=where)
        with pytest.raises(CorpusError, match="were made of other files"):
            ws.index(corpus, shards=where)


# ── extraction ───────────────────────────────────────────────────────────────────────────────────

sys.path.insert(0, str(Path(__file__).parents[1] / "extraction"))
from invented_countries import CITIES, COUNTRIES, KNOWN, facts_of, texts_of  # noqa: E402

sys.path.pop(0)


@pytest.fixture(scope="module")
def reading(tmp_path_factory):
    """A workspace without an extractor, and two files of texts, some of which are there twice."""
    folder = tmp_path_factory.mktemp("extraction")
    with Workspace.init(folder / "ws") as ws:
        ws.graph.add(fact for n in range(KNOWN) for fact in facts_of(n))
        ws.graph.add(("World", "has", name) for name in (*COUNTRIES, *CITIES))
    texts = folder / "texts"
    texts.mkdir()
    known = [text for n in range(KNOWN) for text in texts_of(n)]
    fresh = [text for n in range(KNOWN, len(COUNTRIES)) for text in texts_of(n)]
    (texts / "a.txt").write_text("".join(f"{text}\n" for text in known))
    lines = [{"text": text} for text in (*fresh, *fresh[:20], *known[:5])]
    (texts / "b.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def proposals(ws):
    return [
        (item.head, item.relation, item.tail, item.confidence, item.source, item.sentence,
         item.head_span, item.tail_span, item.document, item.extractor)
        for item in ws.proposals()
    ]  # fmt: skip


@pytest.mark.usefixtures("training")
def test_an_extraction_by_shards_has_the_proposals_of_the_plain_path(reading, tmp_path):
    reports, found = [], []
    for name in ("plain", "sharded"):
        own = shutil.copytree(reading / "ws", tmp_path / name)
        where = shards(tmp_path / "s", jobs=1) if name == "sharded" else None
        with Workspace.open(own) as ws:
            reports.append(ws.extract(reading / "texts", shards=where))
            found.append(proposals(ws))
            again = ws.extract(reading / "texts", shards=where)
            assert (again.texts, again.proposed) == (0, 0)
    assert found[0] == found[1]
    assert found[0]
    assert reports[0] == reports[1]  # the extractors are equal too, by their fingerprints


# ── the verbs ────────────────────────────────────────────────────────────────────────────────────


def run(*arguments):
    return CliRunner().invoke(main, list(map(str, arguments)))


@pytest.mark.usefixtures("separate_process")
def test_the_verb_indexes_by_shards(copy, corpus, indexed, tmp_path):
    own = copy("own")
    command = ["index", own, corpus, "--shards", tmp_path / "s", "--jobs", 2,
               "--shard-size", 5, "-q", "--json"]  # fmt: skip
    first = run(*command)
    assert first.exit_code == 0, first.output
    assert rows(own) == rows(indexed)


@pytest.mark.usefixtures("separate_process")
def test_an_index_that_is_killed_anywhere_ends_with_the_same_rows(corpus, indexed, copy, tmp_path):
    """Kills while shards are linked, and then one while or before their rows are written."""
    own, chance = copy("own"), random.Random(11)
    command = [sys.executable, "-m", "kptm.cli.main", "index", own, corpus, "--shards",
               tmp_path / "s", "--jobs", 1, "--shard-size", 5, "-q"]  # fmt: skip
    before = rows(own)
    parts = len(list(tmp_path.glob("s/**/*.parquet")))
    for wanted in (chance.randint(1, 5), chance.randint(8, 15), 10**9):
        with subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL) as driver:
            deadline = time.monotonic() + 300
            while driver.poll() is None and parts < wanted and time.monotonic() < deadline:
                time.sleep(0.005)
                parts = len(list(tmp_path.glob("s/**/*.parquet")))
                if wanted == 10**9 and rows(own) != before:
                    break  # its rows are being written, or have been
            driver.send_signal(signal.SIGKILL)
    result = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True)
    plain = shutil.copytree(indexed, tmp_path / "plain")
    for folder in (own, plain):  # a killed process may have stored a revision's fingerprint or not
        with Workspace.open(folder) as ws:
            for revision in range(1, ws.graph.revision() + 1):
                ws.graph.fingerprint(revision)
    assert rows(own) == rows(plain), result.stderr
    assert files(own) == files(plain)


@pytest.mark.usefixtures("separate_process", "training")
def test_an_extraction_that_is_killed_anywhere_has_the_same_proposals(reading, tmp_path):
    """Killed while its texts are linked, when it has learnt, and when it has written a batch."""
    own, plain = (shutil.copytree(reading / "ws", tmp_path / name) for name in ("own", "plain"))
    with Workspace.open(plain) as ws:
        ws.extract(reading / "texts")
        wanted = proposals(ws)
    command = [sys.executable, "-m", "kptm.cli.main", "extract", own, reading / "texts",
               "--shards", tmp_path / "s", "--jobs", 1, "--shard-size", 5, "-q"]  # fmt: skip
    moments = [
        lambda: len(list(tmp_path.glob("s/**/*.parquet"))) > 1,
        lambda: (own / "extraction.safetensors").exists(),
        lambda: bool(rows(own)["proposal"]),
    ]
    for comes in moments:
        with subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL) as driver:
            deadline = time.monotonic() + 300
            while driver.poll() is None and not comes() and time.monotonic() < deadline:
                time.sleep(0.005)
            driver.send_signal(signal.SIGKILL)
    subprocess.run(list(map(str, command)), capture_output=True, check=True)
    with Workspace.open(own) as ws:
        assert proposals(ws) == wanted


@pytest.mark.parametrize("verb", ["index", "extract"])
def test_options_without_shards_are_wrong_usage(linked, corpus, verb):
    for option in (["--jobs", 2], ["--ray"], ["--shard-size", 5]):
        found = run(verb, linked.workspace, corpus, *option)
        assert found.exit_code == 2, found.output
        assert "need --shards" in found.output
