"""Texts of files: one a line (.txt), JSON Lines with "text" (.jsonl), ``.gz`` too, or a folder of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from kg.errors import TripleFormatError
from kg.formats.files import open_bytes
from kg.formats.lines import text_lines

if TYPE_CHECKING:
    from collections.abc import Iterator


def read_texts(path: str | Path) -> Iterator[str]:
    """Stream the texts of a file, or of the files of a folder in the order of their names.

    Raises:
        TripleFormatError: A file is missing, of another suffix, or malformed.
    """
    path = Path(path)
    if "\0" in str(path):
        raise TripleFormatError(path, None, "no file can have a NUL in its name")
    if path.is_dir():
        for inside in sorted(path.iterdir()):
            if inside.is_file():
                yield from read_texts(inside)
        return
    suffix = Path(path.name.lower().removesuffix(".gz")).suffix
    if suffix not in (".txt", ".jsonl", ".ndjson"):
        raise TripleFormatError(path, None, "unknown suffix; texts come as .txt or .jsonl")
    with open_bytes(path) as stream:
        for number, text in text_lines(stream, path):
            if isinstance(text, TripleFormatError):
                raise text
            yield text if suffix == ".txt" else _text_of(text, path, number)


def write_whole(path: Path, text: str) -> None:
    """Write a file that appears whole or not at all."""
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)


def _text_of(line: str, path: Path, number: int) -> str:
    try:
        value = json.loads(line)
    except ValueError as error:
        raise TripleFormatError(path, number, f"not JSON ({error})", line) from error
    if not isinstance(value, dict) or not isinstance(value.get("text"), str):
        raise TripleFormatError(path, number, 'expected an object with "text"', line)
    return str(value["text"])
