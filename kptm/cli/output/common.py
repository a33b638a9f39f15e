"""Shared by all verbs: options, errors as one line, results as JSON or text."""

from __future__ import annotations

import errno
import json
import sys
import unicodedata
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from kg.errors import KGError
from kg.naming.languages import checked_languages
from kptm.cli.output import streams
from kptm.cli.output.progress import QUIET
from kptm.errors import KPTMError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from kptm.workspace import Workspace

R = TypeVar("R")

DEVICE = "kptm.device"
"""The key of the named device in the context of a command."""
MODEL = "kptm.model"
"""The key of the named model in the context of a command."""
MODULES = "kptm.modules"
"""The key of the named modules in the context of a command."""
LANGUAGE = "kptm.language"
"""The key of the preferred languages in the context of a command."""
COMPUTING = "embedding", "linking", "pretraining", "finetuning"
"""The sections of kptm.toml that have a device."""

workspace_argument = click.argument("workspace", type=click.Path(file_okay=False))
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
debug_option = click.option("--debug", is_flag=True, help="Show the traceback of an error.")
quiet_option = click.option(
    "-q",
    "--quiet",
    is_flag=True,
    expose_value=False,
    callback=lambda context, _, value: context.find_root().meta.update({QUIET: value}),
    help="Do not show progress.",
)

device_option = click.option(
    "--device",
    metavar="NAME",
    expose_value=False,
    callback=lambda context, _, value: context.find_root().meta.update({DEVICE: value}),
    help="The device to compute on: auto (an accelerator if there is one), cpu, cuda, mps, …",
)

model_option = click.option(
    "--model",
    metavar="NAME",
    expose_value=False,
    callback=lambda context, _, value: context.find_root().meta.update({MODEL: value}),
    help="A compressed model, such as int8, or its folder; by default answering.model.",
)

modules_option = click.option(
    "--module",
    metavar="NAME",
    multiple=True,
    expose_value=False,
    callback=lambda context, _, value: context.find_root().meta.update({MODULES: value}),
    help="A module of the model, or auto; several are stacked. By default answering.modules.",
)

language_option = click.option(
    "--language",
    metavar="TAGS",
    expose_value=False,
    callback=lambda context, _, value: context.find_root().meta.update({LANGUAGE: value}),
    help="The languages of labels, best first, as de or de-AT,en; by default graph.languages.",
)


def _chosen_languages() -> list[str]:
    """The setting of ``--language``; none if it is not given.

    Raises:
        InvalidNameError: An item is not a language tag.
    """
    context = click.get_current_context(silent=True)
    tags: str | None = None if context is None else context.find_root().meta.get(LANGUAGE)
    if tags is None:
        return []
    return [f"graph.languages={json.dumps(checked_languages(tags.split(',')))}"]


def _chosen_model() -> list[str]:
    """The settings of ``--model`` and ``--module``; none if they are not given."""
    context = click.get_current_context(silent=True)
    meta = {} if context is None else context.find_root().meta
    named = {"model": meta.get(MODEL), "modules": list(meta.get(MODULES) or ()) or None}
    return [
        f"answering.{key}={json.dumps(value, ensure_ascii=False)}"
        for key, value in named.items()
        if value is not None
    ]


def chosen_device() -> str | None:
    """The device named by ``--device``; None if it is not given.

    Raises:
        EmbeddingError: The device does not exist.
    """
    context = click.get_current_context(silent=True)
    name: str | None = None if context is None else context.find_root().meta.get(DEVICE)
    if name is not None:
        from kg.embedding.devices import choose_device

        choose_device(name)
    return name


def verb(function: Callable[..., R]) -> Callable[..., R]:
    """Add ``--json``, ``--quiet`` and ``--debug`` to a command.

    Errors of kptm are printed as one line, with exit code 1.
    """

    @json_option
    @quiet_option
    @debug_option
    @wraps(function)
    def run(*args: Any, debug: bool, **options: Any) -> R:
        streams.prepare()
        try:
            return function(*args, **options)
        except (KGError, KPTMError, UnicodeError, OSError, KeyboardInterrupt) as error:
            if debug and not isinstance(error, BrokenPipeError):
                raise
            _end(error)

    return run


