"""The verbs extract, review and check, for facts from texts."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kptm.cli.output.common import (
    device_option,
    existing,
    language_option,
    plain,
    show,
    show_rows,
    verb,
    workspace_argument,
)
from kptm.cli.output.corpus_options import corpus_options, corpus_shards
from kptm.cli.output.progress import lines_of, progress, read_names

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kptm.constraints.constraint import Violation
    from kptm.workspace import Workspace
    from kptm.workspace.review_items import ReviewItem

precision_option = click.option(
    "--precision",
    default=0.9,
    show_default=True,
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="The precision of predictions on held-out texts, which sets the thresholds.",
)


KEYS = "[a]ccept  [r]eject  [e]dit  [s]kip  [u]ndo  [q]uit"
STATES = ("proposed", "accepted", "rejected", "withdrawn")


@click.command()
@workspace_argument
@click.option(
    "--accept", "accepted", multiple=True, type=int, metavar="N", help="Accept a proposal."
)
@click.option(
    "--reject", "rejected", multiple=True, type=int, metavar="N", help="Reject a proposal."
)
@click.option("--accept-all", "rule", metavar="RULE",
              help='Accept all that match a rule and violate no constraint:'
                   ' "capital>=.95", ">=.99".')  # fmt: skip
@click.option("--relation", help="Only proposals of this relation.")
@click.option("--source", help="Only proposals from this source.")
@click.option("--minimum", default=0.0, type=click.FloatRange(0, 1), help="The minimum confidence.")
@click.option("--state", type=click.Choice(STATES), default="proposed", show_default=True,
              help="Their state.")  # fmt: skip
@click.option("--limit", type=click.IntRange(1), help="The most to show.")
@language_option
@verb
def review(
    workspace: str,
    accepted: tuple[int, ...],
    rejected: tuple[int, ...],
    rule: str | None,
    relation: str | None,
    source: str | None,
    minimum: float,
    state: str,
    limit: int | None,
    as_json: bool,
) -> None:
    """Accept or reject what kptm extract and kptm duplicates propose, one by one at the prompt.

    Without a terminal, and with --json, it lists them. Each decision is a revision, which kptm undo
    undoes.
    """
    from kptm.workspace.review_items import relation_key

    with existing(workspace) as ws:
        if rule is not None or accepted or rejected:
            show(*_decide_proposal(ws, accepted, rejected, rule, workspace, as_json))
            return
        key = None if relation is None else relation_key(ws.graph, relation)
        items = ws.review(state=state, relation=key, source=source, minimum=minimum, limit=limit)
        if as_json or state != "proposed" or not _is_terminal():
            _list(items, as_json)
        else:
            _prompt(ws, items)


def _is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _decide_proposal(
    ws: Workspace,
    accepted: Sequence[int],
    rejected: Sequence[int],
    rule: str | None,
    workspace: str,
    as_json: bool,
) -> tuple[dict[str, Any], bool, str]:
    result: dict[str, Any] = {}
    lines = []
    steps: list[tuple[str, Callable[[], Any], bool]] = [
        ("accepted", lambda: ws.accept(accepted), bool(accepted)),
        ("rejected", lambda: ws.reject(rejected), bool(rejected)),
        ("accepted by rule", lambda: ws.accept_all(rule or ""), rule is not None),
    ]
    for decision, step, is_wanted in steps:
        if not is_wanted:
            continue
        outcome = step()
        result[decision] = {
            "count": len(outcome.decided),
            "ids": outcome.decided,
            "revision": outcome.revision,
        }
        again = (
            f"; take it back with: kptm undo {workspace} {outcome.revision}"
            if outcome.revision
            else ""
        )
        lines.append(f"{len(outcome.decided):,} {decision}{again}")
    return result, as_json, "\n".join(lines)


def _list(items: Sequence[ReviewItem], as_json: bool) -> None:
    rows = [
        (
            item.proposal.id, item.head, item.relation, item.tail, round(item.proposal.confidence,
            3),
            _mark(item), str(item.proposal.state), item.proposal.sentence, item.proposal.source,
        )
        for item in items
    ]  # fmt: skip
    columns = (
        "id",
        "head",
        "relation",
        "tail",
        "confidence",
        "notes",
        "state",
        "sentence",
        "source",
    )
    show_rows(columns, rows, as_json, nothing="no proposals")


def _mark(item: ReviewItem) -> str:
    new = [name for name, is_new in ((item.head, item.proposal.head_new), (item.tail,
    item.proposal.tail_new)) if is_new]  # fmt: skip
    notes = [f"new: {name}" for name in new]
    return "; ".join([*notes, *(violation.reason for violation in item.violations)])


def _prompt(ws: Workspace, items: Sequence[ReviewItem]) -> None:
    """Review items one by one; each decision is a revision, which the key u undoes."""
    decided: list[tuple[int, int]] = []
    i = 0
    while i < len(items):
        item = items[i]
        _show(item, i + 1, len(items))
        key = _key()
        number = item.proposal.id
        if key == "q":
            break
        if key == "u":
            if decided:
                i, revision = decided.pop()
                ws.undo(revision)
                click.echo("taken back")
        elif key == "e":
            items = [*items[:i], _edit(ws, item), *items[i + 1 :]]
        elif key in ("a", "r"):
            outcome = ws.accept([number]) if key == "a" else ws.reject([number])
            decided.append((i, outcome.revision))
            i += 1
        elif key == "s":
            i += 1
    click.echo(f"{len(decided):,} decided; kptm review lists what waits")


def _key() -> str:
    click.echo(f"  {KEYS} ", nl=False)
    key = click.getchar().lower()
    click.echo(key if key.isprintable() else "")
    return "q" if key in ("\x03", "\x04", "\x1b") else key


def _show(item: ReviewItem, number: int, total: int) -> None:
    proposal = item.proposal
    click.echo(f"\n{number:,} of {total:,}   {proposal.confidence:.2f}   {plain(proposal.source)}")
    click.echo(
        "  " + _highlight_spans(proposal.sentence, sorted((proposal.head_span, proposal.tail_span)))
    )
    triple = f"{item.head} | {item.relation} | {item.tail}"
    click.echo("  " + click.style(plain(triple), bold=True))
    if note := _mark(item):
        click.echo("  " + click.style(plain(note), fg="yellow"))


def _highlight_spans(sentence: str, spans: Sequence[tuple[int, int]]) -> str:
    parts, position = [], 0
    for start, end in spans:
        parts += [
            plain(sentence[position:start]),
            click.style(plain(sentence[start:end]), reverse=True),
        ]
        position = max(position, end)
    return "".join([*parts, plain(sentence[position:])]).replace("\n", " ")


def _edit(ws: Workspace, item: ReviewItem) -> ReviewItem:
    """Ask for another head, relation or tail; empty input keeps the present one."""
    from kg.errors import KGError

    head = click.prompt("  head", default=item.head)
    relation = click.prompt("  relation", default=item.relation)
    tail = click.prompt("  tail", default=item.tail)
    try:
        changed = ws.change_proposal(
            item.proposal.id,
            head=None if head == item.head else head,
            relation=None if relation == item.relation else relation,
            tail=None if tail == item.tail else tail,
        )
    except KGError as error:
        click.echo(plain(f"  {error}"))
        return item
    return ws.review(ids=[changed.id])[0]


@click.command()
@workspace_argument
@click.argument("texts", type=click.Path())
@precision_option
@click.option("--rows", type=click.Path(), metavar="FILE.jsonl",
              help='Train on labelled rows: JSON Lines with "text" and "triples".')  # fmt: skip
@click.option("--retrain", is_flag=True, help="Train again, also on decided proposals.")
@click.option("--known-only", is_flag=True, help="Propose no new entities.")
@click.option("--source", help="The source of the texts; by default the path of each file.")
@corpus_options
@device_option
@verb
def extract(
    workspace: str,
    texts: str,
    precision: float,
    rows: str | None,
    retrain: bool,
    known_only: bool,
    source: str | None,
    shards: str | None,
    jobs: int | None,
    ray: str | None,
    shard_size: int | None,
    as_json: bool,
) -> None:
    """Propose the facts that TEXTS (a file or folder of .txt or .jsonl) state and the graph lacks.

    On first use it trains an extractor on the facts of the graph that the texts state. Queries do
    not see proposals until they are accepted (kptm review). An interrupted run is resumed.
    """
    with existing(workspace) as ws:
        read_names(ws)
        with (
            progress("extracting", lines_of([texts]), about=True) as advance,
        ):
            report = ws.extract(
                texts,
                precision=precision,
                rows=rows,
                retrain=retrain,
                new_entities=not known_only,
                source=source,
                shards=corpus_shards(shards, jobs, ray, shard_size),
                progress=advance,
                learning=lambda count, total, activity: advance(
                    0,
                    f"{activity}: {count:,}"
                    + (f" of at most {total:,} passes" if total else " texts"),
                ),
            )
        waiting = ws.graph.proposals.count()["proposed"]
    read = (
        f"{report.texts:,} texts read, {report.read_before:,} read before:"
        f" {report.proposed:,} facts proposed,"
        f" {report.known:,} known already, {report.new_entities:,} new entities"
    )
    lines = [read]
    if report.learnt:
        lines.insert(0, f"learnt {report.relations:,} relations from {report.learnt:,} texts")
    if report.out_of_reach:
        lines.append(
            f"{report.out_of_reach:,} of {report.relations:,} relations do not reach a precision of"
            f" {precision:g} on held-out texts; propose more with a lower --precision"
        )
    if waiting:
        lines.append(f"{waiting:,} proposals wait: kptm review {workspace}")
    show({**asdict(report), "waiting": waiting}, as_json, "\n".join(lines))


@click.command()
@workspace_argument
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1),
              help="The maximum number of violations of each constraint.")  # fmt: skip
@click.option(
    "--constraints", "listed", is_flag=True, help="List the constraints instead of violations."
)
@click.option("--shapes", type=click.Path(path_type=Path), metavar="FILE",
              help="SHACL shapes to check as well; needs kptm[shacl].")  # fmt: skip
@verb
def check(workspace: str, limit: int, listed: bool, shapes: Path | None, as_json: bool) -> None:
    """List facts and proposals that violate a constraint.

    Constraints are those of kptm.toml, and those that nearly all facts satisfy. The exit code is 1
    if a fact violates a constraint of kptm.toml.
    """
    with existing(workspace) as ws:
        report = ws.check(limit=limit, shapes=shapes)
    if listed:
        rows = [
            (
                str(constraint),
                "declared" if constraint.is_declared else "learnt",
                constraint.support,
                constraint.exceptions,
            )
            for constraint in report.constraints
        ]
        show_rows(
            ("constraint", "from", "support", "exceptions"), rows, as_json, nothing="no constraints"
        )
    else:
        broken = [_violation(constraint) for constraint in report.violations]
        columns = (
            "constraint",
            "from",
            "support",
            "head",
            "relation",
            "tail",
            "reason",
            "proposal",
        )
        show_rows(columns, broken, as_json, nothing=f"{len(report.constraints):,} constraints hold")
    if any(
        constraint.constraint.is_declared and not constraint.proposal
        for constraint in report.violations
    ):
        raise click.exceptions.Exit(1)


def _violation(violation: Violation) -> tuple[object, ...]:
    from kg.types import Literal
    from kg.values import value_text

    rule = violation.constraint
    tail = value_text(violation.tail) if isinstance(violation.tail, Literal) else violation.tail
    origin = "declared" if rule.is_declared else "learnt"
    return (
        str(rule), origin, rule.support, violation.head, violation.relation, tail, violation.reason,
        violation.proposal or None,
    )  # fmt: skip
