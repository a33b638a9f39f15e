"""The verbs add, edit, forget, undo and purge, which change the graph and modeledge."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from kptm.cli.output.common import device_option, existing, plain, show, verb, workspace_argument
from kptm.cli.output.fact_lines import Labels
from kptm.cli.output.progress import progress

if TYPE_CHECKING:
    from kptm.workspace.changes.additions import AddReport
    from kptm.workspace.changes.purge import PurgePlan
    from kptm.workspace.files.learnt_files import ChangeReport


@click.command()
@workspace_argument
@click.argument("head")
@click.argument("relation")
@click.argument("tail")
@click.option("--old", help="The value to replace, if there are several.")
@click.option("--new", is_flag=True, help="TAIL may be an entity that the graph does not have.")
@device_option
@verb
def edit(
    workspace: str,
    head: str,
    relation: str,
    tail: str,
    old: str | None,
    new: bool,
    as_json: bool,
) -> None:
    """Make TAIL the value of RELATION of HEAD, which changes answers without training."""
    with existing(workspace) as ws:
        revision = ws.edit(head, relation, tail, old=old, new=new)
    text = f"revision {revision}; take it back with: kptm undo {workspace} {revision}"
    show({"revision": revision}, as_json, text)


@click.command()
@workspace_argument
@click.argument("entity", required=False)
@click.option(
    "--triple", nargs=3, metavar="HEAD RELATION TAIL", help="A triple, instead of ENTITY."
)
@click.option("--source", help="A source: by default the path that was loaded or indexed.")
@click.option("--text", help="A whole text that was indexed.")
@verb
def forget(
    workspace: str,
    entity: str | None,
    triple: tuple[str, str, str] | None,
    source: str | None,
    text: str | None,
    as_json: bool,
) -> None:
    """Forget ENTITY: its triples and every record of modeledge that mentions it.

    Or forget a triple, a source (facts that another source states stay), or a text.
    """
    if sum(item is not None for item in (entity, triple, source, text)) != 1:
        raise click.UsageError("give one of ENTITY, --triple, --source and --text")
    with existing(workspace) as ws:
        counts = ws.forget(entity, triple=triple, source=source, text=text)
    summary = f"{counts['triples']:,} triples and {counts['records']:,} records forgotten"
    if counts["revision"]:
        summary += f"; take it back with: kptm undo {workspace} {counts['revision']}"
    elif counts["operation"]:
        summary += f"; take it back with: kptm undo {workspace} --operation {counts['operation']}"
    show(counts, as_json, summary)


@click.command()
@workspace_argument
@click.argument("revision", type=int, required=False)
@click.option("--later", is_flag=True,
              help="Undo later revisions that changed the same facts, too.")  # fmt: skip
@click.option("--operation", type=int, help="An operation of modeledge alone; see kptm receipts.")
@verb
def undo(
    workspace: str, revision: int | None, later: bool, operation: int | None, as_json: bool
) -> None:
    """Undo REVISION (by default the newest): a load, edit, learning, indexing, or undo."""
    if revision is not None and operation is not None:
        raise click.UsageError("give REVISION or --operation")
    with existing(workspace) as ws:
        new = ws.undo(revision, operation=operation, later=later)
        if operation is not None:
            show({"operation": new}, as_json, f"operation {new}")
            return
        report = ws.changes(new)
        labels = Labels(ws.graph, [item.fact for item in report.changes])
    value = {
        **asdict(report),
        "changes": [
            {"kind": item.kind, **labels.fields(item.fact), "source": item.source}
            for item in report.changes
        ],
    }  # fmt: skip
    show(value, as_json, _undo_lines(report, labels))


def _undo_lines(report: ChangeReport, labels: Labels) -> str:
    """The facts and records that an undo restored and removed, as text."""
    lines = [f"revision {report.revision}: {report.note}"]
    for kind, count, word in (
        ("added", report.begun, "back"),
        ("removed", report.ended, "gone"),
    ):
        changes = [item for item in report.changes if item.kind == kind]
        lines += [f"  {word}: {labels.line(item.fact)}   [{item.source}]" for item in changes]
        if count > len(changes):
            lines.append(f"  {word}: {count - len(changes):,} more")
    if report.files:
        lines.append(f"  {', '.join(report.files)}: as before")
    if report.records_added or report.records_removed:
        lines.append(
            f"  modeledge: {report.records_added:,} records back, {report.records_removed:,} gone"
        )
    return "\n".join(lines)


@click.command()
@workspace_argument
@click.option("--entity", help="An entity, with all its facts: a key, label or alias.")
@click.option("--source", help="A source, with all its facts: by default the loaded path.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@verb
def purge(workspace: str, entity: str | None, source: str | None, yes: bool, as_json: bool) -> None:
    """Delete irrecoverably from the graph, its history, modeledge and every stage's files."""
    if (entity is None) == (source is None):
        raise click.UsageError("give --entity or --source")
    with existing(workspace) as ws:
        with progress("looking, per cent", 100) as advance:
            planned = ws.plan_purge(entity=entity, source=source, progress=advance)
        _list_plan(planned, entity or source or "")
        if not yes:
            click.confirm(
                f"{entity or source} cannot be restored. Delete it?", abort=True, err=True
            )
        with progress("purge, per cent", 100) as advance:
            purged = ws.purge(entity=entity, source=source, progress=advance)
    text = (
        f"{purged.statements:,} statements, {purged.triples:,} triples and {purged.records:,}"
        " records are gone for good"
    )
    if purged.artefacts:
        text += (
            f"; {', '.join(purged.artefacts)} contained such a name and are deleted too: make them"
            " again"
        )
    if purged.foreign:
        text += f"\nother files with the name, not touched: {', '.join(purged.foreign)}"
    show(asdict(purged), as_json, text)


