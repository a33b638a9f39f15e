"""Reads texts from files or folders: lines (.txt), JSON Lines (.jsonl) or Parquet with "text"."""

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

SUFFIXES = (".txt", ".jsonl", ".ndjson", ".parquet")
KNOWN = ".txt, .jsonl or .parquet"
ROWS_PER_BATCH = 256
"""The rows of a Parquet file that are decoded at a time."""
BUFFER_BYTES = 2**20
"""The bytes of a column that are read at a time: a group of rows may be larger than memory."""
MAX_NAMED_FILES = 5
"""The maximum number of skipped files that a warning names."""


class TextRecord(NamedTuple):
    """A line of a file with a text, or a row of a Parquet file.

    Attributes:
        path: The file.
        line: The number of the line or row, from 1.
        raw: The line as it is written; of a row only its text.
        values: The JSON object of the line, or the columns of the row; for plain text, an object
            with "text".
    """

    path: Path
    line: int
    raw: str
    values: dict[str, Any]


def read_records(path: str | Path) -> Iterator[TextRecord]:
    """Stream the lines of a file, or of a folder's files in the order of their names.

    Raises:
        TripleFormatError: A file is missing, of another suffix, or malformed.
    """
    for file in text_files(path):
        for record in read_lines(file):
            if isinstance(record, TripleFormatError):
                raise record
            yield record


def text_files(path: str | Path) -> list[Path]:
    """A list of the file itself, or of a folder's files with texts, sorted by name.

    What else the folder has, also its subfolders, is skipped with a warning.

    Raises:
        TripleFormatError: The file has another suffix, or the folder has no file with texts.
    """
    path = Path(path)
    if "\0" in str(path):
        raise TripleFormatError(path, None, "no file can have a NUL in its name")
    if path.is_dir():
        return _text_files(path)
    if _suffix(path) not in SUFFIXES:
        raise TripleFormatError(path, None, f"unknown suffix; texts come as {KNOWN}")
    return [path]


def read_lines(path: Path) -> Iterator[TextRecord | TripleFormatError]:
    """Stream the lines of a file; for a bad line yield the error, so that it can be skipped.

    Raises:
        TripleFormatError: The file is missing, of another suffix, or cannot be read.
    """
    suffix = _suffix(path)
    if suffix not in SUFFIXES:
        raise TripleFormatError(path, None, f"unknown suffix; texts come as {KNOWN}")
    if suffix == ".parquet":
        yield from _rows(path)
        return
    with open_bytes(path) as stream:
        for number, text in text_lines(stream, path):
            if isinstance(text, TripleFormatError):
                yield text
                continue
            try:
                values = {"text": text} if suffix == ".txt" else _object(text, path, number)
            except TripleFormatError as error:
                yield error
            else:
                yield TextRecord(path, number, text, values)


def _rows(path: Path) -> Iterator[TextRecord | TripleFormatError]:
    """Stream the rows of a Parquet file; for a row without a text yield the error."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if path.suffix.lower() != ".parquet":
        raise TripleFormatError(path, None, "Parquet is compressed already; decompress the file")
    number = 0
    with open_bytes(path) as stream:
        try:
            with pq.ParquetFile(stream, buffer_size=BUFFER_BYTES) as file:
                if "text" not in file.schema_arrow.names:
                    raise TripleFormatError(path, None, 'has no column "text"')
                for batch in file.iter_batches(ROWS_PER_BATCH, use_threads=False):
                    for values in batch.to_pylist():
                        number += 1
                        yield _row(values, path, number)
        except (pa.ArrowException, OverflowError) as error:  # the latter: a date of year 10000
            reason = f"cannot be read as Parquet ({error})"
            raise TripleFormatError(path, number or None, reason) from error


def _row(values: dict[str, Any], path: Path, number: int) -> TextRecord | TripleFormatError:
    text = values["text"]
    if not isinstance(text, str):
        return TripleFormatError(path, number, '"text" is not text', repr(text))
    return TextRecord(path, number, text, values)


def _suffix(path: Path) -> str:
    return Path(path.name.lower().removesuffix(".gz")).suffix


def _text_files(folder: Path) -> list[Path]:
    """The files of a folder that hold texts, sorted by name; a warning lists what is skipped.

    Raises:
        TripleFormatError: The folder has no file with texts.
    """
    inside = sorted(folder.iterdir())
    found = [path for path in inside if path.is_file() and _suffix(path) in SUFFIXES]
    others = [path.name for path in inside if path not in found]
    names = ", ".join(others[:MAX_NAMED_FILES]) + (", …" if others[MAX_NAMED_FILES:] else "")
    if not found:
        reason = f"holds no text, only {names}" if others else "is an empty folder"
        raise TripleFormatError(folder, None, f"{reason}; texts come as {KNOWN}")
    if others:
        logger.warning("%s: skipped %d that are not %s: %s", folder, len(others), KNOWN, names)
    return found


def read_texts(path: str | Path) -> Iterator[str]:
    """Stream the texts of a file, or of a folder's files in the order of their names.

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
