"""From a graph's entities and facts to a :class:`~kptm.linking.index.link_index.LinkIndex`."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from kptm.linking.index.link_index import (
    ACRONYM_LENGTH,
    ALL_CAPITALS,
    CAPITAL,
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
"""What being the label rather than an alias is worth."""
PART_WEIGHT = 0.1
"""What being a part of a name is worth."""
MOST_PRIOR = 1e30
"""Stated priors are bounded by it, so that sums of them stay numbers."""
MOST_PARTS = 40
"""Entities of one part of a name that are kept, the best connected."""
MOST_NEAR = 200
"""Neighbours of an entity that are kept, those with the fewest of their own."""
CHUNK = 50_000
"""Names that are hashed at a time."""
_SMALL_WORD = re.compile(r"\b[a-z]{2,}\b")
_WORD = re.compile(r"[^\W\d_]{2,}|[\u3400-\u9fff]")

Links = dict[tuple[str, str], tuple[int, int]]
"""(key, surface form): how often texts meant it, how often they had it."""


Number = TypeVar("Number", np.uint64, np.int64)


class Edges(NamedTuple):
    """Facts as two columns of entity numbers."""

    heads: array[int]
    tails: array[int]


class IndexBuilder:
    """Takes entities one after the other; gives the arrays.

    Args:
        links: How often texts meant an entity by a name.
        genders: The gender bit of entities that have one by a relation.
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
        """Take an entity."""
        number = len(self._keys)
        classes = class_of(entity)
        self._keys.append(entity.key)
        gender = self._genders.get(entity.key) or gender_of(entity)
        qualified = QUALIFIED * is_qualified(entity)
        self._classes.append(classes | gender | place_kind(entity) | qualified)
        self._priors.append(-1.0 if entity.prior is None else min(entity.prior, MOST_PRIOR))
        for form, kind in forms_of(entity, classes, self._counted.get(entity.key, ())):
            meant, seen = self._links.get((entity.key, form), (0, 0))
            self._names.append(form)
            self._kinds.append(kind)
            self._owners.append(number)
            self._meant.append(meant)
            self._seen.append(seen)
        said = f"{entity.description} {' '.join(entity.types)} {entity.key}"
        own = set(_WORD.findall(entity.label.lower())) - FUNCTION_WORDS
        for word in sorted(set(_WORD.findall(said.lower())) - own - FUNCTION_WORDS):
            self._words.append(word)
            self._words_of.append(number)
        for word in sorted(own):
            self._label_words.append(word)
            self._labels_of.append(number)
        self._small.update(set(_SMALL_WORD.findall(entity.description)))

    def add_gone(self, key: str) -> None:
        """Take an entity that is no more, so that nothing means it."""
        self._keys.append(key)
        self._classes.append(0)
        self._priors.append(0.0)

    def arrays(self, edges: Edges, others: int = 0) -> LinkIndex:
        """The arrays, with the neighbours that ``edges`` make.

        Args:
            edges: Facts, by the numbers of entities in the order they were added.
            others: How many numbers the edges know, where they name entities that were not added.
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
        at = find(forms, word_hashes(words))
        counts = np.array([self._small[word] for word in words], np.float32)
        common[at[at >= 0]] = np.log1p(counts[at >= 0])
        return common

    def _context(self) -> dict[str, NDArray[Any]]:
        said, labels = word_hashes(self._words), word_hashes(self._label_words)
        known, counts = np.unique(np.concatenate([said, labels]), return_counts=True)
        return {
            "word_hash": known,
            "word_idf": np.log((1 + len(self._keys)) / counts).clip(0).astype(np.float32),
            "words_first": _firsts(self._words_of, len(self._keys)),
            "words": np.searchsorted(known, said).astype(np.int32),
            "label_first": _firsts(self._labels_of, len(self._keys)),
            "label_words": np.searchsorted(known, labels).astype(np.int32),
        }


def name_weights(base: NDArray[Any], kinds: NDArray[Any]) -> NDArray[np.float32]:
    """How often entities are meant by names of given kinds, in any unit.

    Args:
        base: How often each entity is meant at all: 1 + its prior, or 1 + its degree where none is
            stated.
        kinds: A :class:`~kptm.linking.names.surface_forms.Kind` each.
    """
    weights = base.astype(np.float32) * np.where(kinds == Kind.LABEL, LABEL_WEIGHT, 1.0)
    return np.where(kinds >= FIRST_PART, weights * PART_WEIGHT, weights).astype(np.float32)


def _firsts(of: array[int], size: int) -> NDArray[np.int64]:
    """Where the words of each of ``size`` begin; they were added one owner after the other."""
    owners = np.frombuffer(of, np.int32)
    return np.searchsorted(owners, np.arange(size + 1)).astype(np.int64)


def _not_crowded(hashes: NDArray[np.uint64], kinds: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Of entries sorted by hash, whole names first: all but the parts that too many share."""
    part = kinds >= FIRST_PART
    new = np.ones(len(hashes), np.bool_)
    new[1:] = (hashes[1:] != hashes[:-1]) | (part[1:] != part[:-1])
    starts = np.flatnonzero(new)
    rank = np.arange(len(hashes)) - starts[np.cumsum(new) - 1] if len(hashes) else starts
    return ~part | (rank < MOST_PARTS)


