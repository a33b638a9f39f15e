"""Shows the progress of a verb on stderr: a bar on a terminal, else lines, with the time left.

In a log, a verb that ends within two seconds writes no line. A longer one writes a line after two
seconds and then every ten, even while no step ends, because a separate thread writes them.
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
    """Called with the amount done, and a text or a loss to show beside it."""

SECONDS_TO_FIRST_LINE, SECONDS_BETWEEN_LINES = 2.0, 10.0
"""Seconds until the first line, and between two lines."""
QUIET = "kptm.quiet"
"""The key of --quiet in the context of a command."""


class Track:
    """Tracks the amount done, and estimates the time left at the pace so far.

    Args:
        title: The activity.
        total: The total amount; None if unknown.
        about: Whether the total is an estimate.
        clock: Returns the time in seconds.
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
        """Set the amount done, and a text or a loss to show beside it."""
        self._seen += 1
        # A resumed activity starts in the middle, and preparations precede the first step, so the
        # pace is measured from the first progress on.
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
        """Seconds since the start."""
        return self._clock() - self._start

    def to_go(self) -> float | None:
        """Estimated seconds left at the pace so far; None if unknown."""
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
        amount = f"{self.done:,.0f}" if self.done == int(self.done) else f"{self.done:,.2f}"
        if self.total:
            return f"{amount} of {'about ' if self.about else ''}{self.total:,.0f}"
        return amount if self.done else ""


def time_text(seconds: float) -> str:
    """Format seconds: "7 s", "2:05 min", "1:02:05 h"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes}:{rest:02d} min"
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d} h"


@contextmanager
def progress(title: str, total: float | None, *, about: bool = False) -> Iterator[Advance]:
    """Show the progress of a block; yields a function of (amount done, text or loss to show).

    Args:
        title: The activity.
        total: The total amount; None if unknown.
        about: Whether the total is an estimate.
    """
    track = Track(title, total, about=about)
    context = click.get_current_context(silent=True)
    if context is not None and context.find_root().meta.get(QUIET):
        yield track.advance
        return
    with _bar(track) if sys.stderr.isatty() else _lines(track):
        yield track.advance


def lines_of(paths: Iterable[str | Path]) -> int | None:
    """Estimate the number of lines in files and folders; None if that of one is unknown."""
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
    """Update the index of names with a progress bar, before the first answer needs it."""
    with progress("index of names", workspace.graph.stats()["entities"]) as advance:
        workspace.linker.refresh(advance)


@contextmanager
def _lines(track: Track) -> Iterator[None]:
    """Write a line after some seconds (:data:`SECONDS_TO_FIRST_LINE`), then at intervals."""
    over = threading.Event()

    def write() -> None:
        wait = SECONDS_TO_FIRST_LINE
        while not over.wait(wait):
            _say(track)
            wait = SECONDS_BETWEEN_LINES

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

    # A bar needs a total; without one a spinner is shown.
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
        """The track as text; rendering it also updates the bar."""

        def render(self, task: Any) -> Text:
            """The present text."""
            task.completed = track.done if track.total is None else min(track.done, track.total)
            return Text(str(track))

    return Said()
