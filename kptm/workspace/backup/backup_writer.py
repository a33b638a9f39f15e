"""Writes a backup of a workspace."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from contextlib import ExitStack, closing, contextmanager
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
from kptm.workspace.backup.backup_encryption import SUFFIX, encrypt, is_encrypted_name
from kptm.workspace.backup.backup_key import VARIABLE
from kptm.workspace.backup.backup_manifest import NAME, BackupManifest, Member
from kptm.workspace.backup.consistent_files import open_moment
from kptm.workspace.files.graph_state import check_graph
from kptm.workspace.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kptm.workspace.backup.backup_key import BackupKey
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
        encrypted: Whether the archive is encrypted.
    """

    file: str
    folder: str
    kptm: str
    revision: int
    files: int
    bytes: int
    left_out: tuple[str, ...] = ()
    encrypted: bool = False

    def to_dict(self) -> dict[str, Any]:
        """The values as JSON has them."""
        return asdict(self)


def back_up(folder: str | Path, file: str | Path, *, key: BackupKey | None = None) -> BackupReport:
    """Write a backup of a workspace, as it is at one moment, while others may write to it.

    The backup has the database, the settings, the outputs of stages, and learnt files. It has no
    unfinished runs, and no indexes, which are rebuilt. The file appears when it is complete.

    Args:
        folder: The workspace.
        file: The archive, which does not exist yet: ``.tar.zst``, ``.tar.gz``, ``.zip``, ``.tar``,
            with ``.enc`` after it if there is a key.
        key: Encrypts the archive. Its folder then never holds anything that is not encrypted: the
            copy of the database is in the workspace's folder meanwhile.

    Raises:
        WorkspaceError: There is no workspace or it is damaged, or the file exists, has another
            suffix, is a part of the workspace, or ends in ``.enc`` without a key.
        ConfigError: There is a key, but ``cryptography`` is not installed.
        OSError: A file cannot be read or written.
    """
    layout, file = Layout(Path(folder)), Path(file)
    suffix = check_name(file, key)
    _check(layout, file)
    beside = file if key is None else layout.graph
    try:
        # The copy is deleted before the archive gets its name, so that a kill leaves none beside a
        # complete backup.
        with (
            open_moment(layout) as moment,
            atomic.replace_path(file) as fresh,
            create_beside(beside, folder=True) as scratch,
        ):
            copy, revision = _copy_database(moment, scratch / layout.graph.name)
            manifest = _write(moment, copy, _Target(fresh, suffix, key), revision)
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


@dataclass(frozen=True, slots=True)
class _Target:
    """The archive to write."""

    path: Path
    suffix: str
    key: BackupKey | None

    @contextmanager
    def create(self) -> Iterator[archives.Add]:
        """Open the archive; yield the function that adds a member."""
        with ExitStack() as opened:
            raw: IO[bytes] = opened.enter_context(self.path.open("wb"))
            if self.key is not None:
                raw = opened.enter_context(encrypt(raw, self.key))
            yield opened.enter_context(archives.create(self.suffix, raw))


def _write(moment: WorkspaceMoment, copy: Path, target: _Target, revision: int) -> BackupManifest:
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
        with target.create() as add:
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


def check_name(file: Path, key: BackupKey | None) -> str:
    """The suffix of the archive in a file, whose name ends in ``.enc`` exactly if there is a key.

    So a forgotten key is an error, and never an archive that everyone can read.

    Raises:
        WorkspaceError: The name does not fit the key, or names no kind of archive.
    """
    encrypted = is_encrypted_name(file)
    suffix = archives.suffix_of(file, SUFFIX if encrypted else "")
    if encrypted and key is None:
        raise WorkspaceError(
            f"{file}: ends in {SUFFIX}, so it needs a key: --key-file, or the environment variable"
            f" {VARIABLE}"
        )
    if key is not None and not encrypted:
        raise WorkspaceError(
            f"{file}: there is a key, but the name of an encrypted backup ends in {SUFFIX}, like"
            f" my{suffix}{SUFFIX}; for one that is not encrypted, give no key and unset {VARIABLE}"
        )
    return suffix


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
        bytes=sum(member.size for member in manifest.files.values()),
        left_out=left_out,
        encrypted=is_encrypted_name(file),
    )
