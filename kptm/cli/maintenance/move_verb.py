"""move: a workspace from SQLite to PostgreSQL."""

from __future__ import annotations

import click

from kg.sql.partitions import MAX_PARTITIONS, MIN_PARTITIONS
from kptm.cli.output.common import show, verb, workspace_argument
from kptm.cli.output.progress import progress


@click.command()
@workspace_argument
@click.argument("url")
@click.option("--partitions", type=click.IntRange(MIN_PARTITIONS, MAX_PARTITIONS), metavar="N",
              help="Divide the largest tables there into N hash partitions.")  # fmt: skip
@verb
def move(workspace: str, url: str, partitions: int | None, as_json: bool) -> None:
    """Move graph, passages and modeledge of WORKSPACE to the PostgreSQL database at URL.

    URL is postgresql://user@host/name, of an empty database; its password is not stored. All rows
    and the fingerprint are compared before the workspace is switched over, and the old file stays.
    After an interruption, the same command continues.
    """
    from kptm.workspace import move as move_tables

    with progress("moving", None) as advance:
        report = move_tables(workspace, url, partitions=partitions, progress=advance)
    text = (
        f"{report.database}: {report.rows:,} rows, as in the file; the graph at revision"
        f" {report.revision}, with the same fingerprint"
    )
    if report.resumed:
        text += f"\n{report.resumed:,} of the rows had been copied before"
    text += f"\nthe file is {report.file} now; delete it when you have a copy of the database"
    show(report.to_dict(), as_json, text)
