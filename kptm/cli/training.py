"""pretrain."""

from __future__ import annotations

import click

from kptm.cli.common import existing, show, verb, workspace_argument
from kptm.cli.progress import progress


@click.command()
@workspace_argument
@click.argument("texts", type=click.Path())
@click.option("--triples", is_flag=True, help="Read the graph's triples as sentences too.")
@verb
def pretrain(workspace: str, texts: str, triples: bool, as_json: bool) -> None:
    """Pretrain a fused model on TEXTS (a file or folder of .txt or .jsonl).

    A line of .jsonl with "links" is taken as it is linked. A run that was cut goes on from its newest checkpoint.
    Several processes: accelerate launch --num_processes 2 -m kptm pretrain WORKSPACE TEXTS.
    """
    from kptm.pretraining.processes import processes

    with (
        existing(workspace) as ws,
        progress("pretraining", ws.config.pretraining.steps) as advance,
    ):
        report = ws.pretrain(
            texts,
            triples=triples,
            progress=advance,
            reading=lambda count: advance(0, f"{count:,} texts read"),
        )
    if not processes().is_main_process:
        return  # of several processes one tells
    last = report.curve[-1] if report.curve else None
    loss = f", loss {last.loss:.3f}" if last else ""
    show(
        report.to_dict(),
        as_json,
        f"{report.steps:,} steps on {report.texts:,} texts with {report.links:,} links{loss},"
        f" {report.seconds:.0f} s; {report.backbone}",
    )
