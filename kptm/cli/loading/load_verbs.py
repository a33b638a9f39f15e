"""The verbs init and load, which create a workspace and load its graph."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kg.errors import shorten
from kg.sql.partitions import MAX_PARTITIONS, MIN_PARTITIONS
from kptm.cli.output.common import show, verb, workspace_argument
from kptm.cli.output.progress import progress, read_names

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from kg.formats import WikidataSubset
    from kg.types import LoadReport, Typed

MAX_PRINTED_LINES = 20
"""Rejected lines that are printed; the file of rejected lines has all."""


@click.command()
@workspace_argument
@click.option("--database", metavar="URL",
              help="Keep graph, passages and modeledge in a PostgreSQL database:"
                   " postgresql://user@host/name. Its password is not stored.")  # fmt: skip
@click.option("--partitions", type=click.IntRange(MIN_PARTITIONS, MAX_PARTITIONS), metavar="N",
              help="Divide the largest tables of a new PostgreSQL database into N hash"
                   " partitions.")  # fmt: skip
@click.option("--set", "changes", multiple=True, metavar="SECTION.KEY=VALUE", help="A setting.")
@verb
def init(
    workspace: str,
    database: str | None,
    partitions: int | None,
    changes: tuple[str, ...],
    as_json: bool,
) -> None:
    """Create WORKSPACE."""
    from kptm.workspace import Workspace
    from kptm.workspace.config import WorkspaceConfig

    settings = WorkspaceConfig().with_changes(changes)
    with Workspace.init(workspace, settings, database=database, partitions=partitions) as ws:
        text = f"{workspace} is ready; settings are in {ws.folder / 'kptm.toml'}"
        if database is not None:
            text += f"\nits graph is in {ws.config.database.url}"
            if partitions:
                text += f", in {partitions} partitions"
            if revision := ws.graph.revision():
                text += f", which has a graph already: revision {revision}"
        show(ws.settings(), as_json, text)


@click.command()
@workspace_argument
@click.argument("files", nargs=-1, type=click.Path(allow_dash=True))
@click.option("--entities", multiple=True, type=click.Path(), metavar="FILE",
              help="Entities (.jsonl .json .csv .tsv): key, label, aliases, description, types,"
                   " prior.")  # fmt: skip
@click.option(
    "--format",
    "form",
    help="By default the suffix decides: tsv csv jsonl nt nq ttl rdf jsonld wikidata.",
)
@click.option("--columns", metavar="A,B,C",
              help="Columns of head, relation, tail in CSV or TSV:"
                   " names, or numbers from 0.")  # fmt: skip
@click.option("--entity-columns", metavar="A,B,…",
              help='The columns of an entities file without a header;'
                   ' "-" skips one.')  # fmt: skip
@click.option("--key", metavar="COLUMN",
              help="For CSV or TSV with one entity per row and one relation per column:"
                   " the column of the entities.")  # fmt: skip
@click.option(
    "--split", metavar="TEXT", help="The separator of several values in a cell of such a table."
)
@click.option("--header/--no-header", default=None,
              help="Whether the first line of CSV or TSV is a header;"
                   " by default usual headers are recognised.")  # fmt: skip
@click.option("--types", "kinds", multiple=True, metavar="RELATION=KIND",
              help="The type of a relation's tails in CSV or TSV: entity, text, integer,"
                   " decimal, quantity, date, time, boolean, url, email or version;"
                   " by default it is guessed.")  # fmt: skip
@click.option("--no-types", is_flag=True, help="Guess no types: tails in CSV and TSV are entities.")
@click.option("--only-types", metavar="Q,…", help="Of Wikidata's dump: items with one of these"
              " types (P31).")  # fmt: skip
@click.option("--only-languages", metavar="TAG,…", help="Of Wikidata's dump: names in these"
              " languages; en reads en-gb too.")  # fmt: skip
@click.option("--only-properties", metavar="P,…", help="Of Wikidata's dump: facts with these"
              " properties, and their qualifiers.")  # fmt: skip
@click.option("--source", help="The source; by default the path.")
@click.option("--add/--replace", default=None,
              help="Keep the earlier statements of FILE, or end those of its source in all files;"
              " by default a file loaded again replaces its earlier statements.")  # fmt: skip
@click.option("--skip-errors", is_flag=True, help="Skip bad lines and report them.")
@click.option(
    "--rejected", type=click.Path(), help="The file for bad lines; by default FILE.rejected.jsonl."
)
@click.option("--no-create-entities", is_flag=True, help="Refuse triples with unknown entities.")
@verb
def load(
    workspace: str,
    files: tuple[str, ...],
    entities: tuple[str, ...],
    form: str | None,
    columns: str | None,
    entity_columns: str | None,
    key: str | None,
    split: str | None,
    header: bool | None,
    kinds: tuple[str, ...],
    no_types: bool,
    only_types: str | None,
    only_languages: str | None,
    only_properties: str | None,
    source: str | None,
    add: bool | None,
    skip_errors: bool,
    rejected: str | None,
    no_create_entities: bool,
    as_json: bool,
) -> None:
    """Load triples into WORKSPACE from FILES; the suffix decides the format (also .gz .bz2 .zst).

    .tsv .csv .jsonl .nt .nq .ttl .rdf .jsonld, .json (Wikidata's dump), pykeen:NAME, - with
    --format, bolt://user@host:7687/database (Neo4j; the password is in NEO4J_PASSWORD). Each file
    is one transaction: it is loaded completely or not at all.
    """
    if not files and not entities:
        raise click.UsageError("name a file of triples, or --entities FILE")
    if add is False and source is not None and len(files) + len(entities) > 1:
        raise click.UsageError(
            "--replace with --source takes one file: each file would end the others' statements"
        )
    from kptm.workspace import Workspace

    types = _types(kinds, no_types)
    subset = _subset(only_types, only_languages, only_properties)
    on_error: Any = "skip" if skip_errors else "raise"
    results: dict[str, Any] = {}
    lines: list[str] = []
    with Workspace.open(workspace) as ws:
        for path in entities:
            with _reading(path) as advance:
                report = ws.load_entities(
                    path,
                    columns=entity_columns.split(",") if entity_columns else None,
                    source=source,
                    add=add,
                    on_error=on_error,
                    rejected=rejected,
                    progress=advance,
                )
            results[path] = load_summary(path, report, lines)
        for path in files:
            with _reading(path) as advance:
                report = ws.load(
                    path,
                    format=form,
                    columns=_columns(columns),
                    key=key,
                    split=split,
                    header=header,
                    types=types,
                    subset=subset,
                    source=source,
                    add=add,
                    on_error=on_error,
                    rejected=rejected,
                    create_entities=not no_create_entities,
                    progress=advance,
                )
            results[path] = load_summary(path, report, lines)
        read_names(ws)
    show(results, as_json, "\n".join(lines))


def _reading(path: str) -> AbstractContextManager[Callable[..., None]]:
    """Show the progress of reading a file, by its estimated number of lines."""
    from kg.formats.files import estimate_lines

    return progress(path[-24:], estimate_lines(Path(path)), about=True)


def _columns(text: str | None) -> list[str] | list[int] | None:
    """Columns by name, or by position if all are numbers."""
    if text is None:
        return None
    parts = text.split(",")
    return [int(part) for part in parts] if all(part.isdecimal() for part in parts) else parts


def _types(kinds: tuple[str, ...], no_types: bool) -> dict[str, str] | bool | None:
    """The value of ``types`` for ``--types`` and ``--no-types``."""
    if no_types and kinds:
        raise click.UsageError("give --types or --no-types, not both")
    if no_types:
        return False
    pairs = [kind.rpartition("=") for kind in kinds]
    for relation, mark, kind in pairs:
        if not mark or not relation:
            raise click.UsageError(f"--types {kind}: expected RELATION=KIND")
    return {relation: kind for relation, _, kind in pairs}


def _subset(
    types: str | None, languages: str | None, properties: str | None
) -> WikidataSubset | None:
    """The part of a dump of Wikidata that the options name; None without any."""
    from kg.formats import WikidataSubset

    keys = [
        _keys(option, text)
        for option, text in (("types", types), ("languages", languages), ("properties", properties))
    ]
    if not any(keys):
        return None
    return WikidataSubset(types=keys[0], languages=keys[1], properties=keys[2])


def _keys(option: str, text: str | None) -> tuple[str, ...]:
    keys = tuple(part for part in (text or "").split(",") if part.strip())
    if text is not None and not keys:
        raise click.UsageError(f"--only-{option}: name at least one, or leave out the option")
    return keys


def load_summary(path: str, report: LoadReport, lines: list[str]) -> dict[str, Any]:
    """The result of a load for JSON; its text is appended to ``lines``."""
    lines.append(
        f"{path}: {report.added:,} added, {report.duplicate:,} known already,"
        f" {report.rejected_count:,} rejected"
        + (f", {report.ended:,} ended" if report.ended else "")
    )
    lines += [f"  {note}" for note in _notes(report)]
    lines += [f"  {note}" for note in report.notes]
    if report.typed:
        lines.append(f"  typed: {', '.join(map(_kind_of, report.typed))}")
        lines.append(
            "  (to overrule: --types RELATION=KIND, or --no-types; for good:"
            " types under [graph] in kptm.toml)"
        )
    lines += [f"  {item.reason}" for item in report.rejected[:MAX_PRINTED_LINES]]
    if report.rejected_count > MAX_PRINTED_LINES:
        lines.append(f"  … all of them are in {report.rejected_file}")
    return {
        "read": report.read,
        "added": report.added,
        "duplicate": report.duplicate,
        "rejected": [item.reason for item in report.rejected],
        "rejected_file": report.rejected_file,
        "revision": report.revision,
        "ended": report.ended,
        "stated_elsewhere": report.stated_elsewhere,
        "unconfirmed": report.unconfirmed,
        "other_files": list(report.other_files),
        "typed": [asdict(item) for item in report.typed],
        "notes": list(report.notes),
    }


def _notes(report: LoadReport) -> list[str]:
    """Notes on a file that was loaded before."""
    notes = []
    if report.ended and report.revision:
        notes.append(
            f"{report.ended:,} facts that the file no longer states have ended; kptm undo brings"
            f" them back (revision {report.revision})"
        )
    if report.stated_elsewhere:
        notes.append(f"{report.stated_elsewhere:,} more stay, because another source states them")
    if report.unconfirmed:
        notes.append(
            f"{report.unconfirmed:,} facts that the file stated before stay, because a rejected"
            " line may state them; correct these lines and load again, or end the facts with"
            " --replace"
        )
    if report.other_files:
        notes.append(
            f"the statements of the source in {', '.join(report.other_files[:3])} stay;"
            " --replace ends them"
        )
    return notes


def _kind_of(item: Typed) -> str:
    """A typed relation as text: "population integer (195)"."""
    text = f"{item.relation} {item.kind} ({item.count:,}"
    if item.as_text:
        text += f", {item.as_text:,} of them text: {shorten(item.example)!r}"
    return f"{text})"
