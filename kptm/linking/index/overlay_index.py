"""An index of the whole graph, with an overlay of the entities that have changed since."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kptm.linking.index.index_build import key_hashes
from kptm.linking.index.link_index import LinkIndex, find, rows_of
from kptm.linking.names.surface_forms import (
    ANY_CLASS,
    FEMALE,
    MALE,
    QUALIFIED,
    SETTLEMENT,
    TERRITORY,
    WATER,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Hashes = NDArray[np.uint64]

MAX_ENTRIES_PER_FORM = 64
"""The maximum number of entries read per form: whole names first, then by descending degree."""


class Entries(NamedTuple):
    """The entries of surface forms: a row for each entity that a form may refer to.

    Attributes:
        of: The index of the form in the query.
        entity: The entity's number.
        kind: The :class:`~kptm.linking.names.surface_forms.Kind` of the form.
        exact: The hash of the form as written.
        case: Bit flags such as :data:`~kptm.linking.index.link_index.CAPITAL`.
        weight: How often the form refers to the entity, in any unit, without link counts.
        links: The number of occurrences in linked texts that refer to the entity.
        seen: The number of all its occurrences in linked texts.
        common: log(1 + the number of descriptions with the form in lower case).
    """

    of: Ints
    entity: Ints
    kind: Ints
    exact: Hashes
    case: Ints
    weight: NDArray[np.float64]
    links: NDArray[np.float64]
    seen: NDArray[np.float64]
    common: NDArray[np.float64]

    def take(self, rows: Ints | NDArray[np.bool_]) -> Entries:
        """Select rows by index or mask."""
        return Entries(*(column[rows] for column in self))  # type: ignore[arg-type]  # column by column


class Layers:
    """A base index, and an overlay of entities that have changed since it was built.

    Args:
        base: The index of the whole graph.
        delta: The index of the changed entities, or None.
        numbers: The number of each entity of ``delta``, then of the neighbours that it refers to:
            the number in the base, or for a new entity one from ``len(base)`` on.

    Attributes:
        described: The share of entities in the base whose class the graph states.
        typical_degree: The mean of log(1 + degree) in the base.
    """

    def __init__(
        self, base: LinkIndex, delta: LinkIndex | None = None, numbers: Ints | None = None
    ) -> None:
        self.base, self.delta = base, delta
        self.numbers = np.empty(0, np.int64) if numbers is None else numbers
        self._size = max(len(base), 1 + int(self.numbers.max(initial=-1)))
        self._row = np.full(self._size if delta else 0, -1, np.int64)
        if delta is not None:
            self._row[self.numbers[: len(delta)]] = np.arange(len(delta))

        self.described, self.typical_degree = base.typical.tolist()

    def __len__(self) -> int:
        return self._size

    def keys(self, numbers: Sequence[int]) -> list[str]:
        """The keys of entities, by number."""
        if self.delta is None:
            return [self.base.key(number) for number in numbers]
        rows = self._row[np.asarray(numbers, np.int64)].tolist()
        return [
            self.base.key(number) if row < 0 else self.delta.key(row)
            for number, row in zip(numbers, rows, strict=True)
        ]

    def numbers_of(self, keys: Sequence[str]) -> Ints:
        """The numbers of entities, by key; -1 for an unknown key."""
        hashes = key_hashes(keys)
        place = find(self.base.key_hash, hashes)
        known = self.base.key_order[np.maximum(place, 0)] if len(self.base.key_order) else place
        numbers = np.where(place >= 0, known, -1).astype(np.int64)
        if self.delta is not None:
            row = find(self.delta.key_hash, hashes)
            changed = row >= 0
            numbers[changed] = self.numbers[self.delta.key_order[row[changed]]]
        return numbers

    def begins(self, hashes: Hashes) -> NDArray[np.bool_]:
        """Whether each hash is that of a prefix of a form; false positives are possible."""
        in_base = self.base.begins(hashes)
        return in_base if self.delta is None else in_base | self.delta.begins(hashes)

    def has_form(self, hashes: Hashes) -> NDArray[np.bool_]:
        """Whether each hash is that of a form."""
        in_base = self.base.forms(hashes) >= 0
        return in_base if self.delta is None else in_base | (self.delta.forms(hashes) >= 0)

    def entries(self, hashes: Hashes) -> Entries:
        """The entries of the forms with these hashes, sorted by form."""
        in_base = _entries(self.base, hashes)
        if self.delta is None:
            return in_base
        stale = self._row[in_base.entity] >= 0
        new = _entries(self.delta, hashes)
        # ``common`` counts all descriptions, not only those of the changed entities.
        form = self.base.forms(hashes[new.of])
        counted = self.base.form_common[np.maximum(form, 0)] if len(self.base.form_common) else form
        common = np.where(form >= 0, np.maximum(counted, new.common), new.common)
        new = new._replace(entity=self.numbers[new.entity], common=common)
        old = in_base.take(~stale)
        both = Entries(*(np.concatenate(pair) for pair in zip(old, new, strict=True)))
        return both.take(np.argsort(both.of, kind="stable"))

    def classes(self, numbers: Ints) -> Ints:
        """The classes of entities, as bits."""
        return self._of(numbers, "entity_class").astype(np.int64) & ANY_CLASS

    def genders(self, numbers: Ints) -> Ints:
        """The gender of each entity as a bit, 0 if the graph states none."""
        return self._of(numbers, "entity_class").astype(np.int64) & (MALE | FEMALE)

    def place_kinds(self, numbers: Ints) -> Ints:
        """The kind of place of each entity as a bit, 0 if there is none."""
        return self._of(numbers, "entity_class").astype(np.int64) & (WATER | SETTLEMENT | TERRITORY)

    def has_qualifier(self, numbers: Ints) -> NDArray[np.bool_]:
        """Whether the key or label of each entity has a qualifier, as in "Athens, Ohio"."""
        return (self._of(numbers, "entity_class").astype(np.int64) & QUALIFIED) != 0

    def degrees(self, numbers: Ints) -> NDArray[np.float64]:
        """The number of facts of each entity."""
        return self._of(numbers, "entity_degree").astype(np.float64)

    def _of(self, numbers: Ints, column: str) -> NDArray[np.generic]:
        values: NDArray[np.generic] = getattr(self.base, column)
        if self.delta is None:
            return values[numbers]
        rows = self._row[numbers]
        own = getattr(self.delta, column)
        old = np.where(rows < 0, numbers, 0) if len(values) else None
        base = own[:1] if old is None else values[old]
        return np.where(rows < 0, base, own[np.maximum(rows, 0)])

    def words(self, numbers: Ints) -> tuple[Hashes, Ints]:
        """The word hashes of descriptions, types and keys, and the index in ``numbers`` of each."""
        return self._words_in(numbers, "words_first", "words")

    def label_words(self, numbers: Ints) -> tuple[Hashes, Ints]:
        """The word hashes of labels, and the index in ``numbers`` of each."""
        return self._words_in(numbers, "label_first", "label_words")

    def _words_in(self, numbers: Ints, first: str, column: str) -> tuple[Hashes, Ints]:
        rows = numbers if self.delta is None else np.where(self._row[numbers] < 0, numbers, -1)
        in_base, of = _rows_of(getattr(self.base, first), rows)
        hashes = self.base.word_hash[getattr(self.base, column)[in_base]]
        if self.delta is None:
            return hashes, of
        in_delta, more_of = _rows_of(getattr(self.delta, first), self._row[numbers])
        more = self.delta.word_hash[getattr(self.delta, column)[in_delta]]
        return np.concatenate([hashes, more]), np.concatenate([of, more_of])

    def idf(self, hashes: Hashes) -> NDArray[np.float64]:
        """The inverse document frequency of words in the base; log(N) for words that it lacks."""
        word = find(self.base.word_hash, hashes)
        rare = np.log(max(len(self.base), 1))
        if not len(self.base.word_idf):
            return np.full(len(hashes), rare)
        return np.where(word < 0, rare, self.base.word_idf[np.maximum(word, 0)])

    def near(self, numbers: Ints, most: int | None = None) -> tuple[Ints, Ints]:
        """The neighbours of entities, up to ``most`` each, and the index in ``numbers`` of each."""
        rows = numbers if self.delta is None else np.where(self._row[numbers] < 0, numbers, -1)
        in_base, of = _rows_of(self.base.near_first, rows, most)
        near = self.base.near[in_base].astype(np.int64)
        if self.delta is None:
            return near, of
        in_delta, more_of = _rows_of(self.delta.near_first, self._row[numbers], most)
        more = self.numbers[self.delta.near[in_delta]]
        return np.concatenate([near, more]), np.concatenate([of, more_of])


def _rows_of(first: Ints, rows: Ints, most: int | None = None) -> tuple[Ints, Ints]:
    """:func:`~kptm.linking.index.link_index.rows_of`, which skips rows that are -1."""
    here = np.flatnonzero(rows >= 0)
    values, of = rows_of(first, rows[here], most)
    return values, here[of]


def _entries(index: LinkIndex, hashes: Hashes) -> Entries:
    forms = index.forms(hashes)
    stored = np.flatnonzero(forms >= 0)
    entry, of = rows_of(index.form_first, forms[stored], MAX_ENTRIES_PER_FORM)
    return Entries(
        stored[of],
        index.entry_entity[entry].astype(np.int64),
        index.entry_kind[entry].astype(np.int64),
        index.entry_exact[entry],
        index.entry_case[entry].astype(np.int64),
        index.entry_weight[entry].astype(np.float64),
        index.entry_links[entry].astype(np.float64),
        index.entry_seen[entry].astype(np.float64),
        index.form_common[forms[stored][of]].astype(np.float64),
    )
