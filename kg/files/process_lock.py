"""A lock file for one process at a time, which names its holder.

The kernel releases the lock when the process ends.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kg.files.temporary import NO_LOCKS, is_still, release

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Holder:
    """The holder of a lock, as far as it is known.

    Attributes:
        process: The process id.
        host: The host of the process.
        since: The time at which it took the lock, as text.
    """

    process: int | None
    host: str
    since: str

    def __str__(self) -> str:
        where = "" if self.host in ("", socket.gethostname()) else f" on {self.host}"
        return f"process {self.process or 'unknown'}{where}" + (
            f", since {self.since}" if self.since else ""
        )


class Held(Exception):  # noqa: N818  # callers convert it to their own errors
    """Another process holds the lock."""

    def __init__(self, holder: Holder) -> None:
        super().__init__(str(holder))
        self.holder = holder


@contextmanager
def process_lock(path: Path) -> Iterator[None]:
    """Hold a lock for the block; its file is deleted afterwards.

    Raises:
        Held: Another process holds the lock.
        OSError: The file cannot be written.
    """
    handle = _take(path)
    try:
        _write_holder(handle)
        yield
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)
        release(handle)


def _take(path: Path) -> int:
    while True:  # until the locked file is still the one at the path
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _read_holder(handle)
            release(handle)
            raise Held(holder) from None
        except OSError as error:
            if error.errno not in NO_LOCKS:  # a file system without locks excludes nobody
                release(handle)
                raise
        if is_still(path, handle):
            return handle
        release(handle)


def _write_holder(handle: int) -> None:
    since = time.strftime("%Y-%m-%d %H:%M:%S %z")
    value = {"process": os.getpid(), "host": socket.gethostname(), "since": since}
    os.truncate(handle, 0)
    os.pwrite(handle, json.dumps(value).encode(), 0)


def _read_holder(handle: int) -> Holder:
    try:
        value = json.loads(os.pread(handle, 4_096, 0))
        return Holder(int(value["process"]), str(value["host"]), str(value["since"]))
    except (OSError, ValueError, LookupError, TypeError):
        return Holder(None, "", "")
