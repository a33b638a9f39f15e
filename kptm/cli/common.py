"""What every verb shares: one line for an error, JSON or text for a result, progress on stderr."""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import click

from kg.errors import KGError
from kptm.errors import KPTMError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

P = ParamSpec("P")
R = TypeVar("R")

workspace_argument = click.argument("workspace", type=click.Path(file_okay=False))
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
debug_option = click.option("--debug", is_flag=True, help="Show the traceback of an error.")


def verb(function: Callable[..., R]) -> Callable[..., R]:
    """Give a command ``--json`` and ``--debug``; turn our errors into one line and exit code 1."""

    @json_option
    @debug_option
    @wraps(function)
    def run(*args: Any, debug: bool, **options: Any) -> R:
        try:
            return function(*args, **options)
        except (KGError, KPTMError) as error:
            if debug:
                raise
            click.echo(f"kptm: {error}", err=True)
            sys.exit(1)
        except BrokenPipeError:  # the reader went away: `kptm link … | head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(1)

    return run


def show(value: Any, as_json: bool, text: str) -> None:
    """Print a result: as JSON, or as text for people."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2) if as_json else text)


@contextmanager
def progress(title: str, total: int | None) -> Iterator[Callable[..., None]]:
    """A progress bar on stderr; yields a function of (how far, what to show beside it)."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description:<24}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(title, total=total, note="")

        def advance(done: int, value: float | None = None) -> None:
            note = "" if value is None else f"loss {value:.3f}"
            bar.update(task, completed=done, note=note)

        yield advance
        if total is None:
            bar.update(task, total=bar.tasks[task].completed)
