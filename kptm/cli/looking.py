"""search, describe, history, paths, neighbours, export: the graph itself."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kptm.cli.common import existing, progress, show, show_rows, verb, workspace_argument

if TYPE_CHECKING:
    from kg import Attribute, GraphView, Triple
    from kptm.workspace import Workspace

TRIPLE = ("head", "relation", "tail")

at_option = click.option("--at", type=int, metavar="REVISION", help="As it was then.")
limit_option = click.option(
    "--limit", type=click.IntRange(0), default=20, show_default=True, help="The most to show."
)


def view(ws: Workspace, at: int | None) -> GraphView:
    """The graph of a workspace, as it is or as it was."""
    return ws.graph if at is None else ws.graph.at(at)


def end_of(fact: Triple | Attribute) -> str:
    """What a fact ends in, a value with its language, unit or datatype behind it."""
    end = fact[2]
    if isinstance(end, str):
        return end
    more = f"@{end.language}" if end.language else end.unit or end.datatype.rpartition("#")[2]
    return f'"{end.value}"' + (f" {more}" if more else "")


@click.command()
@workspace_argument
@click.argument("text")
@limit_option
@at_option
@verb
def search(workspace: str, text: str, limit: int, at: int | None, as_json: bool) -> None:
    """Find entities by key, label or alias; a beginning or a near miss will do."""
    with existing(workspace) as ws:
        found = view(ws, at).search(text, limit=limit)
    columns = ("key", "label", "description", "aliases")
    rows = [(e.key, e.label, e.description, ", ".join(e.aliases)) for e in found]
    show_rows(columns, rows, as_json, nothing="nothing is called so")


@click.command()
@workspace_argument
@click.argument("name")
@limit_option
@at_option
@verb
def describe(workspace: str, name: str, limit: int, at: int | None, as_json: bool) -> None:
    """Show what is known of NAME (a key, label or alias), and who says it."""
    with existing(workspace) as ws:
        graph = view(ws, at)
        key = name if graph.entities([name]) else ws.resolve(name)
        found = graph.describe(key, limit=limit)
    value: dict[str, Any] = {
        **asdict(found.entity),
        "facts": [
            {
                **dict(zip(TRIPLE, (item.fact[0], item.fact[1], end_of(item.fact)), strict=True)),
                "sources": [{"source": who, "line": line} for who, line in item.sources],
            }
            for item in found.facts
        ],
    }
    entity = found.entity
    lines = [f"{entity.label}  ({entity.key})"]
    lines += [entity.description] if entity.description else []
    lines += [f"types: {', '.join(entity.types)}"] if entity.types else []
    lines += [f"also called: {', '.join(entity.aliases)}"] if entity.aliases else []
    for item in found.facts:
        who = ", ".join(name if line is None else f"{name}:{line}" for name, line in item.sources)
        lines.append(f"  {item.fact[0]} — {item.fact[1]} → {end_of(item.fact)}   [{who}]")
    show(value, as_json, "\n".join(lines))


@click.command()
@workspace_argument
@click.argument("name", required=False)
@limit_option
@verb
def history(workspace: str, name: str | None, limit: int, as_json: bool) -> None:
    """Show when which source began or ceased to say something of NAME; without NAME, the revisions."""
    with existing(workspace) as ws:
        if name is None:
            revisions = ws.graph.revisions(limit=limit)
            rows: list[tuple[Any, ...]] = [(r.number, r.kind, r.note, r.at) for r in revisions]
            columns: tuple[str, ...] = ("revision", "kind", "note", "at")
        else:
            changes = ws.graph.history(name) or ws.graph.history(ws.resolve(name))
            columns = ("revision", "kind", *TRIPLE, "source", "line", "at")
            rows = [
                (c.revision, c.kind, c.fact[0], c.fact[1], end_of(c.fact), c.source, c.line, c.at)
                for c in changes[-limit:]
            ]
    show_rows(columns, rows, as_json)


@click.command()
@workspace_argument
@click.argument("first")
@click.argument("second")
@click.option(
    "--max-hops", type=click.IntRange(1), default=3, show_default=True, help="The longest path."
)
@limit_option
@verb
def paths(
    workspace: str, first: str, second: str, max_hops: int, limit: int, as_json: bool
) -> None:
    """Show how FIRST and SECOND are connected, the shortest path first."""
    with existing(workspace) as ws:
        ends = ws.resolve(first), ws.resolve(second)
        found = ws.graph.paths(*ends, max_hops=max_hops, limit=limit)
    lines = ["  ".join(f"{h} — {r} → {t}" for h, r, t in path) for path in found]
    text = "\n".join(lines) or f"no path within {max_hops} hops"
    show([[list(step) for step in path] for path in found], as_json, text)


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
@click.option("--relation", "relations", multiple=True, help="Follow this one; may be repeated.")
@limit_option
@verb
def neighbours(
    workspace: str,
    name: str,
    hops: int,
    direction: Any,
    relations: tuple[str, ...],
    limit: int,
    as_json: bool,
) -> None:
    """Show the facts around NAME, nearest first."""
    with existing(workspace) as ws:
        keys = [ws.graph.relation(relation).key for relation in relations] or None
        found = ws.graph.neighbours(
            ws.resolve(name), hops=hops, limit=limit, direction=direction, relations=keys
        )
    show_rows(TRIPLE, found, as_json)


@click.command()
@workspace_argument
@click.argument("target", type=click.Path())
@click.option(
    "--format", "form", help="Where the suffix does not say it: tsv csv jsonl nt nq ttl …"
)
@at_option
@verb
def export(workspace: str, target: str, form: str | None, at: int | None, as_json: bool) -> None:
    """Write the graph to TARGET (- is standard output); the suffix says the format.

    JSON Lines (.jsonl) holds everything; what another format has no place for is counted.
    """
    with existing(workspace) as ws, progress("export", None):
        ws.layout.check_output(Path(target))
        report = view(ws, at).export(target, format=form)
    if target == "-":
        return
    text = f"{target}: {report.written:,} statements"
    if report.left_out:
        text += f"; {report.left_out:,} parts left out, which .jsonl would hold"
    show(asdict(report), as_json, text)
