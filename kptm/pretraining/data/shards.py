"""Shards of encoded texts: Arrow files, each with a note of its origin and checksum."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeAlias

from kg.files.atomic import replace_path, write_text
from kg.files.checksums import file_sha256
from kptm.data.tokenize import EncodedText, TokenSpan

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Related: TypeAlias = tuple[tuple[str, int, str], ...]
"""(head, number of the relation, tail) of the facts between entities of a text."""


def write(name: Path, rows: Iterator[dict[str, Any]], made_of: str) -> int:
    """Write a shard atomically, with its note last; return its number of links.

    Args:
        name: The path of the shard without a suffix.
        rows: The encoded texts.
        made_of: The digest of the texts.
    """
    from datasets.arrow_writer import ArrowWriter

    links = 0
    name.with_suffix(".json").unlink(missing_ok=True)
    with replace_path(name.with_suffix(".arrow")) as file:
        with ArrowWriter(path=str(file), features=_features()) as writer:
            for row in rows:
                links += sum(number >= 0 for number in row["rows"])
                writer.write(row)
            writer.finalize()
        note = {"made_of": made_of, "links": links, "sha256": file_sha256(file)}
    write_text(name.with_suffix(".json"), json.dumps(note))
    return links


def count_links(name: Path, made_of: str) -> int | None:
    """The number of links of a shard of these texts; None if there is none, or it is damaged."""
    try:
        note = json.loads(name.with_suffix(".json").read_text(encoding="utf-8"))
        file = name.with_suffix(".arrow")
        if note["made_of"] == made_of and note["sha256"] == file_sha256(file):
            return int(note["links"])
    except (OSError, ValueError, LookupError, TypeError):
        pass
    return None


def to_row(text: EncodedText, related: Related) -> dict[str, Any]:
    """The row of a text, without its blanks."""
    return {
        "length": len(text.ids),
        "ids": text.ids,
        "starts": [span.start for span in text.spans],
        "ends": [span.end for span in text.spans],
        "entities": [span.entity for span in text.spans],
        "rows": [-1 if span.row is None else span.row for span in text.spans],
        "candidates": [[row for row, _ in span.candidates] for span in text.spans],
        "priors": [[p for _, p in span.candidates] for span in text.spans],
        "branches": [list(map(list, span.branches)) for span in text.spans],
        "heads": [head for head, _, _ in related],
        "relations": [relation for _, relation, _ in related],
        "tails": [tail for _, _, tail in related],
    }


def from_row(row: dict[str, Any]) -> tuple[EncodedText, Related]:
    """The text of a row, and its facts."""
    spans = tuple(
        TokenSpan(
            start,
            end,
            entity,
            None if number < 0 else number,
            tuple(zip(candidates, priors, strict=True)),
            tuple(map(tuple, branches)),
        )
        for start, end, entity, number, candidates, priors, branches in zip(
            row["starts"],
            row["ends"],
            row["entities"],
            row["rows"],
            row["candidates"],
            row["priors"],
            row["branches"],
            strict=True,
        )
    )
    related = zip(row["heads"], row["relations"], row["tails"], strict=True)
    return EncodedText(tuple(row["ids"]), spans), tuple(related)


def _features() -> Any:
    from datasets import Features, List, Value

    numbers, words = List(Value("int64")), List(Value("string"))
    return Features(
        {
            "length": Value("int64"),
            "ids": List(Value("int32")),
            "starts": numbers,
            "ends": numbers,
            "entities": words,
            "rows": numbers,
            "candidates": List(numbers),
            "priors": List(List(Value("float64"))),
            "branches": List(List(List(Value("int32")))),
            "heads": words,
            "relations": numbers,
            "tails": words,
        }
    )
