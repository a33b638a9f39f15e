"""The relation classifier: scores the relations that a text may state between two mentions.

    logits = (c · Σ_f V[f] + x · M) · O + b + s₀ · H + s₁ · T + s₂ · H∘T + s₃ · N
    c = 1 / √(number of features)

The sum is a linear model of low rank over hashed features f, as in fastText (Joulin et al.
2017, arXiv 1607.01759, equation 1). x is the context vector of the pair; without an encoder, its
term is missing. The weights s are shared by all relations: those of H and T count if the head and
the tail have the role elsewhere in the graph, that of N the words of the relation's name around the
mentions. The softmax is over sets of relations, of which the empty one means "none". Frequent sets
of several relations are classes too, so that two relations of one pair do not compete. Classes
whose relation does not take the tail's kind are masked.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import sparse

from kptm.extraction.candidates.pair_features import relation_name_stems, word_hash
from kptm.extraction.candidates.text_mentions import MentionKind

if TYPE_CHECKING:
    from array import array
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kptm.extraction.candidates.mention_pairs import Pair
    from kptm.extraction.candidates.pair_features import Features

    Floats = NDArray[np.float32]
    Ints = NDArray[np.int64]

SHARED_WEIGHTS = 4
"""Number of weights that all relations share."""
_KINDS = tuple(MentionKind)


class Label(NamedTuple):
    """A relation between two mentions, and whether the first mention is its head."""

    relation: str
    forward: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationKind:
    """The kinds of tails that a relation takes.

    Attributes:
        name: The label of the relation, whose words are features.
        entities: Whether the relation takes entities.
        values: Whether the relation takes values.
        texts: Whether the relation takes texts as values, so that a new name may be a value.
    """

    name: str
    entities: bool
    values: bool
    texts: bool

    def allows(self, tail: MentionKind) -> bool:
        """Whether the tail may be a mention of this kind."""
        return {
            MentionKind.ENTITY: self.entities,
            MentionKind.VALUE: self.values,
            MentionKind.NAME: self.entities or self.texts,
        }[tail]


@dataclass(frozen=True)
class LabelSpace:
    """The classes and features of a classifier, and the matrices of features.

    Attributes:
        classes: K sets of labels, of which the first is empty.
        kinds: The kinds of tails of each relation.
        hashes: The sorted hashes of the F features that occurred in training.
    """

    classes: tuple[tuple[Label, ...], ...]
    kinds: dict[str, RelationKind]
    hashes: NDArray[np.uint32]

    @cached_property
    def labels(self) -> tuple[Label, ...]:
        """All L labels, sorted."""
        return tuple(sorted({label for members in self.classes for label in members}))

    @cached_property
    def members(self) -> Floats:
        """K × L: 1 if a class contains a label."""
        column_of = {label: number for number, label in enumerate(self.labels)}
        result = np.zeros((len(self.classes), len(self.labels)), np.float32)
        for row, labels in enumerate(self.classes):
            result[row, [column_of[label] for label in labels]] = 1
        return result

    def words(self, items: Sequence[Features], *, known: bool = True) -> sparse.csr_matrix:
        """N × F: the features of pairs, limited to those of training."""
        lists = [features.words + features.known if known else features.words for features in items]
        return _rows(lists, self.hashes)

    def allowed_classes(self, pairs: Sequence[Pair]) -> NDArray[np.bool_]:
        """N × K: whether each class allows the kinds of the mentions; "none" always does."""
        kinds = [
            3 * _KINDS.index(pair.mentions[0].kind) + _KINDS.index(pair.mentions[1].kind)
            for pair in pairs
        ]
        return self._allowed[kinds]

    @cached_property
    def _allowed(self) -> NDArray[np.bool_]:
        """9 × K: whether each class allows each of the nine pairs of kinds."""
        allowed = np.ones((9, len(self.classes)), np.bool_)
        for row in range(9):
            first, second = _KINDS[row // 3], _KINDS[row % 3]
            for column, labels in enumerate(self.classes):
                allowed[row, column] = all(
                    (first if label.forward else second) != MentionKind.VALUE
                    and self.kinds[label.relation].allows(second if label.forward else first)
                    for label in labels
                )
        return allowed

    def shared_features(self, items: Sequence[Features]) -> tuple[sparse.csr_matrix, ...]:
        """The matrices H, T and N, each N × K; see the formula of this module."""
        heads: list[list[int]] = []
        tails: list[list[int]] = []
        for item in items:
            head: list[int] = []
            tail: list[int] = []
            for roles, forward in ((item.first, True), (item.second, False)):
                for role in roles:
                    # The first mention is the head of forward classes and the tail of the others.
                    columns = self._columns.get(Label(role.relation, forward == role.is_head), ())
                    (head if role.is_head else tail).extend(columns)
            heads.append(head)
            tails.append(tail)
        names, weights = self._names
        name_matches = _rows([item.words for item in items], names) @ weights
        shape = len(items), len(self.classes)
        return _ones(heads, shape), _ones(tails, shape), name_matches.tocsr()

    @cached_property
    def _columns(self) -> dict[Label, list[int]]:
        """The classes that contain each label."""
        columns_of: dict[Label, list[int]] = {}
        for column, labels in enumerate(self.classes):
            for label in labels:
                columns_of.setdefault(label, []).append(column)
        return columns_of

    @cached_property
    def _names(self) -> tuple[NDArray[np.uint32], sparse.csr_matrix]:
        """Hashes of the words of relations' names, and the weight of each word in each class."""
        entries: dict[tuple[int, int], float] = {}
        for column, labels in enumerate(self.classes):
            for label in labels:
                words = relation_name_stems(self.kinds[label.relation].name)
                for word in words:
                    for place in "blr":
                        entries[word_hash(place, word), column] = 1 / len(words) / len(labels)
        hashes = np.array(sorted({word for word, _ in entries}), np.uint32)
        rows = np.searchsorted(hashes, [word for word, _ in entries])
        columns = [column for _, column in entries]
        shape = len(hashes), len(self.classes)
        matrix = sparse.csr_matrix((list(entries.values()), (rows, columns)), shape, np.float32)
        return hashes, matrix


