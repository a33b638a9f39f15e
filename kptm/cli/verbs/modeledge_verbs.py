"""The verbs index, recall, migrate, merge, receipts and verify, on modeledge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kptm.cli.output.common import (
    device_option,
    existing,
    model_option,
    show,
    show_rows,
    verb,
    workspace_argument,
)
from kptm.cli.output.corpus_options import corpus_options, corpus_shards
from kptm.cli.output.progress import lines_of, progress

if TYPE_CHECKING:
    from kptm.modeledge.transfer.merge import MergeReport
    from kptm.workspace import Workspace


KINDS = ("auto", "flat", "hnsw", "ivf", "ivf-sq8", "ivf-pq")


@click.command()
@workspace_argument
@click.argument("texts", type=click.Path(), required=False)
@click.option("--triples", is_flag=True, help="Index the graph's triples too.")
@click.option("--source", help="The source of the texts; by default their path.")
@click.option(
    "--kind", type=click.Choice(KINDS), help="Rebuild the index of every space, of this kind."
)
@click.option("--queries", type=int, help="The expected number of queries, on which auto depends.")
@model_option
@corpus_options
@device_option
@verb
def index(
    workspace: str,
    texts: str | None,
    triples: bool,
    source: str | None,
    kind: str | None,
    queries: int | None,
    shards: str | None,
    jobs: int | None,
    ray: str | None,
    shard_size: int | None,
    as_json: bool,
) -> None:
    """Index TEXTS as passages and modeledge, and mine their phrasings of relations.

    Without a model only passages and phrasings are written, from which questions are answered too.
    With --kind the vector indexes are rebuilt and their recall is measured; exact search replaces
    an index with too little recall.
    """
    if texts is None and not triples and kind is None:
        raise click.UsageError("give TEXTS, --triples or --kind")
    sharded = corpus_shards(shards, jobs, ray, shard_size)
    if sharded is not None and texts is None:
        raise click.UsageError("--shards needs TEXTS")
    with existing(workspace) as ws:
        added = removed = passages_added = passages_removed = 0
        if texts is not None or triples:
            before = ws.graph.revision()
            with progress("modeledge", _work(ws, texts, triples), about=True) as advance:
                added = ws.index(
                    texts,
                    triples=triples,
                    source=source,
                    shards=sharded,
                    progress=advance,
                    reading=lambda count: advance(0, f"{count:,} texts linked"),
                )
            if ws.graph.revision() > before:
                changes = ws.changes(ws.graph.revision())
                removed = changes.records_removed
                passages_added, passages_removed = changes.passages_added, changes.passages_removed
        built_indexes = _rebuild_indexes(ws, kind, queries) if kind is not None else []
        records = sum(ws.modeledge.stats().values())
        passages, has_model = len(ws.passages), ws.layout.has_model
    vector_removal_note = f", {removed:,} removed that {texts} no longer has" if removed else ""
    text = f"{added:,} vectors added{vector_removal_note}, {records:,} in all"
    if texts is not None:
        removal_note = f", {passages_removed:,} removed" if passages_removed else ""
        text = f"{passages_added:,} passages added{removal_note}, {passages:,} in all; {text}"
    if texts is not None and not has_model:
        text += " (there is no model: passages and phrasings alone were written)"
    for built in built_indexes:
        text += f"\n{built['space']}: {built['kind']}, recall {built['recall']:.3f}"
        if built["kind"] != built["wanted"]:
            text += f" ({built['wanted']} had recall {built['audited']:.3f})"
    summary = {"added": added, "removed": removed, "records": records, "indexes": built_indexes}
    summary |= {
        "passages_added": passages_added,
        "passages_removed": passages_removed,
        "passages": passages,
    }
    show(summary, as_json, text)


def _work(ws: Workspace, texts: str | None, triples: bool) -> int | None:
    """Estimate the number of texts and triples to index; None if unknown."""
    lines = 0 if texts is None else lines_of([texts])
    if lines is None:
        return None
    return lines + (ws.graph.stats()["triples"] if triples else 0)


def _rebuild_indexes(ws: Workspace, kind: str, queries: int | None) -> list[dict[str, object]]:
    from kptm.modeledge import IndexConfig

    summaries: list[dict[str, object]] = []
    for space in ws.modeledge.stats():
        with progress(space[:24], None) as advance:
            built = ws.modeledge.build(
                space, IndexConfig(kind=kind, queries=queries), progress=advance
            )
        summaries.append(
            {"space": space, "kind": built.index.kind, "recall": built.recall,
             "wanted": built.wanted, "audited": built.audited}
        )  # fmt: skip
    return summaries


@click.command()
@workspace_argument
@click.argument("operation", type=int, required=False)
@click.option("--limit", default=20, show_default=True, help="The number of newest operations.")
@verb
def receipts(workspace: str, operation: int | None, limit: int, as_json: bool) -> None:
    """Show the operations that changed modeledge, newest first.

    With OPERATION, show its rows and the answers it changed.
    """
    with existing(workspace) as ws:
        if operation is None:
            rows = [
                (entry.operation, entry.kind, entry.note, entry.at, entry.revision,
                 entry.rows_added, entry.rows_removed, len(entry.answers))
                for entry in ws.receipts(limit=limit)
            ]  # fmt: skip
            columns = ("operation", "kind", "note", "at", "revision", "added", "removed", "answers")
            show_rows(columns, rows, as_json)
            return
        receipt = ws.modeledge.receipt(operation)
    lines = [
        f"operation {receipt.operation}: {receipt.kind} {receipt.note} ({receipt.at})",
        f"{receipt.rows_added:,} rows added: {_spans(receipt.added)}",
        f"{receipt.rows_removed:,} rows removed: {_spans(receipt.removed)}",
        *(f"{answer.question}: {answer.before or 'unknown'} → {answer.after or 'unknown'}"
          for answer in receipt.answers),
    ]  # fmt: skip
    text = "\n".join(lines) if receipt.operation else "there is no such operation"
    show(receipt.to_dict(), as_json, text)


def _spans(ranges: tuple[tuple[int, int], ...]) -> str:
    return ", ".join(f"{a}–{b}" if a != b else str(a) for a, b in ranges) or "–"


@click.command()
@workspace_argument
@verb
def verify(workspace: str, as_json: bool) -> None:
    """Check that rows, log, index and snapshot agree in each space of modeledge.

    The exit code is 1 if they differ.
    """
    with existing(workspace) as ws:
        reports = ws.modeledge.verify()
    lines = [
        f"{report.space}: {report.rows:,} rows, index {report.index}, recall {report.recall:.3f},"
        f" snapshot {report.snapshot}" + "".join(f"\n  {problem}" for problem in report.problems)
        for report in reports
    ]
    show(
        [report.to_dict() for report in reports], as_json, "\n".join(lines) or "modeledge is empty"
    )
    if any(report.problems for report in reports):
        raise click.exceptions.Exit(1)


POLICIES = ("both", "ours", "theirs", "newest")


@click.command()
@workspace_argument
@click.argument("text")
@click.option("-k", default=8, show_default=True, help="Records per blank or mention.")
@click.option("--kind", help='Only records of a kind: "cloze", "mention", "fact".')
@click.option("--source", help="Only records whose text this source attests.")
@click.option("--relation", help="Only records that state a triple of this relation.")
@click.option("--operation", type=int, help="The records as of an operation.")
@model_option
@device_option
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
    """Show the nearest records of modeledge for TEXT: at its [MASK], or at each name in it."""
    from kptm.modeledge import RecordFilter

    where = RecordFilter(kind=kind, source=source, relation=relation, operation=operation)
    with existing(workspace) as ws:
        parts = ws.recall(text, k=k, where=where)
    rows = [
        (part.entity or "[MASK]", hit.value, round(hit.score, 4), hit.record.kind, hit.record.text,
         hit.id)
        for part in parts
        for hit in part.hits
    ]  # fmt: skip
    show_rows(("at", "value", "similarity", "kind", "text", "row"), rows, as_json)


@click.command()
@workspace_argument
@click.option("--method", type=click.Choice(("auto", "encode", "map")), default="auto",
              show_default=True, help="Encode the texts again, or map vectors by a"
                                      " rotation.")  # fmt: skip
@click.option("--old", help="The fingerprint of the earlier model, if there are several; of a"
                            " compressed model, its original by default.")  # fmt: skip
@click.option("--anchors", default=1_000, show_default=True, help="Records to fit the rotation on.")
@click.option("--target", default=0.95, show_default=True,
              help="The share of re-encoding's recall that a rotation must reach.")  # fmt: skip
@click.option("--replace", is_flag=True, help="Remove the migrated records of the earlier model.")
@model_option
@device_option
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
    """Migrate an earlier model's modeledge to the present model; report the recall."""
    with existing(workspace) as ws, progress("moved", None) as advance:
        report = ws.migrate(
            old=old,
            anchors=anchors,
            method=method,
            target=target,
            replace=replace,
            progress=advance,
        )
    lines, moves = [], []
    for migration in report.spaces:
        recall = migration.agreement.recall if migration.agreement is not None else None
        shown_recall = "not measured" if recall is None else f"{recall:.3f}"
        lines.append(
            f"{migration.old} → {migration.new}: {migration.method}, {migration.moved:,} moved,"
            f" {migration.there:,} there already, {migration.left:,} left out,"
            f" recall {shown_recall}"
        )
        moves.append(
            {"old": migration.old, "new": migration.new, "method": migration.method,
             "moved": migration.moved, "there": migration.there, "left": migration.left,
             "recall": recall}
        )  # fmt: skip
    value = {"operations": list(report.operations), "replaced": report.replaced, "spaces": moves}
    show(value, as_json, "\n".join([*lines, f"{report.replaced:,} old records removed"]))


