"""Lists the files of a folder, with the kind of content of each."""

from __future__ import annotations

import json
import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from kg.errors import TripleFormatError
from kg.formats.files import open_bytes
from kg.formats.reader import TRIPLES, choose
from kptm.errors import WorkspaceError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

LOOKED_AT = 2**16
"""Bytes of the first line that are read to find the content of a JSON Lines file."""


class FileKind(StrEnum):
    """The content of a file: texts, triples or entities."""

    TEXTS = "texts"
    TRIPLES = "triples"
    ENTITIES = "entities"


class FoundFile(NamedTuple):
    """A file of a folder.

    Attributes:
        name: Its path below the folder, with ``/``.
        path: Its absolute path.
        kind: Its content; None for a file that is not read.
    """

    name: str
    path: Path
    kind: FileKind | None


def files_of(folder: Path, *, without: Collection[Path] = ()) -> list[FoundFile]:
    """The files below a folder, by name; hidden ones and rejected lines of loads are left out.

    Args:
        folder: The folder, as an absolute path.
        without: Folders that are left out, such as the workspace's own.

    Raises:
        WorkspaceError: The folder is missing, or cannot be read.
    """
    if not folder.is_dir():
        raise WorkspaceError(
            f"{folder}: there is no such folder; nothing was changed. To end all that its files"
            " stated, make it an empty folder"
        )
    return [
        FoundFile(path.relative_to(folder).as_posix(), path, kind_of(path))
        for path in _walk(folder, {excluded.resolve() for excluded in without})
    ]


def _walk(folder: Path, without: set[Path]) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        raise WorkspaceError(
            f"{error.filename}: cannot be read ({error.strerror}); nothing was changed"
        ) from error

    for parent, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and Path(parent, name).resolve() not in without
        )
        for name in sorted(names):
            path = Path(parent, name)
            if not name.startswith(".") and not name.endswith(".rejected.jsonl") and path.is_file():
                yield path


def kind_of(path: Path) -> FileKind | None:
    """The content of a file, by its suffix; for JSON Lines by its first line."""
    try:
        chosen = choose(path, TRIPLES, None)
    except TripleFormatError:
        return None
    if chosen.name == "jsonl":
        return _of_lines(path)
    is_text = path.name.lower().removesuffix(".gz").endswith(".txt")
    return FileKind.TEXTS if is_text else FileKind.TRIPLES


def _of_lines(path: Path) -> FileKind:
    try:
        with open_bytes(path) as stream:
            first = json.loads(stream.readline(LOOKED_AT).decode("utf-8-sig"))
    except (OSError, ValueError, TripleFormatError):
        return FileKind.TRIPLES  # its reader will report the error
    if isinstance(first, dict) and "text" in first:
        return FileKind.TEXTS
    if isinstance(first, dict) and "key" in first and "head" not in first:
        return FileKind.ENTITIES
    return FileKind.TRIPLES
