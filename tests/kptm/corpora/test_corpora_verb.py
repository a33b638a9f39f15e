"""``kptm link --shards``: its options, its report, its errors."""

import json

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from kptm.cli.main import main


def run(*arguments, code=0, **options):
    result = CliRunner().invoke(main, ["link", *map(str, arguments)], **options)
    assert result.exit_code == code, result.output
    return result


def test_shards_and_one_file(linked, tmp_path):
    shards = "--file", linked.corpus, "--shards", tmp_path / "s", "--shard-size", 5
    first = run(linked.workspace, *shards, "--json")
    report = json.loads(first.stdout)
    assert report["made"] == report["shards"] == len(list((tmp_path / "s").glob("*.parquet")))
    out = tmp_path / "all.parquet"
    again = run(linked.workspace, *shards, "--out", out)
    assert again.stdout == (
        f"{out}: {report['documents']:,} texts, {report['links']:,} links in {report['shards']}"
        f" shards, {report['shards']} of them from earlier runs\n"
    )
    assert pq.read_table(out).num_rows == report["documents"]
    refused = run(linked.workspace, *shards, "--coreference", code=1).stderr
    assert "kptm: " in refused
    assert "other settings of the linker; name another folder" in refused


def test_skipped_lines_are_reported(linked, tmp_path):
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"text": "Chad"}\n{"text"\n')
    result = run(linked.workspace, "--file", bad, "--shards", tmp_path / "s")
    assert "1 texts, 1 links in 1 shards, 0 of them from earlier runs\n" in result.stdout
    assert "1 lines skipped" in result.stdout
    assert f"{bad}, line 2: not JSON" in result.stdout
    assert f"all of them are in {tmp_path / 's' / 'rejected.jsonl'}" in result.stdout


@pytest.mark.parametrize(
    "options",
    [
        ("Chad", "--shards", "s"),
        ("--shards", "s"),
        ("--shards", "s", "--file", "-"),
        ("--shards", "s", "--file", "a.txt", "--out", "-"),
        ("--shards", "s", "--file", "a.txt", "--html", "a.html"),
        ("--file", "a.txt", "--ray", "--jobs", "2"),
        ("--file", "a.txt", "--shard-size", "2"),
        ("--shards", "s", "--file", "a.txt", "--shard-size", "0"),
    ],
)
def test_options_that_do_not_fit(linked, tmp_path, monkeypatch, options):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text("Chad\n")
    run(linked.workspace, *options, code=2)
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_missing_file_and_an_unknown_suffix(linked, tmp_path):
    (tmp_path / "a.csv").write_text("Chad\n")
    for name, reason in (("missing.txt", "No such file"), ("a.csv", "unknown suffix")):
        result = run(
            linked.workspace, "--file", tmp_path / name, "--shards", tmp_path / "s", code=1
        )
        assert reason in result.stderr
        assert not (tmp_path / "s").exists()


def test_other_files_of_a_folder_are_named(linked, tmp_path, caplog):
    folder = tmp_path / "mixed"
    folder.mkdir()
    (folder / "a.txt").write_text("Chad\n")
    (folder / "image.png").write_bytes(b"\x89PNG")
    run(linked.workspace, "--file", folder, "--shards", tmp_path / "s")
    assert "skipped 1 that are no" in caplog.text
    assert "image.png" in caplog.text
