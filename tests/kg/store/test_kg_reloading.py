"""A file that is loaded again replaces what it stated, and nothing else."""

import os
import random

import pytest

from kg import Literal, Triple
from kg.store.write import external_sort
from kg.vocabulary import XSD


def facts(graph):
    return {tuple(item) for item in graph.match()}


def test_facts_that_left_the_file_end(graph, write):
    path = write("books.tsv", "Emma\tpages\t300\nEmma\tauthor\tAusten\n")
    graph.load(path)
    path.write_text("Emma\tauthor\tAusten\nEmma\tpages\t350\n")
    report = graph.load(path)
    assert (report.added, report.duplicate, report.ended, report.revision) == (1, 1, 1, 2)
    old, new = (Literal(pages, f"{XSD}integer") for pages in ("300", "350"))
    assert facts(graph) == {("Emma", "author", "Austen")}
    assert list(graph.attributes()) == [("Emma", "pages", new)]
    assert {item.fact[2]: item.sources for item in graph.describe("Emma").facts} == {
        new: ((str(path), 2),),
        "Austen": ((str(path), 1),),  # cited on the line on which it stands now
    }
    ended = [item for item in graph.history("Emma") if item.kind == "removed"]
    assert [(item.revision, item.fact[2]) for item in ended] == [(2, old)]
    assert list(graph.at(1).attributes()) == [("Emma", "pages", old)]
    assert {tuple(item) for item in graph.at(1).match()} == {("Emma", "author", "Austen")}


def test_the_same_file_again_is_no_change_even_where_lines_move(graph, write):
    path = write("a.tsv", "a\tr\tb\nc\tr\td\n")
    graph.load(path)
    path.write_text("c\tr\td\n\na\tr\tb\n")
    report = graph.load(path)
    assert (report.added, report.duplicate, report.ended, report.revision) == (0, 2, 0, None)
    assert graph.revision() == 1
    assert [item.sources for item in graph.describe("a").facts] == [((str(path), 3),)]


def test_emptying_a_file_ends_all_its_facts(graph, write):
    path = write("a.tsv", "a\tr\tb\nc\tr\td\n")
    graph.load(path)
    path.write_text("")
    report = graph.load(path)
    assert (report.read, report.ended, report.revision) == (0, 2, 2)
    assert not facts(graph)
    graph.undo(2)
    assert facts(graph) == {("a", "r", "b"), ("c", "r", "d")}


def test_facts_of_another_source_live_on(graph, write):
    path = write("a.tsv", "a\tr\tb\nc\tr\td\n")
    graph.load(path)
    graph.load(write("b.tsv", "a\tr\tb\n"))
    graph.add([("by", "hand", "x")])
    path.write_text("e\tr\tf\n")
    report = graph.load(path)
    assert (report.ended, report.stated_elsewhere) == (1, 1)
    assert facts(graph) == {("a", "r", "b"), ("e", "r", "f"), ("by", "hand", "x")}


def test_add_keeps_what_the_file_stated(graph, write):
    path = write("a.tsv", "a\tr\tb\n")
    graph.load(path)
    path.write_text("c\tr\td\n")
    assert graph.load(path, add=True).ended == 0
    assert facts(graph) == {("a", "r", "b"), ("c", "r", "d")}


def test_a_file_is_recognised_by_its_path_however_it_is_written(graph, write, monkeypatch):
    path = write("a.tsv", "a\tr\tb\n")
    graph.load(path)
    sources = graph.stats()["sources"]
    monkeypatch.chdir(path.parent)
    for number, way in enumerate(["a.tsv", "./a.tsv", f"../{path.parent.name}/a.tsv"]):
        path.write_text(f"a\tr\t{number}\n")
        assert graph.load(way).ended == 1, way
    assert facts(graph) == {("a", "r", "2")}
    assert graph.stats()["sources"] == sources


def test_another_file_of_the_same_name_is_another_source(graph, tmp_path, monkeypatch):
    for folder in ("en", "de"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "facts.tsv").write_text(f"{folder}\tr\tb\n")
        monkeypatch.chdir(tmp_path / folder)
        report = graph.load("facts.tsv")
    assert report.ended == 0
    assert report.other_files == (str(tmp_path / "en" / "facts.tsv"),)
    assert facts(graph) == {("en", "r", "b"), ("de", "r", "b")}
    report = graph.load("facts.tsv", add=False)
    assert report.ended == 1
    assert facts(graph) == {("de", "r", "b")}


