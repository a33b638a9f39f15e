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
        found = ws.evaluate_extraction(gold, precision=precision)
    scores = {"precision": found.precision, "recall": found.recall, "f1": found.f1}
    if as_json:
        show({**asdict(found), **scores}, as_json, "")
        return
    show_rows(
        ("precision", "recall", "F1", "right", "found", "gold"),
        [(*(f"{x:.3f}" for x in scores.values()), found.right, found.found, found.gold)],
        as_json,
    )
    click.echo(f"{found.new_right:,} of {found.new_gold:,} triples that the graph lacks were found")
    if relations:
        rows = [(plain(name), *own) for name, own in found.relations.items()]
        show_rows(("relation", "gold", "found", "right"), rows, as_json)
