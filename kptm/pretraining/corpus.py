"""The encoded texts of a run, on disk: memory does not grow with them, and a run that goes on need not link again.

A folder of shards, each an Arrow file of :data:`SHARD` texts and a note of what it was made from and of its checksum, written
last. A shard whose note tells of the same texts is read instead of being made.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from kg.checksums import file_sha256
from kg.errors import shorten
from kptm.data.tokenize import EncodedText, TokenSpan
from kptm.errors import LinkingError, ModelError
from kptm.linking import LinkedText
from kptm.texts import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    Link = Callable[[Iterable[str]], Iterable[LinkedText]]
    Text = str | LinkedText | Mapping[str, Any]
    Related = tuple[tuple[str, int, str], ...]
    """Heads, numbers of relations, tails of a text's facts."""

SHARD = 4_096
"""Texts in a file."""
KEPT = 32_768
"""Texts that are kept as they were read."""


class Corpus:
    """Texts by number.

    Args:
        folder: Where the shards are, or come to be.
        texts: Plain, or linked, or rows of a ``datasets.Dataset`` with "text" and maybe "links".
        encode: Turns a linked text into tokens.
        link: Links the plain ones.
        related: What the graph says between the entities of a text.
        identity: What else an encoded text hangs on.

    A text without a token is left out.

    Attributes:
        lengths: Tokens of each text.
        links: Mentions whose entity has a vector, in all.
        digest: Of all that it was made from.

    Raises:
        ModelError: A text is plain and there is no linker, or it is none.
    """

    def __init__(
        self,
        folder: Path,
        texts: Iterable[Text],
        encode: Callable[[LinkedText], EncodedText],
        *,
        link: Link | None = None,
        related: Callable[[LinkedText], Related] | None = None,
        identity: str = "",
    ) -> None:
        from datasets import Dataset, concatenate_datasets

        folder.mkdir(parents=True, exist_ok=True)
        stream, shards = iter(texts), list[Any]()
        digest = hashlib.sha256(identity.encode())
        self.links = 0
        count = 0
        while part := [_read(text, count + at) for at, text in enumerate(islice(stream, SHARD), 1)]:
            count += len(part)
            name = folder / f"{len(shards):05}"
            made_of = _digest(part, identity)
            digest.update(made_of.encode())
            found = _finished(name, made_of)
            if found is None:
                documents = _linked(part, link)
                found = _write(name, _rows(documents, encode, related), made_of)
            self.links += found
            shards.append(Dataset.from_file(str(name.with_suffix(".arrow"))))
        self.digest = digest.hexdigest()
        whole: Any = concatenate_datasets(shards) if shards else None
        self._rows = whole
        self.lengths: list[int] = list(whole["length"]) if shards else []
        self._kept = lru_cache(KEPT)(self._decoded)

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, number: int) -> EncodedText:
        """Text ``number``, without blanks."""
        return self._kept(number)[0]

    def related(self, number: int) -> Related:
        """Head, number of the relation, tail of each fact that text ``number`` names both ends of."""
        return self._kept(number)[1]

    def _decoded(self, number: int) -> tuple[EncodedText, Related]:
        row = self._rows[number]
        spans = tuple(
            TokenSpan(
                start,
                end,
                entity,
                None if line < 0 else line,
                tuple(zip(candidates, priors, strict=True)),
                tuple(map(tuple, branches)),
            )
            for start, end, entity, line, candidates, priors, branches in zip(
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


def _rows(
    documents: Iterable[LinkedText],
    encode: Callable[[LinkedText], EncodedText],
    related: Callable[[LinkedText], Related] | None,
) -> Iterator[dict[str, Any]]:
    for document in documents:
        text = encode(document)
        if text.ids:
            yield _row(text, related(document) if related else ())


def _row(text: EncodedText, related: Related) -> dict[str, Any]:
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


def _write(name: Path, rows: Iterator[dict[str, Any]], made_of: str) -> int:
    """Write a shard, and say how many links it has."""
    from datasets.arrow_writer import ArrowWriter

    file, links = name.with_suffix(".arrow"), 0
    name.with_suffix(".json").unlink(missing_ok=True)
    with ArrowWriter(path=str(file), features=_features()) as writer:
        for row in rows:
            links += sum(line >= 0 for line in row["rows"])
            writer.write(row)
        writer.finalize()
    note = {"made_of": made_of, "links": links, "sha256": file_sha256(file)}
    write_whole(name.with_suffix(".json"), json.dumps(note))
    return links


def _finished(name: Path, made_of: str) -> int | None:
    """How many links a shard of these texts has; None where there is no such shard, or a damaged one."""
    try:
        note = json.loads(name.with_suffix(".json").read_text(encoding="utf-8"))
        file = name.with_suffix(".arrow")
        if note["made_of"] == made_of and note["sha256"] == file_sha256(file):
            return int(note["links"])
    except (OSError, ValueError, LookupError, TypeError):
        pass
    return None


def _read(text: Text, number: int) -> str | LinkedText:
    if isinstance(text, str | LinkedText):
        return text
    said = text.get("text") if isinstance(text, Mapping) else None
    if not isinstance(said, str):
        raise ModelError(
            f"text {number}: {shorten(repr(text))} is no text; give text, linked text, or rows with"
            ' "text" and, where it is linked, "links"'
        )
    if text.get("links") is None:
        return said
    try:
        return LinkedText.from_dict(text)
    except LinkingError as error:
        raise ModelError(f"text {number}: {error}") from error


def _digest(part: list[str | LinkedText], identity: str) -> str:
    digest = hashlib.sha256(identity.encode())
    for text in part:
        said = text if isinstance(text, str) else text.to_dict(candidates=True)
        digest.update(json.dumps(said).encode() + b"\n")
    return digest.hexdigest()


def _linked(part: list[str | LinkedText], link: Link | None) -> Iterator[LinkedText]:
    plain = [text for text in part if isinstance(text, str)]
    if plain and link is None:
        raise ModelError(
            f"the text {shorten(plain[0])!r} is plain: pass a linker, or link the texts first"
        )
    linked = iter(link(plain)) if link is not None else iter(())
    return (next(linked) if isinstance(text, str) else text for text in part)
