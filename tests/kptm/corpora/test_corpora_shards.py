"""A corpus linked shard by shard has the rows of the plain path, and goes on where it ended."""

import gzip
import json
import os
import shutil
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kg.errors import TripleFormatError
from kptm import CorpusError, LinkingError, Workspace
from kptm.corpora.corpus_documents import CorpusDocument
from kptm.corpora.corpus_linking import LOCK
from kptm.corpora.corpus_shards import cut
from kptm.linking import LinkerSnapshot
from kptm.linking.link_batch import batches
from kptm.texts import read_documents, read_texts

FIRST = "000000.parquet"


def link(ws, linked, folder, **options):
    out = folder.with_suffix(".jsonl")
    report = ws.link_corpus([linked.corpus], folder, out=out, documents=5, **options)
    return report, out.read_bytes()


def files(folder):
    return {path.name: path.read_bytes() for path in folder.glob("*.parquet")}


@pytest.mark.usefixtures("separate_process")
def test_any_number_of_workers_gives_the_rows_of_the_plain_path(ws, linked, tmp_path):
    made = []
    for jobs in (1, 2, 3):
        report, lines = link(ws, linked, tmp_path / f"s{jobs}", jobs=jobs)
        assert lines == linked.plain
        assert report.shards == report.made >= 4
        assert report.documents == len(linked.lines())
        assert report.links == sum(len(row["links"]) for row in linked.lines()) > 1_000
        assert (report.rejected, report.lost_workers) == (0, 0)
        made.append(files(tmp_path / f"s{jobs}"))
        assert not (tmp_path / f"s{jobs}" / ".linker").exists()
    assert made[0] == made[1] == made[2]


def test_the_shards_of_a_finished_run_are_not_made_again(ws, linked, tmp_path):
    link(ws, linked, tmp_path / "s")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "s").glob("*.parquet")}
    report, lines = link(ws, linked, tmp_path / "s")
    assert (report.made, lines) == (0, linked.plain)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    log = (tmp_path / "s" / "shards.jsonl").read_text().splitlines()
    assert len(log) == report.shards + 1


def test_one_parquet_file_with_all_rows_that_other_verbs_read(ws, linked, tmp_path, plain_lines):
    out = tmp_path / "all.parquet"
    ws.link_corpus([linked.corpus], tmp_path / "s", out=out, candidates=True)
    wanted = plain_lines(ws, linked.corpus, candidates=True)
    found = [document.to_dict(candidates=True) for document in read_documents(out)]
    assert found == [
        {name: value for name, value in json.loads(line).items() if name != "source"}
        for line in wanted.splitlines()
    ]
    rows = pq.read_table(out, columns=["source", "line"]).to_pylist()
    assert rows[0] == {"source": str(linked.corpus / "a.txt"), "line": 1}
    assert rows[-1] == {"source": str(linked.corpus / "c.txt"), "line": 1}
    packed = tmp_path / "all.jsonl.gz"
    ws.link_corpus([linked.corpus], tmp_path / "s", out=packed, candidates=True)
    assert gzip.decompress(packed.read_bytes()) == wanted


def test_damaged_shards_and_logs_are_made_again(ws, linked, tmp_path):
    folder = tmp_path / "s"
    link(ws, linked, folder)
    sound, log = files(folder), folder / "shards.jsonl"
    (folder / FIRST).write_bytes(sound[FIRST][:-9] + b"damage...")
    (folder / "000002.parquet").unlink()
    report, lines = link(ws, linked, folder)
    assert (report.made, lines, files(folder)) == (2, linked.plain, sound)
    log.write_bytes(log.read_bytes()[:-30])  # the last line is cut off: the total
    assert link(ws, linked, folder)[0].made == 0
    whole = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(whole[0] + b'{"shard": "x"}\n' + b"".join(whole[2:]))
    report, lines = link(ws, linked, folder)
    assert (report.made, lines, files(folder)) == (report.shards - 1, linked.plain, sound)


def test_another_corpus_graph_or_setting_is_refused(linked, toy, tmp_path, write_corpus):
    corpus = write_corpus(tmp_path / "corpus")
    with Workspace.init(tmp_path / "ws") as ws:
        ws.load_entities(toy.entities)

        def again(**options):
            settings = {"documents": 5, **options}
            return ws.link_corpus([corpus], tmp_path / "s", **settings)

        again()
        with pytest.raises(CorpusError, match="made of 5 documents each, not 6"):
            again(documents=6)
        with pytest.raises(CorpusError, match="made without candidates"):
            again(candidates=True)
        text = (corpus / "c.txt").read_text()
        (corpus / "c.txt").write_text(text.replace("Georgia", "Germany"))
        with pytest.raises(CorpusError, match=r"of an earlier version of .*c.txt"):
            again()
        (corpus / "c.txt").write_text(text)
        assert again().made == 0
        (corpus / "d.txt").write_text(text)
        with pytest.raises(CorpusError, match=r"d.txt is in one corpus only"):
            again()
        (corpus / "d.txt").unlink()
        ws.load(toy.triples)
        with pytest.raises(CorpusError, match="another graph or other settings of the linker"):
            again()
    (tmp_path / "s" / "manifest.json").write_text("{}")
    with Workspace.open(tmp_path / "ws") as ws, pytest.raises(CorpusError, match="is damaged"):
        ws.link_corpus([corpus], tmp_path / "s")


def test_a_corpus_that_changes_while_it_is_read_is_not_finished(ws, tmp_path, write_corpus):
    corpus = write_corpus(tmp_path / "corpus")

    def change(_):
        os.utime(corpus / "a.txt", (1, 1))

    with pytest.raises(CorpusError, match=r"a.txt: has changed while it was read"):
        ws.link_corpus([corpus], tmp_path / "s", documents=5, progress=change)
    assert '"total"' not in (tmp_path / "s" / "shards.jsonl").read_text()


