"""Kills at every call and at any moment.

Run by test_atomic.py in an interpreter that is quick to fork.
"""

import os
import random
import signal
import time

import pytest
from file_faults import Fault, calls_of, forked
from replaced import NEW_FOLDER, OLD_FOLDER, Case, put, read, replace_folder

from kg.files import atomic, temporary
from kg.files.temporary import NEW, OLD

KILLS = int(os.environ.get("KPTM_KILLS", "60"))
"""How many kills each of the two random tests makes; ``KPTM_KILLS=500`` for the long run."""


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_kill_at_any_call_leaves_the_old_or_the_new(case, after):
    calls = calls_of(case.run)

    def child(at):
        with Fault(at, kill=True, after=after).on():
            case.run()

    for at in range(len(calls)):
        case.reset()
        code = forked(lambda at=at: child(at))
        assert code in (-signal.SIGKILL, 0)
        atomic.recover(case.target)
        assert case.state() in (case.old, case.new), (at, calls)
        assert case.left() == [], (at, calls)


def test_a_kill_at_any_moment_leaves_the_old_or_the_new(case):
    choose, longest = random.Random(0), 0.004
    for _ in range(max(1, KILLS // 6)):
        pid = os.fork()
        if not pid:
            while True:
                case.run()
        time.sleep(choose.uniform(0, longest))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        atomic.recover(case.target)
        assert case.state() in (case.old, case.new)
        assert case.left() == []
        case.reset()


def test_a_kill_in_a_recovery_is_recovered_from(tmp_path):
    case = Case(tmp_path, replace_folder, True)
    aside = temporary.beside(case.target, OLD)
    calls = 12
    for at in range(calls):
        for after in (False, True):
            case.reset()
            case.target.rename(aside)
            put(temporary.beside(case.target, NEW), NEW_FOLDER)

            def child(at=at, after=after):
                with Fault(at, kill=True, after=after).on():
                    atomic.recover(case.target)

            forked(child)
            atomic.recover(case.target)
            assert case.state() == case.old
            assert case.left() == []


def test_a_removed_folder_is_gone_at_once_or_not_at_all(tmp_path):
    target = tmp_path / "it"
    put(target, OLD_FOLDER)
    calls = calls_of(lambda: atomic.remove(target))
    assert list(tmp_path.iterdir()) == []
    for at in range(len(calls)):
        put(target, OLD_FOLDER)

        def child(at=at):
            with Fault(at, kill=True).on():
                atomic.remove(target)

        forked(child)
        assert not target.exists() or read(target) == OLD_FOLDER
        atomic.recover(target)
        assert [path.name for path in tmp_path.iterdir()] in ([], ["it"])
