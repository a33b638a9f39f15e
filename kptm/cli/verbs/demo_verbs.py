"""The verbs demo and example, on the example world."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kg.seeds import LARGEST_SEED
from kptm.cli.output.common import show, verb
from kptm.cli.output.progress import progress

if TYPE_CHECKING:
    from kptm.demo import DemoResult


@click.command()
@click.option("--out", default="demo", show_default=True, type=click.Path(), help="The folder.")
@click.option("--steps", default=1_000, show_default=True, type=click.IntRange(1),
              help="Pretraining steps of each arm.")  # fmt: skip
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(0, LARGEST_SEED),
    help="One seed, one result.",
)
@verb
def demo(out: str, steps: int, seed: int, as_json: bool) -> None:
    """Run every stage on the example world and write report.html."""
    from kptm.demo import DemoConfig, run_demo

    result = run_demo(DemoConfig(folder=Path(out), steps=steps, seed=seed), progress)
    if as_json:
        import json

        table = {
            arm: {split: asdict(value) for split, value in row.items()}
            for arm, row in result.measured.items()
        }
        click.echo(json.dumps({"report": str(result.report), "arms": table}, indent=2))
    else:
        _print(result)


def _print(result: DemoResult) -> None:
    from rich.console import Console
    from rich.table import Table

    from kptm.demo.page import SPLITS

    console = Console()
    table = Table(title="P@1 in a phrasing no text has, with 95% intervals")
    table.add_column("arm")
    for split, meaning in SPLITS.items():
        table.add_column(f"{split}: {meaning}", justify="right")
    for arm, row in result.measured.items():
        cells = [f"{row[s].mean:.3f} [{row[s].low:.3f}, {row[s].high:.3f}]" for s in SPLITS]
        table.add_row(arm, *cells)
    console.print(table)
    for answer in result.answers:
        console.print(f"\n[bold]{answer.question}[/bold]", highlight=False)
        console.print(answer.explain(), highlight=False, markup=False)
    console.print("\n[bold]One edit:[/bold] kptm edit world Australia capital Sydney")
    console.print(f"before: {result.before}\nafter:  {result.after}", highlight=False)
    total = sum(seconds for _, seconds in result.stages)
    console.print(f"\n{total:.0f} s in all. Look at {result.report}")


@click.command()
@click.argument("folder", type=click.Path(file_okay=False))
@verb
def example(folder: str, as_json: bool) -> None:
    """Copy the example world's files into a new FOLDER: entities, triples, texts, questions."""
    from kptm.examples import World

    copied = World().copy_to(folder)
    show([str(path) for path in copied], as_json, "\n".join(map(str, copied)))
