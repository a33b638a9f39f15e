"""new: from files to a workspace that answers."""

from __future__ import annotations

import sys
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kg.files.atomic import place_folder
from kptm.cli.loading.load_verbs import load_summary
from kptm.cli.output.common import show, verb, workspace_argument
from kptm.cli.output.progress import progress, read_names
from kptm.errors import WorkspaceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kptm.sync.file_plans import FilePlan
    from kptm.workspace import Workspace

MAX_FACTS_TRIED = 20
"""Facts that are tried as an example question."""


@click.command()
@workspace_argument
@click.argument("files", nargs=-1, required=True, type=click.Path())
@click.option("--yes", is_flag=True, help="Accept doubtful guesses too.")
@click.option("--serve/--no-serve", default=False, help="Open the explorer afterwards.")
@click.pass_context
@verb
def new(
    context: click.Context,
    workspace: str,
    files: tuple[str, ...],
    yes: bool,
    serve: bool,
    as_json: bool,
) -> None:
    """Make WORKSPACE from FILES: tables, triples, entities, texts, and folders of these.

    The layout of CSV and TSV files is guessed and shown: one fact per row, or one entity per row
    and the column that names it. You are asked if the guess is doubtful. Texts are indexed.
    WORKSPACE appears when all files are loaded.
    """
    from kptm.sync.file_plans import plan_files
    from kptm.workspace import Workspace

    folder = Path(workspace)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise WorkspaceError(
            f"{workspace}: already exists; add files to it with kptm load and kptm index"
        )
    plans, left = plan_files(files)
    if not plans:
        raise WorkspaceError(f"{', '.join(files)}: contains no file in a known format")
    _confirm(plans, yes=yes)
    with place_folder(folder) as fresh, Workspace.init(fresh) as ws:
        results, lines = _load(ws, plans)
        example = _example(ws)
    lines += [f"{path}: left out: unknown format" for path in left]
    if example is not None:
        lines.append(f'kptm ask {workspace} "{example[0]}"\n  {example[1]}')
    value = {"files": results, "left_out": list(map(str, left)), "example": example}
    show(value, as_json, "\n".join(lines))
    if serve:
        from kptm.cli.verbs.serving_verbs import serve as explorer

        context.invoke(explorer, workspace=workspace)


def _confirm(plans: Sequence[FilePlan], *, yes: bool) -> None:
    """Show the guesses; ask about doubtful ones if a person can answer."""
    for plan in plans:
        click.echo(str(plan), err=True)
        for doubt in plan.doubts:
            click.echo(f"  check this: {doubt}", err=True)
    if any(plan.doubts for plan in plans) and not yes:
        if not sys.stdin.isatty():
            raise WorkspaceError(
                "nothing was loaded; accept the guess with --yes, or state the layout with kptm"
                " load --key COLUMN or --columns A,B,C"
            )
        click.confirm("load the files like this?", abort=True, err=True)


def _load(ws: Workspace, plans: Sequence[FilePlan]) -> tuple[dict[str, Any], list[str]]:
    from kptm.sync.folder import FileKind

    results: dict[str, Any] = {}
    lines: list[str] = []
    for plan in plans:
        name = str(plan.path)
        with progress(plan.path.name[-24:], None) as advance:
            if plan.kind == FileKind.TEXTS:
                count = ws.index(plan.path, reading=advance)
                results[name] = {"vectors": count}
                lines.append(f"{name}: indexed")
                continue
            if plan.kind == FileKind.ENTITIES:
                report = ws.load_entities(plan.path, progress=advance)
            else:
                key = plan.table.key if plan.table is not None else ""
                split = plan.table.split if plan.table is not None else ""
                report = ws.load(plan.path, key=key or None, split=split or None, progress=advance)
        results[name] = load_summary(name, report, lines)
    read_names(ws)
    return results, lines


def _example(ws: Workspace) -> tuple[str, str] | None:
    """A question about one of the first facts that has an answer, and the answer."""
    facts = list(islice(ws.graph.match(), MAX_FACTS_TRIED))
    entities = ws.graph.entities([fact.head for fact in facts])
    labels = {relation.key: relation.label for relation in ws.graph.relations()}
    for head, relation, _ in facts:
        question = f"{labels[relation]} of {entities[head].label}"
        answer = ws.ask(question)
        if answer.answers:
            return question, answer.sentence
    return None
