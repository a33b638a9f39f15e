"""Failures of the system: the n-th call of a sequence raises, or ends the process."""

import errno
import fcntl
import os
import signal
from contextlib import contextmanager
from unittest import mock

CALLS = (
    *((os, name) for name in ("open", "write", "fsync", "rename", "replace", "mkdir", "rmdir",
    "unlink", "chmod", "close")), (fcntl, "flock"),
)  # fmt: skip
"""What a sequence is made of."""


class Fault:
    """Counts calls, and fails at one of them.

    Args:
        at: The number of the call, from 0; None only counts.
        kill: SIGKILL instead of an OSError.
        after: The call is made first. An error then stands for a disk that fails late.
    """

    def __init__(self, at=None, *, kill=False, after=False, number=errno.EIO):
        self.at, self.kill, self.after, self.number = at, kill, after, number
        self.calls = []

    def _strike(self, name):
        if self.kill:
            os.kill(os.getpid(), signal.SIGKILL)
        raise OSError(self.number, os.strerror(self.number), name)

    def wrapped(self, name, call):
        def run(*args, **options):
            hit = len(self.calls) == self.at
            self.calls.append(name)
            if hit and not self.after and not (name == "close" and not self.kill):
                self._strike(name)
            found = call(*args, **options)
            if hit and self.after and name != "open":
                self._strike(name)
            return found

        return run

    @contextmanager
    def on(self):
        with mock.patch.multiple(os, **self._of(os)), mock.patch.multiple(fcntl, **self._of(fcntl)):
            yield self

    def _of(self, module):
        return {n: self.wrapped(n, getattr(module, n)) for m, n in CALLS if m is module}


def calls_of(work):
    """The names of the calls that ``work`` makes, in their order."""
    with Fault().on() as fault:
        work()
    return fault.calls


def forked(work):
    """Run ``work`` in a child; return its exit code, negative for a signal."""
    pid = os.fork()
    if not pid:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
