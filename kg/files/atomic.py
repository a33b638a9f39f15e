"""Replaces files and folders atomically: an error or a kill leaves the old or the new one.

A file: written to a temporary beside it ─► fsync ─► rename ─► fsync of the folder. A folder:
written beside ─► fsync of all of it ─► the old one renamed aside ─► the new one renamed in ─► fsync
─► the old one deleted. An error puts the old one back; :func:`recover` does so after a kill.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from kg.files import temporary
from kg.files.temporary import GONE, NEW, OLD, beside, delete, lock, real_path, release, sync

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def recover(path: Path) -> None:
    """Clean up after a killed writer of a file or folder.

    See :func:`kg.files.temporary.recover`.
    """
    target = Path(os.path.realpath(path))
    temporary.recover(target.parent, (target.name,))


# ── files ────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def replace_path(path: Path) -> Iterator[Path]:
    """Yield an empty file that replaces ``path`` if the block ends without an error.

    A symbolic link stays, and its target is replaced. The new file gets the permissions of the old
    one.

    Raises:
        OSError: The file cannot be written, or ``path`` is not a regular file.
    """
    target = real_path(path)
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(target.stat().st_mode):
            raise OSError(errno.EEXIST, "is not a plain file", str(path))
    recover(target)
    with temporary.create_beside(target, folder=False) as fresh:
        yield fresh
        with suppress(FileNotFoundError):
            fresh.chmod(stat.S_IMODE(target.stat().st_mode))
        sync(fresh)
        fresh.replace(target)
        sync(target.parent)


@contextmanager
def replace_file(path: Path) -> Iterator[IO[bytes]]:
    """Open ``path`` for writing; a regular file is replaced atomically if the block succeeds.

    Pipes, terminals, devices and ``/dev/stdout`` are written to directly.

    Raises:
        OSError: The file cannot be written.
    """
    stream = _special(path)
    if stream is not None:
        with stream:
            yield stream
        return
    with replace_path(path) as fresh, fresh.open("wb") as file:
        yield file
        file.flush()


def write_text(path: Path, text: str) -> None:
    """Write a text as UTF-8 atomically.

    Raises:
        OSError: The file cannot be written.
    """
    with replace_file(path) as stream:
        stream.write(text.encode())


def _special(path: Path) -> IO[bytes] | None:
    """Open a pipe, terminal or device for writing; None for a regular or missing file."""
    handle = _descriptor(path)
    if handle is not None:
        return os.fdopen(os.dup(handle), "wb")
    with suppress(FileNotFoundError):
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            return os.fdopen(os.open(path, os.O_WRONLY | os.O_CLOEXEC), "wb")
    return None


def _descriptor(path: Path) -> int | None:
    """The open file that ``/dev/stdout`` or ``/dev/fd/N`` names."""
    names = {"/dev/stdout": 1, "/dev/stderr": 2}
    if str(path) in names:
        return names[str(path)]
    inside = str(path.parent) in ("/dev/fd", "/proc/self/fd")
    return int(path.name) if inside and path.name.isdecimal() else None


# ── folders ──────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def new_folder(folder: Path) -> Iterator[tuple[Path, Callable[[], None]]]:
    """Yield an empty folder, and a function that replaces ``folder`` by it.

    If the function is not called, ``folder`` is not changed. A symbolic link stays, and its target
    is replaced.

    Raises:
        OSError: The folder cannot be written; the old folder is restored.
    """
    target = real_path(folder)
    target.parent.mkdir(parents=True, exist_ok=True)
    recover(target)

    with temporary.create_beside(target, folder=True) as fresh:

        def commit() -> None:
            _sync_tree(fresh)
            while not _swap(fresh, target):  # another process replaced it meanwhile
                pass

        yield fresh, commit


@contextmanager
def replace_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty folder that replaces ``folder`` if the block ends without an error.

    Raises:
        OSError: The folder cannot be written; the old folder is restored.
    """
    with new_folder(folder) as (fresh, commit):
        yield fresh
        commit()


@contextmanager
def place_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty folder, which is renamed to ``folder`` if the block ends without an error.

    A file, a link, or a folder that is not empty is never replaced.

    Raises:
        OSError: The folder cannot be written; ``FileExistsError`` if the path is taken.
    """
    target = Path(os.path.abspath(folder))  # noqa: PTH100  # resolve() would follow a link
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary.recover(target.parent, (target.name,))
    with temporary.create_beside(target, folder=True) as fresh:
        yield fresh
        _sync_tree(fresh)
        try:
            fresh.rename(target)
        except OSError as error:
            if _is_taken(error) or error.errno == errno.ENOTDIR:
                raise FileExistsError(errno.EEXIST, "is not empty", str(folder)) from error
            raise
        sync(target.parent)


def remove(path: Path) -> None:
    """Delete a file or a folder atomically.

    Of a link only the link is deleted.

    Raises:
        OSError: The path cannot be deleted.
    """
    aside = beside(path, GONE)
    path.rename(aside)
    sync(path.parent)
    delete(aside)
    if os.path.lexists(aside):
        raise OSError(errno.EACCES, "cannot be deleted", str(aside))


def _swap(fresh: Path, target: Path) -> bool:
    """Put ``fresh`` in the place of ``target``; False if another process changed it meanwhile."""
    handle = _lock_folder(target)
    if handle is None:
        return _place(fresh, target)
    aside = beside(target, OLD, fresh.name.removesuffix(NEW).rpartition(".")[2])
    try:
        if not temporary.is_still(target, handle):
            return False
        try:
            target.rename(aside)
            fresh.rename(target)
            sync(target.parent)
        except BaseException as error:
            if _is_taken(error) and os.path.lexists(fresh):  # another process was faster
                delete(aside)
                return False
            _restore(fresh, target, aside)
            raise
        delete(aside)
        return True
    finally:
        release(handle)


def _place(fresh: Path, target: Path) -> bool:
    """Rename to a free path; False if the path is taken."""
    try:
        fresh.rename(target)
        sync(target.parent)
    except BaseException as error:
        if _is_taken(error) and os.path.lexists(fresh):
            return False
        if not os.path.lexists(fresh):
            with suppress(OSError):
                target.rename(fresh)
        raise
    return True


def _is_taken(error: BaseException) -> bool:
    return isinstance(error, OSError) and error.errno in (errno.ENOTEMPTY, errno.EEXIST)


def _restore(fresh: Path, target: Path, aside: Path) -> None:
    """Put the old folder back; if that fails too, it stays aside for :func:`recover`."""
    with suppress(OSError):
        if not os.path.lexists(fresh):
            target.rename(fresh)
        aside.rename(target)


def _lock_folder(target: Path) -> int | None:
    """Open and lock the old folder; None if there is none."""
    try:
        handle = os.open(target, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        lock(handle, wait=True)
    except BaseException:
        release(handle)
        raise
    return handle


def _sync_tree(folder: Path) -> None:
    for path, _, names in os.walk(folder, topdown=False):
        for name in names:
            file = Path(path, name)
            if not file.is_symlink():
                sync(file)
        sync(Path(path))
