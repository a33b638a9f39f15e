"""From a path to records: the suffix decides which reader."""

from __future__ import annotations

from pathlib import Path
from typing import IO, TYPE_CHECKING, TypeAlias

from kg.errors import TripleFormatError
from kg.formats.delimited import read_csv
from kg.formats.jsonl import read_entities_jsonl, read_jsonl
from kg.formats.lines import open_bytes
from kg.types import EntityRecord, Triple

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

Line: TypeAlias = tuple[int, Triple | EntityRecord | TripleFormatError]
"""A line's number and what it holds, or why it holds nothing."""

_Reader: TypeAlias = "Callable[[IO[bytes], Path], Iterator[Line]]"


def _ntriples(stream: IO[bytes], path: Path) -> Iterator[Line]:
    from kg.formats.rdf import read_ntriples  # pyoxigraph is loaded only for RDF

    return read_ntriples(stream, path)


def read_tsv_blocks(stream: IO[bytes], path: Path) -> Iterator[Line]:
    from kg.formats.blocks import read_tsv_blocks as read  # NumPy comes with it

    return read(stream, path)


_TRIPLES: dict[str, _Reader] = {
    ".tsv": read_tsv_blocks,
    ".txt": read_tsv_blocks,
    ".csv": read_csv,
    ".jsonl": read_jsonl,
    ".ndjson": read_jsonl,
    ".nt": _ntriples,
}
_ENTITIES: dict[str, _Reader] = {".jsonl": read_entities_jsonl, ".ndjson": read_entities_jsonl}

TRIPLE_SUFFIXES = tuple(_TRIPLES)


def _choose(path: Path, readers: dict[str, _Reader]) -> _Reader:
    name = path.name.lower().removesuffix(".gz")
    reader = readers.get(Path(name).suffix)
    if reader is None:
        known = " ".join(readers)
        raise TripleFormatError(
            path, None, f"unknown suffix; rename it to one of {known} (with .gz if gzipped)"
        )
    return reader


def read_triples(
    path: str | Path, *, format: str | None = None, columns: object = None
) -> Generator[Line]:
    """Stream the records of a triple file (RDF may hold labels and types too).

    Raises:
        TripleFormatError: The file cannot be read at all. A bad line is yielded, not raised.
    """
    path = Path(path)
    reader = _choose(path, _TRIPLES)
    with open_bytes(path) as stream:
        yield from reader(stream, path)


def read_entities(
    path: str | Path, *, format: str | None = None, columns: object = None
) -> Generator[Line]:
    """Stream the entities of a JSON Lines file.

    Raises:
        TripleFormatError: As for :func:`read_triples`.
    """
    path = Path(path)
    reader = _choose(path, _ENTITIES)
    with open_bytes(path) as stream:
        yield from reader(stream, path)
