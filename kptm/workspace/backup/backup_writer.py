"""Writes a backup of a workspace."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from kg.files import atomic
from kg.files.temporary import create_beside, is_temporary
from kptm.errors import WorkspaceError
from kptm.workspace import config as workspace_config
from kptm.workspace.backup import archives
from kptm.workspace.backup.backup_manifest import NAME, BackupManifest, Member
from kptm.workspace.backup.consistent_files import open_moment
from kptm.workspace.files.graph_state import check_graph
from kptm.workspace.layout import Layout

if TYPE_CHECKING:
    from kptm.workspace.backup.consistent_files import WorkspaceMoment


@dataclass(frozen=True, slots=True)
class BackupReport:
    """A backup that was written or restored.

    Attributes:
        file: The archive.
        folder: The workspace.
        kptm: The version of kptm that wrote the archive.
        revision: The newest revision of the graph.
        files: The number of files.
        bytes: The number of bytes of all files.
        left_out: The files and folders in the workspace that are not in the backup, because kptm
            did not write them; none after a restore.
    """

    file: str
    folder: str
    kptm: str
    revision: int
    files: int
    bytes: int
    left_out: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The values as JSON has them."""
        return asdict(self)


def back_up(folder: str | Path, file: str | Path) -> BackupReport:
    """Write a backup of a workspace, as it is at one moment, while others may write to it.

    The backup has the database, the settings, the outputs of stages, and learnt files. It has no
    unfinished runs, and no indexes, which are rebuilt. The file appears when it is complete.

    Args:
        folder: The workspace.
        file: The archive, which does not exist yet: ``.tar.zst``, ``.tar.gz``, ``.zip``, ``.tar``.

    Raises:
        WorkspaceError: There is no workspace or it is damaged, or the file exists, has another
            suffix, or is a part of the workspace.
        OSError: A file cannot be read or written.
    """
    layout, file = Layout(Path(folder)), Path(file)
    suffix = archives.suffix_of(file)
    _check(layout, file)
    try:
        # The copy is deleted before the archive gets its name, so that a kill leaves none beside a
        # complete backup.
        with (
            open_moment(layout) as moment,
            atomic.replace_path(file) as fresh,
            create_beside(file, folder=True) as scratch,
        ):
            copy, revision = _copy_database(moment, scratch / layout.graph.name)
            manifest = _write(moment, copy, fresh, suffix, revision)
    except sqlite3.Error as error:
        raise WorkspaceError(
            f"{layout.graph}: cannot be copied ({error}); run kptm doctor"
        ) from error
    return report_of(manifest, file, layout, _left_out(layout, manifest))


def _check(layout: Layout, file: Path) -> None:
    if is_database_url(layout.folder):
        raise WorkspaceError(
            f"{layout.folder}: is the URL of a database, but kptm backup needs a folder; back"
            " up a graph in PostgreSQL by pg_dump --format=custom, and restore it by pg_restore"
        )
    if not layout.is_workspace():
        raise WorkspaceError(f"{layout.folder}: there is no workspace; make one with kptm init")
    if url := workspace_config.read(layout.config).database.url:
        raise WorkspaceError(
            f"{layout.folder}: its graph is in {url}; back up that database by pg_dump"
            " --format=custom, and restore it by pg_restore; copy the folder while nothing writes"
            " to it, and restore it by copying it back"
        )
    check_graph(layout)
    if not layout.graph.is_file():
        raise WorkspaceError(f"{layout.folder}: has no graph yet; run kptm load")
    layout.check_output(file)
    if os.path.lexists(file):
        raise WorkspaceError(f"{file}: exists already; name another file, or remove it")


def _copy_database(moment: WorkspaceMoment, path: Path) -> tuple[Path, int]:
    """Copy the database and check the copy; return it and its newest revision."""
    with closing(sqlite3.connect(path, isolation_level=None)) as copy:
        moment.database.backup(copy)
        rows = copy.execute("PRAGMA quick_check(1)").fetchall()
        if rows != [("ok",)]:
            raise sqlite3.DatabaseError(str(rows[0][0]))
        # Index files are not backed up; without their rows here, the next search rebuilds them.
        copy.execute("DELETE FROM modeledge_snapshot")
        copy.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (revision,) = copy.execute("SELECT max(id) FROM revision").fetchone()
    return path, int(revision or 0)


def _write(
    moment: WorkspaceMoment, copy: Path, fresh: Path, suffix: str, revision: int
) -> BackupManifest:
    from kptm import __version__

    with ExitStack() as opened:
        files = {copy.name: opened.enter_context(copy.open("rb")), **moment.files}
        manifest = BackupManifest(
            kptm=__version__,
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            revision=revision,
            files={name: _member(stream) for name, stream in files.items()},
        )
        content = manifest.to_bytes()
        with fresh.open("wb") as raw, archives.create(suffix, raw) as add:
            add(NAME, len(content), BytesIO(content))
            for name, stream in files.items():
                stream.seek(0)
                add(name, manifest.files[name].size, stream)
    return manifest


def _member(stream: IO[bytes]) -> Member:
    digest = hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]  # a file
    return Member(stream.tell(), digest)


def _left_out(layout: Layout, manifest: BackupManifest) -> tuple[str, ...]:
    """The entries of the folder that are not in the backup, and neither derived nor temporary."""
    own = {name.partition("/")[0] for name in manifest.files}
    passing = (layout.state, layout.snapshots, layout.linking, layout.pretraining)
    own |= {path.name for path in (*layout.graph_files, *passing)}
    names = sorted(path.name for path in layout.folder.iterdir())
    return tuple(name for name in names if name not in own and not _is_passing(name))


def _is_passing(name: str) -> bool:
    return name.startswith(".kptm-") or is_temporary(name)


def is_database_url(folder: Path) -> bool:
    """Whether the path of a workspace is a URL; a path collapses the two slashes to one."""
    return ":/" in str(folder)


def report_of(
    manifest: BackupManifest, file: Path, layout: Layout, left_out: tuple[str, ...] = ()
) -> BackupReport:
    """The report on a backup with this manifest."""
    return BackupReport(
        file=str(file),
        folder=str(layout.folder),
        kptm=manifest.kptm,
        revision=manifest.revision,
        files=len(manifest.files),
        bytes=sum(one.size for one in manifest.files.values()),
        left_out=left_out,
    )
