"""index, receipts, verify."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kptm.cli.common import existing, show, show_rows, verb, workspace_argument
from kptm.cli.progress import lines_of, progress

if TYPE_CHECKING:
    from kptm.workspace import Workspace

KINDS = ("auto", "flat", "hnsw", "ivf", "ivf-sq8", "ivf-pq")


@click.command()
@workspace_argument
@click.argument("texts", type=click.Path(), required=False)
@click.option("--triples", is_flag=True, help="Write what the graph's triples say too.")
@click.option("--source", help="Who says the texts, to forget them by; their path by default.")
@click.option(
    "--kind", type=click.Choice(KINDS), help="Make the index of every space, of this kind."
)
@click.option("--queries", type=int, help="Single questions that are expected; auto goes by them.")
@verb
def index(
    workspace: str,
    texts: str | None,
    triples: bool,
    source: str | None,
    kind: str | None,
    queries: int | None,
    as_json: bool,
) -> None:
    """Write the passages and the modeledge of TEXTS, and learn how they say relations.

    Without a model only passages and phrasings are written; questions are answered from them.

    With --kind the indexes are made anew, their recall is measured, and exact search takes the place of one that finds
    too little.
    """
    if texts is None and not triples and kind is None:
        raise click.UsageError("give TEXTS, --triples or --kind")
    with existing(workspace) as ws:
        added = removed = came = went = 0
        if texts is not None or triples:
            before = ws.graph.revision()
            with progress("modeledge", _work(ws, texts, triples), about=True) as advance:
                added = ws.index(
                    texts,
                    triples=triples,
                    source=source,
                    progress=advance,
                    reading=lambda count: advance(0, f"{count:,} texts linked"),
                )
            if ws.graph.revision() > before:
                changes = ws.changes(ws.graph.revision())
                removed = changes.records_removed
                came, went = changes.passages_added, changes.passages_removed
        made = _built(ws, kind, queries) if kind is not None else []
        records = sum(ws.modeledge.stats().values())
        passages, has_model = len(ws.passages), ws.layout.has_model
    gone = f", {removed:,} removed that {texts} no longer says" if removed else ""
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
    """About how many texts and triples are indexed; None where that cannot be told."""
    lines = 0 if texts is None else lines_of([texts])
    if lines is None:
        return None
    return lines + (ws.graph.stats()["triples"] if triples else 0)


def _built(ws: Workspace, kind: str, queries: int | None) -> list[dict[str, object]]:
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
@click.option("--limit", default=20, show_default=True, help="How many of the newest.")
@verb
def receipts(workspace: str, operation: int | None, limit: int, as_json: bool) -> None:
    """Show what changed modeledge, newest first, or all of OPERATION: its rows and the answers it changed."""
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
    """Compare rows, log, index and snapshot of every space of modeledge; exit code 1 where they differ."""
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
