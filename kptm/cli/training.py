"""pretrain, index."""

from __future__ import annotations

import click

from kptm.cli.common import existing, progress, show, verb, workspace_argument


@click.command()
@workspace_argument
@click.argument("texts", type=click.Path())
@verb
def pretrain(workspace: str, texts: str, as_json: bool) -> None:
    """Pretrain a fused model on TEXTS (a file or folder of .txt or .jsonl).

    A run that was cut goes on from its newest checkpoint.
    """
    with (
        existing(workspace) as ws,
        progress("pretraining", ws.config.pretraining.steps) as advance,
    ):
        report = ws.pretrain(texts, progress=advance)
    last = report.curve[-1] if report.curve else None
    loss = f", loss {last.loss:.3f}" if last else ""
    show(
        report.to_dict(),
        as_json,
        f"{report.steps:,} steps on {report.texts:,} texts with {report.links:,} links{loss},"
        f" {report.seconds:.0f} s",
    )


@click.command()
@workspace_argument
@click.argument("texts", type=click.Path())
@verb
def index(workspace: str, texts: str, as_json: bool) -> None:
    """Write the modeledge of TEXTS, and learn how they say relations."""
    with existing(workspace) as ws:
        with progress("modeledge", None) as advance:
            added = ws.index(texts, progress=advance)
        found = {"added": added, "records": sum(ws.modeledge.stats().values())}
    show(found, as_json, f"{added:,} vectors added, {found['records']:,} in all")