def test_each_file_of_a_source_replaces_its_own_facts(graph, write):
    first, second = write("a.tsv", "a\tr\tb\n"), write("b.tsv", "c\tr\td\n")
    for path in (first, second, first, second):
        report = graph.load(path, source="survey")
        assert report.ended == 0
    first.write_text("a\tr\tx\n")
    assert graph.load(first, source="survey").ended == 1
    assert facts(graph) == {("a", "r", "x"), ("c", "r", "d")}
    graph.forget(source="survey")
    assert not facts(graph)
    graph.undo()
    assert graph.purge(source="survey").triples >= 2
    assert not facts(graph)


def test_standard_input_replaces_nothing(graph, monkeypatch, tmp_path):
    for text in ("a\tr\tb\n", "c\tr\td\n"):
        (tmp_path / "in").write_text(text)
        with (tmp_path / "in").open() as stream:
            monkeypatch.setattr("sys.stdin", stream)
            assert graph.load("-", format="tsv").ended == 0
    assert facts(graph) == {("a", "r", "b"), ("c", "r", "d")}


def test_with_skipped_lines_the_ended_facts_are_reported(graph, write):
    path = write("a.tsv", "a\tr\tb\nc\tr\td\n")
    graph.load(path)
    path.write_text("a\tr\tb\nc r d\n")
    report = graph.load(path, on_error="skip")
    assert (report.rejected_count, report.ended, report.unconfirmed) == (1, 0, 1)
    assert facts(graph) == {("a", "r", "b"), ("c", "r", "d")}
    report = graph.load(path, on_error="skip", add=False)
    assert (report.ended, report.unconfirmed) == (1, 0)
    assert facts(graph) == {("a", "r", "b")}


def test_a_bad_line_leaves_everything_as_it_was(graph, write):
    path = write("a.tsv", "a\tr\tb\n")
    graph.load(path)
    path.write_text("c\tr\td\nbad\n")
    with pytest.raises(Exception, match="bad"):
        graph.load(path)
    assert facts(graph) == {("a", "r", "b")}


def test_entities_that_left_the_file(graph, write):
    path = write(
        "e.jsonl",
        '{"key": "a", "label": "Ann", "aliases": ["Annie"], "types": ["person"]}\n{"key": "b"}\n',
    )
    graph.load_entities(path)
    assert graph.load_entities(path).revision is None
    path.write_text('{"key": "a", "label": "Anne", "types": ["person"]}\n')
    report = graph.load_entities(path)
    assert report.ended == 3  # Ann, Annie, and that there is b
    entity = graph.entity("a")
    assert (entity.label, entity.aliases, entity.types) == ("Anne", (), ("person",))
    assert not graph.entities(["b"])
    graph.undo(2)
    assert graph.entity("a").aliases == ("Annie",)
    assert graph.entities(["b"])


def test_confidence_and_qualifiers_that_changed(graph, write):
    line = '{"head": "a", "relation": "r", "tail": "b", "confidence": %s}\n'
    path = write("a.jsonl", line % 0.5)
    graph.load(path)
    assert graph.load(path).revision is None
    path.write_text(line % 0.9)
    report = graph.load(path)
    assert (report.ended, report.stated_elsewhere) == (0, 0)  # the fact lives
    graph.export(path.parent / "out.jsonl")
    assert "0.9" in (path.parent / "out.jsonl").read_text()
    assert "0.5" not in (path.parent / "out.jsonl").read_text()


def test_named_graphs_belong_to_the_file_that_states_them(graph, write):
    quad = "<http://x/{}> <http://x/r> <http://x/b> <http://x/g> .\n"
    one, two = write("a.nq", quad.format("a")), write("b.nq", quad.format("c"))
    for path in (one, two):
        graph.load(path)
    one.write_text(quad.format("z"))
    assert graph.load(one).ended == 1
    assert {item.head for item in graph.match()} == {"http://x/z", "http://x/c"}
    one.write_text("")
    assert graph.load(one).ended == 1
    assert {item.head for item in graph.match()} == {"http://x/c"}


@pytest.mark.parametrize("seed", range(3))
def test_reloading_agrees_with_a_set(graph, tmp_path, monkeypatch, seed):
    monkeypatch.setattr(external_sort, "ROWS_PER_RUN", 50)
    monkeypatch.setattr(external_sort, "ROWS_PER_BLOCK", 64)
    rng = random.Random(seed)
    stated = {}
    for _ in range(8):
        name = rng.choice(["a.tsv", "b.tsv"])
        now = {Triple(f"e{rng.randrange(9)}", "r", f"e{rng.randrange(9)}") for _ in range(40)}
        (tmp_path / name).write_text("".join("\t".join(item) + os.linesep for item in sorted(now)))
        before = set().union(*stated.values())
        stated[name] = now
        after = set().union(*stated.values())
        report = graph.load(tmp_path / name)
        assert set(graph.match()) == after
        assert (report.added, report.ended) == (len(after - before), len(before - after))
