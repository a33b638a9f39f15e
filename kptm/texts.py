"""Reads texts: one per line (.txt), or JSON Lines with "text" (.jsonl), from files or folders."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from kg.errors import TripleFormatError
from kg.formats.files import open_bytes
from kg.formats.text.lines import text_lines
from kptm.errors import LinkingError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kptm.linking import LinkedText


logger = logging.getLogger(__name__)

SUFFIXES = (".txt", ".jsonl", ".ndjson")
SHOWN = 5
"""The most names of skipped files in a warning."""


class TextRecord(NamedTuple):
    """A line of a file with a text.

    Attributes:
        path: The file.
        line: The number of the line, from 1.
        raw: The line as it is written.
        values: The JSON object of the line; for plain text, an object with "text".
    """

    path: Path
    line: int
    raw: str
    values: dict[str, Any]


def read_records(path: str | Path) -> Iterator[TextRecord]:
    """Stream the lines of a file, or of the files of a folder in the order of their names.

    Raises:
        TripleFormatError: A file is missing, of another suffix, or malformed.
    """
    path = Path(path)
    if "\0" in str(path):
        raise TripleFormatError(path, None, "no file can have a NUL in its name")
    if path.is_dir():
        for inside in _text_files(path):
            yield from read_records(inside)
        return
    suffix = _suffix(path)
    if suffix not in SUFFIXES:
        raise TripleFormatError(path, None, "unknown suffix; texts come as .txt or .jsonl")
    with open_bytes(path) as stream:
        for number, text in text_lines(stream, path):
            if isinstance(text, TripleFormatError):
                raise text
            values = {"text": text} if suffix == ".txt" else _object(text, path, number)
            yield TextRecord(path, number, text, values)


def _suffix(path: Path) -> str:
    return Path(path.name.lower().removesuffix(".gz")).suffix


def _text_files(folder: Path) -> list[Path]:
    """The files of a folder with texts, by name; a warning lists the others.

    Raises:
        TripleFormatError: The folder has no file with texts.
    """
    inside = sorted(folder.iterdir())
    text_files = [path for path in inside if path.is_file() and _suffix(path) in SUFFIXES]
    others = [path.name for path in inside if path not in text_files]
    names = ", ".join(others[:SHOWN]) + (", …" if others[SHOWN:] else "")
    if not text_files:
        reason = f"holds no text, only {names}" if others else "is an empty folder"
        raise TripleFormatError(folder, None, f"{reason}; texts come as .txt or .jsonl")
    if others:
        logger.warning(
            "%s: skipped %d that are no .txt or .jsonl file: %s", folder, len(others), names
        )
    return text_files


def read_texts(path: str | Path) -> Iterator[str]:
    """Stream the texts of a file, or of the files of a folder in the order of their names.

    Raises:
        TripleFormatError: A file is missing, of another suffix, or malformed.
    """
    for record in read_records(path):
        yield record.values["text"]


def read_documents(path: str | Path) -> Iterator[str | LinkedText]:
    """Stream the texts of a file or folder.

    A line with "links", as ``kptm link`` writes it, is yielded as a linked text.

    Raises:
        TripleFormatError: A file is missing, of another suffix, or malformed.
    """
    from kptm.linking import LinkedText

    for record in read_records(path):
        if record.values.get("links") is None:
            yield record.values["text"]
            continue
        try:
            yield LinkedText.from_dict(record.values)
        except LinkingError as error:
            raise TripleFormatError(record.path, record.line, str(error), record.raw) from error


def _object(line: str, path: Path, number: int) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise TripleFormatError(path, number, f"not JSON ({error})", line) from error
    if not isinstance(value, dict) or not isinstance(value.get("text"), str):
        raise TripleFormatError(path, number, 'expected an object with "text"', line)
    return value
