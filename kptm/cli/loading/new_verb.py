"""new: from files to a workspace that answers."""

from __future__ import annotations

import shutil
import sys
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kptm.cli.loading.load_verbs import load_summary
from kptm.cli.output.common import show, verb, workspace_argument
from kptm.cli.output.progress import progress, read_names
from kptm.errors import WorkspaceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kptm.sync.file_plans import FilePlan
    from kptm.workspace import Workspace

TRIED = 20
"""Facts of which one that is answered is looked for, as an example."""


@click.command()
@workspace_argument
@click.argument("files", nargs=-1, required=True, type=click.Path())
@click.option("--yes", is_flag=True, help="Take what was guessed, also where it is in doubt.")
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
    """Make WORKSPACE of FILES: tables, triples, entities, texts, and folders of these.

    Of CSV and TSV files the layout is guessed and shown: a fact a row, or an entity a row and which
    column names it. In doubt you are asked. Texts are indexed. Where a file cannot be read nothing
    is left behind.
    """
    from kptm.sync.file_plans import plan_files
    from kptm.workspace import Workspace

    folder = Path(workspace)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise WorkspaceError(
            f"{workspace}: is there already; kptm load and kptm index add files to a workspace"
        )
    plans, left = plan_files(files)
    if not plans:
        raise WorkspaceError(f"{', '.join(files)}: no file there has a format that is read")
    _confirm(plans, yes=yes)
    existed = folder.exists()
    try:
        with Workspace.init(folder) as ws:
            results, lines = _load(ws, plans)
            example = _example(ws)
    except BaseException:
        _remove(folder, keep=existed)
        raise
    lines += [f"{path}: left out, no format that is read" for path in left]
    if example is not None:
        lines.append(f'kptm ask {workspace} "{example[0]}"\n  {example[1]}')
    value = {"files": results, "left_out": list(map(str, left)), "example": example}
    show(value, as_json, "\n".join(lines))
    if serve:
        from kptm.cli.verbs.serving_verbs import serve as explorer

        context.invoke(explorer, workspace=workspace)


def _confirm(plans: Sequence[FilePlan], *, yes: bool) -> None:
    """Show what was guessed; ask where it is in doubt and a person is there."""
    for plan in plans:
        click.echo(str(plan), err=True)
        for doubt in plan.doubts:
            click.echo(f"  in doubt: {doubt}", err=True)
    if any(plan.doubts for plan in plans) and not yes:
        if not sys.stdin.isatty():
            raise WorkspaceError(
                "nothing was loaded; --yes takes the guess, and kptm load --key COLUMN or --columns"
                " A,B,C says how a table is to be read"
            )
        click.confirm("load it so?", abort=True, err=True)


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
    """A question about one of the first facts that is answered, with its answer."""
    facts = list(islice(ws.graph.match(), TRIED))
    entities = ws.graph.entities([fact.head for fact in facts])
    labels = {relation.key: relation.label for relation in ws.graph.relations()}
    for head, relation, _ in facts:
        question = f"{labels[relation]} of {entities[head].label}"
        answer = ws.ask(question)
        if answer.answers:
            return question, answer.sentence
    return None


def _remove(folder: Path, *, keep: bool) -> None:
    """Remove a workspace that could not be made; an empty folder that was there stays."""
    if not keep:
        shutil.rmtree(folder, ignore_errors=True)
        return
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