@click.command()
@workspace_argument
@click.argument("other", type=click.Path())
@click.option("--policy", type=click.Choice(POLICIES), default="both", show_default=True,
              help="Which fact stays if the two contradict each other.")  # fmt: skip
@verb
def merge(workspace: str, other: str, policy: str, as_json: bool) -> None:
    """Merge the modeledge of OTHER, a workspace with the same model, into WORKSPACE."""
    with existing(workspace) as ws, existing(other) as there:
        theirs = sum(there.modeledge.stats().values())
        with progress("records", theirs) as advance:
            report = ws.modeledge.merge(there.modeledge, policy=policy, progress=advance)
    show(_as_dict(report), as_json, _merge_lines(report, workspace))


def _as_dict(report: MergeReport) -> dict[str, object]:
    from dataclasses import asdict

    return asdict(report)


def _merge_lines(report: MergeReport, workspace: str) -> str:
    counts = f"{report.added:,} records added, {report.same:,} in both stores; by conflicts,"
    lines = [f"{counts} {report.left:,} of theirs left out and {report.removed:,} of ours removed"]
    lines += [
        f"{conflict.head} | {conflict.relation}: {conflict.ours} here, {conflict.theirs} there:"
        f" kept {conflict.kept}"
        for conflict in report.conflicts
    ]
    if report.operation:
        lines.append(f"take it back with: kptm undo {workspace} --operation {report.operation}")
    return "\n".join(lines)
