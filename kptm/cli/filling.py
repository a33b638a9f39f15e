"""init, load, stats, link."""

from __future__ import annotations

import sys
from typing import Any

import click

from kptm.cli.common import as_line, existing, plain, progress, show, verb, workspace_argument


@click.command()
@workspace_argument
@click.option("--set", "changes", multiple=True, metavar="SECTION.KEY=VALUE", help="A setting.")
@verb
def init(workspace: str, changes: tuple[str, ...], as_json: bool) -> None:
    """Make a new WORKSPACE."""
    from kptm.workspace import Workspace
    from kptm.workspace_config import WorkspaceConfig

    with Workspace.init(workspace, WorkspaceConfig().replaced(changes)) as ws:
        show(
            ws.settings(),
            as_json,
            f"{workspace} is ready; settings are in {ws.folder / 'kptm.toml'}",
        )


@click.command()
@workspace_argument
@click.argument("files", nargs=-1, type=click.Path())
@click.option("--entities", multiple=True, type=click.Path(), metavar="FILE.jsonl",
              help="Entities: key, label, aliases, description, types, prior.")  # fmt: skip
@click.option("--skip-errors", is_flag=True, help="Load the rest and report each bad line.")
@verb
def load(
    workspace: str,
    files: tuple[str, ...],
    entities: tuple[str, ...],
    skip_errors: bool,
    as_json: bool,
) -> None:
    """Load triples into WORKSPACE from FILES (.tsv .csv .jsonl .nt, each .gz too).

    Each file is one transaction: it is loaded whole or not at all.
    """
    if not files and not entities:
        raise click.UsageError("name a file of triples, or --entities FILE.jsonl")
    from kptm.workspace import Workspace

    results: dict[str, Any] = {}
    lines = []
    with Workspace.open(workspace) as ws:
        jobs = [(path, True) for path in entities] + [(path, False) for path in files]
        for path, of_entities in jobs:
            load_one = ws.load_entities if of_entities else ws.load
            with progress(path[-24:], None) as advance:
                report = load_one(
                    path, on_error="skip" if skip_errors else "raise", progress=advance
                )
            results[path] = {
                "read": report.read,
                "added": report.added,
                "duplicate": report.duplicate,
                "rejected": [item.reason for item in report.rejected],
                "revision": report.revision,
            }
            lines.append(
                f"{path}: {report.added:,} added, {report.duplicate:,} known already,"
                f" {len(report.rejected):,} rejected"
            )
            lines += [f"  {item.reason}" for item in report.rejected]
    show(results, as_json, "\n".join(lines))


@click.command()
@workspace_argument
@verb
def stats(workspace: str, as_json: bool) -> None:
    """Show what WORKSPACE holds."""
    with existing(workspace) as ws:
        found = ws.stats()
    width = max(map(len, found))
    show(found, as_json, "\n".join(f"{name:<{width}}  {value}" for name, value in found.items()))


@click.command()
@workspace_argument
@click.argument("texts", nargs=-1)
@click.option("--file", "files", multiple=True, type=click.Path(), help="Texts, .txt or .jsonl.")
@verb
def link(workspace: str, texts: tuple[str, ...], files: tuple[str, ...], as_json: bool) -> None:
    """Link TEXTS, the texts of files, or standard input (a line each); prints JSON Lines.

    Without --json only the links are shown, for people.
    """
    from kptm.texts import read_texts

    def sources() -> Any:
        yield from texts
        for path in files:
            yield from read_texts(path)
        if not texts and not files:
            for line in sys.stdin.buffer:
                yield line.decode("utf-8").rstrip("\r\n")

    with existing(workspace) as ws:
        for document in ws.link(sources()):
            if as_json:
                click.echo(as_line(document.to_dict()))
                continue
            click.echo(plain(document.text))
            for item in document.links:
                click.echo(plain(f"  {item.surface} → {item.entity} ({item.score:.2f})"))