def test_lines_that_are_no_documents_are_counted_and_named(ws, tmp_path):
    bad = tmp_path / "bad.jsonl"
    good = ['{"text": "Chad"}', '{"text": ""}', '{"text": "Lima", "links": []}']
    lines = [good[0], "{", '{"body": "Chad"}', good[1], '{"text": "\\ud800"}', "[]", good[2],
             '{"text": null}']  # fmt: skip
    bad.write_bytes("\n".join(lines).encode() + b"\n\xff\n")
    table = pa.table({"text": ["Peru", None], "extra": [1, 2]})
    pq.write_table(table, tmp_path / "rows.parquet")
    report = ws.link_corpus(
        [bad, tmp_path / "rows.parquet"], tmp_path / "s", out=tmp_path / "out.jsonl"
    )
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [row["text"] for row in rows] == ["Chad", "", "Lima", "Peru"]
    assert [len(row["links"]) for row in rows] == [1, 0, 1, 1]
    assert (report.documents, report.rejected) == (4, 7)
    assert report.rejected_examples[0].startswith(f"{bad}, line 2: not JSON")
    rejected = [
        json.loads(line) for line in (tmp_path / "s/rejected.jsonl").read_text().split("\n")[:-1]
    ]
    assert [one["line"] for one in rejected] == [2, 3, 5, 6, 8, 9, 2]
    assert "surrogate" in rejected[2]["reason"]
    assert rejected[6]["path"].endswith("rows.parquet")
    assert ws.link_corpus([bad, tmp_path / "rows.parquet"], tmp_path / "s").rejected == 7


def test_an_empty_corpus(ws, tmp_path):
    (tmp_path / "empty.txt").write_text("\n\n")
    for name in ("out.jsonl", "out.parquet"):
        out = tmp_path / name
        report = ws.link_corpus([tmp_path / "empty.txt"], tmp_path / "s", out=out, jobs=2)
        assert (report.documents, report.shards, report.made) == (0, 0, 0)
    assert (tmp_path / "out.jsonl").read_bytes() == b""
    assert pq.read_table(tmp_path / "out.parquet").num_rows == 0


def test_outputs_that_would_destroy_something_are_refused(ws, linked, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "letter.txt").write_text("dear")
    with pytest.raises(CorpusError, match="has other files"):
        ws.link_corpus([linked.corpus], other)
    assert [path.name for path in other.iterdir()] == ["letter.txt"]
    with pytest.raises(TripleFormatError, match="is in the folder of shards"):
        ws.link_corpus([linked.corpus], tmp_path / "s", out=tmp_path / "s" / FIRST)
    with pytest.raises(TripleFormatError, match="is the same file"):
        ws.link_corpus([other], tmp_path / "s", out=other / "letter.txt")
    assert not (tmp_path / "s").exists()


def test_two_runs_do_not_write_one_folder(ws, linked, tmp_path):
    from kg.files.process_lock import process_lock

    (tmp_path / "s").mkdir()
    with process_lock(tmp_path / "s" / LOCK), pytest.raises(CorpusError, match="another run"):
        ws.link_corpus([linked.corpus], tmp_path / "s")


def test_an_encoder_is_not_shared(ws, linked, tmp_path):
    ws.config = replace(ws.config, linking=replace(ws.config.linking, encoder="a folder"))
    with pytest.raises(LinkingError, match="without an encoder"):
        ws.link_corpus([linked.corpus], tmp_path / "s")


def test_shards_end_where_the_batches_of_the_linker_end():
    texts = ["x" * (at * 7919 % 40_000) for at in range(300)]
    stream = [CorpusDocument("f", at, text) for at, text in enumerate(texts, 1)]
    whole = list(batches(texts))
    for size in (1, 10, 1_000):
        shards = list(cut(iter(stream), size, pytest.fail))
        assert [one for shard in shards for one in shard.documents] == stream
        assert [shard.number for shard in shards] == list(range(len(shards)))
        cuts = [
            batch
            for shard in shards
            for batch in batches(document.text for document in shard.documents)
        ]
        assert cuts == whole


def test_parquet_is_read_as_texts(tmp_path):
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"text": ["one", "two"] * 400}), path, row_group_size=300)
    assert list(read_texts(path)) == ["one", "two"] * 400
    pq.write_table(pa.table({"body": ["one"]}), path)
    with pytest.raises(TripleFormatError, match='has no column "text"'):
        list(read_texts(path))
    path.write_bytes(b"PAR1 no")
    with pytest.raises(TripleFormatError, match="cannot be read as Parquet"):
        list(read_texts(path))
    pq.write_table(pa.table({"text": [1]}), path)
    with pytest.raises(TripleFormatError, match='line 1: "text" is not text'):
        list(read_texts(path))


def test_a_snapshot_has_the_changes_since_the_index_was_built(linked, tmp_path):
    """The index has a layer of changed entities then, which is stored too."""
    texts = ["Chad borders Atlantis.", "Poseidonis and Niger"]
    with Workspace.open(shutil.copytree(linked.workspace, tmp_path / "ws")) as ws:
        ws.graph.add([("Atlantis", "capital", "Poseidonis"), ("Chad", "borders", "Atlantis")])
        snapshot = ws.linker.snapshot()
        wanted = list(ws.link(texts))
    assert snapshot.layers.delta is not None
    snapshot.save(tmp_path / "linker")
    stored = LinkerSnapshot.load(tmp_path / "linker")
    assert [link.entity for link in wanted[0].links] == ["Chad", "Atlantis"]
    assert list(stored.link_many(texts)) == list(snapshot.link_many(texts)) == wanted
