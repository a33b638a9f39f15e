"""Builds a :class:`~kptm.linking.index.link_index.LinkIndex` from entities and facts."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from kptm.linking.index.link_index import (
    ALL_CAPITALS,
    CAPITAL,
    MAX_ACRONYM_LENGTH,
    SHORT,
    STATED,
    LinkIndex,
    find,
)
from kptm.linking.names.function_words import FUNCTION_WORDS
from kptm.linking.names.genders import gender_of
from kptm.linking.names.surface_forms import (
    ANY_CLASS,
    FIRST_PART,
    QUALIFIED,
    Kind,
    class_of,
    forms_of,
    is_qualified,
    place_kind,
)
from kptm.linking.text.characters import SPACE, Hashes, codes_of, fold_codes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from kg.types import Entity

LABEL_WEIGHT = 2.0
"""The factor on the weight of a label; an alias has 1."""
PART_WEIGHT = 0.1
"""The factor on the weight of a part of a name."""
MAX_PRIOR = 1e30
"""The upper bound of stated priors, so that their sums stay finite."""
MAX_ENTRIES_PER_PART = 40
"""The maximum number of entries stored for one part of a name: the entities of the highest
degree."""
MAX_NEIGHBOURS = 200
"""The maximum number of neighbours stored for an entity: those of the lowest degree."""
NAMES_PER_CHUNK = 50_000
"""The number of names hashed at a time."""
_SMALL_WORD = re.compile(r"\b[a-z]{2,}\b")
_WORD = re.compile(r"[^\W\d_]{2,}|[\u3400-\u9fff]")

Links = dict[tuple[str, str], tuple[int, int]]
"""(key, surface form) → (occurrences linked to the entity, all occurrences counted)."""


Number = TypeVar("Number", np.uint64, np.int64)


class Edges(NamedTuple):
    """Facts as two columns of entity numbers: heads and tails."""

    heads: array[int]
    tails: array[int]


class IndexBuilder:
    """Collects entities, then builds the arrays of an index.

    Args:
        links: The link counts of (key, surface form).
        genders: The gender bits of entities whose gender a relation states, by key.
    """

    def __init__(
        self, links: Links | None = None, genders: Mapping[str, int] | None = None
    ) -> None:
        self._links = links or {}
        self._genders = genders or {}
        self._counted: dict[str, list[str]] = {}
        for key, name in self._links:
            self._counted.setdefault(key, []).append(name)
        self._names: list[str] = []
        self._kinds, self._owners = array("B"), array("i")
        self._weights, self._meant, self._seen = array("f"), array("f"), array("f")
        self._classes, self._priors = array("H"), array("f")
        self._keys: list[str] = []
        self._words: list[str] = []
        self._words_of = array("i")
        self._label_words: list[str] = []
        self._labels_of = array("i")
        self._small: Counter[str] = Counter()

    def add(self, entity: Entity) -> None:
        """Add an entity."""
        number = len(self._keys)
        classes = class_of(entity)
        self._keys.append(entity.key)
        gender = self._genders.get(entity.key) or gender_of(entity)
        qualified = QUALIFIED * is_qualified(entity)
        self._classes.append(classes | gender | place_kind(entity) | qualified)
        self._priors.append(-1.0 if entity.prior is None else min(entity.prior, MAX_PRIOR))
        for form, kind in forms_of(entity, classes, self._counted.get(entity.key, ())):
            meant, seen = self._links.get((entity.key, form), (0, 0))
            self._names.append(form)
            self._kinds.append(kind)
            self._owners.append(number)
            self._meant.append(meant)
            self._seen.append(seen)
        description = f"{entity.description} {' '.join(entity.types)} {entity.key}"
        own = set(_WORD.findall(entity.label.lower())) - FUNCTION_WORDS
        for word in sorted(set(_WORD.findall(description.lower())) - own - FUNCTION_WORDS):
            self._words.append(word)
            self._words_of.append(number)
        for word in sorted(own):
            self._label_words.append(word)
            self._labels_of.append(number)
        self._small.update(set(_SMALL_WORD.findall(entity.description)))

    def add_gone(self, key: str) -> None:
        """Add a removed entity, which has no surface forms, so that no mention refers to it."""
        self._keys.append(key)
        self._classes.append(0)
        self._priors.append(0.0)

    def arrays(self, edges: Edges, others: int = 0) -> LinkIndex:
        """Build the index of the added entities.

        Args:
            edges: The facts; entities are numbered in the order in which they were added.
            others: The number of entities in the edges, if these include entities not added.
        """
        size = len(self._keys)
        degree, near_first, near = _neighbours(max(size, others), edges)
        degree, near_first = degree[:size], near_first[: size + 1]
        near = near[: near_first[-1]]
        classes = np.frombuffer(self._classes, np.uint16)
        priors = np.frombuffer(self._priors, np.float32)
        base = 1 + np.where(priors < 0, degree, priors)
        return LinkIndex(
            **self._forms(base, degree, priors >= 0),
            **self._context(),
            **_keys(self._keys),
            entity_class=classes,
            entity_degree=degree,
            typical=np.array(
                [((classes & ANY_CLASS) > 0).mean(), np.log1p(degree).mean()]
                if size
                else [0.0, 0.0]
            ),
            near_first=near_first,
            near=near,
        )

    def _forms(
        self, base: NDArray[np.float32], degree: NDArray[np.float32], stated: NDArray[np.bool_]
    ) -> dict[str, NDArray[Any]]:
        hashes, exact, beginnings = _hash_names(self._names)
        owners = np.frombuffer(self._owners, np.int32)
        kinds = np.frombuffer(self._kinds, np.uint8)
        weights = name_weights(base[owners], kinds)
        case = np.fromiter(map(_case, self._names), np.uint8, len(kinds))
        case |= (STATED * stated[owners]).astype(np.uint8)
        order = np.lexsort((owners, -degree[owners], kinds >= FIRST_PART, hashes))
        order = order[_not_crowded(hashes[order], kinds[order])]
        forms, first = np.unique(hashes[order], return_index=True)
        return {
            "form_hash": forms,
            "form_first": np.append(first, len(order)).astype(np.int64),
            "form_common": self._common(forms),
            "entry_entity": owners[order],
            "entry_kind": kinds[order],
            "entry_exact": exact[order],
            "entry_case": case[order],
            "entry_weight": weights[order],
            "entry_links": np.frombuffer(self._meant, np.float32)[order],
            "entry_seen": np.frombuffer(self._seen, np.float32)[order],
            "prefixes": _bits(beginnings),
        }

    def _common(self, forms: NDArray[np.uint64]) -> NDArray[np.float32]:
        common = np.zeros(len(forms), np.float32)
        words = sorted(self._small)
        form_of_word = find(forms, word_hashes(words))
        counts = np.array([self._small[word] for word in words], np.float32)
        common[form_of_word[form_of_word >= 0]] = np.log1p(counts[form_of_word >= 0])
        return common

    def _context(self) -> dict[str, NDArray[Any]]:
        description_words, label_words = word_hashes(self._words), word_hashes(self._label_words)
        known, counts = np.unique(
            np.concatenate([description_words, label_words]), return_counts=True
        )
        return {
            "word_hash": known,
            "word_idf": np.log((1 + len(self._keys)) / counts).clip(0).astype(np.float32),
            "words_first": _firsts(self._words_of, len(self._keys)),
            "words": np.searchsorted(known, description_words).astype(np.int32),
            "label_first": _firsts(self._labels_of, len(self._keys)),
            "label_words": np.searchsorted(known, label_words).astype(np.int32),
        }


def name_weights(base: NDArray[Any], kinds: NDArray[Any]) -> NDArray[np.float32]:
    """The weight of each entry: how often its name refers to its entity, in any unit.

    Args:
        base: E, how often the entity is mentioned by any name: 1 + its stated prior, or 1 + its
            degree without one.
        kinds: E, the :class:`~kptm.linking.names.surface_forms.Kind` of each name.
    """
    weights = base.astype(np.float32) * np.where(kinds == Kind.LABEL, LABEL_WEIGHT, 1.0)
    return np.where(kinds >= FIRST_PART, weights * PART_WEIGHT, weights).astype(np.float32)


def _firsts(of: array[int], size: int) -> NDArray[np.int64]:
    """The size + 1 offsets of the owners' words; ``of`` has the owner of each word, sorted."""
    owners = np.frombuffer(of, np.int32)
    return np.searchsorted(owners, np.arange(size + 1)).astype(np.int64)


