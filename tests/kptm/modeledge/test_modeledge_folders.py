"""An export is read back unchanged, or refused."""

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file

from kptm import ModeledgeError, Record
from kptm.modeledge.sql import oplog, provenance, record_rows, spaces
from kptm.modeledge.transfer import export_folder, export_manifest


def put(store, number_of, space, precision, items, source):
    """Write rows of any kind, as the writers do."""
    with store.database.writing() as (sql, _):
        operation = oplog.begin(sql, "write", "")
        room = spaces.get_or_create(sql, space, 4, precision)
        rng = np.random.default_rng(number_of)
        vectors = rng.normal(size=(len(items), 4)).astype(np.float16).astype(np.float32)
        digests = [_digest(item, source) for item in items]
        record_rows.insert(
            sql,
            operation,
            room,
            vectors,
            [i.value for i in items],
            items,
            digests,
            {source: digests},
        )


def _digest(item, source):
    if item.kind == "own":
        return provenance.of_own(source, item.text)
    return (
        provenance.of_fact(item.triple, item.value, item.text)
        if item.triple
        else provenance.of_text(item.text)
    )


def held(store):
    """All live entries, in order."""
    return [
        (space.name, space.dim, space.precision, entry.record, entry.sources, vector.tobytes())
        for space in store.spaces()
        for entry, vector in store.entries(space.name)
    ]


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
NAMED = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=6
)
RECORDS = st.builds(
    Record,
    kind=st.sampled_from(["cloze", "mention", "fact", "own", "token"]),
    value=TEXT,
    context=st.lists(TEXT, max_size=3).map(tuple),
    text=TEXT,
    start=st.integers(0, 9),
    end=st.integers(0, 9),
    triple=st.none() | st.tuples(TEXT, NAMED, TEXT),
)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["cloze:a", "mention:a", "own ü/..\n"]),
        st.lists(RECORDS, min_size=1, max_size=4),
        TEXT,
    ),
    max_size=4,
)


@pytest.mark.usefixtures("many_inputs")
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(STEPS, st.integers(1, 5), st.booleans())
def test_a_round_trip_is_exact(new_store, tmp_path, steps, shard, forgets):
    store, other, third = new_store(), new_store(), new_store()
    for number, (space, records, source) in enumerate(steps):
        put(store, number, space, "float16" if "own" in space else "float32", records, source)
    if forgets and steps:
        store.forget(entity=steps[0][1][0].value)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(export_folder, "RECORDS_PER_SHARD", shard)
        told = []
        count = store.export(tmp_path / "e", progress=told.append)
    wanted = held(store)
    assert count == len(wanted) == (told[-1] if told else 0)
    report = other.load(tmp_path / "e")
    assert report.added == count
    assert held(other) == wanted
    assert all(not check.problems for check in other.verify())
    other.export(tmp_path / "f")
    third.load(tmp_path / "f")
    assert held(third) == wanted
    if count:
        other.undo(report.operation)
        assert held(other) == []


@pytest.fixture
def exported(new_store, tmp_path, monkeypatch):
    monkeypatch.setattr(export_folder, "RECORDS_PER_SHARD", 3)
    store = new_store()
    items = [
        Record(kind="cloze", value=f"v{n}", context=("c",), text=f"t {n}", start=0, end=1)
        for n in range(5)
    ]
    put(store, 0, "cloze:a", None, items, "s")
    store.add(np.eye(4), list("abcd"), space="own", source="x", precision="float16")
    store.export(tmp_path / "e")
    return store, tmp_path / "e"


def test_the_files_can_be_read_without_kptm(exported):
    store, folder = exported
    told = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert [space["name"] for space in told["spaces"]] == ["cloze:a", "own"]
    found = []
    for shard in told["shards"]:
        lines = (folder / shard["records"]).read_text(encoding="utf-8").splitlines()
        vectors = load_file(folder / shard["vectors"])["vectors"]
        assert len(lines) == len(vectors) == shard["count"] <= 3
        precision = told["spaces"][shard["space"]]["precision"]
        assert vectors.dtype == precision
        found += [(json.loads(line)["value"], json.loads(line)["sources"],
        vector.astype(np.float32).tobytes())
                  for line, vector in zip(lines, vectors, strict=True)]  # fmt: skip
    wanted = [
        (record.value, list(sources), vector) for _, _, _, record, sources, vector in held(store)
    ]
    assert found == wanted
    assert {path.name for path in folder.iterdir()} == {*told["sha256"], "manifest.json"}


