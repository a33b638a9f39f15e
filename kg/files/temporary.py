"""Temporary files and folders beside their target, and recovery after a kill.

A writer of ``NAME`` works in ``.NAME.TOKEN.kptm-new``; a folder that is being replaced is renamed
to ``….kptm-old``, one that is being deleted to ``….kptm-gone``. The writer holds an ``flock`` on
them, which the kernel releases however the process ends. So an entry without a lock was left by a
killed process.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import re
import secrets
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

NEW, OLD, GONE = ".kptm-new", ".kptm-old", ".kptm-gone"
_MAX_NAME_BYTES = 200
"""The maximum number of bytes of a name in its temporary's name; file systems allow 255 in all."""
_TOKEN_BYTES = 6
_LEFT = re.compile(rf"\.(.+)\.[0-9a-f]{{{2 * _TOKEN_BYTES}}}(\.kptm-(?:new|old|gone))", re.DOTALL)
NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL)
_NO_SYNC = (errno.EINVAL, errno.ENOTSUP)


def real_path(path: Path) -> Path:
    """The path with all symbolic links resolved, so that a link's target is replaced.

    Raises:
        OSError: The links form a loop.
    """
    resolved = Path(os.path.realpath(path))
    if resolved.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    return resolved


def beside(target: Path, kind: str, token: str | None = None) -> Path:
    """A name for a temporary entry of ``target``, unique unless ``token`` is given."""
    return target.with_name(
        f".{_stem(target.name)}.{token or secrets.token_hex(_TOKEN_BYTES)}{kind}"
    )


def is_temporary(name: str) -> bool:
    """Whether a name is that of a temporary entry."""
    return _LEFT.fullmatch(name) is not None


def sync(path: Path) -> None:
    """Force a file or a folder's list of names to disk.

    Raises:
        OSError: The disk fails. File systems that cannot sync a folder are ignored.
    """
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise
    finally:
        os.close(handle)


def lock(handle: int, *, wait: bool) -> bool:
    """Take the lock of an open file; return whether it was taken.

    On a file system without locks it is never taken, so that nothing counts as abandoned.
    """
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno in NO_LOCKS:
            return False
        raise
    return True


def release(handle: int) -> None:
    """Close a file that only held a lock, ignoring errors."""
    with suppress(OSError):
        os.close(handle)


def is_still(path: Path, handle: int) -> bool:
    """Whether ``path`` still names the file that ``handle`` has open."""
    try:
        named, opened = os.lstat(path), os.fstat(handle)
    except FileNotFoundError:
        return False
    return (named.st_dev, named.st_ino) == (opened.st_dev, opened.st_ino)


@contextmanager
def create_beside(target: Path, *, folder: bool) -> Iterator[Path]:
    """Yield a new locked file or folder beside ``target``; it is deleted if still there at the end.

    Raises:
        OSError: The file or folder cannot be created.
    """
    path, handle = _create(target, folder=folder)
    try:
        yield path
    finally:
        delete(path)
        release(handle)


def _create(target: Path, *, folder: bool) -> tuple[Path, int]:
    while True:  # until no process has deleted the entry as abandoned before it was locked
        path = beside(target, NEW)
        try:
            handle = _make(path, folder=folder)
        except FileNotFoundError:
            if not target.parent.is_dir():
                raise
            continue
        try:
            lock(handle, wait=True)
            if is_still(path, handle):
                return path, handle
            release(handle)
        except BaseException:
            delete(path)
            release(handle)
            raise


def _make(path: Path, *, folder: bool) -> int:
    if not folder:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    path.mkdir()
    try:
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError:
        delete(path)
        raise


def delete(path: Path) -> None:
    """Delete a file, link or folder if it exists; after a failure :func:`recover` tries again."""
    with suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def recover(parent: Path, names: Iterable[str]) -> None:
    """Clean up after killed writers of ``names`` in a folder.

    A folder that was renamed aside is restored if nothing has taken its place; everything else that
    no running process writes is deleted. A swap in progress is waited for. A read-only folder is
    left unchanged.
    """
    targets = {_stem(name): parent / name for name in names}
    _recover_where(parent, targets.get)


def recover_all(parent: Path, names: re.Pattern[str]) -> None:
    """Clean up after killed writers of all names that match a pattern."""
    _recover_where(parent, lambda stem: parent / stem if names.fullmatch(stem) else None)


def _recover_where(parent: Path, target_of: Callable[[str], Path | None]) -> None:
    with suppress(OSError):
        leftovers = sorted(
            (match[2] != OLD, entry.name, target)  # entries to restore come first
            for entry in os.scandir(parent)
            if (match := _LEFT.fullmatch(entry.name)) and (target := target_of(match[1]))
        )
        for _, name, target in leftovers:
            with suppress(OSError):
                _recover(parent / name, target)


def _recover(path: Path, target: Path) -> None:
    if path.is_symlink():  # a link was being deleted; links cannot be locked
        delete(path)
        return
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        aside = path.name.endswith(OLD)
        # The target is missing: the writer is between two renames, or was killed.
        wait = aside and not os.path.lexists(target)
        if not lock(handle, wait=wait) or not is_still(path, handle):
            return
        if aside and not os.path.lexists(target):
            path.rename(target)
            sync(target.parent)
        else:
            delete(path)
    finally:
        release(handle)


def _stem(name: str) -> str:
    raw = os.fsencode(name)
    if len(raw) <= _MAX_NAME_BYTES:
        return name
    digest = hashlib.sha256(raw).hexdigest()[:16]
    return (
        os.fsdecode(raw[: _MAX_NAME_BYTES - 20]).encode("utf-8", "ignore").decode() + "-" + digest
    )
