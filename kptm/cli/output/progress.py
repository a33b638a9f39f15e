"""How far a verb is, on stderr: a bar on a terminal, else a line now and then; with the time left.

Whatever ends within two seconds says nothing in a log. What takes longer says after two seconds,
and then every ten, how far it is, even while no step ends: a thread of its own writes the lines.
"""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from rich.progress import ProgressColumn

    from kptm.workspace import Workspace

    Advance = Callable[..., None]
    """Takes how far it is, and what to show beside it: a text, or a loss."""

FIRST, EVERY = 2.0, 10.0
"""Seconds until the first line, and between two."""
QUIET = "kptm.quiet"
"""Where --quiet stands among what commands share."""


class Track:
    """What has been done of a whole, and how long the rest takes at the pace so far.

    Args:
        title: What is done.
        total: How much there is to do; None where nobody knows.
        about: Whether the total is an estimate.
        clock: Seconds.
    """

    def __init__(
        self,
        title: str,
        total: float | None,
        *,
        about: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.title, self.total, self.about = title, total, about
        self.done, self.note = 0.0, ""
        self._clock = clock
        self._start = clock()
        self._base = self._first = self._start, 0.0
        self._seen = 0

    def advance(self, done: float, value: float | str | None = None) -> None:
        """Note how far it is, and what to show beside it: a text, or a loss."""
        self._seen += 1
        # What goes on after a cut starts in the middle, and what is prepared before the first step
        # is no part of it: the pace is counted from when it first moved.
        if self._seen == 1 or done == self._first[1]:
            self._first = self._clock(), done
        if self._seen > 1:
            self._base = self._first
        self.done = done
        self.note = (
            value if isinstance(value, str) else "" if value is None else f"loss {value:.3f}"
        )

    @property
    def seconds(self) -> float:
        """Since the start."""
        return self._clock() - self._start

    def to_go(self) -> float | None:
        """Seconds to go at the pace so far; None where it cannot be told."""
        since, before = self._base
        gained = self.done - before
        if self.total is None or gained <= 0:
            return None
        return max(0.0, (self._clock() - since) * (self.total - self.done) / gained)

    def __str__(self) -> str:
        parts = [self._count(), time_text(self.seconds)]
        rest = self.to_go()
        if rest is not None:
            parts.append(
                f"{time_text(rest)} to go"
                if self.total is not None and self.done < self.total
                else "finishing"
            )
        return ", ".join(part for part in [*parts, self.note] if part)

    def _count(self) -> str:
        done = f"{self.done:,.0f}" if self.done == int(self.done) else f"{self.done:,.2f}"
        if self.total:
            return f"{done} of {'about ' if self.about else ''}{self.total:,.0f}"
        return done if self.done else ""


def time_text(seconds: float) -> str:
    """Seconds as people write them: "7 s", "2:05 min", "1:02:05 h"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes}:{rest:02d} min"
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d} h"


@contextmanager
def progress(title: str, total: float | None, *, about: bool = False) -> Iterator[Advance]:
    """Show how far the block is; yields a function of (how far, what to show beside it).

    Args:
        title: What is done.
        total: How much there is to do; None where nobody knows.
        about: Whether that is an estimate.
    """
    track = Track(title, total, about=about)
    context = click.get_current_context(silent=True)
    if context is not None and context.find_root().meta.get(QUIET):
        yield track.advance
        return
    with _bar(track) if sys.stderr.isatty() else _lines(track):
        yield track.advance


def lines_of(paths: Iterable[str | Path]) -> int | None:
    """About how many lines files and the files of folders have; None if one is unknown."""
    from kg.formats.files import estimate_lines

    whole = 0
    for path in map(Path, paths):
        inside = sorted(path.iterdir()) if path.is_dir() else [path]
        counts = [estimate_lines(file) for file in inside if file.is_file() or file == path]
        if None in counts:
            return None
        whole += sum(count for count in counts if count is not None)
    return whole


def read_names(workspace: Workspace) -> None:
    """Bring the index of names up to date, so that nobody waits in silence for the first answer."""
    with progress("index of names", workspace.graph.stats()["entities"]) as advance:
        workspace.linker.refresh(advance)


@contextmanager
def _lines(track: Track) -> Iterator[None]:
    """A line after :data:`FIRST` seconds, then every :data:`EVERY`."""
    over = threading.Event()

    def write() -> None:
        wait = FIRST
        while not over.wait(wait):
            _say(track)
            wait = EVERY

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _say(track: Track) -> None:
    line = f"{track.title}: {track}\n"
    encoding = sys.stderr.encoding or "utf-8"
    sys.stderr.write(line.encode(encoding, "backslashreplace").decode(encoding))
    sys.stderr.flush()


@contextmanager
def _bar(track: Track) -> Iterator[None]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

    # A bar only where there is a whole to fill; else something that moves.
    shape: ProgressColumn = BarColumn(bar_width=30) if track.total else SpinnerColumn()
    name = TextColumn("{task.description:<24}", markup=False)
    with Progress(name, shape, _text_column(track), console=Console(stderr=True)) as bars:
        task = bars.add_task(track.title[:24], total=track.total)
        yield
        bars.update(task, completed=track.done)


def _text_column(track: Track) -> ProgressColumn:
    from rich.progress import ProgressColumn
    from rich.text import Text

    class Said(ProgressColumn):
        """The track as text; it moves the bar too, so that nobody has to call anything twice."""

        def render(self, task: Any) -> Text:
            """The text now."""
            task.completed = track.done if track.total is None else min(track.done, track.total)
            return Text(str(track))

    return Said()
