"""ask, query, learn."""

from __future__ import annotations

import click

from kptm.cli.common import existing, show, verb, workspace_argument


@click.command()
@workspace_argument
@click.argument("question")
@verb
def ask(workspace: str, question: str, as_json: bool) -> None:
    """Answer QUESTION: a cloze with one [MASK], or in words."""
    with existing(workspace) as ws:
        answer = ws.ask(question)
    show(answer.to_dict(), as_json, answer.explain())


@click.command()
@workspace_argument
@click.argument("head")
@click.argument("relation")
@click.argument("tail", required=False)
@verb
def query(workspace: str, head: str, relation: str, tail: str | None, as_json: bool) -> None:
    """Answer (HEAD, RELATION, ?); with "?" as HEAD, (?, RELATION, TAIL)."""
    if (head == "?") == (tail is None):
        raise click.UsageError('give HEAD RELATION, or "?" RELATION TAIL')
    with existing(workspace) as ws:
        answer = ws.query(None if head == "?" else head, relation, tail)
    show(answer.to_dict(), as_json, answer.explain())


@click.command()
@workspace_argument
@click.argument("questions", type=click.Path())
@verb
def learn(workspace: str, questions: str, as_json: bool) -> None:
    """Learn the words of relations from QUESTIONS: question⇥answer|answer a line."""
    with existing(workspace) as ws:
        used = ws.learn_questions(questions)
    show({"used": used}, as_json, f"{used:,} questions taught something")
