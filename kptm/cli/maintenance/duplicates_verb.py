"""duplicates: entities that are the same thing under two names."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from kptm.cli.output.common import existing, show, verb, workspace_argument
from kptm.cli.output.progress import progress

if TYPE_CHECKING:
    from kptm.workspace import Workspace

MAX_PRINTED_PAIRS = 10
"""The maximum number of pairs that are printed; kptm review lists all."""


@click.command()
@workspace_argument
@click.option("--minimum", default=0.5, show_default=True, type=click.FloatRange(0, 1),
              help="The minimum probability of a pair.")  # fmt: skip
@click.option("--limit", default=10_000, show_default=True, type=click.IntRange(1),
              help="The maximum number of pairs to propose.")  # fmt: skip
@click.option("--fit", is_flag=True, help="First learn from the reviewed pairs.")
@click.option("--merge", "merged", nargs=2, multiple=True, metavar="KEEP GONE",
              help="Merge GONE into KEEP, instead of searching; may be repeated.")  # fmt: skip
@verb
def duplicates(
    workspace: str,
    minimum: float,
    limit: int,
    fit: bool,
    merged: tuple[tuple[str, str], ...],
    as_json: bool,
) -> None:
    """Propose pairs of entities that are probably the same thing, with the evidence.

    kptm review accepts or rejects them, like proposed facts. Accepting a pair merges the two: one
    entity gets the statements, sources and names of both. kptm undo restores both.
    """
    with existing(workspace) as ws:
        if merged:
            _merge(ws, workspace, merged, as_json)
            return
        result: dict[str, object] = {}
        lines = []
        if fit:
            learnt = ws.fit_duplicates()
            result["fit"] = asdict(learnt)
            lines.append(
                f"learnt from {learnt.same:,} accepted and {learnt.different:,} rejected pairs:"
                f" log loss {learnt.loss_before:.3f} → {learnt.loss:.3f}"
            )
        with progress("comparing pairs", None) as advance:
            report = ws.duplicates(minimum=minimum, limit=limit, progress=advance)
        items = ws.review(relation=_same_as(), limit=MAX_PRINTED_PAIRS)
        waiting = ws.graph.proposals.count()["proposed"]
    result |= {**asdict(report), "waiting": waiting, "best": [
        {"id": item.proposal.id, "keep": item.proposal.head, "gone": item.proposal.tail,
         "p": item.proposal.confidence, "evidence": item.proposal.sentence}
        for item in items
    ]}  # fmt: skip
    lines.append(
        f"{report.compared:,} pairs compared, {report.found:,} are probably the same:"
        f" {report.proposed:,} are new proposals"
        + (f", {report.gone:,} earlier ones were removed" if report.gone else "")
    )
    lines += [f"  {item.proposal.confidence:.2f}  {item.proposal.sentence}" for item in items]
    if items:
        lines.append(f'decide with: kptm review {workspace} --relation "same as"')
    show(result, as_json, "\n".join(lines))


def _same_as() -> str:
    from kg.vocabulary import SAME_AS

    return SAME_AS


def _merge(
    ws: Workspace, workspace: str, pairs: tuple[tuple[str, str], ...], as_json: bool
) -> None:
    merges = [ws.merge_entities(keep, [gone]) for keep, gone in pairs]
    lines = [
        f"{gone} is {kept} now ({merge.statements:,} statements); take it back with:"
        f" kptm undo {workspace} {merge.revision}"
        for merge in merges
        for gone, kept in merge.kept.items()
    ]
    show({"merged": [asdict(merge) for merge in merges]}, as_json, "\n".join(lines))
