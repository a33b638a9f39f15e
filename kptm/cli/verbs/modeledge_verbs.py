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
        added = removed = came = went = 0
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
                came, went = changes.passages_added, changes.passages_removed
        made = _rebuild_indexes(ws, kind, queries) if kind is not None else []
        records = sum(ws.modeledge.stats().values())
        passages, has_model = len(ws.passages), ws.layout.has_model
    gone = f", {removed:,} removed that {texts} no longer has" if removed else ""
    text = f"{added:,} vectors added{gone}, {records:,} in all"
    if texts is not None:
        left = f", {went:,} removed" if went else ""
        text = f"{came:,} passages added{left}, {passages:,} in all; {text}"
    if texts is not None and not has_model:
        text += " (there is no model: passages and phrasings alone were written)"
    for one in made:
        text += f"\n{one['space']}: {one['kind']}, recall {one['recall']:.3f}"
        if one["kind"] != one["wanted"]:
            text += f" ({one['wanted']} found {one['audited']:.3f})"
    found = {"added": added, "removed": removed, "records": records, "indexes": made}
    found |= {"passages_added": came, "passages_removed": went, "passages": passages}
    show(found, as_json, text)


def _work(ws: Workspace, texts: str | None, triples: bool) -> int | None:
    """Estimate the number of texts and triples to index; None if unknown."""
    lines = 0 if texts is None else lines_of([texts])
    if lines is None:
        return None
    return lines + (ws.graph.stats()["triples"] if triples else 0)


def _rebuild_indexes(ws: Workspace, kind: str, queries: int | None) -> list[dict[str, object]]:
    from kptm.modeledge import IndexConfig

    found: list[dict[str, object]] = []
    for space in ws.modeledge.stats():
        with progress(space[:24], None) as advance:
            made = ws.modeledge.build(
                space, IndexConfig(kind=kind, queries=queries), progress=advance
            )
        found.append(
            {"space": space, "kind": made.index.kind, "recall": made.recall,
             "wanted": made.wanted, "audited": made.audited}
        )  # fmt: skip
    return found


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
                (one.operation, one.kind, one.note, one.at, one.revision, one.rows_added,
                 one.rows_removed, len(one.answers))
                for one in ws.receipts(limit=limit)
            ]  # fmt: skip
            columns = ("operation", "kind", "note", "at", "revision", "added", "removed", "answers")
            show_rows(columns, rows, as_json)
            return
        found = ws.modeledge.receipt(operation)
    lines = [
        f"operation {found.operation}: {found.kind} {found.note} ({found.at})",
        f"{found.rows_added:,} rows came in: {_spans(found.added)}",
        f"{found.rows_removed:,} rows went: {_spans(found.removed)}",
        *(f"{one.question}: {one.before or 'unknown'} → {one.after or 'unknown'}"
          for one in found.answers),
    ]  # fmt: skip
    text = "\n".join(lines) if found.operation else "there is no such operation"
    show(found.to_dict(), as_json, text)


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
        found = ws.modeledge.verify()
    lines = [
        f"{one.space}: {one.rows:,} rows, index {one.index}, recall {one.recall:.3f},"
        f" snapshot {one.snapshot}" + "".join(f"\n  {problem}" for problem in one.problems)
        for one in found
    ]
    show([one.to_dict() for one in found], as_json, "\n".join(lines) or "modeledge is empty")
    if any(one.problems for one in found):
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
        found = ws.migrate(
            old=old,
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
            f"{one.old} → {one.new}: {one.method}, {one.moved:,} moved, {one.there:,} there"
            f" already, {one.left:,} left out, recall {said}"
        )
        moves.append(
            {"old": one.old, "new": one.new, "method": one.method, "moved": one.moved,
             "there": one.there, "left": one.left, "recall": recall}
        )  # fmt: skip
    value = {"operations": list(found.operations), "replaced": found.replaced, "spaces": moves}
    show(value, as_json, "\n".join([*lines, f"{found.replaced:,} old records removed"]))


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
            found = ws.modeledge.merge(there.modeledge, policy=policy, progress=advance)
    show(_as_dict(found), as_json, _merge_lines(found, workspace))


def _as_dict(found: MergeReport) -> dict[str, object]:
    from dataclasses import asdict

    return asdict(found)


def _merge_lines(found: MergeReport, workspace: str) -> str:
    counts = f"{found.added:,} records added, {found.same:,} in both stores; by conflicts,"
    lines = [f"{counts} {found.left:,} of theirs left out and {found.removed:,} of ours removed"]
    lines += [
        f"{one.head} | {one.relation}: {one.ours} here, {one.theirs} there: kept {one.kept}"
        for one in found.conflicts
    ]
    if found.operation:
        lines.append(f"take it back with: kptm undo {workspace} --operation {found.operation}")
    return "\n".join(lines)