@dataclass(frozen=True)
class Classifier:
    """A fitted classifier.

    Attributes:
        space: The classes and features.
        vectors: The matrix V, F × D.
        output: The matrix O, D × K.
        bias: The bias, K.
        shared: The four shared weights.
        context: The matrix M, X × D; X is 0 without an encoder.
        encoder: The fingerprint of the encoder, "" without one.
    """

    space: LabelSpace
    vectors: Floats
    output: Floats
    bias: Floats
    shared: Floats
    context: Floats
    encoder: str = ""

    def probabilities(self, pairs: Sequence[Pair], items: Sequence[Features]) -> Floats:
        """N × L: the probability of each label of each pair.

        Args:
            pairs: N pairs.
            items: The features of the pairs.
        """
        words = self.space.words(items)
        scale = 1 / np.sqrt(np.maximum(np.diff(words.indptr), 1)).astype(np.float32)
        hidden = (words @ self.vectors) * scale[:, None]
        if len(self.context):
            hidden += context_matrix(items).astype(np.float32) @ self.context
        logits = hidden @ self.output + self.bias
        head, tail, name = self.space.shared_features(items)
        extra = head * self.shared[0] + tail * self.shared[1] + head.multiply(tail) * self.shared[2]
        logits += (extra + name * self.shared[3]).toarray()
        logits[~self.space.allowed_classes(pairs)] = -np.inf
        # Subtracting the maximum does not change the softmax, and prevents overflow.
        logits -= logits.max(axis=1, keepdims=True)
        chances = np.exp(logits)
        chances /= chances.sum(axis=1, keepdims=True)
        return np.asarray(chances @ self.space.members, np.float32)


def context_matrix(items: Sequence[Features]) -> NDArray[np.float16]:
    """N × X: the context vectors of pairs; X is 0 without an encoder."""
    vectors = [item.context for item in items if item.context is not None]
    if len(vectors) < len(items) or not vectors:
        return np.zeros((len(items), 0), np.float16)
    return np.stack(vectors)


def _rows(lists: Sequence[array[int]], hashes: NDArray[np.uint32]) -> sparse.csr_matrix:
    """N × F: 1 for each hash in each of N lists; hashes that are not in ``hashes`` are left out."""
    sizes = [len(hashes_of_row) for hashes_of_row in lists]
    flat = np.frombuffer(b"".join(lists), np.uint32)
    shape = len(lists), len(hashes)
    if not len(hashes) or not len(flat):
        return sparse.csr_matrix(shape, dtype=np.float32)
    positions = np.minimum(np.searchsorted(hashes, flat), len(hashes) - 1)
    seen = hashes[positions] == flat
    owner = np.repeat(np.arange(len(lists)), sizes)[seen]
    indptr = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=len(lists)))])
    data = np.ones(int(seen.sum()), np.float32)
    return sparse.csr_matrix((data, positions[seen], indptr), shape)


def _ones(columns: Sequence[Sequence[int]], shape: tuple[int, int]) -> sparse.csr_matrix:
    """A matrix with 1 in the given columns of each row."""
    indptr = np.concatenate(
        [[0], np.cumsum([len(columns_of_row) for columns_of_row in columns])]
    ).astype(np.int64)
    flat = np.array([column for columns_of_row in columns for column in columns_of_row], np.int64)
    matrix = sparse.csr_matrix((np.ones(len(flat), np.float32), flat, indptr), shape)
    matrix.sum_duplicates()
    matrix.data[:] = 1
    return matrix
