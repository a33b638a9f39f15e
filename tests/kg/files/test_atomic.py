"""Atomic replacement: after every error and every kill, the old or the new version is there."""

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from file_faults import Fault, calls_of
from replaced import (
    NEW_FOLDER,
    OLD_FOLDER,
    put,
    read,
    replace_file,
    replace_folder,
    replace_path,
)

from kg.files import atomic, temporary
from kg.files.temporary import GONE, NEW, OLD

KILL_TESTS = Path(__file__).parent / "kills.py"


def error_of(work):
    """The number of the system error that ``work`` ends in; None where it ends well."""
    try:
        work()
    except OSError as error:
        return error.errno
    return None


@pytest.mark.usefixtures("separate_process")
def test_every_kill_leaves_the_old_or_the_new():
    """Hundreds of forks: of a process that has loaded torch each takes four times as long."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    command += [f"--confcutdir={KILL_TESTS.parent}", str(KILL_TESTS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_new_one_takes_the_place(case):
    case.run()
    assert case.state() == case.new
    assert case.left() == []


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EACCES], ids=errno.errorcode.get)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_an_error_of_any_call_leaves_the_old_or_the_new(case, after, number):
    calls = calls_of(case.run)
    assert {"open", "fsync", "flock"} <= set(calls)
    for at in range(len(calls)):
        case.reset()
        with Fault(at, after=after, number=number).on() as fault:
            failed = error_of(case.run)
        assert failed in (None, number)
        what = f"call {at} of {calls}, {fault.calls}"
        if failed and case.is_folder:
            assert case.state() == case.old, what
        elif (
            failed
        ):  # a rename of a file cannot be taken back when the folder's sync fails after it
            renamed = "replace" in fault.calls[: at + after]
            assert case.state() == (case.new if renamed else case.old), what
        else:
            assert case.state() == case.new, what
        atomic.recover(case.target)
        assert case.left() == [], what
        assert case.state() in (case.old, case.new)


def test_an_error_in_the_block_changes_nothing(case):
    manager = {replace_folder: atomic.replace_folder, replace_file: atomic.replace_file}.get(
        case.work, atomic.replace_path
    )
    for error in (ValueError("mine"), KeyboardInterrupt()):
        with pytest.raises(type(error)), manager(case.target):
            raise error
        assert case.state() == case.old
        assert case.left() == []


def test_what_a_living_process_writes_is_left_alone(case):
    ready, go = os.pipe(), os.pipe()
    pid = os.fork()
    if not pid:
        manager = atomic.replace_folder if case.is_folder else atomic.replace_path
        with manager(case.target) as fresh:
            os.write(ready[1], b"x")
            os.read(go[0], 1)
            put(fresh, NEW_FOLDER) if case.is_folder else put(fresh.parent, {fresh.name: case.new})
        os._exit(0)
    os.read(ready[0], 1)
    atomic.recover(case.target)
    assert [Path(name).suffix for name in case.left()] == [NEW]
    os.write(go[1], b"x")
    assert os.waitpid(pid, 0)[1] == 0
    assert case.state() == case.new
    for end in (*ready, *go):
        os.close(end)


def test_many_writers_at_once_leave_one_whole_folder(tmp_path):
    target, writers = tmp_path / "it", 4
    pids = []
    for writer in range(writers):
        pid = os.fork()
        if not pid:
            code = 1
            try:
                for turn in range(15):
                    with atomic.replace_folder(target) as fresh:
                        put(fresh, {f"{n}": f"{writer}-{turn}".encode() for n in range(3)})
                code = 0
            finally:
                os._exit(code)
        pids.append(pid)
    missing = 0
    for _ in range(300):
        atomic.recover(target)
        missing += not target.exists()
    assert [os.waitpid(pid, 0)[1] for pid in pids] == [0] * writers
    found = read(target)
    assert len(found) == 3
    assert len(set(found.values())) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["it"]


def test_a_folder_aside_comes_back_and_a_deleted_one_does_not(tmp_path):
    put(temporary.beside(tmp_path / "kept", OLD), OLD_FOLDER)
    put(temporary.beside(tmp_path / "gone", GONE), OLD_FOLDER)
    put(temporary.beside(tmp_path / "other", OLD), OLD_FOLDER)
    temporary.recover(tmp_path, ("kept", "gone"))
    assert read(tmp_path / "kept") == OLD_FOLDER
    names = sorted(path.name for path in tmp_path.iterdir())
    assert len(names) == 2
    assert names[0].startswith(".other.")
    assert names[1] == "kept"


def test_a_link_stays_and_its_target_is_replaced(case):
    link = case.target.with_name("link")
    link.symlink_to(case.target.name)
    case.work(link)
    assert link.is_symlink()
    assert case.state() == case.new
    assert case.left() == ["link"]


def test_a_loop_of_links_is_refused(tmp_path, work):
    for one, other in (("a", "b"), ("b", "a")):
        (tmp_path / one).symlink_to(other)
    with pytest.raises(OSError, match="symbolic links"):
        work(tmp_path / "a")


def test_permissions_pass_to_the_new_file_and_a_new_one_follows_the_umask(tmp_path):
    path = tmp_path / "it"
    before = os.umask(0o027)
    try:
        atomic.write_text(path, "Ł")
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        path.chmod(0o604)
        atomic.write_text(path, "ł")
        assert stat.S_IMODE(path.stat().st_mode) == 0o604
        with atomic.replace_folder(tmp_path / "folder"):
            pass
        assert stat.S_IMODE((tmp_path / "folder").stat().st_mode) == 0o750
    finally:
        os.umask(before)
    assert path.read_text(encoding="utf-8") == "ł"


def test_a_pipe_is_written_to_and_stays(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    pid = os.fork()
    if not pid:
        replace_file(path)
        os._exit(0)
    assert path.read_bytes() == b"new " * 10_000
    assert os.waitpid(pid, 0)[1] == 0
    assert stat.S_ISFIFO(path.stat().st_mode)
    with pytest.raises(OSError, match="not a plain file"):
        replace_path(path)


def test_a_device_is_written_to_and_stays(tmp_path):
    path = tmp_path / "full"
    path.symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"), atomic.replace_file(path) as stream:
        stream.write(b"x")
    assert path.is_symlink()
    assert stat.S_ISCHR(Path("/dev/full").stat().st_mode)


def test_dev_stdout_is_the_open_file_and_not_its_path(tmp_path):
    path = tmp_path / "out"
    with path.open("wb") as out:
        pid = os.fork()
        if not pid:
            os.dup2(out.fileno(), 1)
            os.write(1, b"before ")
            replace_file(Path("/dev/stdout"))
            os.write(1, b"after")
            os._exit(0)
        assert os.waitpid(pid, 0)[1] == 0
    assert path.read_bytes() == b"before " + b"new " * 10_000 + b"after"


@pytest.mark.parametrize("name", ["n" * 255, "東京" * 42, "a\nb", "x.kptm-new"])
def test_any_name_that_the_system_takes(tmp_path, work, name):
    target = tmp_path / "in" / name
    target.parent.mkdir()
    work(target)
    work(target)
    atomic.recover(target)
    assert target.exists()
