"""Reads questions with right answers: lines ``question⇥answer|answer``, or JSON Lines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg.errors import TripleFormatError
from kg.formats.files import open_bytes, unpacked_suffix
from kg.formats.text.lines import text_lines
from kptm.examples.world_reader import WorldQuestion

if TYPE_CHECKING:
    from collections.abc import Iterator


def read_gold(path: str | Path) -> Iterator[WorldQuestion]:
    """Stream the questions of a file, which may be compressed; ``-`` is standard input.

    ``.jsonl`` has "question", "answers" (a list) and optionally "kind"; files with any other suffix
    have lines ``question⇥answer|answer``. Without answers, "unknown" is right.

    Raises:
        TripleFormatError: The file cannot be read, has no question, or a line is malformed.
    """
    path, number = Path(path), 0
    parse = _from_json if unpacked_suffix(path) in (".jsonl", ".ndjson") else _from_columns
    with open_bytes(path) as stream:
        for number, text in text_lines(stream, path):
            if isinstance(text, TripleFormatError):
                raise text
            yield parse(text, path, number)
    if not number:
        raise TripleFormatError(path, None, "holds no question; write question⇥answer|answer")


def _from_columns(line: str, path: Path, number: int) -> WorldQuestion:
    question, tab, rest = line.partition("\t")
    if not tab or not question.strip():
        raise TripleFormatError(path, number, "expected question⇥answer|answer", line)
    names = (name.strip() for name in rest.split("\t")[0].split("|"))
    return WorldQuestion(question, tuple(name for name in names if name))


def _from_json(line: str, path: Path, number: int) -> WorldQuestion:
    try:
        row: Any = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise TripleFormatError(path, number, f"not JSON ({error})", line) from error
    if not isinstance(row, dict):
        raise TripleFormatError(path, number, 'expected an object with "question"', line)
    question, answers, kind = row.get("question"), row.get("answers"), row.get("kind") or ""
    if not isinstance(question, str) or not question.strip():
        raise TripleFormatError(path, number, '"question" must be a text', line)
    if not isinstance(answers, list) or not all(isinstance(name, str) for name in answers):
        raise TripleFormatError(path, number, '"answers" must be a list of texts', line)
    if not isinstance(kind, str):
        raise TripleFormatError(path, number, '"kind" must be a text', line)
    return WorldQuestion(question, tuple(answers), kind)
