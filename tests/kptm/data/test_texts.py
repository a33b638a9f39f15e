"""Texts of files and folders: the files that are read, and the report on the others."""

import logging

import pytest

from kg.errors import TripleFormatError
from kptm.texts import read_records, read_texts


def test_files_of_a_folder_that_hold_no_texts_are_skipped_and_named(tmp_path, caplog):
    (tmp_path / "a.txt").write_text("one\n\ntwo\n")
    (tmp_path / "b.jsonl").write_text('{"text": "three"}\n')
    (tmp_path / "README.md").write_text("# texts\n")
    (tmp_path / ".DS_Store").write_bytes(b"\x00\xff")
    (tmp_path / "more").mkdir()
    with caplog.at_level(logging.WARNING):
        assert list(read_texts(tmp_path)) == ["one", "two", "three"]
    assert "skipped 3" in caplog.text
    for name in ("README.md", ".DS_Store", "more"):
        assert name in caplog.text


@pytest.mark.parametrize(("names", "said"), [([], "empty folder"), (["README.md"], "README.md")])
def test_a_folder_without_texts_is_refused(tmp_path, names, said):
    for name in names:
        (tmp_path / name).write_text("x")
    with pytest.raises(TripleFormatError, match=said):
        list(read_texts(tmp_path))


def test_a_record_has_the_line_of_the_file(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("\none\n\n\ntwo\n")
    assert [(record.line, record.values["text"]) for record in read_records(path)] == [
        (2, "one"),
        (5, "two"),
    ]


def test_a_date_that_python_cannot_hold_is_reported_with_the_file(tmp_path):
    pa = pytest.importorskip("pyarrow")
    from pyarrow.parquet import write_table

    dates = pa.array([2**30], pa.date32())
    write_table(pa.table({"text": ["one"], "seen": dates}), tmp_path / "a.parquet")
    with pytest.raises(TripleFormatError, match=r"a\.parquet.* cannot be read as Parquet"):
        list(read_texts(tmp_path / "a.parquet"))
