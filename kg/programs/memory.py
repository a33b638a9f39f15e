"""A bounded cache that evicts the least recently used value first."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable

T = TypeVar("T")


class RecencyCache(Generic[T]):
    """A least-recently-used cache; threads may share it.

    Args:
        most: The maximum number of values to hold.
        heaviest: The most that the weights of all values may sum to.
    """

    def __init__(self, most: int, heaviest: int = 2**62) -> None:
        self._most, self._heaviest = most, heaviest
        self._values: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()
        self._weight = 0
        self._lock = Lock()

    def get(self, key: Hashable) -> T | None:
        """The value of a key; None if it is not cached."""
        with self._lock:
            entry = self._values.get(key)
            if entry is None:
                return None
            self._values.move_to_end(key)
            return entry[0]

    def put(self, key: Hashable, value: T, weight: int = 1) -> None:
        """Cache a value, and evict old ones if the cache is full."""
        with self._lock:
            self._drop(key)
            self._values[key] = (value, weight)
            self._weight += weight
            while len(self._values) > self._most or self._weight > self._heaviest:
                self._drop(next(iter(self._values)))

    def _drop(self, key: Hashable) -> None:
        entry = self._values.pop(key, None)
        self._weight -= 0 if entry is None else entry[1]

    def __len__(self) -> int:
        return len(self._values)