def _case(name: str) -> int:
    found = CAPITAL * name[0].isupper() | ALL_CAPITALS * name.isupper()
    return found | SHORT * (len(name) <= ACRONYM_LENGTH)


def _chunks(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), CHUNK):
        yield names[start : start + CHUNK]


def _hash_names(
    names: Sequence[str],
) -> tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.uint64]]:
    """The folded and the exact hash of each name; and those of all their beginnings, each once."""
    folded_parts, exact_parts, beginnings = [], [], []
    for chunk in _chunks(names):
        # A NUL after each name: a chunk is hashed as one text, and names never run together.
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
        # Boundaries within a name; an empty beginning and one that ends in a space are none.
        inside = (of < len(ends)) & (inner > starts[np.minimum(of, len(ends) - 1)])
        inside &= (folded.flags[np.maximum(inner - 1, 0)] & SPACE) == 0
        inner, of = inner[inside], of[inside]
        beginnings.append(sorted_unique(hashes(starts[of], inner)))
    empty = np.empty(0, np.uint64)
    joined = (np.concatenate([empty, *parts]) for parts in (folded_parts, exact_parts, beginnings))
    folded_hash, exact_hash, begin_hash = joined
    return folded_hash, exact_hash, sorted_unique(begin_hash)


def sorted_unique(values: NDArray[Number]) -> NDArray[Number]:
    """Each value once, sorted.

    NumPy's own function hashes the values, which takes several times as long for millions.
    """
    ordered = np.sort(values)
    new = np.ones(len(ordered), np.bool_)
    new[1:] = ordered[1:] != ordered[:-1]
    return ordered[new]


def word_hashes(words: Sequence[str]) -> NDArray[np.uint64]:
    """The hashes of words, folded and without a plain English plural."""
    parts = [np.empty(0, np.uint64)]
    for chunk in _chunks(words):
        folded = fold_codes(codes_of("\0".join(chunk) + "\0"))
        ends = np.flatnonzero(folded.codes == 0)
        starts = np.append(0, ends[:-1] + 1)
        parts.append(Hashes(folded.codes)(starts, stem_ends(folded.codes, starts, ends)))
    return np.concatenate(parts)


@cache
def function_word_hashes() -> NDArray[np.uint64]:
    """The hashes of the function words, which every batch asks for."""
    return word_hashes(sorted(FUNCTION_WORDS))


def stem_ends(
    codes: NDArray[np.uint32], starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Where words end without their plural "s"."""
    last, before = codes[np.maximum(ends - 1, 0)], codes[np.maximum(ends - 2, 0)]
    # Short words and those in "ss" ("bus", "glass") are no plurals.
    plural = (ends - starts > 4) & (last == ord("s")) & (before != ord("s"))
    return ends - plural


def _bits(hashes: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """A bit for each hash, at least sixteen for each to choose from."""
    size = 1 << max(16 * len(hashes), 1024).bit_length()
    bits = hashes & np.uint64(size - 1)
    found = np.zeros(size // 8, np.uint8)
    np.bitwise_or.at(
        found,
        (bits >> np.uint64(3)).astype(np.int64),
        np.uint8(1) << (bits & np.uint64(7)).astype(np.uint8),
    )
    return found


def _neighbours(
    size: int, edges: Edges
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int32]]:
    """Degrees, and the neighbours of each, each once."""
    heads, tails = (np.frombuffer(column, np.int32).astype(np.int64) for column in edges)
    degree = np.bincount(heads, minlength=size) + np.bincount(tails, minlength=size)
    ends = sorted_unique(np.concatenate([heads, tails]) * size + np.concatenate([tails, heads]))
    entity, other = np.divmod(ends, size)
    entity, other = entity[entity != other], other[entity != other]
    order = np.lexsort((other, degree[other], entity))
    entity, other = entity[order], other[order]
    start = np.searchsorted(entity, np.arange(size))
    kept = np.arange(len(entity)) - start[entity] < MOST_NEAR
    entity, other = entity[kept], other[kept]
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
    """The hashes of keys."""
    parts = [np.empty(0, np.uint64)]
    for chunk in _chunks(list(keys)):
        codes = codes_of("\0".join(chunk) + "\0")
        ends = np.flatnonzero(codes == 0)
        parts.append(Hashes(codes)(np.append(0, ends[:-1] + 1), ends))
    return np.concatenate(parts)
