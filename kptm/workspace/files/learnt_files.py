"""The files that learning and indexing write, as the history of a workspace knows them.

Each change of them is a revision of the graph's history with what the file was before
(``kg.store.write.artefacts``), so that ``undo`` takes learning back and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kg.errors import StoreError
from kg.files.atomic import remove, replace_file

if TYPE_CHECKING:
    from pathlib import Path

    from kg.types import Change

QUESTIONS, LESSONS = "questions.json", "learnt.jsonl"
WEIGHTS, PHRASINGS = "weights.json", "phrasings.json"
LEARNT = (QUESTIONS, LESSONS, WEIGHTS, PHRASINGS)
"""What a question's reading, its weights and a relation's phrasings are learnt into."""


class LearntFiles:
    """The learnt files of a workspace, by name.

    Args:
        folder: The workspace.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, name: str) -> bytes | None:
        """The content of a file, None where there is none.

        Raises:
            StoreError: It is no learnt file.
        """
        path = self._path(name)
        return path.read_bytes() if path.exists() else None

    def write(self, name: str, content: bytes | None) -> None:
        """Write a file whole, or remove it for None.

        Raises:
            StoreError: It is no learnt file.
        """
        path = self._path(name)
        if content is not None:
            with replace_file(path) as stream:
                stream.write(content)
        elif path.exists():
            remove(path)

    def before(self, *names: str) -> dict[str, bytes | None]:
        """What files are now, for the history."""
        return {name: self.read(name) for name in names}

    def _path(self, name: str) -> Path:
        if name not in LEARNT:  # it comes from a database, which may be another person's
            raise StoreError(f"{name!r} is no file that kptm learns into; the history is damaged")
        return self._folder / name


@dataclass(frozen=True, slots=True)
class ChangeReport:
    """What a revision changed, wherever in the workspace.

    Attributes:
        revision: Its number.
        kind: "load", "edit", "undo", "redo", "learn", …
        note: What it was about.
        undoes: The revisions that it took back.
        begun: How many statements of sources began.
        ended: How many ended.
        changes: The first of both.
        files: Files that it changed.
        records_added: Records of modeledge that came in, or back.
        records_removed: Records that went.
        passages_added: Passages of texts that came in, or back.
        passages_removed: Passages that went.
    """

    revision: int
    kind: str
    note: str
    undoes: tuple[int, ...]
    begun: int
    ended: int
    changes: tuple[Change, ...]
    files: tuple[str, ...]
    records_added: int
    records_removed: int
    passages_added: int = 0
    passages_removed: int = 0
