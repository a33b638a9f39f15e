"""The verb evaluate extraction."""

from __future__ import annotations

from dataclasses import asdict

import click

from kptm.cli.output.common import (
    device_option,
    existing,
    plain,
    show,
    show_rows,
    verb,
    workspace_argument,
)
from kptm.cli.output.progress import progress
from kptm.cli.verbs.review_verbs import precision_option


@click.command()
@workspace_argument
@click.argument("gold", type=click.Path())
@precision_option
@click.option("--relations", is_flag=True, help="Show each relation.")
@device_option
@verb
def extraction(workspace: str, gold: str, precision: float, relations: bool, as_json: bool) -> None:
    """Compare the facts extracted from the texts of GOLD with its triples.

    GOLD is JSON Lines with "text" and "triples"; "mentions" (start, end, entity) are used if given,
    else the linker finds them.
    """
    with existing(workspace) as ws, progress("extracting", None):
        report = ws.evaluate_extraction(gold, precision=precision)
    scores = {"precision": report.precision, "recall": report.recall, "f1": report.f1}
    if as_json:
        show({**asdict(report), **scores}, as_json, "")
        return
    show_rows(
        ("precision", "recall", "F1", "right", "found", "gold"),
        [(*(f"{x:.3f}" for x in scores.values()), report.right, report.found, report.gold)],
        as_json,
    )
    click.echo(
        f"{report.new_right:,} of {report.new_gold:,} triples that the graph lacks were found"
    )
    if relations:
        rows = [(plain(name), *own) for name, own in report.relations.items()]
        show_rows(("relation", "gold", "found", "right"), rows, as_json)
