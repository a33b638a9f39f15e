"""Collects the outcomes of a run, and prints them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import kptm

from . import failures, figures
from .asking import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence


class Report:
    """Outcomes by name ("freebase, before"), and notes."""

    def __init__(self, folder: Path | None = None) -> None:
        self.parts: dict[str, list[Outcome]] = {}
        self.notes: list[str] = []
        self._folder = folder
        self.labels: dict[str, str] = {}

    @classmethod
    def read(cls, paths: Sequence[Path]) -> Report:
        """What earlier runs wrote; of a part that stands in several files the last one."""
        report = cls()
        for path in paths:
            saved = json.loads(path.read_text(encoding="utf-8"))
            report.notes += [f"{saved['commit']}: {note}" for note in saved["notes"]]
            for name, rows in saved["parts"].items():
                report.parts[name] = [Outcome.of(row) for row in rows]
        return report

    @property
    def wants_labels(self) -> bool:
        """Whether failures are written, in which keys get their labels."""
        return self._folder is not None

    def add(self, name: str, outcomes: Sequence[Outcome]) -> None:
        """A part; its table is printed at once, its failures are written."""
        if not outcomes:
            return
        self.parts[name] = list(outcomes)
        print(figures.HEAD)
        print("\n".join(figures.lines(name, outcomes)))
        print(figures.verdicts(name, outcomes), flush=True)
        if self._folder:
            file = name.replace(", ", ".").replace(" ", "-")
            failures.write(self._folder / f"{file}.txt", outcomes, self.labels)

    def note(self, text: str) -> None:
        """A line beside the tables."""
        self.notes.append(text)
        print(text, flush=True)

    def tables(self) -> str:
        """All parts in Markdown."""
        rows = [row for name, part in self.parts.items() for row in figures.lines(name, part)]
        risks = [figures.risk_line(name, part) for name, part in self.parts.items()]
        head = f"\ncommit {commit()}\n"
        return "\n".join(
            [head, *self.notes, "", figures.HEAD, *rows, "", figures.risk_head(), *risks]
        )

    def to_dict(self, command: Sequence[str]) -> dict[str, Any]:
        """For JSON."""
        return {
            "commit": commit(),
            "command": list(command),
            "notes": self.notes,
            "parts": {name: [x.to_dict() for x in part] for name, part in self.parts.items()},
        }


def commit() -> str:
    """The commit that is measured."""
    command = ["git", "rev-parse", "--short", "HEAD"]
    here = Path(kptm.__file__).parent
    return subprocess.run(command, cwd=here, capture_output=True, text=True,
    check=False).stdout.strip()  # fmt: skip
