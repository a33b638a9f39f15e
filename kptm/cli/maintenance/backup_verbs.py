"""backup, restore: a workspace in one file, and back."""

from __future__ import annotations

import click

from kptm.cli.output.common import show, verb

_file = click.argument("file", type=click.Path(dir_okay=False))
_workspace = click.argument("workspace", type=click.Path(file_okay=False))


@click.command()
@_workspace
@_file
@verb
def backup(workspace: str, file: str, as_json: bool) -> None:
    """Write WORKSPACE, as it is at one moment, to FILE: .tar.zst, .tar.gz, .zip or .tar.

    Other processes may still write to the workspace. Indexes, unfinished runs, and files that
    kptm did not write are left out. FILE appears when it is complete, and is never overwritten.
    """
    from kptm.workspace import back_up

    report = back_up(workspace, file)
    text = (
        f"{report.file}: {report.files:,} files, {report.bytes:,} bytes, the graph at revision"
        f" {report.revision}"
    )
    if report.left_out:
        text += f"\nleft out, because kptm did not write it: {', '.join(report.left_out)}"
    show(report.to_dict(), as_json, text)


@click.command()
@_file
@_workspace
@verb
def restore(file: str, workspace: str, as_json: bool) -> None:
    """Make WORKSPACE, a new folder, from the backup in FILE.

    Every file is compared with its checksum; the folder appears when all files are written.
    """
    from kptm.workspace import restore as restore_backup

    report = restore_backup(file, workspace)
    text = (
        f"{report.folder}: {report.files:,} files, {report.bytes:,} bytes, the graph at revision"
        f" {report.revision}"
    )
    show(report.to_dict(), as_json, text)
