"""Texts in a temporary file, so that several passes over a corpus need no memory for it."""

from __future__ import annotations

import io
import json
import os
import tempfile
from typing import IO, TYPE_CHECKING, Any, Generic, TypeVar, cast

from kg.types import Candidate
from kptm.linking import Link, LinkedText

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path
    from types import TracebackType

    from kptm.linking.pairs import LinkMany

T = TypeVar("T", bound="str | LinkedText")
"""Plain texts, linked ones, or both."""

BUFFER_BYTES = 2**16
"""Bytes that a reader reads at a time."""


class TextSpool(Generic[T]):
    """Texts, linked or not, in a file without a name, which ends with the process.

    Args:
        folder: The folder whose disk holds the file; the one for temporary files may be memory.
        texts: The texts.
        progress: Called with the number of texts so far.

    Raises:
        OSError: The file cannot be written.
    """

    def __init__(
        self,
        folder: Path,
        texts: Iterable[T],
        progress: Callable[[int], None] | None = None,
    ) -> None:
        self._count = 0
        self._file: IO[bytes] = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  # closed by __exit__
        try:
            for text in texts:
                value = text if isinstance(text, str) else _plain_values(text)
                self._file.write(json.dumps(value).encode() + b"\n")
                self._count += 1
                if progress is not None:
                    progress(self._count)
            self._file.flush()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> TextSpool[T]:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[T]:
        for line in io.BufferedReader(_Reader(self._file.fileno()), BUFFER_BYTES):
            value = json.loads(line)
            text = value if isinstance(value, str) else _linked_text(*value)
            yield cast("T", text)

    def link_all(self, link: LinkMany) -> Iterator[LinkedText]:
        """The texts in their order, with plain ones linked.

        Args:
            link: Links a stream of texts.
        """
        links = link(text for text in self if isinstance(text, str))
        for text in self:
            yield text if isinstance(text, LinkedText) else next(links)


def _plain_values(document: LinkedText) -> tuple[str, list[Any]]:
    """A linked text as JSON writes it; unlike ``to_dict``, this takes any score that a link has."""
    links = [
        (int(link.start), int(link.end), link.entity, float(link.score), link.coreference,
         [(candidate.entity, float(candidate.prior)) for candidate in link.candidates])
        for link in document.links
    ]  # fmt: skip
    return document.text, links


def _linked_text(text: str, links: list[Any]) -> LinkedText:
    """The linked text of such values."""
    return LinkedText(
        text,
        tuple(
            Link(
                start,
                end,
                text[start:end],
                entity,
                score,
                tuple(Candidate(*candidate) for candidate in candidates),
                coreference,
            )
            for start, end, entity, score, coreference, candidates in links
        ),
    )


class _Reader(io.RawIOBase):
    """Reads an open file from its beginning, with a position of its own."""

    def __init__(self, handle: int) -> None:
        self._handle, self._position = handle, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # a buffer of any type
        data = os.pread(self._handle, len(buffer), self._position)
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)
