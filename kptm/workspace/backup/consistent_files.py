"""Opens all files of a workspace at one moment of its database, while other processes write.

    write lock of the database ─► read transaction ─► files opened ─► write lock released

The read transaction and the open files still show that moment when others write afterwards, because
kptm never changes a file in place, but replaces it by a new one.
"""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from kg.files.temporary import OLD, is_still, is_temporary, lock, release
from kg.sql.database import BUSY_SECONDS
from kptm.errors import WorkspaceError
from kptm.workspace.files.stage_files import artefacts_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kptm.workspace.layout import Layout

_PAUSE_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class WorkspaceMoment:
    """A workspace at one moment.

    Attributes:
        database: A connection within a read transaction.
        files: The open files by their path in the workspace.
    """

    database: sqlite3.Connection
    files: dict[str, IO[bytes]]


@contextmanager
def open_moment(layout: Layout) -> Iterator[WorkspaceMoment]:
    """Open the database and all files, except indexes and unfinished runs.

    Raises:
        WorkspaceError: Another process holds the database for too long, or was killed while it
            replaced a folder.
        OSError: A file cannot be read.
    """
    with ExitStack() as opened:
        reader = opened.enter_context(closing(_connect(layout.graph)))
        with _no_writer(layout.graph), _no_swap(layout):
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM sqlite_master").fetchone()
            files: dict[str, IO[bytes]] = {
                path.relative_to(layout.folder).as_posix(): opened.enter_context(path.open("rb"))
                for path in _files(layout)
            }
        yield WorkspaceMoment(reader, files)


def _files(layout: Layout) -> list[Path]:
    """The files of a backup beside the database."""
    derived = (layout.pretraining, layout.linking_encoder)
    return [layout.config, *(
        path
        for artefact in artefacts_of(layout)
        if not is_temporary(artefact.path.name)
        for path in artefact.files
        if not any(path.is_relative_to(folder) for folder in derived)
    )]  # fmt: skip


def _connect(path: Path) -> sqlite3.Connection:
    """A connection without implicit transactions; read-only if the folder cannot be written."""
    mode = "rw" if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK) else "ro"
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=BUSY_SECONDS)


@contextmanager
def _no_writer(path: Path) -> Iterator[None]:
    """Hold the write lock of the database, if it can be written at all."""
    if not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
        yield
        return
    with closing(_connect(path)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            connection.execute("ROLLBACK")


@contextmanager
def _no_swap(layout: Layout) -> Iterator[None]:
    """Keep other processes from replacing the folders of stages."""
    above = (layout.folder, layout.linking, layout.finetuned, layout.compressed, layout.modules)
    until = time.monotonic() + BUSY_SECONDS
    while any(_is_between(folder) for folder in above):
        if time.monotonic() > until:
            raise WorkspaceError(
                f"{layout.folder}: a process was killed while it replaced a folder; run"
                " kptm stats, which restores the folder, and try again"
            )
        time.sleep(_PAUSE_SECONDS)
    folders = [layout.embeddings, layout.linking_index, layout.model]
    for parent in (layout.finetuned, layout.compressed, layout.modules):
        if parent.is_dir():
            folders += sorted(inner for inner in parent.iterdir() if not is_temporary(inner.name))
    with ExitStack() as locked:
        for folder in folders:
            if folder.is_dir() and not folder.is_symlink():
                handle = _lock(folder)
                if handle is not None:
                    locked.callback(release, handle)
        yield


def _is_between(folder: Path) -> bool:
    """Whether a folder below is renamed aside and the new one is not in its place yet."""
    try:
        names = [path.name for path in folder.iterdir()]
    except OSError:
        return False
    aside = (name for name in names if is_temporary(name) and name.endswith(OLD))
    return any(name[1:].rsplit(".", 2)[0] not in names for name in aside)


def _lock(folder: Path) -> int | None:
    """The folder, open and locked, when no process replaces it; None if it is gone."""
    while True:
        try:
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        lock(handle, wait=True)
        if is_still(folder, handle):
            return handle
        release(handle)
