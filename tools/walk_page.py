"""Walk a page command by command, as a reader would, and compare output with the page.

    python tools/walk_page.py docs/tutorial.md            # says where page and program differ
    python tools/walk_page.py docs/tutorial.md --write    # puts what was printed into the page

In a block of ```console, a line that begins with "$ " is a command, and what stands below it is
what it prints. "…" stands for anything within a line; alone on its line it stands for any lines.
Plain ``kptm`` commands run in this process, all others in bash.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import shlex
import subprocess
import sys
import tempfile
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TERMINAL = {"COLUMNS": "100", "LINES": "40", "TERM": "dumb"}
SHELL = set("|&;<>()$`*?~#=")
"""Characters that make a command the shell's business, where they are not quoted."""


@dataclass(frozen=True, slots=True)
class Step:
    """A command, what the page shows below it, and where that stands in the page."""

    command: str
    shown: str
    start: int
    end: int


class Terminal(io.StringIO):
    """Standard output that passes for a terminal: tables are drawn, as they are for a reader."""

    def isatty(self) -> bool:
        """Always."""
        return True


def steps(page: str) -> Iterator[Step]:
    """The commands of a page, in order."""
    for block in BLOCK.finditer(page):
        body, offset = block[1], block.start(1)
        places = [found.start() for found in re.finditer(r"^\$ ", body, re.MULTILINE)]
        for place, behind in zip(places, [*places[1:], len(body)], strict=True):
            line, _, shown = body[place:behind].partition("\n")
            start = offset + place + len(line) + 1
            yield Step(line.removeprefix("$ "), shown, start, offset + behind)


def run(command: str) -> str:
    """What a command prints on a terminal, its errors last.

    Raises:
        RuntimeError: It failed, which no page shows.
    """
    words = shlex.split(command)
    if words[0] != "kptm" or SHELL & set(re.sub(r"'[^']*'|\"[^\"]*\"", "", command)):
        return _run_in_shell(command)
    from kptm.cli.main import main

    told, errors = Terminal(), io.StringIO()
    with redirect_stdout(told), redirect_stderr(errors):
        try:
            main(words[1:], prog_name="kptm", standalone_mode=False)
        except SystemExit as end:
            raise RuntimeError(f"{command}: exit code {end.code}: {errors.getvalue()}") from end
    return told.getvalue()


def _run_in_shell(command: str) -> str:
    own = f'kptm() {{ "{sys.executable}" -m kptm "$@"; }}\n'
    done = subprocess.run(
        ["bash", "-ec", own + command], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{command}: exit code {done.returncode}: {done.stderr}")
    return done.stdout


def agree(shown: str, told: str) -> bool:
    """Whether the page shows what was printed, however wide the white space."""
    lines = [re.escape(line).replace("…", ".*") for line in _narrow(shown)]
    pattern = "\n".join(r"(?:.|\n)*" if line == ".*" else line for line in lines)
    return re.fullmatch(pattern, "\n".join(_narrow(told))) is not None


def _narrow(text: str) -> list[str]:
    """Lines without the widths of columns, which depend on the times that a table shows."""
    lines = _without_tails(text.rstrip().split("\n"))
    return [re.sub(r"([━─═])\1+", r"\1", re.sub(r"\s+", " ", line.rstrip())) for line in lines]


def _without_tails(lines: Iterable[str]) -> list[str]:
    """Lines without rows that hold only the ends of intervals, which long times push down."""
    return [line for line in lines if not _TAIL(line)]


_TAIL = re.compile(r"│(\s*([\d.]+\])?\s*│)+\s*").fullmatch


def walk(page: str, folder: Path) -> Iterator[tuple[Step, str]]:
    """Run all commands of a page in a folder; yield each with what it printed."""
    root = str(Path(__file__).parent.parent)
    kept = dict(os.environ)
    os.environ.update(TERMINAL, PYTHONPATH=os.pathsep.join([root, kept.get("PYTHONPATH", "")]))
    try:
        for step in steps(page):
            with chdir(folder):
                told = run(step.command)
            yield step, told
    finally:
        os.environ.clear()
        os.environ.update(kept)


def rewritten(page: str, folder: Path) -> str:
    """The page with what its commands print; lines that agree already stay, their "…" too."""
    parts, place = [], 0
    for step, told in walk(page, folder):
        shown = step.shown if agree(step.shown, told) else _corrected(step.shown, told)
        parts += [page[place : step.start], shown]
        place = step.end
    return "".join([*parts, page[place:]])


def _corrected(shown: str, told: str) -> str:
    before, now = shown.rstrip().split("\n"), _without_tails(told.rstrip().split("\n"))
    if len(before) == len(now):
        now = [old if agree(old, new) else new for old, new in zip(before, now, strict=True)]
    return "".join(f"{line.rstrip()}\n" for line in now) if told.strip() else ""


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("page", type=Path)
    parser.add_argument("--write", action="store_true", help="Put what was printed into the page.")
    options = parser.parse_args()
    page = options.page.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        if options.write:
            options.page.write_text(rewritten(page, Path(folder)), encoding="utf-8")
            return 0
        differ = 0
        for step, told in walk(page, Path(folder)):
            if not agree(step.shown, told):
                differ += 1
                print(f"$ {step.command}\n--- shown\n{step.shown}--- printed\n{told}")
        print(f"{differ} commands print something else")
        return 1 if differ else 0


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent))
    sys.exit(main())
