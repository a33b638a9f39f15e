"""Reads the documents of a corpus, with the file and line of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kg.errors import TripleFormatError
from kptm.texts import read_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


class CorpusDocument(NamedTuple):
    """A text with its file and line.

    Attributes:
        source: The file.
        line: The number of the line or row, from 1.
        text: The text, which may be empty.
    """

    source: str
    line: int
    text: str


def read_corpus(files: Iterable[Path]) -> Iterator[CorpusDocument | TripleFormatError]:
    """Stream the documents of files in order; for a line that is no document, yield the error.

    Raises:
        TripleFormatError: A file cannot be read.
    """
    for path in files:
        for record in read_lines(path):
            if isinstance(record, TripleFormatError):
                yield record
                continue
            text = record.values["text"]
            try:
                text.encode()
            except UnicodeEncodeError:
                reason = "the text has half of a surrogate pair, which is no character"
                yield TripleFormatError(path, record.line, reason, record.raw)
            else:
                yield CorpusDocument(str(path), record.line, text)