def _not_crowded(hashes: NDArray[np.uint64], kinds: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """The mask that drops the entries of a name part beyond MAX_ENTRIES_PER_PART.

    The entries must be sorted by hash, then whole names before parts, then by descending degree.
    """
    part = kinds >= FIRST_PART
    new = np.ones(len(hashes), np.bool_)
    new[1:] = (hashes[1:] != hashes[:-1]) | (part[1:] != part[:-1])
    starts = np.flatnonzero(new)
    rank = np.arange(len(hashes)) - starts[np.cumsum(new) - 1] if len(hashes) else starts
    return ~part | (rank < MAX_ENTRIES_PER_PART)


def _case(name: str) -> int:
    bits = CAPITAL * name[0].isupper() | ALL_CAPITALS * name.isupper()
    return bits | SHORT * (len(name) <= MAX_ACRONYM_LENGTH)


def _chunks(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), NAMES_PER_CHUNK):
        yield names[start : start + NAMES_PER_CHUNK]


def _hash_names(
    names: Sequence[str],
) -> tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.uint64]]:
    """The folded and the exact hashes of names, and the distinct hashes of their prefixes."""
    folded_parts, exact_parts, beginnings = [], [], []
    for chunk in _chunks(names):
        # A chunk is hashed as one text; the NUL after each name keeps names apart.
        codes = codes_of("\0".join(chunk) + "\0")
        folded = fold_codes(codes)
        exact_ends = np.flatnonzero(folded.composed == 0)
        exact = Hashes(folded.composed)(np.append(0, exact_ends[:-1] + 1), exact_ends)
        hashes = Hashes(folded.codes)
        ends = np.flatnonzero(folded.codes == 0)
        starts = np.append(0, ends[:-1] + 1)
        folded_parts.append(hashes(starts, ends))
        exact_parts.append(exact)
        inner = np.flatnonzero(folded.boundary)
        of = np.searchsorted(ends, inner)
        # Keep boundaries inside a name, except at its start and after a space.
        inside = (of < len(ends)) & (inner > starts[np.minimum(of, len(ends) - 1)])
        inside &= (folded.flags[np.maximum(inner - 1, 0)] & SPACE) == 0
        inner, of = inner[inside], of[inside]
        beginnings.append(sorted_unique(hashes(starts[of], inner)))
    empty = np.empty(0, np.uint64)
    joined = (np.concatenate([empty, *parts]) for parts in (folded_parts, exact_parts, beginnings))
    folded_hash, exact_hash, begin_hash = joined
    return folded_hash, exact_hash, sorted_unique(begin_hash)


