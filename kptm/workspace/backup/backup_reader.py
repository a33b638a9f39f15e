"""Restores a workspace from a backup."""

from __future__ import annotations

import hashlib
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from kg.files.atomic import place_folder
from kptm.errors import WorkspaceError
from kptm.workspace.backup import archives
from kptm.workspace.backup.backup_encryption import MAGIC, SUFFIX, decrypt
from kptm.workspace.backup.backup_manifest import MAX_BYTES, NAME, BackupManifest, Member
from kptm.workspace.backup.backup_writer import (
    BackupReport,
    check_name,
    is_database_url,
    report_of,
)
from kptm.workspace.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kptm.workspace.backup.backup_key import BackupKey

_BYTES_PER_CHUNK = 2**20


def restore(file: str | Path, folder: str | Path, *, key: BackupKey | None = None) -> BackupReport:
    """Restore a workspace from a backup; the folder appears when all files are written and checked.

    Args:
        file: A backup by :func:`kptm.workspace.back_up`. It is not trusted: nothing is written
            outside of the folder.
        folder: The new workspace: a folder that does not exist, or is empty.
        key: The key that it was encrypted with; none if its name does not end in ``.enc``.

    Raises:
        WorkspaceError: The folder has content, or the backup is damaged: the message names the
            file in it. The key is missing, or is not that of the backup.
        ConfigError: There is a key, but ``cryptography`` is not installed.
        OSError: The folder cannot be written.
    """
    file, layout = Path(file), Layout(Path(folder))
    suffix = check_name(file, key)
    _check(file, layout)
    try:
        with place_folder(layout.folder) as fresh, _open(file, key) as raw:
            manifest = _unpack(file, suffix, raw, Layout(fresh))
    except FileExistsError as error:
        raise _content_error(layout.folder) from error
    return report_of(manifest, file, layout)


def _check(file: Path, layout: Layout) -> None:
    if is_database_url(layout.folder):
        raise WorkspaceError(
            f"{layout.folder}: is the URL of a database, but a backup is restored to a folder;"
            " restore a graph in PostgreSQL by pg_restore"
        )
    if not file.is_file():
        raise WorkspaceError(f"{file}: there is no such backup")
    if layout.is_workspace():
        raise WorkspaceError(
            f"{layout.folder}: is a workspace already, which is never overwritten; name a new"
            " folder, or move this one away"
        )
    there = layout.folder
    if (there.exists() or there.is_symlink()) and not (there.is_dir() and not any(there.iterdir())):
        raise _content_error(there)


@contextmanager
def _open(file: Path, key: BackupKey | None) -> Iterator[IO[bytes]]:
    """The archive in a file, decrypted if there is a key."""
    with file.open("rb") as raw:
        if key is not None:
            with decrypt(file, raw, key) as stream:
                yield stream
            return
        if raw.read(len(MAGIC)) == MAGIC:
            raise WorkspaceError(
                f"{file}: is encrypted; rename it, so that its name ends in {SUFFIX} after the"
                " suffix of its archive, and give the key"
            )
        raw.seek(0)
        yield raw


def _content_error(folder: Path) -> WorkspaceError:
    return WorkspaceError(f"{folder}: is not empty; name a new folder to restore to")


def _unpack(file: Path, suffix: str, raw: IO[bytes], layout: Layout) -> BackupManifest:
    """Write the members of an archive into a folder, each compared with the manifest."""
    place = NAME
    try:
        members = archives.members(suffix, raw)
        manifest = _manifest(file, members, layout)
        expected = dict(manifest.files)
        for name, content in members:
            place = name
            if name not in expected:
                raise ValueError("is not in the manifest, or occurs twice")
            _write(layout.folder / name, content, expected.pop(name))
            place = f"the part after {name}"
        if expected:
            place = sorted(expected)[0]
            raise ValueError("is missing")
    except archives.BROKEN as error:
        raise _damage_error(file, place, error) from error
    except OSError as error:
        if error.errno is not None:  # the disk, not the archive
            raise
        raise _damage_error(file, place, error) from error
    return manifest


def _damage_error(file: Path, place: str, error: Exception) -> WorkspaceError:
    return WorkspaceError(
        f"{file}: {place}: {error or 'ends too early'}; the backup is damaged, and nothing was"
        " restored"
    )


def _manifest(
    file: Path, members: Iterator[tuple[str, IO[bytes]]], layout: Layout
) -> BackupManifest:
    name, content = next(members, ("", None))
    if content is None or name != NAME:
        raise WorkspaceError(f"{file}: is not a backup by kptm: {NAME} is not its first member")
    parts = {path.name for path in (layout.config, layout.graph, *layout.stages)}
    read = content.read(MAX_BYTES + 1)
    if len(read) > MAX_BYTES:
        raise ValueError("is too long")
    manifest = BackupManifest.from_bytes(read, file, parts)
    for path in (layout.config, layout.graph):
        if path.name not in manifest.files:
            raise WorkspaceError(f"{file}: {path.name} is missing; the backup is incomplete")
    needed = sum(member.size for member in manifest.files.values())
    free = shutil.disk_usage(layout.folder).free
    if needed > free:
        raise WorkspaceError(
            f"{file}: needs {needed:,} bytes, but only {free:,} are free; free some space"
        )
    return manifest


def _write(path: Path, content: IO[bytes], member: Member) -> None:
    """Write a file and compare it with its manifest.

    Raises:
        ValueError: The file differs from its manifest.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    digest, left = hashlib.sha256(), member.size
    with path.open("xb") as out:
        while chunk := content.read(min(_BYTES_PER_CHUNK, left + 1)):
            left -= len(chunk)
            if left < 0:
                break
            digest.update(chunk)
            out.write(chunk)
    if left or digest.hexdigest() != member.sha256:
        raise ValueError("differs from its checksum")
