"""The verb sync, which synchronises a workspace with a folder."""

from __future__ import annotations

from dataclasses import asdict

import click

from kptm.cli.output.common import device_option, existing, plain, show, verb, workspace_argument
from kptm.cli.output.progress import progress
from kptm.cli.verbs.review_verbs import precision_option

SIGNS = {"added": "+", "changed": "~", "deleted": "-", "failed": "!", "skipped": "?"}


@click.command()
@workspace_argument
@click.argument("folder", type=click.Path())
@click.option("--extract/--no-extract", "extract", default=None,
              help="Propose facts from new texts; by default if kptm extract has trained"
                   " an extractor.")  # fmt: skip
@precision_option
@device_option
@verb
def sync(
    workspace: str, folder: str, extract: bool | None, precision: float, as_json: bool
) -> None:
    """Make WORKSPACE hold exactly what the files of FOLDER state.

    .txt, and .jsonl with "text", are texts, which are indexed; other files are triples, or entities
    (.jsonl with "key"). New and changed files are read; statements that only a deleted file made
    end. It can be run again at any time, even after it was killed.
    """
    with existing(workspace) as ws, progress("sync", None) as advance:
        report = ws.sync(
            folder,
            extract=extract,
            precision=precision,
            progress=lambda file_count, name: advance(file_count, plain(name)),
        )
    lines = [
        f"{SIGNS[change.action]} {change.name}" + (f": {change.note}" if change.note else "")
        for change in report.changes
    ]
    counts = {action: report.count(action) for action in SIGNS}
    summary = ", ".join(f"{count:,} {action}" for action, count in counts.items() if count)
    lines.append(f"{summary or 'nothing to do'}; {report.unchanged:,} files unchanged")
    report_ = {
        **counts,
        "unchanged": report.unchanged,
        "files": [asdict(change) for change in report.changes],
    }
    show(report_, as_json, "\n".join(lines))
    if counts["failed"]:
        raise click.exceptions.Exit(1)