def sorted_unique(values: NDArray[Number]) -> NDArray[Number]:
    """The distinct values, sorted.

    ``numpy.unique`` hashes the values, which takes several times as long for millions.
    """
    ordered = np.sort(values)
    new = np.ones(len(ordered), np.bool_)
    new[1:] = ordered[1:] != ordered[:-1]
    return ordered[new]


def word_hashes(words: Sequence[str]) -> NDArray[np.uint64]:
    """The hashes of words, folded and without the "s" of a regular English plural."""
    parts = [np.empty(0, np.uint64)]
    for chunk in _chunks(words):
        folded = fold_codes(codes_of("\0".join(chunk) + "\0"))
        ends = np.flatnonzero(folded.codes == 0)
        starts = np.append(0, ends[:-1] + 1)
        parts.append(Hashes(folded.codes)(starts, stem_ends(folded.codes, starts, ends)))
    return np.concatenate(parts)


@cache
def function_word_hashes() -> NDArray[np.uint64]:
    """The hashes of the function words, cached because every batch needs them."""
    return word_hashes(sorted(FUNCTION_WORDS))


def stem_ends(
    codes: NDArray[np.uint32], starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The ends of words without a plural "s"."""
    last, before = codes[np.maximum(ends - 1, 0)], codes[np.maximum(ends - 2, 0)]
    # Words of up to four letters ("bus") and words in "ss" ("glass") are no plurals.
    plural = (ends - starts > 4) & (last == ord("s")) & (before != ord("s"))
    return ends - plural


def _bits(hashes: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """A Bloom filter with one hash function and more than 16 bits per hash."""
    size = 1 << max(16 * len(hashes), 1024).bit_length()
    bits = hashes & np.uint64(size - 1)
    filter_bytes = np.zeros(size // 8, np.uint8)
    np.bitwise_or.at(
        filter_bytes,
        (bits >> np.uint64(3)).astype(np.int64),
        np.uint8(1) << (bits & np.uint64(7)).astype(np.uint8),
    )
    return filter_bytes


def _neighbours(
    size: int, edges: Edges
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int32]]:
    """N degrees, N + 1 offsets of neighbours, and the neighbours, without duplicates and loops."""
    heads, tails = (np.frombuffer(column, np.int32).astype(np.int64) for column in edges)
    degree = np.bincount(heads, minlength=size) + np.bincount(tails, minlength=size)
    ends = sorted_unique(np.concatenate([heads, tails]) * size + np.concatenate([tails, heads]))
    entity, other = np.divmod(ends, size)
    entity, other = entity[entity != other], other[entity != other]
    order = np.lexsort((other, degree[other], entity))
    entity, other = entity[order], other[order]
    start = np.searchsorted(entity, np.arange(size))
    nearest = np.arange(len(entity)) - start[entity] < MAX_NEIGHBOURS
    entity, other = entity[nearest], other[nearest]
    first = np.searchsorted(entity, np.arange(size + 1)).astype(np.int64)
    return degree.astype(np.float32), first, other.astype(np.int32)


def _keys(keys: Sequence[str]) -> dict[str, NDArray[Any]]:
    raw = [key.encode() for key in keys]
    hashes = key_hashes(keys)
    order = np.argsort(hashes, kind="stable")
    return {
        "key_first": np.concatenate([[0], np.cumsum(list(map(len, raw)))]).astype(np.int64),
        "keys": np.frombuffer(b"".join(raw), np.uint8),
        "key_hash": hashes[order],
        "key_order": order.astype(np.int32),
    }


def key_hashes(keys: Iterable[str]) -> NDArray[np.uint64]:
    """The hashes of keys, which are not folded."""
    parts = [np.empty(0, np.uint64)]
    for chunk in _chunks(list(keys)):
        codes = codes_of("\0".join(chunk) + "\0")
        ends = np.flatnonzero(codes == 0)
        parts.append(Hashes(codes)(np.append(0, ends[:-1] + 1), ends))
    return np.concatenate(parts)
