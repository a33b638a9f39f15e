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

MAX_FIRST_LINE_BYTES = 2**16
"""The bytes of the first line of a JSON Lines file from which its kind is determined."""


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


def files_of(folder: Path, *, excluded: Collection[Path] = ()) -> list[FoundFile]:
    """List the files below a folder by name, without hidden ones and ``*.rejected.jsonl``.

    Args:
        folder: The folder, as an absolute path.
        excluded: Folders that are left out, such as the workspace's own.

    Raises:
        WorkspaceError: The folder is missing, or cannot be read.
    """
    if not folder.is_dir():
        raise WorkspaceError(
            f"{folder}: there is no such folder; nothing was changed. To retract the facts of"
            " its files, make it an empty folder"
        )
    return [
        FoundFile(path.relative_to(folder).as_posix(), path, kind_of(path))
        for path in _walk(folder, {path.resolve() for path in excluded})
    ]


def _walk(folder: Path, excluded: set[Path]) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        raise WorkspaceError(
            f"{error.filename}: cannot be read ({error.strerror}); nothing was changed"
        ) from error

    for parent, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and Path(parent, name).resolve() not in excluded
        )
        for name in sorted(names):
            path = Path(parent, name)
            if not name.startswith(".") and not name.endswith(".rejected.jsonl") and path.is_file():
                yield path


def kind_of(path: Path) -> FileKind | None:
    """The kind of a file, by its suffix; for JSON Lines by its first line; None if not read."""
    try:
        format_ = choose(path, TRIPLES, None)
    except TripleFormatError:
        return None
    if format_.name == "jsonl":
        return _kind_of_json_lines(path)
    is_text = path.name.lower().removesuffix(".gz").endswith(".txt")
    return FileKind.TEXTS if is_text else FileKind.TRIPLES


def _kind_of_json_lines(path: Path) -> FileKind:
    try:
        with open_bytes(path) as stream:
            first = json.loads(stream.readline(MAX_FIRST_LINE_BYTES).decode("utf-8-sig"))
    except (OSError, ValueError, TripleFormatError):
        return FileKind.TRIPLES  # its reader will report the error
    if isinstance(first, dict) and "text" in first:
        return FileKind.TEXTS
    if isinstance(first, dict) and "key" in first and "head" not in first:
        return FileKind.ENTITIES
    return FileKind.TRIPLES