@pytest.mark.usefixtures("many_inputs")
def test_a_flipped_byte_anywhere_is_refused_with_the_files_name(exported, new_store):
    _, folder = exported
    store = new_store()
    store.add(np.eye(2), ["a", "b"], space="s")
    before, newest = held(store), store.newest_operation()
    rng = np.random.default_rng(0)
    for path in sorted(folder.iterdir()):
        whole = path.read_bytes()
        small = path.name == "manifest.json"
        places = range(len(whole)) if small else rng.integers(len(whole), size=25).tolist()
        for place in places:
            broken = bytearray(whole)
            broken[place] ^= 1 << int(rng.integers(8))
            path.write_bytes(broken)
            with pytest.raises(ModeledgeError, match=path.name):
                store.load(folder)
        for broken in (whole[:-1], whole + b"\n", b""):
            path.write_bytes(broken)
            with pytest.raises(ModeledgeError, match=path.name):
                store.load(folder)
        path.unlink()
        with pytest.raises(ModeledgeError, match=path.name):
            store.load(folder)
        path.write_bytes(whole)
    assert (held(store), store.newest_operation()) == (before, newest)
    assert store.load(folder).added == 9


def resealed(folder, name, change):
    """Change a file and renew its checksums, so only its content is wrong."""
    content = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    (folder / "manifest.json").unlink()
    if name == "manifest.json":
        change(content)
    else:
        (folder / name).write_bytes(change((folder / name).read_bytes()))
    for gone in ("checksum", "sha256", "format"):
        content.pop(gone)
    export_manifest.write(folder, content)


def _without_a_value(lines):
    return lines.replace(b'"value"', b'"other"', 1)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("records-00001.jsonl", lambda lines: b""),
        ("records-00001.jsonl", _without_a_value),
        ("records-00001.jsonl", lambda lines: lines.replace(b'"s"', b"7", 1)),
        ("records-00001.jsonl", lambda lines: b"[]\n" + lines),
        ("vectors-00001.safetensors", lambda held: b"no tensors"),
        ("manifest.json", lambda told: told["spaces"][0].pop("dim")),
        ("manifest.json", lambda told: told["spaces"][0].update(dim=5)),
        ("manifest.json", lambda told: told["spaces"][0].update(precision="int8")),
        ("manifest.json", lambda told: told["shards"][1].update(records="../../etc/passwd")),
        ("manifest.json", lambda told: told["shards"][1].pop("vectors")),
        ("manifest.json", lambda told: told["shards"].append("x")),
    ],
)
def test_a_file_with_wrong_content_is_refused_and_leaves_nothing(exported, new_store, name, change):
    """The second pair of files fails after the first pair was read."""
    _, folder = exported
    store = new_store()
    store.add(np.eye(2), ["a", "b"], space="s")
    before, newest = held(store), store.newest_operation()
    resealed(folder, name, change)
    with pytest.raises(ModeledgeError, match="export the store again"):
        store.load(folder)
    assert (held(store), store.newest_operation()) == (before, newest)
    assert [space.name for space in store.spaces()] == ["s"]


def test_another_format_is_refused(exported, new_store, monkeypatch):
    _, folder = exported
    monkeypatch.setattr(export_manifest, "FORMAT", 2)
    with pytest.raises(ModeledgeError, match="format 1"):
        new_store().load(folder)
    with pytest.raises(ModeledgeError, match="no export"):
        new_store().load(folder / "nowhere")


def test_an_export_only_replaces_an_older_export(exported, tmp_path):
    store, folder = exported
    store.forget(source="x")
    assert store.export(folder) == 5
    other = tmp_path / "notes"
    other.mkdir()
    (other / "diary.txt").write_text("dear")
    with pytest.raises(ModeledgeError, match="something else"):
        store.export(other)
    assert (other / "diary.txt").read_text() == "dear"
    (tmp_path / "file").write_text("x")
    with pytest.raises(ModeledgeError):
        store.export(tmp_path / "file")


def test_an_export_that_fails_leaves_the_older_one(exported, monkeypatch):
    store, folder = exported
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def full(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(export_folder, "save_file", full)
    with pytest.raises(ModeledgeError, match="No space left"):
        store.export(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in folder.parent.iterdir() if "new" in path.name] == []


def test_the_same_store_gives_the_same_bytes(exported, tmp_path):
    store, folder = exported
    store.export(tmp_path / "again")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        path.name: path.read_bytes() for path in (tmp_path / "again").iterdir()
    }
