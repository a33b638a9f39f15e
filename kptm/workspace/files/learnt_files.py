"""The files that learning and indexing write, with their history.

Each change is a revision of the graph with the file's earlier content
(``kg.store.write.artefacts``), so that ``undo`` can undo learning alone.
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
"""The learnt files: parser, questions, weights of sources, phrasings."""


class LearntFiles:
    """The learnt files of a workspace, by name.

    Args:
        folder: The workspace.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, name: str) -> bytes | None:
        """The content of a file; None if it does not exist.

        Raises:
            StoreError: The name is not that of a learnt file.
        """
        path = self._path(name)
        return path.read_bytes() if path.exists() else None

    def write(self, name: str, content: bytes | None) -> None:
        """Write a file atomically, or delete it if ``content`` is None.

        Raises:
            StoreError: The name is not that of a learnt file.
        """
        path = self._path(name)
        if content is not None:
            with replace_file(path) as stream:
                stream.write(content)
        elif path.exists():
            remove(path)

    def before(self, *names: str) -> dict[str, bytes | None]:
        """The present contents of files, for the history."""
        return {name: self.read(name) for name in names}

    def _path(self, name: str) -> Path:
        if name not in LEARNT:  # the name comes from a database, which may not be trusted
            raise StoreError(f"{name!r} is not a learnt file; the history is damaged")
        return self._folder / name


@dataclass(frozen=True, slots=True)
class ChangeReport:
    """The changes made by a revision, in all parts of the workspace.

    Attributes:
        revision: The number of the revision.
        kind: "load", "edit", "undo", "redo", "learn", …
        note: The note of the revision.
        undoes: The revisions that it undid.
        begun: The number of statements that began.
        ended: The number of statements that ended.
        changes: The first statements that began or ended.
        files: The learnt files that it changed.
        records_added: The number of records of modeledge that were added or restored.
        records_removed: The number of records of modeledge that were removed.
        passages_added: The number of passages that were added or restored.
        passages_removed: The number of passages that were removed.
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
