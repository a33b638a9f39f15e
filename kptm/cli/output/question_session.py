"""The sessions of ``kptm ask``: one question, a stream of questions, or a prompt."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

import click

from kg.errors import KGError, TripleFormatError
from kptm.cli.output.common import plain, printed_json, show
from kptm.errors import KPTMError, LinkingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kptm.answering import Answer

    Ask = Callable[[str], Answer]

PROMPT = "? "


class Shown(NamedTuple):
    """Which parts of an answer are shown.

    Attributes:
        brief: Whether to show the answer alone, without its evidence.
        json: Whether to print the whole answer as JSON.
        reading: Whether to show how the question was read.
    """

    brief: bool
    json: bool
    reading: bool = False

    def text(self, answer: Answer) -> str:
        """The answer as text."""
        return str(answer) if self.brief else answer.explain(reading=self.reading)

    def of(self, question: str, answer: Answer) -> str:
        """The answer as text; for a follow-up, after the completed question."""
        completed = (
            f"({answer.question})\n" if answer.question != question and not self.brief else ""
        )
        return f"{completed}{self.text(answer)}"


def check_question(question: str) -> str:
    """Check a question, and return it.

    Raises:
        LinkingError: The question is empty or too long.
    """
    from kptm.answering.questions.understanding import MAX_QUESTION_CHARACTERS

    if not question.strip():
        raise LinkingError("the question is empty; ask something")
    if len(question) > MAX_QUESTION_CHARACTERS:
        raise LinkingError(
            f"the question has {len(question):,} characters, more than"
            f" {MAX_QUESTION_CHARACTERS:,}; ask a shorter one, or link the text with kptm link"
        )
    return question


def one(ask: Ask, question: str, shown: Shown) -> None:
    """Answer one question."""
    answer = ask(check_question(question))
    show(answer.to_dict(), shown.json, shown.text(answer))


def stream(ask: Ask, path: Path, shown: Shown) -> None:
    """Answer the questions of a file in order, each before reading the next.

    The output is JSON Lines, lines ``question⇥answer``, or each question with its answer and
    evidence, followed by an empty line.

    Raises:
        TripleFormatError: The file cannot be read, or a line is not a question.
    """
    for question in _questions(path):
        answer = ask(question)
        if shown.json:
            click.echo(printed_json(answer.to_dict()))
        elif shown.brief:
            click.echo(plain(f"{question}\t{answer}"))
        else:
            click.echo(plain(f"{question}\n{shown.of(question, answer)}\n"))


def _questions(path: Path) -> Iterator[str]:
    """The nonblank lines of a file."""
    from kg.formats.files import open_bytes
    from kg.formats.text.lines import text_lines

    with open_bytes(path) as opened:
        for number, text in text_lines(opened, path):
            if isinstance(text, TripleFormatError):
                raise text
            if text.strip():
                try:
                    yield check_question(text)
                except LinkingError as error:
                    raise TripleFormatError(path, number, str(error), text) from error


def converse(ask: Ask, shown: Shown) -> None:
    """Answer typed questions until the end of input (Ctrl-D).

    Errors are printed, and the session continues.
    """
    with suppress(ImportError):  # line editing and history, if the system has readline
        import readline  # noqa: F401  # importing it is enough for input()
    click.echo("Ask in words, or with a [MASK]; Ctrl-D ends.", err=True)
    while True:
        try:
            question = input(PROMPT)
        except EOFError:
            click.echo()
            return
        try:
            answer = ask(check_question(question))
        except (KGError, KPTMError, UnicodeError) as error:
            click.echo(plain(f"kptm: {error}"), err=True)
            continue
        click.echo(
            printed_json(answer.to_dict())
            if shown.json
            else plain(shown.of(question, answer)) + "\n"
        )


def at_terminal() -> bool:
    """Whether standard input is a terminal."""
    return sys.stdin is not None and sys.stdin.isatty()
