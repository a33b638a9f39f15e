"""What linking knows of a graph, as arrays: surface forms by hash, and evidence for entities.

    form   ─► entries (entity, kind, weight, …)
    entity ─► words of its description, neighbours, class, degree

A derived artefact: made from the graph, kept in a folder, read by memory map, thrown away when the
graph has moved on too far.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

ACRONYM_LENGTH = 4
"""All-capital names up to this length are only themselves: "US" is not "us"."""

CAPITAL, ALL_CAPITALS, SHORT, STATED = 1, 2, 4, 8
"""How a name is written: its first letter a capital; all of them; no more than an acronym's.

And whether its entity's prior
is stated, not its degree."""


@dataclass(frozen=True, slots=True)
class LinkIndex:
    """One layer of arrays. F forms, E entries, N entities, W words.

    Attributes:
        form_hash: F hashes of folded surface forms, sorted.
        form_first: F + 1, where the entries of each begin.
        form_common: F, log(1 + how many descriptions have it as a word in small letters).
        entry_entity: E entity numbers.
        entry_kind: E, a :class:`~kptm.linking.names.surface_forms.Kind`.
        entry_exact: E hashes of the surface form as it is written.
        entry_case: E, how it is written.
        entry_weight: E, how often the entity is meant by it, in any unit, before counts.
        entry_links: E, how often texts meant the entity by it.
        entry_seen: E, how often texts had it at all.
        prefixes: A bit for (nearly) each beginning of a form, by its hash.
        word_hash: W hashes of words, sorted.
        word_idf: W, log(N / how many entities have it).
        entity_class: N, see :func:`~kptm.linking.names.surface_forms.class_of`, and the bits of a
            gender and of a kind of place.
        entity_degree: N.
        words_first: N + 1, where the words of each entity begin.
        words: Word numbers.
        label_first: N + 1, where the words of each entity's label begin.
        label_words: Word numbers.
        near_first: N + 1, where the neighbours of each entity begin.
        near: Entity numbers; of a hub those with the fewest neighbours of their own.
        key_first: N + 1, where the key of each begins.
        keys: The keys, in UTF-8.
        key_hash: N hashes of keys, sorted.
        key_order: N, the entity of each hash.
        typical: 2, the share of entities of which a kind is known, and the mean of log(1 + degree).
    """

    form_hash: NDArray[np.uint64]
    form_first: NDArray[np.int64]
    form_common: NDArray[np.float32]
    entry_entity: NDArray[np.int32]
    entry_kind: NDArray[np.uint8]
    entry_exact: NDArray[np.uint64]
    entry_case: NDArray[np.uint8]
    entry_weight: NDArray[np.float32]
    entry_links: NDArray[np.float32]
    entry_seen: NDArray[np.float32]
    prefixes: NDArray[np.uint8]
    word_hash: NDArray[np.uint64]
    word_idf: NDArray[np.float32]
    entity_class: NDArray[np.uint16]
    entity_degree: NDArray[np.float32]
    words_first: NDArray[np.int64]
    words: NDArray[np.int32]
    label_first: NDArray[np.int64]
    label_words: NDArray[np.int32]
    near_first: NDArray[np.int64]
    near: NDArray[np.int32]
    key_first: NDArray[np.int64]
    keys: NDArray[np.uint8]
    key_hash: NDArray[np.uint64]
    key_order: NDArray[np.int32]
    typical: NDArray[np.float64]

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """The names of the arrays."""
        return tuple(field.name for field in fields(cls))

    def __len__(self) -> int:
        return len(self.entity_class)

    def key(self, entity: int) -> str:
        """The key of an entity."""
        start, end = self.key_first[entity], self.key_first[entity + 1]
        return self.keys[start:end].tobytes().decode()

    def begins(self, hashes: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Whether a form begins with what has each hash; now and then wrongly yes."""
        bits = hashes & np.uint64(len(self.prefixes) * 8 - 1)
        cells = self.prefixes[(bits >> np.uint64(3)).astype(np.int64)]
        return ((cells >> (bits & np.uint64(7)).astype(np.uint8)) & 1).astype(np.bool_)

    def forms(self, hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
        """The form of each hash, -1 where there is none."""
        return find(self.form_hash, hashes)


def find(among: NDArray[Any], hashes: NDArray[Any]) -> NDArray[np.int64]:
    """The place of each of ``hashes`` in a sorted array, -1 where it is not there."""
    if not len(among):
        return np.full(len(hashes), -1, np.int64)
    at = np.minimum(np.searchsorted(among, hashes), len(among) - 1)
    return np.where(among[at] == hashes, at, -1)


def rows_of(
    first: NDArray[np.int64], rows: NDArray[np.int64], most: int | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where the values of each of ``rows`` stand, one after the other, and the row of each.

    Args:
        first: Where the values of each row begin, and one number more.
        rows: Rows, in any order.
        most: The most values of a row, the first.
    """
    counts = first[rows + 1] - first[rows]
    if most is not None:
        counts = np.minimum(counts, most)
    return ranges(first[rows], counts)


def ranges(
    start: NDArray[np.int64], count: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The numbers start, start + 1, …, ``count`` of them for each, and which each is of."""
    of = np.repeat(np.arange(len(start)), count)
    return start[of] + np.arange(len(of)) - np.repeat(np.cumsum(count) - count, count), of
