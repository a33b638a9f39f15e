"""Texts linked in a stream, each with what it came with: a file, a document of another library."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kptm.linking.document import LinkedText

T = TypeVar("T")


class LinksMany(Protocol):
    """What links texts: a :class:`~kptm.linking.Linker`, or something in its place."""

    def link_many(self, texts: Iterable[str], /) -> Iterator[LinkedText]:
        """Link texts in their order."""
        ...


def link_pairs(linker: LinksMany, pairs: Iterable[tuple[T, str]]) -> Iterator[tuple[T, LinkedText]]:
    """Link the texts of (thing, text); yield (thing, linked text), in the order given.

    A linker may read some texts ahead; only as many things wait as it does.
    """
    waiting: deque[T] = deque()

    def texts() -> Iterator[str]:
        for thing, text in pairs:
            waiting.append(thing)
            yield text

    for document in linker.link_many(texts()):
        yield waiting.popleft(), document
