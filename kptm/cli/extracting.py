"""extract, check, evaluate extraction."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from kptm.cli.common import existing, plain, show, show_rows, verb, workspace_argument
from kptm.cli.progress import lines_of, progress, read_names

if TYPE_CHECKING:
    from kptm.constraints.constraint import Violation

precision_option = click.option(
    "--precision",
    default=0.9,
    show_default=True,
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Thresholds are those at which predictions have this precision on held-out texts.",
)


@click.command()
@workspace_argument
@click.argument("texts", type=click.Path())
@precision_option
@click.option("--rows", type=click.Path(), metavar="FILE.jsonl",
              help='Learn from labelled rows: "text" and "triples" a line.')  # fmt: skip
@click.option("--retrain", is_flag=True, help="Learn anew, from what was rejected too.")
@click.option("--known-only", is_flag=True, help="Propose no entities that the graph lacks.")
@click.option("--source", help="Who says the texts; the path of each file by default.")
@verb
def extract(
    workspace: str,
    texts: str,
    precision: float,
    rows: str | None,
    retrain: bool,
    known_only: bool,
    source: str | None,
    as_json: bool,
) -> None:
    """Propose the facts that TEXTS (a file or folder of .txt or .jsonl) state and the graph lacks.

    The first time it learns to read from the facts that the graph has and the texts state. Proposals are in no query
    until they are accepted: kptm review. A run that was stopped goes on where it was.
    """
    with existing(workspace) as ws:
        read_names(ws)
        with (
            progress("extracting", lines_of([texts]), about=True) as advance,
        ):
            report = ws.extract(
                texts,
                precision=precision,
                rows=rows,
                retrain=retrain,
                new_entities=not known_only,
                source=source,
                progress=advance,
                learning=lambda done, total, what: advance(
                    0,
                    f"{what}: {done:,}" + (f" of at most {total:,} passes" if total else " texts"),
                ),
            )
        waiting = ws.graph.proposals.count()["proposed"]
    read = (
        f"{report.texts:,} texts read, {report.read_before:,} read before: {report.proposed:,} facts proposed,"
        f" {report.known:,} known already, {report.new_entities:,} new entities"
    )
    lines = [read]
    if report.learnt:
        lines.insert(0, f"learnt {report.relations:,} relations from {report.learnt:,} texts")
    if waiting:
        lines.append(f"{waiting:,} proposals wait: kptm review {workspace}")
    show({**asdict(report), "waiting": waiting}, as_json, "\n".join(lines))


@click.command()
@workspace_argument
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1),
              help="The most violations of each constraint.")  # fmt: skip
@click.option(
    "--constraints", "listed", is_flag=True, help="List the constraints, not what breaks them."
)
@verb
def check(workspace: str, limit: int, listed: bool, as_json: bool) -> None:
    """List facts and proposals that break a constraint: of kptm.toml, or that nearly all facts keep.

    Exit code 1 where a fact breaks a declared constraint.
    """
    with existing(workspace) as ws:
        report = ws.check(limit=limit)
    if listed:
        rows = [
            (str(one), "declared" if one.is_declared else "learnt", one.support, one.exceptions)
            for one in report.constraints
        ]
        show_rows(
            ("constraint", "from", "support", "exceptions"), rows, as_json, nothing="no constraints"
        )
    else:
        broken = [_violation(one) for one in report.violations]
        columns = (
            "constraint",
            "from",
            "support",
            "head",
            "relation",
            "tail",
            "reason",
            "proposal",
        )
        show_rows(columns, broken, as_json, nothing=f"{len(report.constraints):,} constraints hold")
    if any(one.constraint.is_declared and not one.proposal for one in report.violations):
        raise click.exceptions.Exit(1)


def _violation(one: Violation) -> tuple[object, ...]:
    from kg.types import Literal
    from kg.values import value_text

    rule = one.constraint
    tail = value_text(one.tail) if isinstance(one.tail, Literal) else one.tail
    origin = "declared" if rule.is_declared else "learnt"
    return (
        str(rule), origin, rule.support, one.head, one.relation, tail, one.reason,
        one.proposal or None,
    )  # fmt: skip


@click.command()
@workspace_argument
@click.argument("gold", type=click.Path())
@precision_option
@click.option("--relations", is_flag=True, help="Show each relation.")
@verb
def extraction(workspace: str, gold: str, precision: float, relations: bool, as_json: bool) -> None:
    """Compare the facts that are read in the texts of GOLD with the triples that they state.

    GOLD is JSON Lines with "text" and "triples"; with "mentions" (start, end, entity) these are taken, not looked for.
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
    click.echo(f"of {found.new_gold:,} triples that the graph lacks {found.new_right:,} were read")
    if relations:
        rows = [(plain(name), *own) for name, own in found.relations.items()]
        show_rows(("relation", "gold", "found", "right"), rows, as_json)
