"""How ``kptm ask`` asks and shows: one question, a stream of them, a prompt."""

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
    """What is shown of an answer.

    Attributes:
        brief: The answer alone, without its evidence.
        json: All of it, as JSON.
        reading: How the question was read, too.
    """

    brief: bool
    json: bool
    reading: bool = False

    def text(self, answer: Answer) -> str:
        """For people."""
        return str(answer) if self.brief else answer.explain(reading=self.reading)

    def of(self, question: str, answer: Answer) -> str:
        """The answer for people, after the full question where a follow-up left something out."""
        asked = f"({answer.question})\n" if answer.question != question and not self.brief else ""
        return f"{asked}{self.text(answer)}"


def check_question(question: str) -> str:
    """The question, if it can be one.

    Raises:
        LinkingError: It is empty, or too long.
    """
    from kptm.answering.questions.understanding import LONGEST

    if not question.strip():
        raise LinkingError("the question is empty; ask something")
    if len(question) > LONGEST:
        raise LinkingError(
            f"the question has {len(question):,} characters, more than {LONGEST:,}; "
            "ask a shorter one, or link the text with kptm link"
        )
    return question


def one(ask: Ask, question: str, shown: Shown) -> None:
    """Answer one question."""
    answer = ask(check_question(question))
    show(answer.to_dict(), shown.json, shown.text(answer))


def stream(ask: Ask, path: Path, shown: Shown) -> None:
    """Answer the questions of a file in order, each before the next one is read.

    JSON Lines; ``question⇥answer`` lines; or each question with its answer and evidence, and an
    empty line behind it.

    Raises:
        TripleFormatError: The file cannot be read, or a line is no question.
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
    """The lines of a file that are not blank."""
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
    """Answer what is typed until the end of input (Ctrl-D).

    An unanswerable question ends nothing.
    """
    with suppress(ImportError):  # history and editing of the line, where the system has them
        import readline  # noqa: F401  # its import is all that input() needs
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
    """Whether somebody types."""
    return sys.stdin is not None and sys.stdin.isatty()
