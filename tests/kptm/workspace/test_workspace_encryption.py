"""An encrypted backup is restored with its key only, unchanged, and completely or not at all."""

import hashlib
import io
import json
import os
import random
import subprocess
import sys
import tarfile
import tracemalloc
from functools import lru_cache

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.files.temporary import create_beside
from kptm import Workspace
from kptm.cli.main import main
from kptm.errors import ConfigError, WorkspaceError
from kptm.workspace import BackupKey, back_up, examine, restore
from kptm.workspace.backup import backup_encryption, backup_writer
from kptm.workspace.backup.backup_encryption import (
    HEADER_BYTES,
    MAGIC,
    PART_BYTES,
    TAG_BYTES,
    decrypt,
    encrypt,
)

KEY = BackupKey(b"correct horse battery staple")
SUFFIXES = (".tar.zst", ".tar.gz", ".zip", ".tar")
STEP = PART_BYTES + TAG_BYTES
DERIVE = lru_cache(maxsize=None)(backup_encryption._derive)


@pytest.fixture
def database():
    """SQLite only: a graph in PostgreSQL is backed up by pg_dump."""
    return "sqlite"


def run(*arguments, code=0, **options):
    result = CliRunner().invoke(main, [str(item) for item in arguments], **options)
    assert result.exit_code == code, result.output
    return result


def encrypted(content, key=KEY):
    raw = io.BytesIO()
    with encrypt(raw, key) as stream:
        stream.write(content)
    return raw.getvalue()


def decrypted(content, key=KEY, path="b.enc"):
    with decrypt(path, io.BytesIO(content), key) as stream:
        return stream.read()


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def files(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def saved(trained, tmp_path_factory):
    """An encrypted backup of the trained workspace, of several parts, and its content."""
    path = tmp_path_factory.mktemp("encrypted") / "my.tar.enc"
    back_up(trained, path, key=KEY)
    content = path.read_bytes()
    assert len(content) > HEADER_BYTES + 5 * STEP
    return path, content


# ── the format ───────────────────────────────────────────────────────────────────────────────────


def by_hand(content, secret):
    """What docs/maintenance.md says about the format, with another library's scrypt."""
    assert content.startswith(b"kptm-encrypted-backup 1\n")
    salt, check, body = content[24:56], content[56:88], content[88:]
    derived = hashlib.scrypt(secret, salt=salt, n=2**17, r=8, p=1, dklen=64, maxmem=2**28)
    assert check == derived[32:]
    cipher, parts = AESGCM(derived[:32]), [body[at : at + STEP] for at in range(0, len(body), STEP)]
    nonces = [
        number.to_bytes(11, "big") + bytes([number == len(parts) - 1])
        for number in range(len(parts))
    ]
    return b"".join(
        cipher.decrypt(nonce, part, content[:88]) for nonce, part in zip(nonces, parts, strict=True)
    )


@pytest.mark.parametrize(
    "size", [0, 1, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 2 * PART_BYTES, 3 * PART_BYTES + 5]
)
def test_the_format_is_as_documented(size):
    content = random.Random(size).randbytes(size)
    written = encrypted(content)
    assert by_hand(written, KEY.secret) == content
    assert decrypted(written) == content
    assert encrypted(content) != written  # another salt, so that no nonce is used twice


@pytest.fixture(autouse=True)
def remembered(monkeypatch):
    """The derivation for each key and salt once: it is costly on purpose."""
    monkeypatch.setattr(backup_encryption, "_derive", DERIVE)


@pytest.fixture
def cheap(monkeypatch):
    """One derived key for all: hundreds of derivations would only repeat the same sums."""
    real = DERIVE(KEY, bytes(32))
    monkeypatch.setattr(backup_encryption, "_derive", lambda key, salt: real)


@pytest.mark.usefixtures("cheap")
def test_any_positions_are_read_and_any_writes_join():
    content = random.Random(1).randbytes(3 * PART_BYTES + 77)

    @settings(max_examples=50, deadline=None)
    @given(
        st.lists(st.integers(0, len(content)), max_size=6),
        st.lists(
            st.tuples(st.integers(0, len(content) + 9), st.integers(0, 2 * PART_BYTES)), max_size=8
        ),
    )
    def check(cuts, reads):
        raw = io.BytesIO()
        with encrypt(raw, KEY) as stream:
            for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), None], strict=True):
                stream.write(content[start:end])
        expected = io.BytesIO(content)
        with decrypt("b.enc", io.BytesIO(raw.getvalue()), KEY) as stream:
            for position, size in reads:
                assert stream.seek(position) == expected.seek(position)
                assert stream.read(size) == expected.read(size)
            assert stream.seek(-5, os.SEEK_END) == len(content) - 5
            assert stream.read() == content[-5:]

    check()


