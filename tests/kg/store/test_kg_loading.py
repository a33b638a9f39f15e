"""Loading: all or nothing, correct counts, one fingerprint for each set of triples."""

import json
import os
import random
from pathlib import Path

import pytest
from test_kg_model import digest

from kg import EntityRecord, InvalidNameError, KGError, StoreError, Triple, TripleFormatError
from kg.formats.text import blocks
from kg.loading import load as loading
from kg.store.write import external_sort, load_keys

ODD = [
    "NA", "null", 'a"b', "'; DROP TABLE triple; --", "x'); DELETE FROM entity; --", "a\tb", "a\nb",
    "a\rb", "\x01", "\x1f", "\x7f", "\x85", "\u2028", "\ufeff", "\ufffe", "🦊", "%s", "?", ":name",
    " ", "\\", "\U0010ffff", "e\u0301", "é", "K" * 2_490,
]  # fmt: skip


def tsv(triples):
    return "".join("\t".join(item) + "\n" for item in triples)


def state(graph):
    return graph.fingerprint(), graph.stats(), graph.revisions(), list(graph.match())


def test_the_report_counts_added_duplicate_and_rejected(graph, write):
    path = write("a.tsv", "a\tr\tb\na\tr\tb\nbad\n\nc\tr\td\n\t\t\n")
    report = graph.load(path, on_error="skip")
    assert (report.read, report.added, report.duplicate) == (5, 2, 1)
    assert [item.line for item in report.rejected] == [3, 6]
    assert all(str(path) in item.reason for item in report.rejected)
    assert report.revision == 1
    again = graph.load(path, on_error="skip")
    assert (again.read, again.added, again.duplicate, again.revision) == (5, 0, 3, None)
    assert (len(again.rejected), again.rejected_count) == (2, 2)
    rows = [json.loads(line) for line in Path(again.rejected_file).read_text().splitlines()]
    assert [(row["line"], row["text"]) for row in rows] == [(3, "bad"), (6, "\t\t")]


@pytest.mark.parametrize("batch", [1, 2, 3, 100])
def test_the_counts_do_not_depend_on_the_batches(graph, write, monkeypatch, batch):
    monkeypatch.setattr(loading, "RECORDS_PER_BATCH", batch)
    monkeypatch.setattr(blocks, "BYTES_PER_READ", 7 * batch)
    monkeypatch.setattr(external_sort, "ROWS_PER_RUN", 2 * batch)
    monkeypatch.setattr(external_sort, "ROWS_PER_BLOCK", 8 * batch)
    monkeypatch.setattr(load_keys, "MAX_CACHED_KEYS", batch)
    rows = [Triple(f"e{n % 5}", "r", f"e{n % 3}") for n in range(40)]
    report = graph.load(write("a.tsv", tsv(rows)))
    assert (report.read, report.added) == (40, len(set(rows)))
    assert report.duplicate == 40 - len(set(rows))
    assert set(graph.match()) == set(rows)


def test_a_load_that_adds_nothing_leaves_no_revision(graph, write):
    path = write("a.tsv", "a\tr\tb\n")
    graph.load(path)
    before = state(graph)
    assert graph.load(path).revision is None
    assert graph.load(write("empty.tsv", "")).read == 0
    assert graph.add([("a", "r", "b")], source=str(path)) == 0
    assert graph.add([]) == 0
    assert graph.remove(head="nobody") == 0
    assert graph.forget(source="nobody") == graph.forget(entity="nobody") == 0
    assert state(graph) == before


def test_a_second_source_is_noted_and_keeps_the_fact_alive(graph, write):
    first, second = write("a.tsv", "a\tr\tb\n"), write("b.tsv", "\na\tr\tb\n")
    graph.load(first)
    report = graph.load(second)
    assert (report.added, report.duplicate, report.revision) == (0, 1, 2)
    (fact,) = graph.describe("a").facts
    assert fact.sources == ((str(first), 1), (str(second), 2))
    graph.forget(source=str(first))
    assert list(graph.match()) == [Triple("a", "r", "b")]
    graph.forget(source=str(second))
    assert list(graph.match()) == []


