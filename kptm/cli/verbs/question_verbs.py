"""The verbs ask, query and learn."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kptm.cli.output.common import (
    device_option,
    existing,
    language_option,
    model_option,
    modules_option,
    show,
    show_rows,
    verb,
    workspace_argument,
)
from kptm.cli.output.fact_lines import Labels, keys_option
from kptm.cli.output.link_lines import STANDARD
from kptm.cli.output.progress import progress, read_names
from kptm.cli.output.question_session import Shown, at_terminal, converse, one, stream

if TYPE_CHECKING:
    from kptm.workspace import Workspace


@click.command()
@workspace_argument
@click.argument("question", required=False)
@click.option("--file", type=click.Path(allow_dash=True), metavar="FILE",
              help="Questions, one per line, answered in order; also .gz;"
                   " - is standard input.")  # fmt: skip
@click.option("--without", multiple=True, metavar="SOURCE",
              help="Leave out a source: graph, model, texts, modeledge or 'link prediction';"
                   " may be repeated.")  # fmt: skip
@click.option("--at", metavar="TIME",
              help="The year or day, 1995 or 1995-07-04, of questions that state no"
                   " time.")  # fmt: skip
@click.option("--brief", is_flag=True, help="The answer alone, without its evidence.")
@click.option("--explain", is_flag=True,
              help="Show how the question was read: the evaluated program, and the meaning"
                   " of each word.")  # fmt: skip
@click.option("--follow-ups", is_flag=True,
              help="Let questions of a file or pipe refer to the previous one, as at the"
                   " prompt.")  # fmt: skip
@model_option
@modules_option
@device_option
@language_option
@verb
def ask(
    workspace: str,
    question: str | None,
    file: str | None,
    without: tuple[str, ...],
    at: str | None,
    brief: bool,
    explain: bool,
    follow_ups: bool,
    as_json: bool,
) -> None:
    """Answer QUESTION: a cloze with one [MASK], or in words.

    Without QUESTION, questions are read from a prompt, where they may refer to the last one: "and
    of Chile?", "what about its currency".

    Questions of --file, or of standard input if it is not a terminal, are answered in order, with
    --json as JSON Lines, with --brief as lines question⇥answer.
    """
    if question is not None and file is not None:
        raise click.UsageError("give a QUESTION or --file, not both")
    if brief and explain:
        raise click.UsageError("give --brief or --explain, not both")
    shown = Shown(brief, as_json, explain)
    with existing(workspace) as ws:
        read_names(ws)
        sources = _others(without) if without else None
        answer = partial(ws.ask, sources=sources, at=at)
        if question is not None:
            one(answer, question, shown)
        elif file is None and at_terminal():
            converse(ws.conversation(sources=sources).ask, shown)
        else:
            going_on = ws.conversation(sources=sources).ask if follow_ups else answer
            stream(going_on, Path(file or STANDARD), shown)


def _others(without: tuple[str, ...]) -> list[str]:
    """All sources except the given ones."""
    from kptm.answering.sources.source import SOURCES, checked_sources

    left_out = checked_sources(without)
    return [source for source in SOURCES if source not in left_out]


@click.command()
@workspace_argument
@click.argument("head", required=False)
@click.argument("relation", required=False)
@click.argument("tail", required=False)
@click.option("--pattern", "patterns", multiple=True, metavar="'?x|relation|key'",
              help="A pattern of a triple; several are joined on their ?variables.")  # fmt: skip
@click.option(
    "--select", multiple=True, metavar="?x", help="The variables to show; all by default."
)
@click.option("--where", "compared", multiple=True, metavar="'?x > 5'",
              help="Only rows that satisfy the comparison: < <= > >= = != with a number, a date,"
                   " or a number with its unit.")  # fmt: skip
@click.option("--sort", multiple=True, metavar="?x",
              help="Sort rows of patterns by a variable; -?x from the greatest down.")  # fmt: skip
@click.option("--limit", type=click.IntRange(0), help="The maximum number of rows of patterns.")
@click.option("--sparql", help="A query in SPARQL; needs kptm[sparql].")
@click.option("--cypher", help="A query in a subset of Cypher: MATCH … WHERE … RETURN ….")
@keys_option
@model_option
@modules_option
@device_option
@language_option
@verb
def query(
    workspace: str,
    head: str | None,
    relation: str | None,
    tail: str | None,
    patterns: tuple[str, ...],
    select: tuple[str, ...],
    compared: tuple[str, ...],
    sort: tuple[str, ...],
    limit: int | None,
    sparql: str | None,
    cypher: str | None,
    only_keys: bool,
    as_json: bool,
) -> None:
    """Answer (HEAD, RELATION, ?); with "?" as HEAD, (?, RELATION, TAIL).

    Or query the graph by patterns, in SPARQL, or in Cypher.
    """
    if (compared or sort) and not patterns:
        raise click.UsageError("--where and --sort go with --pattern")
    if patterns or sparql or cypher:
        if [head is not None, bool(patterns), bool(sparql), bool(cypher)].count(True) > 1:
            raise click.UsageError("give HEAD RELATION, --pattern, --sparql or --cypher")
        with existing(workspace) as ws:
            if sparql:
                _show_sparql(ws.graph.sparql(sparql), as_json)
            elif cypher:
                _show_cypher(ws, cypher, as_json)
            else:
                form = {"where": list(map(_comparison, compared)), "order_by": sort, "limit": limit}
                _show_patterns(ws, patterns, select, form, only_keys, as_json)
        return
    if head is None or relation is None or (head == "?") == (tail is None):
        raise click.UsageError('give HEAD RELATION, or "?" RELATION TAIL')
    with existing(workspace) as ws:
        answer = ws.query(None if head == "?" else head, relation, tail)
    show(answer.to_dict(), as_json, answer.explain())


def _show_patterns(
    ws: Workspace,
    patterns: tuple[str, ...],
    select: tuple[str, ...],
    form: dict[str, Any],
    only_keys: bool,
    as_json: bool,
) -> None:
    terms = [[part.strip() for part in pattern.split("|")] for pattern in patterns]
    seen = dict.fromkeys(term for pattern in terms for term in pattern if term[:1] == "?")
    names = select or tuple(seen)
    rows = list(ws.graph.query(terms, select=names, strict=True, **form))
    columns = [name.removeprefix("?") for name in names]
    labels = Labels(ws.graph, rows, only_keys=only_keys or as_json)
    shown = [[labels.name(cell) for cell in row] for row in rows]
    show_rows(columns, shown, as_json, nothing="no match")


_COMPARISON = re.compile(r"\s*(\?[^\s<>=!≤≥≠]+)\s*(<=|>=|!=|[<>=≤≥≠])\s*(.*\S)\s*")
_WRITTEN = {"≤": "<=", "≥": ">=", "≠": "!="}


def _comparison(text: str) -> tuple[str, str, str]:
    """Parse a comparison such as ``?x > 5``."""
    match = _COMPARISON.fullmatch(text)
    if match is None:
        raise click.UsageError(
            f"--where {text!r}: write a ?variable, one of < <= > >= = !=, and a value"
        )
    name, comparison, value = match.groups()
    return name, _WRITTEN.get(comparison, comparison), value


def _show_cypher(ws: Workspace, text: str, as_json: bool) -> None:
    from kg.cypher import cypher

    result = cypher(ws.graph, text)
    show_rows(result.columns, result.rows, as_json, nothing="no match")


def _show_sparql(result: Any, as_json: bool) -> None:
    """Print the rows of a SELECT, the facts of a CONSTRUCT, or the truth value of an ASK."""
    if isinstance(result, bool):
        show(result, as_json, "yes" if result else "no")
        return
    columns = getattr(result, "variables", ("head", "relation", "tail"))
    rows = [
        [cell if isinstance(cell, str | None) else cell.value for cell in row] for row in result
    ]
    show_rows(columns, rows, as_json, nothing="no match")


@click.command()
@workspace_argument
@click.argument("questions", type=click.Path())
@click.option("--replace", is_flag=True, help="Drop the questions of earlier trainings.")
@model_option
@device_option
@verb
def learn(workspace: str, questions: str, replace: bool, as_json: bool) -> None:
    """Train on QUESTIONS, with lines question⇥answer|answer.

    Trains the parser of questions and the weights of the sources. Questions of earlier trainings
    are used again together with these. kptm undo undoes it.
    """
    from kg.formats.files import estimate_lines

    count = estimate_lines(Path(questions))
    with existing(workspace) as ws, progress("questions", count, about=True) as advance:
        report = ws.learn(questions, replace=replace, progress=advance)
    text = (
        f"{report}\nrevision {report.revision}; take it back with:"
        f" kptm undo {workspace} {report.revision}"
    )
    show(report.to_dict(), as_json, text)