def _list_plan(plan: PurgePlan, title: str) -> None:
    """Print on stderr the files that will be deleted, and other files with the name."""
    lines = [f"{title}: will be deleted from the graph, its history and modeledge"]
    lines += [f"  deletes {file}" for file in plan.files]
    lines += [f"  other file with the name, not touched: {name}" for name in plan.foreign]
    click.echo(plain("\n".join(lines)), err=True)


@click.command()
@workspace_argument
@click.argument("name")
@click.argument("relation", required=False)
@click.argument("tail", required=False)
@click.option("--label", help="The name for people.")
@click.option("--alias", "aliases", multiple=True, help="Another name; may be repeated.")
@click.option("--type", "types", multiple=True, help="Its type; may be repeated.")
@click.option("--description", help="One line.")
@click.option("--value", is_flag=True, help="TAIL is a value, not an entity.")
@click.option("--unit", default="", help="The unit of a value.")
@click.option("--datatype", default="", help="The IRI of a value's type.")
@click.option("--language", default="", help="The language of a value that is text.")
@click.option("--confidence", type=click.FloatRange(0, 1), help="The confidence of the fact.")
@click.option("--source", default="user", show_default=True, help="The source of the fact.")
@click.option("--exact", is_flag=True, help="Take every name as a key.")
@device_option
@verb
def add(
    workspace: str,
    name: str,
    relation: str | None,
    tail: str | None,
    label: str | None,
    aliases: tuple[str, ...],
    types: tuple[str, ...],
    description: str | None,
    value: bool,
    unit: str,
    datatype: str,
    language: str,
    confidence: float | None,
    source: str,
    exact: bool,
    as_json: bool,
) -> None:
    """Add a fact (NAME RELATION TAIL), or an entity (NAME with --label, --alias, --type …).

    A name may be a key, label or alias in the graph; any other name becomes a new entity or
    relation.
    """
    from kg.types import Literal
    from kptm.workspace.changes.additions import fact_of, records_of

    if (relation is None) != (tail is None):
        raise click.UsageError("give NAME RELATION TAIL for a fact, or NAME alone for an entity")
    is_value = value or bool(unit or datatype or language)
    items = records_of(
        name,
        relation,
        Literal(tail, datatype, language, unit) if is_value and tail is not None else tail,
        label=label,
        aliases=aliases,
        types=types,
        description=description,
        confidence=confidence,
    )
    with existing(workspace) as ws:
        report = ws.add(items, source=source, exact=exact)
        facts = [fact for record in report.records if (fact := fact_of(record)) is not None]
        labels = Labels(ws.graph, facts)
    result = {
        "added": report.added,
        "revision": report.revision,
        "new_entities": report.new_entities,
        "new_relations": report.new_relations,
    }
    show(result, as_json, "\n".join(_lines(workspace, report, labels)))


def _lines(workspace: str, report: AddReport, labels: Labels) -> list[str]:
    """The added items as text."""
    from kg.types import EntityRecord
    from kptm.workspace.changes.additions import fact_of

    if not report.revision:
        return ["known already"]
    lines = []
    for record in report.records:
        fact = fact_of(record)
        lines.append(record.key if isinstance(record, EntityRecord) else "")
        if fact is not None:
            lines[-1] = labels.line(fact)
    for heading, keys in (
        ("new entities", report.new_entities),
        ("new relations", report.new_relations),
    ):
        if keys:
            lines.append(f"{heading}: {', '.join(keys)}")
    again = f"kptm undo {workspace} {report.revision}"
    return [*lines, f"revision {report.revision}; take it back with: {again}"]