def test_unknown_entities_are_refused_if_none_may_be_made(graph, write):
    graph.add([EntityRecord(key="a"), EntityRecord(key="b")])
    before = state(graph)
    good = write("a.tsv", "a\tr\tb\n")
    bad = write("b.tsv", "a\tr\tb\nb\tr\tc\n")
    with pytest.raises(TripleFormatError, match="no such entity") as caught:
        graph.load(bad, create_entities=False)
    assert caught.value.line == 2
    assert state(graph) == before
    report = graph.load(bad, create_entities=False, on_error="skip")
    assert (report.added, report.rejected_count) == (1, 1)
    assert list(graph.match()) == [Triple("a", "r", "b")]
    assert graph.load(good, create_entities=False).duplicate == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.tsv", "a\tr\tb\nx\ty\n"),
        ("a.tsv", "a\tr\tb\nx\ty\tz\0\n"),
        ("a.jsonl", '["a","r","b"]\n["\\ud800","r","b"]\n'),
        ("a.jsonl", '["a","r","b"]\n["\\u0000","r","b"]\n'),
        ("a.csv", 'a,r,b\nx,y,"z'),
    ],
)
def test_a_failed_load_leaves_the_graph_as_it_was(graph, write, monkeypatch, name, content):
    monkeypatch.setattr(loading, "RECORDS_PER_BATCH", 1)
    graph.add([("before", "r", "b")])
    before = state(graph)
    with pytest.raises(TripleFormatError) as caught:
        graph.load(write(name, content))
    assert (caught.value.line, bool(caught.value.text)) == (2, True)
    assert state(graph) == before


def test_an_interrupted_load_leaves_the_graph_as_it_was(graph, write, monkeypatch):
    monkeypatch.setattr(blocks, "BYTES_PER_READ", 1_000)
    before = state(graph)

    def stop(read):
        raise KeyboardInterrupt

    path = write("a.tsv", tsv(Triple(f"e{n}", "r", "x") for n in range(3_000)))
    with pytest.raises(KeyboardInterrupt):
        graph.load(path, progress=stop)
    assert state(graph) == before


def test_progress_counts_every_record(graph, write, monkeypatch):
    monkeypatch.setattr(blocks, "BYTES_PER_READ", 6_000)
    monkeypatch.setattr(loading, "RECORDS_PER_BATCH", 1_000)
    for name, line in (("a.tsv", "a\tr\tb\n"), ("a.csv", "a,r,b\n")):
        seen = []
        graph.load(write(name, line * 2_500), progress=seen.append)
        assert seen == [1_000, 2_000, 2_500]


def test_an_unknown_on_error_is_refused(graph, write):
    with pytest.raises(StoreError, match="on_error"):
        graph.load(write("a.tsv", "a\tr\tb\n"), on_error="ignore")


def test_a_path_that_is_not_utf8_can_be_noted(graph, tmp_path):
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.tsv")
    Path(path).write_text("a\tr\tb\n", encoding="utf-8")
    assert graph.load(path).added == 1


# ── names ────────────────────────────────────────────────────────────────────────────────────────


def test_odd_names_come_back_unchanged_from_every_interface(new_graph, write):
    rows = [Triple(name, f"p{name[:50]}", ODD[0]) for name in ODD]
    first, second = new_graph(), new_graph()
    assert first.add(rows) == len(rows)
    assert second.load(write("a.jsonl", "\n".join(json.dumps(row) for row in rows))).added == len(
        rows
    )
    for graph in (first, second):
        assert set(graph.match()) == set(rows)
        assert graph.fingerprint() == digest(rows)
        for row in rows:
            assert list(graph.match(head=row.head)) == [row]
            assert graph.entity(row.head).key == row.head
            assert row.relation in {item.key for item in graph.relations()}
        assert graph.remove(head="'; DROP TABLE triple; --") == 1
        assert graph.stats()["triples"] == len(rows) - 1


def test_odd_labels_aliases_descriptions_and_types_come_back_unchanged(graph):
    wanted = tuple(sorted(ODD))
    for number, name in enumerate(ODD):
        aliases = tuple(item for item in wanted if item != name)
        record = EntityRecord(
            key=f"k{number}", label=name, aliases=aliases, description=name, types=wanted
        )
        assert graph.add([record]) == 1
        found = graph.entity(f"k{number}")
        assert (found.label, found.description) == (name, name)
        assert (found.aliases, found.types) == (aliases, wanted)
        assert graph.add([record]) == 0
    assert graph.stats()["entities"] == len(ODD)


