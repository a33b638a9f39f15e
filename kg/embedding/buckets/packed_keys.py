"""Keys in one block of bytes, because a list has an object for each of its strings."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray


class PackedKeys:
    """Keys that are appended one by one and read in any order."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._starts = array("q", [0])

    def __len__(self) -> int:
        return len(self._starts) - 1

    def append(self, key: str) -> None:
        """Append a key."""
        self._bytes += key.encode()
        self._starts.append(len(self._bytes))

    def in_order(self, numbers: NDArray[np.integer]) -> Iterator[str]:
        """Yield the keys with the given numbers."""
        for number in numbers:
            yield self._bytes[self._starts[number] : self._starts[number + 1]].decode()
