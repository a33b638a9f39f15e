"""Remembers the ids of the keys of a long load in 16 bytes each; a dictionary needs 170.

A key is identified by 96 bits: Python's hash of it, which has another key in every process, and its
CRC-32. Two of a billion keys collide once in 10¹¹ loads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_KEYS = 16_000_000
"""The maximum number of keys remembered; further ones are looked up in the database."""


class KeyFilter:
    """Maps keys to ids by their sorted hashes."""

    def __init__(self) -> None:
        self._hashes = np.empty(0, np.int64)
        self._checks = np.empty(0, np.uint32)
        self._ids = np.empty(0, np.uint32)
        self.complete = True
        """Whether every key that was added is remembered."""

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, ids: Mapping[str, int]) -> None:
        """Remember keys; a key that is remembered already keeps its id."""
        self.complete &= len(self._ids) + len(ids) <= MAX_KEYS and max(ids.values()) < 2**32
        if not self.complete:
            return
        hashes = np.fromiter(map(hash, ids), np.int64, len(ids))
        checks = np.fromiter((crc32(key.encode()) for key in ids), np.uint32, len(ids))
        numbers = np.fromiter(ids.values(), np.uint32, len(ids))
        new = self._find_ids(hashes, checks) == 0
        order = np.flatnonzero(new)[np.argsort(hashes[new], kind="stable")]
        positions = np.searchsorted(self._hashes, hashes[order])
        self._checks = np.insert(self._checks, positions, checks[order])
        self._ids = np.insert(self._ids, positions, numbers[order])
        self._hashes = np.insert(self._hashes, positions, hashes[order])

    def find(self, keys: Sequence[str]) -> dict[str, int]:
        """The ids of the remembered keys among ``keys``."""
        if not len(self._ids):
            return {}
        hashes = np.fromiter(map(hash, keys), np.int64, len(keys))
        checks = np.fromiter((crc32(key.encode()) for key in keys), np.uint32, len(keys))
        ids = self._find_ids(hashes, checks).tolist()
        return {key: number for key, number in zip(keys, ids, strict=True) if number}

    def _find_ids(self, hashes: np.ndarray, checks: np.ndarray) -> np.ndarray:
        """The id of each key, 0 for unknown ones; shape (N,)."""
        result = np.zeros(len(hashes), np.uint32)
        positions = np.searchsorted(self._hashes, hashes)
        open_ = np.arange(len(hashes))  # the keys that are not found yet
        while len(open_):  # repeats only if two keys have the same hash of 64 bits
            inside = positions[open_] < len(self._hashes)
            open_ = open_[inside]
            open_ = open_[self._hashes[positions[open_]] == hashes[open_]]
            equal = self._checks[positions[open_]] == checks[open_]
            result[open_[equal]] = self._ids[positions[open_[equal]]]
            open_ = open_[~equal]
            positions[open_] += 1
        return result
