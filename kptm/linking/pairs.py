"""Links a stream of texts, each paired with its origin: a file, a document of another library."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kptm.linking.document import LinkedText

T = TypeVar("T")

LinkMany: TypeAlias = "Callable[[Iterable[str]], Iterator[LinkedText]]"
"""Links texts in order, as :meth:`Linker.link_many <kptm.linking.Linker.link_many>` does."""


class TextLinker(Protocol):
    """Links texts with given settings: a linker, or shards that one has linked before."""

    def link_many(
        self, texts: Iterable[str], *, threshold: float | None = None, any_case: bool = False
    ) -> Iterator[LinkedText]:
        """Link a stream of texts, as :meth:`kptm.linking.Linker.link_many` does."""
        ...


def link_pairs(link: LinkMany, pairs: Iterable[tuple[T, str]]) -> Iterator[tuple[T, LinkedText]]:
    """Link the texts of (thing, text) pairs; yield (thing, linked text) in the same order.

    Things are in memory only while the linker has read their texts ahead.
    """
    waiting: deque[T] = deque()

    def texts() -> Iterator[str]:
        for thing, text in pairs:
            waiting.append(thing)
            yield text

    for document in link(texts()):
        yield waiting.popleft(), document
