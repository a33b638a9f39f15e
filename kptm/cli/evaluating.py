"""evaluate fusion, evaluate linking."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from kptm.cli.common import existing, progress, show, verb, workspace_argument


@click.group()
def evaluate() -> None:
    """Measure, with control arms."""


@evaluate.command()
@click.option("--facts", required=True, type=click.Path(),
              help="JSON Lines: relation, subject, object.")  # fmt: skip
@click.option("--phrasings", required=True, type=click.Path(),
              help="JSON Lines: relation, pattern with [X] and [Y].")  # fmt: skip
@click.option("--ask", required=True,
              help="The phrasing to ask in: its place (1, 2, …) or a file.")  # fmt: skip
@click.option("--seeds", default=1, show_default=True, type=click.IntRange(1), help="Runs an arm.")
@click.option("--arms", default="none,permuted,aligned", show_default=True, help="Which arms.")
@click.option(
    "--steps", default=1_500, show_default=True, type=click.IntRange(1), help="Training steps."
)
@click.option("--limit", type=click.IntRange(1), help="At most so many facts a relation.")
@verb
def fusion(
    facts: str,
    phrasings: str,
    ask: str,
    seeds: int,
    arms: str,
    steps: int,
    limit: int | None,
    as_json: bool,
) -> None:
    """Does knowledge arrive? P@1 on facts in text and graph (A), graph only (B), neither (C)."""
    from kptm.evaluation.study import FusionStudy

    study = FusionStudy.read(facts, phrasings, ask, steps=steps, limit=limit)
    chosen = tuple(arm.strip() for arm in arms.split(",") if arm.strip())
    with progress("arms", None) as advance:
        table = study.run(chosen, range(seeds), progress=advance)
    lines = [
        f"{split}  " + "  ".join(f"{arm} {value:.3f}" for arm, value in row.items())
        for split, row in table.items()
    ]
    show(table, as_json, "\n".join(lines))


@evaluate.command()
@workspace_argument
@click.argument("gold", type=click.Path())
@verb
def linking(workspace: str, gold: str, as_json: bool) -> None:
    """Compare with GOLD: a text a line, its links marked as [[key|surface]]."""
    from kptm.evaluation.linking import score_linking
    from kptm.examples.reader import parse_marked
    from kptm.texts import read_texts

    with existing(workspace) as ws:
        wanted = [parse_marked(line) for line in read_texts(gold)]
        found = ws.link(document.text for document in wanted)
        report: Any = score_linking(zip(wanted, found, strict=True))
    text = (
        f"precision {report.precision:.3f}  recall {report.recall:.3f}  F1 {report.f1:.3f}"
        f"  ({report.right:,} right of {report.found:,} found, {report.gold:,} gold)"
    )
    show(asdict(report), as_json, text)
