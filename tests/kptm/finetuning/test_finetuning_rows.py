"""Rows that are read, and the one error for rows that cannot be."""

import json

import pytest

from kg.errors import TripleFormatError
from kptm.finetuning.task_rows import read_rows
from kptm.linking import Link, LinkedText

TEXT = "Ann was born in Rome."
LINK = {"start": 16, "end": 20, "entity": "Q220"}
MARKED = {"text": TEXT, "head": [0, 3], "tail": [16, 20]}


def test_every_task_reads_its_fields(tmp_path):
    path = tmp_path / "rows.jsonl"
    links = [LINK, {"start": 0, "end": 3, "entity": "ann"}]
    line = {
        **MARKED, "links": links, "label": "born", "span": (16, 20),
        "labels": ["city", "place", "city"], "spans": [[16, 20, "LOC"], [0, 3, "PER"]],
    }  # fmt: skip
    path.write_text(json.dumps(line) + "\n")
    document = LinkedText.from_spans(TEXT, [(0, 3, "ann"), (16, 20, "Q220")])
    for source in (path, str(path), [line], iter([line])):
        (row,) = read_rows(source, "relation", gold=True)
        assert (row.document, row.marks, row.labels) == (document, ((0, 3), (16, 20)), ("born",))
        assert row.spans == ()
    (row,) = read_rows(path, "typing", gold=True)
    assert (row.marks, row.labels) == (((16, 20),), ("city", "place"))
    (row,) = read_rows(path, "tokens", gold=True)
    assert (row.marks, row.spans) == ((), ((0, 3, "PER"), (16, 20, "LOC")))
    (row,) = read_rows(path, "text", gold=False)
    assert (row.marks, row.labels, row.spans) == ((), (), ())


def test_texts_are_rows_without_labels(tmp_path):
    linked = LinkedText(TEXT, (Link(16, 20, "Rome", "Q220", 0.5),))
    first, second = read_rows([TEXT, linked], "text", gold=False)
    assert (first.document, second.document) == (LinkedText(TEXT), linked)
    path = tmp_path / "rows.txt"
    path.write_text(f"{TEXT}\n{TEXT}\n")
    assert read_rows(path, "tokens", gold=False) == [first, first]


class Table(list):
    """Rows with a dataset's columns: classes by number, objects of lists, None for gaps."""

    class _Classes:
        def int2str(self, number):
            return ("no", "yes")[number]

    features = {"label": _Classes(), "text": object()}  # noqa: RUF012


def test_a_table_of_a_dataset_is_read():
    links = {"start": [16, 0], "end": [20, 3], "entity": ["Q220", "ann"]}
    first, second = read_rows(
        Table([
            {"text": TEXT, "links": links, "label": 1},
            {"text": TEXT, "links": None, "label": 0},
        ]),
        "text",
        gold=True,
    )  # fmt: skip
    assert [link.entity for link in first.document.links] == ["ann", "Q220"]
    assert (first.labels, second.labels, second.document.links) == (("yes",), ("no",), ())
    for spans in (
        {"start": [0], "end": [3], "label": ["PER"]},
        [{"start": 0, "end": 3, "label": "PER"}],
    ):
        (row,) = read_rows([{"text": TEXT, "spans": spans}], "tokens", gold=True)
        assert row.spans == ((0, 3, "PER"),)


BAD = [
    ("text", {"text": TEXT}, '"label" must be text, but is missing'),
    ("text", {"text": TEXT, "label": ""}, "\"label\" must be text, not ''"),
    ("text", {"text": TEXT, "label": 3}, '"label" must be text, not 3'),
    ("relation", {**MARKED, "tail": None, "label": "x"}, r'"tail" must be \[start, end\].*missing'),
    ("relation", {**MARKED, "head": [3, 3], "label": "x"}, r'"head" must be .*≤ 21, not \[3, 3\]'),
    ("relation", {**MARKED, "head": [0, 22], "label": "x"}, r"not \[0, 22\]"),
    ("relation", {**MARKED, "head": [True, 3], "label": "x"}, r"not \[True, 3\]"),
    ("relation", {**MARKED, "head": "Ann", "label": "x"}, "not 'Ann'"),
    ("typing", {"text": TEXT, "span": [0, 3], "labels": "person"}, '"labels" must be a list'),
    ("typing", {"text": TEXT, "span": [0, 3], "labels": [1]}, 'each of "labels" must be text'),
    ("tokens", {"text": TEXT}, '"spans" must be a list, but is missing'),
    ("tokens", {"text": TEXT, "spans": [[0, 3]]}, r'each of "spans" must be \[start, end, label\]'),
    ("tokens", {"text": TEXT, "spans": [[0, 3, None]]}, "the label of each"),
    ("tokens", {"text": TEXT, "spans": [[0, 3, "A"], [2, 5, "B"]]}, r"overlap at 2 \(B\)"),
    ("tokens", {"text": TEXT, "spans": {"start": [1], "end": []}}, "not of one length"),
    ("text", {"text": TEXT, "label": "x", "links": 5}, '"links" must be a list, not 5'),
    ("text", {"text": TEXT, "label": "x", "links": [5]}, r"links\[0\] is 5, not an object"),
    ("text", {"text": TEXT, "label": "x", "links": [{**LINK, "end": 99}]}, "leaves the text"),
    ("text", {"text": TEXT, "label": "x", "links": [LINK, LINK]}, "overlaps another"),
]


@pytest.mark.parametrize(("task", "row", "said"), BAD)
def test_a_bad_row_says_where_and_what(task, row, said, tmp_path):
    path = tmp_path / "rows.jsonl"
    good = {"text": "ab", "head": [0, 1], "tail": [1, 2], "span": [0, 1], "label": "x"}
    good |= {"labels": [], "spans": []}
    path.write_text(json.dumps(good) + "\n" + json.dumps(row, ensure_ascii=False) + "\n")
    with pytest.raises(TripleFormatError, match=rf"rows\.jsonl, line 2: .*{said}") as caught:
        read_rows(path, task, gold=True)
    assert (caught.value.line, json.loads(caught.value.text)) == (2, json.loads(json.dumps(row)))
    with pytest.raises(TripleFormatError, match=f"the rows given, line 2: .*{said}"):
        read_rows([good, row], task, gold=True)


def test_values_that_are_no_rows(tmp_path):
    with pytest.raises(TripleFormatError, match=r"line 1: a row is a mapping or a text: '5'"):
        read_rows([5], "text", gold=False)
    for row in ({"label": "x"}, {"text": 5, "label": "x"}):
        with pytest.raises(TripleFormatError, match='the rows given, line 1: "text" must be text'):
            read_rows([row], "text", gold=True)
    path = tmp_path / "rows.jsonl"
    path.write_text('{"label": "x"}')
    with pytest.raises(TripleFormatError, match='line 1: expected an object with "text"'):
        read_rows(path, "text", gold=True)
    path.write_text("{")
    with pytest.raises(TripleFormatError, match="line 1: not JSON"):
        read_rows(path, "text", gold=False)
    with pytest.raises(TripleFormatError, match="missing"):
        read_rows(tmp_path / "missing.jsonl", "text", gold=False)
