"""edit, forget, undo, purge."""

from __future__ import annotations

from dataclasses import asdict

import click

from kptm.cli.common import existing, show, verb, workspace_argument


@click.command()
@workspace_argument
@click.argument("head")
@click.argument("relation")
@click.argument("tail")
@click.option("--old", help="The value to replace, where there are several.")
@verb
def edit(
    workspace: str, head: str, relation: str, tail: str, old: str | None, as_json: bool
) -> None:
    """Make TAIL the value of RELATION of HEAD; the next answer follows, without training."""
    with existing(workspace) as ws:
        revision = ws.edit(head, relation, tail, old=old)
    text = f"revision {revision}; take it back with: kptm undo {workspace} {revision}"
    show({"revision": revision}, as_json, text)


@click.command()
@workspace_argument
@click.argument("entity")
@verb
def forget(workspace: str, entity: str, as_json: bool) -> None:
    """Forget ENTITY: its triples and every modeledge record it stands in."""
    with existing(workspace) as ws:
        gone = ws.forget(entity)
    text = f"{gone['triples']:,} triples and {gone['records']:,} records forgotten"
    if gone["revision"]:
        text += f"; take it back with: kptm undo {workspace} {gone['revision']}"
    show(gone, as_json, text)


@click.command()
@workspace_argument
@click.argument("revision", type=int, required=False)
@verb
def undo(workspace: str, revision: int | None, as_json: bool) -> None:
    """Take back REVISION, the newest by default."""
    with existing(workspace) as ws:
        new = ws.undo(revision)
    show({"revision": new}, as_json, f"revision {new}")


@click.command()
@workspace_argument
@click.option("--entity", help="All that is said of it: a key, label or alias.")
@click.option("--source", help="All that it says: a path, as it was loaded.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@verb
def purge(workspace: str, entity: str | None, source: str | None, yes: bool, as_json: bool) -> None:
    """Delete for good: out of the graph, its history, modeledge and every stage's files."""
    if (entity is None) == (source is None):
        raise click.UsageError("give --entity or --source")
    if not yes:
        click.confirm(f"Nothing brings back {entity or source}. Delete it?", abort=True, err=True)
    with existing(workspace) as ws:
        found = ws.purge(entity=entity, source=source)
    text = (
        f"{found.statements:,} statements, {found.triples:,} triples and {found.records:,} records"
        " are gone for good"
    )
    if found.artefacts:
        text += (
            f"; so are {', '.join(found.artefacts)}, which held a name of theirs: make them again"
        )
    show(asdict(found), as_json, text)
