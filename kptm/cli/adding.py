"""add: facts and entities by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kptm.cli.common import existing, show, verb, workspace_argument
from kptm.cli.facts import Labels

if TYPE_CHECKING:
    from kptm.workspace_adding import AddReport


@click.command()
@workspace_argument
@click.argument("name")
@click.argument("relation", required=False)
@click.argument("tail", required=False)
@click.option("--label", help="The name that people write.")
@click.option("--alias", "aliases", multiple=True, help="Another name; may be repeated.")
@click.option("--type", "types", multiple=True, help="What it is; may be repeated.")
@click.option("--description", help="One line.")
@click.option("--value", is_flag=True, help="TAIL is a value, not an entity.")
@click.option("--unit", default="", help="The unit of a value.")
@click.option("--datatype", default="", help="The IRI of a value's type.")
@click.option("--language", default="", help="The language of a value that is text.")
@click.option("--confidence", type=click.FloatRange(0, 1), help="How sure the fact is.")
@click.option("--source", default="user", show_default=True, help="Who says so.")
@click.option("--exact", is_flag=True, help="Names are keys, to be taken as they are.")
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
    """Add a fact (NAME RELATION TAIL), or an entity (NAME with --label, --alias, --type, --description).

    What the graph knows by key, label or alias is that; any other name becomes a new entity or relation.
    """
    from kg.types import Literal
    from kptm.workspace_adding import fact_of, records_of

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
    found = {
        "added": report.added,
        "revision": report.revision,
        "new_entities": report.new_entities,
        "new_relations": report.new_relations,
    }
    show(found, as_json, "\n".join(_lines(workspace, report, labels)))


def _lines(workspace: str, report: AddReport, labels: Labels) -> list[str]:
    """What was added, for people."""
    from kg.types import EntityRecord
    from kptm.workspace_adding import fact_of

    if not report.revision:
        return ["known already"]
    lines = []
    for record in report.records:
        fact = fact_of(record)
        lines.append(record.key if isinstance(record, EntityRecord) else "")
        if fact is not None:
            lines[-1] = labels.line(fact)
    for what, keys in (
        ("new entities", report.new_entities),
        ("new relations", report.new_relations),
    ):
        if keys:
            lines.append(f"{what}: {', '.join(keys)}")
    again = f"kptm undo {workspace} {report.revision}"
    return [*lines, f"revision {report.revision}; take it back with: {again}"]
