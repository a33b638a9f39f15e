"""recall, migrate, merge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kptm.cli.common import existing, show, show_rows, verb, workspace_argument
from kptm.cli.progress import progress

if TYPE_CHECKING:
    from kptm.modeledge.transfer.merge import MergeReport

POLICIES = ("both", "ours", "theirs", "newest")


@click.command()
@workspace_argument
@click.argument("text")
@click.option("-k", default=8, show_default=True, help="Records a blank or mention.")
@click.option("--kind", help='Only records of a kind: "cloze", "mention", "fact".')
@click.option("--source", help="Only records whose text this source attests.")
@click.option("--relation", help="Only records that state a triple of this relation.")
@click.option("--operation", type=int, help="Records as they lived after an operation.")
@verb
def recall(
    workspace: str,
    text: str,
    k: int,
    kind: str | None,
    source: str | None,
    relation: str | None,
    operation: int | None,
    as_json: bool,
) -> None:
    """Show what modeledge calls up at TEXT: at its [MASK], or at each name in it."""
    from kptm.modeledge import RecordFilter

    where = RecordFilter(kind=kind, source=source, relation=relation, operation=operation)
    with existing(workspace) as ws:
        found = ws.recall(text, k=k, where=where)
    rows = [
        (part.entity or "[MASK]", hit.value, round(hit.score, 4), hit.record.kind, hit.record.text,
         hit.id)
        for part in found
        for hit in part.hits
    ]  # fmt: skip
    show_rows(("at", "value", "similarity", "kind", "text", "row"), rows, as_json)


@click.command()
@workspace_argument
@click.option("--method", type=click.Choice(("auto", "encode", "map")), default="auto",
              show_default=True, help="Encode again from the texts, or turn by a rotation.")  # fmt: skip
@click.option("--old", help="The fingerprint of the model that made them, where there are several.")
@click.option(
    "--anchors", default=1_000, show_default=True, help="Records a rotation is fitted on."
)
@click.option("--target", default=0.95, show_default=True,
              help="The share of re-encoding's recall that a rotation has to reach.")  # fmt: skip
@click.option("--replace", is_flag=True, help="Take out the records that have been moved.")
@verb
def migrate(
    workspace: str,
    method: str,
    old: str | None,
    anchors: int,
    target: float,
    replace: bool,
    as_json: bool,
) -> None:
    """Make modeledge of an earlier model into that of the workspace's model now; say with what recall."""
    with existing(workspace) as ws, progress("moved", None) as advance:
        found = ws.modeledge.migrate(
            ws.model(),
            old=old,
            linker=ws.linker,
            anchors=anchors,
            method=method,
            target=target,
            replace=replace,
            progress=advance,
        )
    lines, moves = [], []
    for one in found.spaces:
        recall = one.agreement.recall if one.agreement is not None else None
        said = "not measured" if recall is None else f"{recall:.3f}"
        lines.append(
            f"{one.old} → {one.new}: {one.method}, {one.moved:,} moved, {one.there:,} there already,"
            f" {one.left:,} left, recall {said}"
        )
        moves.append(
            {"old": one.old, "new": one.new, "method": one.method, "moved": one.moved,
             "there": one.there, "left": one.left, "recall": recall}
        )  # fmt: skip
    value = {"operations": list(found.operations), "replaced": found.replaced, "spaces": moves}
    show(value, as_json, "\n".join([*lines, f"{found.replaced:,} old records taken out"]))


@click.command()
@workspace_argument
@click.argument("other", type=click.Path())
@click.option("--policy", type=click.Choice(POLICIES), default="both", show_default=True,
              help="Which fact stays where the two say different ones.")  # fmt: skip
@verb
def merge(workspace: str, other: str, policy: str, as_json: bool) -> None:
    """Bring the modeledge of OTHER, a workspace of the same model, into that of WORKSPACE."""
    with existing(workspace) as ws, existing(other) as there:
        theirs = sum(there.modeledge.stats().values())
        with progress("records", theirs) as advance:
            found = ws.modeledge.merge(there.modeledge, policy=policy, progress=advance)
    show(_as_dict(found), as_json, _said(found, workspace))


def _as_dict(found: MergeReport) -> dict[str, object]:
    from dataclasses import asdict

    return asdict(found)


def _said(found: MergeReport, workspace: str) -> str:
    said = f"{found.added:,} records came in, {found.same:,} were in both,"
    lines = [f"{said} {found.left:,} of theirs and {found.removed:,} of ours gave way"]
    lines += [
        f"{one.head} | {one.relation}: {one.ours} here, {one.theirs} there: kept {one.kept}"
        for one in found.conflicts
    ]
    if found.operation:
        lines.append(f"take it back with: kptm undo {workspace} --operation {found.operation}")
    return "\n".join(lines)