@pytest.mark.usefixtures("cheap")
def test_memory_does_not_grow_with_the_size(tmp_path):
    """64 MB pass through less than a megabyte."""
    path, block = tmp_path / "b.enc", bytes(2**20)
    tracemalloc.start()
    try:
        with path.open("wb") as raw, encrypt(raw, KEY) as stream:
            for _ in range(64):
                stream.write(block)
        with path.open("rb") as raw, decrypt(path, raw, KEY) as stream:
            total = sum(len(part) for part in iter(lambda: stream.read(2**16), b""))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert total == 64 * 2**20
    assert peak < 2**20


# ── damage ───────────────────────────────────────────────────────────────────────────────────────


def refused(content, tmp_path, match, key=KEY):
    """One error that names the file; nothing is left."""
    file = tmp_path / "broken.tar.enc"
    file.write_bytes(content)
    with pytest.raises(WorkspaceError, match=match) as raised:
        restore(file, tmp_path / "new", key=key)
    message = str(raised.value)
    assert message.startswith(str(file))
    assert "nothing was restored" in message
    assert "\n" not in message
    assert names(tmp_path) == [file.name]


def test_each_part_that_is_damaged_is_named(saved, tmp_path):
    content = saved[1]
    parts = -(-(len(content) - HEADER_BYTES) // STEP)
    for number in (0, 1, parts // 2, parts - 2):
        broken = bytearray(content)
        broken[HEADER_BYTES + number * STEP + 7] ^= 1
        refused(broken, tmp_path, rf"part {number + 1:,} of {parts:,} is damaged")
    broken = bytearray(content)
    broken[-1] ^= 0x80
    refused(broken, tmp_path, "its end is missing or damaged")


def test_parts_in_another_order_are_refused(saved, tmp_path):
    content = saved[1]
    one, two = (slice(HEADER_BYTES + at * STEP, HEADER_BYTES + (at + 1) * STEP) for at in (1, 2))
    swapped = bytearray(content)
    swapped[one], swapped[two] = content[two], content[one]
    refused(swapped, tmp_path, r"part 2 of .* not where it was")
    doubled = content[: one.stop] + content[one.start :]
    refused(doubled, tmp_path, "its end is missing or damaged")  # it has another number
    without = content[: one.start] + content[one.stop :]
    refused(without, tmp_path, "its end is missing or damaged")


def test_a_missing_or_additional_end_is_refused(saved, tmp_path):
    content = saved[1]
    for length in (
        len(content) - 1,
        HEADER_BYTES + 3 * STEP,
        HEADER_BYTES + STEP + 3,
        HEADER_BYTES + 1,
        HEADER_BYTES,
    ):
        refused(content[:length], tmp_path, "its end is missing or damaged")
    for more in (b"\0", bytes(STEP), content[-50:], content):
        refused(content + more, tmp_path, "its end is missing or damaged")
    for length in (HEADER_BYTES - 1, len(MAGIC), 5, 0):
        refused(content[:length], tmp_path, "not an encrypted backup")


def test_parts_of_another_file_with_the_same_key_are_refused(saved, trained, tmp_path):
    back_up(trained, tmp_path / "other.tar.enc", key=KEY)
    other = (tmp_path / "other.tar.enc").read_bytes()
    (tmp_path / "other.tar.enc").unlink()
    at = slice(HEADER_BYTES, HEADER_BYTES + STEP)
    refused(saved[1][:HEADER_BYTES] + other[at] + saved[1][at.stop :], tmp_path, "part 1 of")
    refused(
        other[:HEADER_BYTES] + saved[1][HEADER_BYTES:], tmp_path, "its end is missing or damaged"
    )


def test_another_key_is_said_before_anything_is_read(saved, tmp_path):
    other = BackupKey(KEY.secret + b"r")
    refused(saved[1], tmp_path, "another key", key=other)
    refused(saved[1][:HEADER_BYTES], tmp_path, "another key", key=other)
    for place in (len(MAGIC), HEADER_BYTES - 1):  # of the salt, and of the check
        broken = bytearray(saved[1])
        broken[place] ^= 1
        refused(broken, tmp_path, "another key, or its first 88 bytes are damaged")
    broken = b"K" + saved[1][1:]
    refused(broken, tmp_path, "not an encrypted backup")


@pytest.mark.parametrize("suffix", [".tar.gz", ".zip"])
@pytest.mark.usefixtures("cheap", "many_inputs")
def test_any_flipped_bit_is_refused(suffix, trained, tmp_path):
    """A zip is read by position; what is not read, such as its gaps, would go unnoticed."""
    (tmp_path / "a").mkdir()
    file, chance = tmp_path / "a" / f"my{suffix}.enc", random.Random(2)
    back_up(trained, file, key=KEY)
    content = file.read_bytes()
    for _ in range(40):
        broken = bytearray(content)
        broken[chance.randrange(HEADER_BYTES, len(broken))] ^= 1 << chance.randrange(8)
        file.write_bytes(broken)
        with pytest.raises(WorkspaceError, match="damaged"):
            restore(file, tmp_path / "new", key=KEY)
        assert names(tmp_path) == ["a"]


# ── workspaces ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_restored_workspace_is_the_same(suffix, copied, tmp_path):
    (tmp_path / "my.key").write_bytes(b"0123456789abcdef\r\n")
    file = tmp_path / f"my{suffix}.enc"
    written = run("backup", copied, file, "--key-file", tmp_path / "my.key", "--json")
    assert json.loads(written.stdout)["encrypted"]
    found = file.read_bytes()
    assert found.startswith(MAGIC)
    assert not {b"SQLite format 3", b"kptm-backup.json", b"graph.db"} & {
        word for word in (b"SQLite format 3", b"kptm-backup.json", b"graph.db") if word in found
    }
    environment = {"KPTM_BACKUP_KEY": "0123456789abcdef"}  # without the end of the line
    report = run("restore", file, tmp_path / "new", "--json", env=environment).stdout
    assert json.loads(report)["encrypted"]
    own, before = files(tmp_path / "new"), files(copied)
    assert {name: own[name] for name in own if name != "graph.db"} == {
        name: before[name] for name in own if name != "graph.db"
    }
    with Workspace.open(copied) as ws, Workspace.open(tmp_path / "new") as new:
        assert new.graph.fingerprint() == ws.graph.fingerprint()
        assert new.graph.revision() == ws.graph.revision()
    assert not [one for one in examine(tmp_path / "new").findings if one.broken]
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_the_archive_inside_is_a_plain_one(saved):
    with (
        decrypt(saved[0], io.BytesIO(saved[1]), KEY) as stream,
        tarfile.open(fileobj=stream) as tar,
    ):
        assert tar.getnames()[:2] == ["kptm-backup.json", "graph.db"]


def test_the_folder_of_the_archive_never_holds_plain_rows(copied, tmp_path, monkeypatch):
    """The copy of the database is beside the graph, where the next verb deletes leftovers."""
    places = []

    def noted(target, *, folder):
        places.append(target)
        return create_beside(target, folder=folder)

    monkeypatch.setattr(backup_writer, "create_beside", noted)
    (tmp_path / "out").mkdir()
    back_up(copied, tmp_path / "out" / "my.tar.enc", key=KEY)
    assert places == [copied / "graph.db"]
    left = copied / ".graph.db.0123456789ab.kptm-new"
    left.mkdir()
    (left / "graph.db").write_bytes(b"SQLite format 3")
    [finding] = [one for one in examine(copied).findings if one.name == "leftover-file"]
    assert finding.remedy == "run kptm stats, which cleans up"
    run("stats", copied)
    assert not left.exists()


def test_an_error_while_writing_leaves_nothing(copied, tmp_path, monkeypatch):
    before = names(copied)

    def broken(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backup_writer, "_member", broken)
    with pytest.raises(OSError, match="No space"):
        back_up(copied, tmp_path / "my.tar.enc", key=KEY)
    assert names(tmp_path) == ["ws"]
    assert names(copied) == before


# ── keys and names ───────────────────────────────────────────────────────────────────────────────


def test_the_name_says_whether_there_is_a_key(copied, saved, tmp_path):
    key = tmp_path / "my.key"
    key.write_text("0123456789abcdef0123\n")
    variable = {"KPTM_BACKUP_KEY": "0123456789abcdef0123"}

    def fails(*arguments, **options):
        return run(*arguments, code=1, **options).stderr

    assert "needs a key" in fails("backup", copied, tmp_path / "a.tar.enc")
    assert "needs a key" in fails("restore", saved[0], tmp_path / "n")
    assert "ends in .enc, like my.zip.enc" in fails(
        "backup", copied, tmp_path / "a.zip", "--key-file", key
    )
    assert "ends in .enc, like my.zip.enc" in fails(
        "backup", copied, tmp_path / "a.zip", env=variable
    )
    assert ".tar.gz.enc, .tgz.enc, .zip.enc or .tar.enc" in fails(
        "backup", copied, tmp_path / ".enc", "--key-file", key
    )
    assert names(tmp_path) == ["my.key", "ws"]
    run("backup", copied, tmp_path / "a.zip")
    assert "give no key" in fails("restore", tmp_path / "a.zip", tmp_path / "n", "--key-file", key)
    run("restore", tmp_path / "a.zip", tmp_path / "n", env=variable)  # the variable may stay
    (tmp_path / "b.tar").write_bytes(saved[1])
    assert "is encrypted; rename it" in fails("restore", tmp_path / "b.tar", tmp_path / "m")
    (tmp_path / "a.zip").rename(tmp_path / "a.zip.enc")
    error = fails("restore", tmp_path / "a.zip.enc", tmp_path / "m", "--key-file", key)
    assert "not an encrypted backup" in error
    assert not (tmp_path / "m").exists()


def test_a_file_before_the_variable(copied, tmp_path):
    (tmp_path / "my.key").write_bytes(KEY.secret)
    variable = {"KPTM_BACKUP_KEY": "another key, which is not used"}
    run("backup", copied, tmp_path / "a.tar.enc", "--key-file", tmp_path / "my.key", env=variable)
    assert (
        "another key"
        in run("restore", tmp_path / "a.tar.enc", tmp_path / "n", code=1, env=variable).stderr
    )
    assert restore(tmp_path / "a.tar.enc", tmp_path / "n", key=KEY).encrypted


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"short", b"15 bytes, no mo", b"x" * 65_537, b"x" * 10**6]
)
def test_keys_that_are_none(content, copied, tmp_path):
    path = tmp_path / "my.key"
    path.write_bytes(content)
    error = run("backup", copied, tmp_path / "a.tar.enc", "--key-file", path, code=1).stderr
    assert f"{path}: the key has" in error
    assert "openssl rand" in error
    if 0 < len(content) < 100:
        variable = {"KPTM_BACKUP_KEY": content.decode()}
        error = run("backup", copied, tmp_path / "a.tar.enc", code=1, env=variable).stderr
        assert "KPTM_BACKUP_KEY: the key has" in error
        assert content.strip() not in error.encode() or not content.strip()
    missing = run("backup", copied, tmp_path / "a.tar.enc", "--key-file", tmp_path / "no", code=1)
    assert str(tmp_path / "no") in missing.stderr
    assert not (tmp_path / "a.tar.enc").exists()


def test_a_key_is_never_shown(copied, tmp_path):
    assert "horse" not in repr(KEY) + str(KEY)
    assert KEY.secret not in files(copied).values()
    report = back_up(copied, tmp_path / "a.tar.enc", key=KEY)
    assert "horse" not in json.dumps(report.to_dict()) + repr(report)


def test_a_missing_library_is_said(monkeypatch, tmp_path, copied):
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.ciphers.aead", None)
    with pytest.raises(ConfigError, match=r"kptm\[encryption\]"):
        back_up(copied, tmp_path / "a.tar.enc", key=KEY)
    assert names(tmp_path) == ["ws"]


@pytest.mark.usefixtures("separate_process")
def test_other_verbs_need_no_cryptography():
    code = (
        "import sys; sys.modules['cryptography'] = None\n"
        "import kptm.workspace.backup.backup_writer, kptm.workspace.backup.backup_reader"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
