"""Texts linked in a stream, each with what it came with: a file, a document of another library."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kptm.linking.document import LinkedText

T = TypeVar("T")

LinkMany: TypeAlias = "Callable[[Iterable[str]], Iterator[LinkedText]]"
"""Links texts in their order, as :meth:`Linker.link_many <kptm.linking.Linker.link_many>`."""


def link_pairs(link: LinkMany, pairs: Iterable[tuple[T, str]]) -> Iterator[tuple[T, LinkedText]]:
    """Link the texts of (thing, text); yield (thing, linked text), in the order given.

    A linker may read some texts ahead; only as many things wait as it does.
    """
    waiting: deque[T] = deque()

    def texts() -> Iterator[str]:
        for thing, text in pairs:
            waiting.append(thing)
            yield text

    for document in link(texts()):
        yield waiting.popleft(), document
