"""The index of a graph for linking, as arrays: surface forms by hash, and features of entities.

    form   ─► entries (entity, kind, weight, …)
    entity ─► words of its description, neighbours, class, degree

The index is derived from the graph. It is stored in a folder, read by memory map, and rebuilt after
many entities have changed.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_ACRONYM_LENGTH = 4
"""All-capital names up to this length match only as they are written: "US" does not match "us"."""

CAPITAL, ALL_CAPITALS, SHORT, STATED = 1, 2, 4, 8
"""Bit flags of an entry.

CAPITAL: the name begins with a capital. ALL_CAPITALS: it is all in capitals. SHORT: it has at
most MAX_ACRONYM_LENGTH characters. STATED: the entity's prior is stated, not derived from its
degree.
"""


@dataclass(frozen=True, slots=True)
class LinkIndex:
    """One layer of the index, with F surface forms, E entries, N entities and W words.

    Attributes:
        form_hash: F, the hashes of folded surface forms, sorted.
        form_first: F + 1, the offsets of each form's entries.
        form_common: F, log(1 + the number of descriptions with the form as a lower-case word).
        entry_entity: E, entity numbers.
        entry_kind: E, a :class:`~kptm.linking.names.surface_forms.Kind`.
        entry_exact: E, the hash of the surface form as written.
        entry_case: E, bit flags such as CAPITAL.
        entry_weight: E, how often the form refers to the entity, in any unit, without link counts.
        entry_links: E, the number of occurrences in linked texts that refer to the entity.
        entry_seen: E, the number of all its occurrences in linked texts.
        prefixes: A Bloom filter, as bytes, of the hashes of all prefixes of forms.
        word_hash: W, the hashes of words, sorted.
        word_idf: W, log((1 + N) / the number of entities with the word), at least 0.
        entity_class: N, bits of :func:`~kptm.linking.names.surface_forms.class_of`, the gender, the
            kind of place, and QUALIFIED.
        entity_degree: N, the number of facts with the entity as head or tail.
        words_first: N + 1, the offsets of each entity's words in ``words``.
        words: Word numbers of the description, types and key, without the label's words.
        label_first: N + 1, the offsets of each entity's words in ``label_words``.
        label_words: Word numbers of the label.
        near_first: N + 1, the offsets of each entity's neighbours in ``near``.
        near: Entity numbers; of a hub, those of the lowest degree.
        key_first: N + 1, the offsets of each key in ``keys``.
        keys: The keys in UTF-8, concatenated.
        key_hash: N, the hashes of keys, sorted.
        key_order: N, the entity of each hash.
        typical: 2, the share of entities of known class, and the mean of log(1 + degree).
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
        """Whether each hash is that of a prefix of a form; false positives are possible."""
        bits = hashes & np.uint64(len(self.prefixes) * 8 - 1)
        cells = self.prefixes[(bits >> np.uint64(3)).astype(np.int64)]
        return ((cells >> (bits & np.uint64(7)).astype(np.uint8)) & 1).astype(np.bool_)

    def forms(self, hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
        """The form number of each hash, -1 if there is none."""
        return find(self.form_hash, hashes)


def find(among: NDArray[Any], hashes: NDArray[Any]) -> NDArray[np.int64]:
    """The index of each of ``hashes`` in a sorted array, -1 if it is absent."""
    if not len(among):
        return np.full(len(hashes), -1, np.int64)
    positions = np.minimum(np.searchsorted(among, hashes), len(among) - 1)
    return np.where(among[positions] == hashes, positions, -1)


def rows_of(
    first: NDArray[np.int64], rows: NDArray[np.int64], most: int | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The indices of the values of ``rows``, concatenated, and for each its index in ``rows``.

    Args:
        first: The offset of each row's values, then their total.
        rows: Row numbers, in any order.
        most: The maximum number of values per row, from its first on; None for all.
    """
    counts = first[rows + 1] - first[rows]
    if most is not None:
        counts = np.minimum(counts, most)
    return ranges(first[rows], counts)


def ranges(
    start: NDArray[np.int64], count: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The concatenated ranges start, start + 1, … of ``count`` numbers, and the range of each."""
    range_of = np.repeat(np.arange(len(start)), count)
    return start[range_of] + np.arange(len(range_of)) - np.repeat(
        np.cumsum(count) - count, count
    ), range_of
