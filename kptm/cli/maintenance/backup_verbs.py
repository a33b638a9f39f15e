"""backup, restore: a workspace in one file, and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kptm.cli.output.common import show, verb

if TYPE_CHECKING:
    from kptm.workspace import BackupKey

_file = click.argument("file", type=click.Path(dir_okay=False))
_workspace = click.argument("workspace", type=click.Path(file_okay=False))
_key_file = click.option("--key-file", type=click.Path(dir_okay=False),
                         help="The file with the key of an encrypted backup."
                         "  [default: the key in KPTM_BACKUP_KEY, if that is set]")  # fmt: skip


def _key(key_file: str | None) -> BackupKey | None:
    from kptm.workspace import BackupKey

    return BackupKey.from_file(key_file) if key_file else BackupKey.from_environment()


@click.command()
@_workspace
@_file
@_key_file
@verb
def backup(workspace: str, file: str, key_file: str | None, as_json: bool) -> None:
    """Write WORKSPACE, as it is at one moment, to FILE: .tar.zst, .tar.gz, .zip or .tar.

    With a key, FILE is encrypted, and its name ends in .enc: my.tar.zst.enc.

    Other processes may still write to the workspace. Indexes, unfinished runs, and files that
    kptm did not write are left out. FILE appears when it is complete, and is never overwritten.
    """
    from kptm.workspace import back_up

    report = back_up(workspace, file, key=_key(key_file))
    text = (
        f"{report.file}: {report.files:,} files, {report.bytes:,} bytes, the graph at revision"
        f" {report.revision}"
    )
    if report.encrypted:
        text += "\nencrypted: without its key nobody can restore it, so keep the key elsewhere"
    if report.left_out:
        text += f"\nleft out, because kptm did not write it: {', '.join(report.left_out)}"
    show(report.to_dict(), as_json, text)


@click.command()
@_file
@_workspace
@_key_file
@verb
def restore(file: str, workspace: str, key_file: str | None, as_json: bool) -> None:
    """Make WORKSPACE, a new folder, from the backup in FILE, which is encrypted if it ends in .enc.

    Every file is compared with its checksum; the folder appears when all files are written.
    """
    from kptm.workspace import restore as restore_backup
    from kptm.workspace.backup.backup_encryption import is_encrypted_name

    # A key in the environment is for encrypted backups; others are restored as before.
    needed = key_file or is_encrypted_name(Path(file))
    report = restore_backup(file, workspace, key=_key(key_file) if needed else None)
    text = (
        f"{report.folder}: {report.files:,} files, {report.bytes:,} bytes, the graph at revision"
        f" {report.revision}"
    )
    show(report.to_dict(), as_json, text)
