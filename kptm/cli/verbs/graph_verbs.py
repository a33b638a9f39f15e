"""The verbs search, describe, history, paths, neighbours, export and stats."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kptm.cli.output.common import (
    existing,
    language_option,
    show,
    show_rows,
    verb,
    workspace_argument,
)
from kptm.cli.output.fact_lines import TRIPLE, Labels, keys_option, show_facts
from kptm.cli.output.progress import progress

if TYPE_CHECKING:
    from kg import Attested, GraphView
    from kptm.workspace import Workspace


at_option = click.option("--at", type=int, metavar="REVISION", help="The graph at a revision.")
limit_option = click.option(
    "--limit", type=click.IntRange(0), default=20, show_default=True, help="The most to show."
)


ONNX = "onnx"
"""The only format of a model; all others are formats of a graph."""


def view(ws: Workspace, at: int | None) -> GraphView:
    """The graph of a workspace at a revision; None for the newest."""
    return ws.graph if at is None else ws.graph.at(at)


@click.command()
@workspace_argument
@click.argument("text")
@limit_option
@at_option
@language_option
@verb
def search(workspace: str, text: str, limit: int, at: int | None, as_json: bool) -> None:
    """Find entities by key, label or alias; beginnings and misspellings match too."""
    with existing(workspace) as ws:
        entities = view(ws, at).search(text, limit=limit)
    columns = ("key", "label", "description", "aliases")
    rows = [
        (entity.key, entity.label, entity.description, ", ".join(entity.aliases))
        for entity in entities
    ]
    show_rows(columns, rows, as_json, nothing="no entity has this or a similar name")


@click.command()
@workspace_argument
@click.argument("name")
@click.option("--deprecated", is_flag=True,
              help="Show facts with the rank deprecated too.")  # fmt: skip
@keys_option
@limit_option
@at_option
@language_option
@verb
def describe(
    workspace: str,
    name: str,
    deprecated: bool,
    only_keys: bool,
    limit: int,
    at: int | None,
    as_json: bool,
) -> None:
    """Show the facts about NAME (a key, label or alias), with their sources."""
    with existing(workspace) as ws:
        graph = view(ws, at)
        key = name if graph.entities([name]) else ws.resolve(name)
        description = graph.describe(key, limit=limit, deprecated=deprecated)
        labels = Labels(graph, [item.fact for item in description.facts], only_keys=only_keys)
    value: dict[str, Any] = {
        **asdict(description.entity),
        "facts": [
            {
                **labels.fields(item.fact),
                "sources": [{"source": source, "line": line} for source, line in item.sources],
                "rank": item.rank,
                "confidence": item.confidence,
            }
            for item in description.facts
        ],
    }
    entity = description.entity
    lines = [f"{entity.label}  ({entity.key})"]
    lines += [entity.description] if entity.description else []
    lines += [f"types: {', '.join(entity.types)}"] if entity.types else []
    lines += [f"also called: {', '.join(entity.aliases)}"] if entity.aliases else []
    lines += [f"  {labels.line(item.fact)}   {_attestation(item)}" for item in description.facts]
    show(value, as_json, "\n".join(lines))


def _attestation(item: Attested) -> str:
    """The source, line and confidence of a fact, in brackets."""
    sources = ", ".join(name if line is None else f"{name}:{line}" for name, line in item.sources)
    remarks = f"; {item.rank}" if item.rank != "normal" else ""
    if item.confidence is not None and item.rank != "deprecated":
        remarks += f"; confidence {item.confidence:g}"
    return f"[{sources}{remarks}]"


@click.command()
@workspace_argument
@click.argument("name", required=False)
@keys_option
@click.option(
    "--limit", type=click.IntRange(0), help="The maximum number, the newest ones; by default all."
)
@language_option
@verb
def history(
    workspace: str, name: str | None, only_keys: bool, limit: int | None, as_json: bool
) -> None:
    """Show the changes of NAME's facts, with source and time, oldest first.

    Without NAME, show all revisions of the workspace, newest first: loads, edits, learning,
    indexing and undos.
    """
    with existing(workspace) as ws:
        if name is None:
            rows = [
                (revision.number, revision.kind, revision.note, revision.at)
                for revision in ws.revisions(limit=limit)
            ]
            show_rows(("revision", "kind", "note", "at"), rows, as_json, nothing="no revision yet")
            return
        changes = ws.history(name, limit=limit)
        labels = Labels(ws.graph, [item.fact for item in changes], only_keys=only_keys)
    if as_json:
        listed = [
            {
                "revision": item.revision,
                "kind": item.kind,
                **labels.fields(item.fact),
                "source": item.source,
                "line": item.line,
                "at": item.at,
                "confidence": item.confidence,
            }
            for item in changes
        ]
        show(listed, as_json, "")
        return
    columns = ("revision", "kind", *TRIPLE, "source", "line", "at")
    show_rows(
        columns,
        [
            (
                item.revision,
                f"{item.kind}, deprecated" if item.confidence == 0 else item.kind,
                *labels.of(item.fact),
                item.source,
                item.line,
                item.at,
            )
            for item in changes
        ],
        as_json,
        nothing="no source ever stated a fact about it",
    )


@click.command()
@workspace_argument
@click.argument("first")
@click.argument("second")
@click.option(
    "--max-hops", type=click.IntRange(1), default=3, show_default=True, help="The longest path."
)
@keys_option
@limit_option
@language_option
@verb
def paths(
    workspace: str,
    first: str,
    second: str,
    max_hops: int,
    only_keys: bool,
    limit: int,
    as_json: bool,
) -> None:
    """Show the paths between FIRST and SECOND, shortest first."""
    with existing(workspace) as ws:
        ends = ws.resolve(first), ws.resolve(second)
        paths_ = ws.graph.paths(*ends, max_hops=max_hops, limit=limit)
        labels = Labels(ws.graph, [step for path in paths_ for step in path], only_keys=only_keys)
    lines = ["  ".join(map(labels.line, path)) for path in paths_]
    text = "\n".join(lines) or f"no path within {max_hops} hops"
    show([[list(step) for step in path] for path in paths_], as_json, text)


@click.command()
@workspace_argument
@click.argument("name")
@click.option("--hops", type=click.IntRange(1), default=1, show_default=True, help="How far.")
@click.option(
    "--direction",
    type=click.Choice(["out", "in", "both"]),
    default="both",
    help="From head to tail, from tail to head, or both.",
)
@click.option("--relation", "relations", multiple=True,
              help="Follow only this relation; may be repeated.")  # fmt: skip
@keys_option
@limit_option
@language_option
@verb
def neighbours(
    workspace: str,
    name: str,
    hops: int,
    direction: Any,
    relations: tuple[str, ...],
    only_keys: bool,
    limit: int,
    as_json: bool,
) -> None:
    """Show the facts around NAME, nearest first."""
    with existing(workspace) as ws:
        keys = [ws.graph.relation(relation).key for relation in relations] or None
        facts = ws.graph.neighbours(
            ws.resolve(name), hops=hops, limit=limit, direction=direction, relations=keys
        )
        labels = Labels(ws.graph, facts, only_keys=only_keys)
    show_facts(facts, labels, as_json, nothing="no facts")


@click.command()
@workspace_argument
@click.argument("target", type=click.Path())
@click.option(
    "--format", "form", help="By default the suffix decides: tsv csv jsonl nt nq ttl …; onnx."
)
@click.option("--int8", is_flag=True, help="With --format onnx: quantise weights to 8 bits.")
@at_option
@verb
def export(
    workspace: str, target: str, form: str | None, int8: bool, at: int | None, as_json: bool
) -> None:
    """Write the graph to TARGET (- is standard output); the suffix decides the format.

    JSON Lines (.jsonl) is lossless; parts that another format cannot represent are counted. With
    --format onnx the model is written instead, as a folder for onnxruntime.
    """
    if form == ONNX:
        _export_model(workspace, target, int8, as_json)
        return
    if int8:
        raise click.UsageError("--int8 goes with --format onnx")
    with existing(workspace) as ws:
        ws.layout.check_output(Path(target))
        graph = view(ws, at)
        with progress("export", graph.count_statements()) as advance:
            report = graph.export(target, format=form, progress=advance)
    if target == "-":
        return
    text = f"{target}: {report.written:,} statements"
    if report.left_out:
        text += f"; {report.left_out:,} parts left out, which .jsonl would hold"
    show(asdict(report), as_json, text)


def _export_model(workspace: str, target: str, int8: bool, as_json: bool) -> None:
    with existing(workspace) as ws:
        ws.export_onnx(target, int8=int8)
    size = sum(path.stat().st_size for path in Path(target).rglob("*") if path.is_file())
    text = f"{target}: an ONNX model of {size / 2**20:,.1f} MiB"
    show({"folder": target, "bytes": size, "int8": int8}, as_json, text)


@click.command()
@workspace_argument
@verb
def stats(workspace: str, as_json: bool) -> None:
    """Show counts of WORKSPACE, and the stages that have been run."""
    with existing(workspace) as ws:
        counts = ws.stats()
    width = max(map(len, counts))
    show(counts, as_json, "\n".join(f"{name:<{width}}  {value}" for name, value in counts.items()))