@pytest.mark.parametrize(
    "bad", ["", "a\0b", "\ud800", "x\udfffy", 5, None, b"bytes", "x" * 2_501, "é" * 1_251]
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_names_that_cannot_be_kept_are_refused(graph, bad, place):
    parts = ["a", "b", "c"]
    parts[place] = bad
    before = state(graph)
    with pytest.raises(InvalidNameError) as caught:
        graph.add([("x", "y", "z"), tuple(parts)])
    assert len(str(caught.value)) < 300
    assert state(graph) == before


@pytest.mark.parametrize(
    "record",
    [
        EntityRecord(key=""),
        EntityRecord(key="a", label=""),
        EntityRecord(key="a", label="\ud800"),
        EntityRecord(key="a", aliases=("",)),
        EntityRecord(key="a", aliases=("\0",)),
        EntityRecord(key="a", types=("",)),
        EntityRecord(key="a", description="\0"),
        EntityRecord(key="a", prior=float("nan")),
        EntityRecord(key="a", prior=-1.0),
        EntityRecord(key="a", prior=float("inf")),
        ("a", "b"),
        ("a", "b", "c", "d"),
        7,
    ],
)
def test_records_that_cannot_be_kept_are_refused(graph, record):
    with pytest.raises(InvalidNameError):
        graph.add([("x", "y", "z"), record])
    assert graph.stats()["triples"] == 0


@pytest.mark.parametrize("bad", ["\ud800", "\0", ""])
def test_asking_for_an_impossible_name_finds_nothing_or_says_so(graph, bad):
    graph.add([("a", "r", "b")])
    for ask in (
        lambda: list(graph.match(head=bad)),
        lambda: graph.remove(tail=bad),
        lambda: graph.touching([bad]),
        lambda: graph.entities([bad]),
        lambda: graph.search(bad, limit=0),
    ):
        try:
            assert not ask()
        except KGError as error:
            assert "surrogate" in str(error) or "NUL" in str(error)  # noqa: PT017
    with pytest.raises(KGError):
        graph.entity(bad)
    with pytest.raises(KGError):
        graph.neighbours(bad)


# ── fingerprint ──────────────────────────────────────────────────────────────────────────────────


def test_the_fingerprint_does_not_depend_on_the_order_or_the_way_of_loading(new_graph, write):
    random_ = random.Random(0)
    rows = [Triple(f"é{random_.randrange(30)}", f"r{n % 4}", f"🦊{n % 17}") for n in range(400)]
    graphs = [new_graph() for _ in range(3)]
    graphs[0].load(write("a.tsv", tsv(rows)))
    random_.shuffle(rows)
    graphs[1].load_entities(write("e.jsonl", '{"key": "é3", "label": "three"}'))
    graphs[1].load(write("b.tsv", tsv(rows[:200])))
    graphs[1].load(write("c.tsv", tsv(rows[150:])))
    graphs[2].add([*rows, ("to", "be", "removed")])
    graphs[2].remove(head="to")
    assert {graph.fingerprint() for graph in graphs} == {digest(set(rows))}


def test_parts_cannot_be_shifted_between_the_columns(new_graph):
    prints = set()
    for row in [("ab", "c", "d"), ("a", "bc", "d"), ("a", "b", "cd")]:
        graph = new_graph()
        graph.add([row])
        prints.add(graph.fingerprint())
    assert len(prints) == 3


def test_the_fingerprint_of_a_revision_is_that_of_its_triples(graph):
    assert graph.fingerprint() == graph.fingerprint(0) == digest([])
    graph.add([("a", "r", "b")])
    graph.add([("c", "r", "d")])
    graph.remove(head="a")
    wanted = [[], [("a", "r", "b")], [("a", "r", "b"), ("c", "r", "d")], [("c", "r", "d")]]
    for _ in range(2):  # the second time it is read from the revision's row
        assert [graph.fingerprint(number) for number in range(4)] == [
            digest(rows) for rows in wanted
        ]


@pytest.mark.parametrize("number", [-1, 2, 10**30])
def test_the_fingerprint_of_a_revision_that_is_not_there_is_refused(graph, number):
    graph.add([("a", "r", "b")])
    with pytest.raises(StoreError, match="no revision"):
        graph.fingerprint(number)
    with pytest.raises(StoreError, match="no revision"):
        graph.undo(number)