def _end(error: BaseException) -> NoReturn:
    """End the process after an error, with one line and the exit status that shells expect."""
    if isinstance(error, KeyboardInterrupt):
        sys.exit(streams.INTERRUPTED)
    if isinstance(error, BrokenPipeError):  # the reader has closed the pipe: `kptm link … | head`
        streams.silence()
        sys.exit(streams.PIPE_CLOSED)
    if isinstance(error, UnicodeDecodeError | UnicodeEncodeError):
        _fail(f"the input is not UTF-8 ({error.reason}); convert it first")
    _fail(_explain(error) if isinstance(error, OSError) else str(error))


def _explain(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        from kg.files.disks import full_disk

        folders = [Path(str(name)).absolute().parent for name in (error.filename,) if name]
        folder = full_disk(*folders, Path.cwd())
        full = f"the disk of {folder} is" if folder else "a disk, or your quota on it, is"
        return f"{full} full: free some space, then try again"
    return f"{error.filename or 'system'}: {error.strerror or error}; check path and permissions"


def _fail(message: str) -> NoReturn:
    click.echo(plain(f"kptm: {' '.join(message.split())}"), err=True)
    sys.exit(1)


def existing(folder: str, changes: Iterable[str] = ()) -> Workspace:
    """Open the existing workspace of a verb, so that a mistyped folder is not created.

    Args:
        folder: The folder of the workspace.
        changes: Settings as ``section.key=value``, for this command only.
    """
    from kptm.workspace import Workspace

    device = chosen_device()
    moved = [] if device is None else [f"{section}.device={device}" for section in COMPUTING]
    changes = [*changes, *moved, *_chosen_model(), *_chosen_languages()]
    return Workspace.open(folder, create=False, changes=changes)


def show(value: Any, as_json: bool, text: str) -> None:
    """Print a result as JSON or as text."""
    click.echo(printed_json(value, indent=2) if as_json else plain(text))


def show_rows(
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    as_json: bool,
    *,
    nothing: str = "nothing",
) -> None:
    """Print rows as JSON objects, as a table on a terminal, or as TSV for other programs.

    Without rows, ``nothing`` is printed on standard error.
    """
    listed = [list(row) for row in rows]
    if as_json:
        objects = [dict(zip(columns, row, strict=True)) for row in listed]
        click.echo(printed_json(objects, indent=2))
        return
    cells = [["" if cell is None else plain(str(cell)) for cell in row] for row in listed]
    if not cells:
        click.echo(nothing, err=True)
        return
    if not sys.stdout.isatty():
        for row in cells:
            click.echo("\t".join(cell.replace("\t", " ").replace("\n", " ") for cell in row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns)
    for row in cells:
        table.add_row(*map(Text, row))
    Console().print(table)


def as_line(value: Any, indent: int | None = None, encoding: str = "utf-8") -> str:
    """A value as JSON, with escapes for characters that the encoding lacks."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return text if _encodable(text, encoding) else json.dumps(value, indent=indent)


def printed_json(value: Any, indent: int | None = None) -> str:
    """A value as JSON for standard output, with escapes for characters that its encoding lacks."""
    return as_line(value, indent, streams.encoding_of(sys.stdout))


def plain(text: str) -> str:
    """Text for a terminal, with escapes for control characters and lone surrogates."""
    text = "".join(
        char if char in "\n\t" or unicodedata.category(char) != "Cc" else f"\\x{ord(char):02x}"
        for char in text
    )
    encoding = streams.encoding_of(sys.stdout)
    if _encodable(text, encoding):
        return text
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _encodable(text: str, encoding: str = "utf-8") -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
