"""Finds pairs of entities with a blocking key in common, in memory that does not grow."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

from kg.store.merging import entity_facts
from kptm.duplicates.name_keys import all_words, keys_of
from kptm.duplicates.name_similarity import words_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from kg.sql.cursor import Sql

COUNTERS = 1 << 22
"""The number of counters of words; words that share one look more frequent than they are."""
MAX_KEYS_IN_MEMORY = 4_000_000
"""The most blocking keys in memory at a time; a larger graph is read several times."""
MAX_BLOCK_SIZE = 40
"""The most entities that share a key and are compared; a key of more says too little."""
PAIRS_PER_CHUNK = 4_000
"""The number of pairs that are yielded at a time."""


class WordCounts(Mapping[str, int]):
    """How many names have a word, in a table of a fixed size.

    Args:
        counts: The counters, by hash.
        names: The number of names.
    """

    def __init__(self, counts: NDArray[np.int32], names: int) -> None:
        self._counts, self.names = counts, names
        self._count = lru_cache(maxsize=1 << 16)(self._read)

    def _read(self, word: str) -> int:
        return int(self._counts[_hash(word) % COUNTERS])

    def __getitem__(self, word: str) -> int:
        return self._count(word)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def get(self, word: str, default: int = 0) -> int:  # type: ignore[override]  # always known
        """The number of names with the word."""
        return self[word] or default

    def weight(self, word: str) -> float:
        """The weight of a word, log(1 + names / names with the word)."""
        return math.log1p(self.names / max(1, self[word]))

    @classmethod
    def of(cls, sql: Sql) -> tuple[WordCounts, int, int]:
        """Count the words of all names; also the numbers of entities and of blocking keys."""
        counts = np.zeros(COUNTERS, np.int32)
        names = entities = postings = 0
        for _, names_of_entity in entity_facts.stream_names(sql):
            entities += 1
            words = {word for name in names_of_entity for word in words_of(name)}
            names += len(names_of_entity)
            words |= {all_words(name) for name in names_of_entity}
            for word in words:
                counts[_hash(word) % COUNTERS] += 1
            postings += sum(3 + 4 * len(words_of(name)) for name in names_of_entity)
        return cls(counts, max(1, names)), entities, postings


def pairs(sql: Sql, counts: WordCounts, postings: int) -> Iterator[NDArray[np.int64]]:
    """Yield pairs of entities that share a key, as arrays of ids of shape (P, 2), P ≤ 4,000.

    In a large graph, which takes several passes, a pair may be yielded again.

    Args:
        sql: A reading transaction.
        counts: The words of the graph.
        postings: The number of blocking keys.
    """
    passes = max(1, -(-postings // MAX_KEYS_IN_MEMORY))
    for turn in range(passes):
        pairs_of_pass = _pairs_of(*_postings(sql, counts, turn, passes))
        for start in range(0, len(pairs_of_pass), PAIRS_PER_CHUNK):
            yield pairs_of_pass[start : start + PAIRS_PER_CHUNK]


def _postings(
    sql: Sql, counts: WordCounts, turn: int, passes: int
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The hashes of the keys of one pass, and the entities that have them."""
    hashes, ids = [], []
    for number, names in entity_facts.stream_names(sql):
        keys = dict.fromkeys(key for name in names for key in keys_of(name, counts))
        for key in keys:
            value = _hash(key)
            if value % passes == turn:
                hashes.append(value)
                ids.append(number)
    return np.array(hashes, np.uint64), np.array(ids, np.int64)


def _pairs_of(hashes: NDArray[np.uint64], ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """The pairs of entities with equal hashes, each once, the lower id first; shape (P, 2)."""
    order = np.lexsort((ids, hashes))
    hashes, ids = hashes[order], ids[order]
    starts = np.flatnonzero(np.r_[True, hashes[1:] != hashes[:-1]]) if len(hashes) else order
    sizes = np.diff(np.r_[starts, len(hashes)])
    pairs = [np.empty((0, 2), np.int64)]
    # Entities at a distance in the sorted list, up to the largest block, are pairs if their block
    # is the same: all blocks at once instead of one by one.
    size_of = np.repeat(sizes, sizes)
    inside = (size_of > 1) & (size_of <= MAX_BLOCK_SIZE)
    hashes, ids = hashes[inside], ids[inside]
    for distance in range(1, MAX_BLOCK_SIZE):
        same = hashes[distance:] == hashes[:-distance]
        if not same.any():
            break
        pairs.append(np.stack([ids[:-distance][same], ids[distance:][same]], axis=1))
    return np.unique(np.concatenate(pairs), axis=0)


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")
