"""Finds pairs of entities of a graph that are probably the same thing."""

from __future__ import annotations

import heapq
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from kg.store.merging import entity_facts
from kg.store.merging.relation_counts import relation_counts
from kg.store.rows.dictionary import ids_of
from kg.vocabulary import SAME_AS
from kptm.duplicates import blocks
from kptm.duplicates.entity_comparison import (
    FEATURES,
    Comparison,
    PairComparer,
    describe,
    spans_of,
    with_surroundings,
)
from kptm.duplicates.latent_classes import LatentClasses
from kptm.duplicates.namesake_rates import NamesakeRates
from kptm.duplicates.relation_pairs import RolePairs
from kptm.duplicates.surroundings import MAX_LIKENESS as MOST_ALIKE
from kptm.duplicates.surroundings import Surroundings, likeness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from kg.graph import KnowledgeGraph
    from kg.sql.cursor import Sql
    from kg.store.merging.entity_facts import ComparedEntity
    from kptm.duplicates.duplicate_model import DuplicateModel
    from kptm.duplicates.name_similarity import NameSimilarity

MAX_PAIRS = 10_000
"""The most pairs that are returned."""
STATED_P = 0.99
"""The probability of a pair for which the graph states owl:sameAs."""
MIN_RIVAL_P = 0.05
"""The least probability with which a pair lowers those of its entities' other pairs."""
SAMPLED_PAIRS = 512
"""The number of random pairs by which cosines are standardised."""
SURROUNDINGS_PER_BATCH = 500
"""The most pairs whose surroundings are in memory at a time."""
FACTS_PER_BATCH = 2_000
"""The most pairs whose facts are in memory at a time."""


class HasVectors(Protocol):
    """Vectors of entities by key, such as embeddings of the graph."""

    def __contains__(self, key: object) -> bool:
        """Whether an entity has a vector."""

    def vectors(self, keys: Sequence[str]) -> object:
        """The vectors of entities, shape (keys, width)."""


@dataclass(frozen=True, slots=True)
class DuplicatePair:
    """Two entities that are probably the same thing.

    Attributes:
        keep: The key of the entity with more facts.
        gone: The key of the other one.
        p: The probability that they are the same.
        evidence: What they have in common, and what contradicts that they are the same.
        spans: The spans of the two names in the evidence.
        features: The features of the pair, in the order of
            :data:`kptm.duplicates.entity_comparison.FEATURES`.
    """

    keep: str
    gone: str
    p: float
    evidence: str
    spans: tuple[tuple[int, int], tuple[int, int]]
    features: tuple[float, ...]


class _Cosines:
    """Cosines of vectors, standardised by those of random pairs."""

    def __init__(self, vectors: HasVectors | None, keys: Sequence[str]) -> None:
        self._vectors = vectors
        self._mean, self._deviation = 0.0, 1.0
        if vectors is not None:
            known = [key for key in keys if key in vectors]
            if len(known) < 3:
                self._vectors = None
            else:
                cosines = _cosines(vectors, known, [*known[1:], known[0]])
                self._mean, self._deviation = float(cosines.mean()), float(cosines.std()) or 1.0

    def of(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        """The standardised cosine of each pair, 0 without vectors."""
        standardised = np.zeros(len(pairs))
        if self._vectors is not None:
            known = [
                index
                for index, pair in enumerate(pairs)
                if pair[0] in self._vectors and pair[1] in self._vectors
            ]
            if known:
                sides = ([pairs[index][side] for index in known] for side in (0, 1))
                standardised[known] = (
                    _cosines(self._vectors, *sides) - self._mean
                ) / self._deviation
        return standardised


def _cosines(vectors: HasVectors, left: Sequence[str], right: Sequence[str]) -> NDArray[np.float64]:
    left_vectors, right_vectors = (
        np.asarray(vectors.vectors(keys), np.float64) for keys in (left, right)
    )
    norms = np.linalg.norm(left_vectors, axis=1) * np.linalg.norm(right_vectors, axis=1)
    return np.asarray((left_vectors * right_vectors).sum(axis=1) / np.maximum(norms, 1e-12))


class DuplicateFinder:
    """Finds and compares pairs of entities.

    Args:
        graph: The graph.
        model: The weights of the features.
        vectors: Vectors of entities, whose cosine is one more feature; None leaves it at 0.
    """

    def __init__(
        self, graph: KnowledgeGraph, model: DuplicateModel, *, vectors: HasVectors | None = None
    ) -> None:
        self._graph, self._model, self._vectors = graph, model, vectors
        with graph.database.reading() as sql:
            self._words, self.entities, self._postings = blocks.WordCounts.of(sql)
            relations = relation_counts(sql)
            self._relations = entity_facts.relation_keys(sql)
            query = "SELECT key FROM entity ORDER BY id LIMIT ?"
            sample = [key for (key,) in sql.all(query, (SAMPLED_PAIRS,))]
            pairs = RolePairs.of(sql, self.entities)
            self._surroundings = Surroundings(sql, self.entities)
            classes = LatentClasses.of(sql, self.entities)
            rates = NamesakeRates.of(sql, self.entities, self._words)
        self._comparer = PairComparer(self._words, relations, self.entities, pairs, classes, rates)
        self._cosines = _Cosines(vectors, sample)

    def find(
        self,
        *,
        minimum: float = 0.5,
        most: int = MAX_PAIRS,
        progress: Callable[[int], None] | None = None,
    ) -> list[DuplicatePair]:
        """The pairs with at least the probability ``minimum``, the likeliest first.

        Args:
            minimum: The least probability.
            most: The most pairs to return.
            progress: Called with the number of pairs compared so far.
        """
        best: dict[tuple[str, str], DuplicatePair] = {}
        least = min(minimum, MIN_RIVAL_P)
        count_compared = 0
        with self._graph.database.reading() as sql:
            for chunk in blocks.pairs(sql, self._words, self._postings):
                for pair in self._compare(sql, chunk, least):
                    best.setdefault((pair.keep, pair.gone), pair)
                if len(best) > 4 * most:
                    best = {
                        (candidate.keep, candidate.gone): candidate
                        for candidate in _best(best.values(), 2 * most)
                    }
                count_compared += len(chunk)
                if progress is not None:
                    progress(count_compared)
            pairs = {
                _ends(candidate): candidate for candidate in against_rivals(list(best.values()))
            }
            pairs |= {_ends(candidate): candidate for candidate in self._same_as_facts(sql)}
        return _best((candidate for candidate in pairs.values() if candidate.p >= minimum), most)

    def features(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        """The features of pairs of keys, shape (P, F); a pair with an unknown key has zeros."""
        features = np.zeros((len(pairs), len(FEATURES)))
        keys = sorted({key for pair in pairs for key in pair})
        with self._graph.database.reading() as sql:
            ids = ids_of(sql, "entity", keys)
            rows = [
                (index, ids[first], ids[second])
                for index, (first, second) in enumerate(pairs)
                if first in ids and second in ids
            ]
            array = np.array([row[1:] for row in rows], np.int64).reshape(-1, 2)
            compared = [
                (row[0], ends, comparison)
                for row, (ends, comparison) in zip(
                    rows, self._rows(sql, array, all_pairs=True), strict=True
                )
                if comparison is not None
            ]
            if compared:
                values = np.array([comparison.values for _, _, comparison in compared])
                alike = self._likeness(sql, [ends for _, ends, _ in compared])
                features[[index for index, _, _ in compared]] = with_surroundings(values, alike)
        return features

    def _same_as_facts(self, sql: Sql) -> Iterator[DuplicatePair]:
        """The pairs that facts owl:sameAs join, in either direction or in both."""
        query = (
            "SELECT h.id, t.id, min(c.name) FROM relation r"
            " JOIN triple x ON x.relation_id = r.id AND x.rev_removed = 0"
            " JOIN entity h ON h.id = x.head_id JOIN entity t ON t.id = x.tail_id"
            " JOIN triple_source s ON s.triple_id = x.id AND s.rev_removed IS NULL"
            " JOIN source c ON c.id = s.source_id"
            " WHERE r.key = ? AND h.id <> t.id GROUP BY x.id, h.id, t.id ORDER BY x.id"
        )
        stated = sql.all(query, (SAME_AS,))
        for start in range(0, len(stated), FACTS_PER_BATCH):
            rows = stated[start : start + FACTS_PER_BATCH]
            facts = entity_facts.read_facts(sql, sorted({end for row in rows for end in row[:2]}))
            for head, tail, source in rows:
                keep, gone = (entity.key for entity in _order(facts[head], facts[tail]))
                text = f'"{keep}" and "{gone}": {source} states that they are the same'
                spans = spans_of(keep, gone)
                yield DuplicatePair(keep, gone, STATED_P, text, spans, (0.0,) * len(FEATURES))

    def _compare(
        self, sql: Sql, pairs: NDArray[np.int64], minimum: float
    ) -> Iterator[DuplicatePair]:
        compared = [
            (ends, comparison)
            for ends, comparison in self._rows(sql, pairs)
            if comparison is not None
        ]
        if not compared:
            return
        features = np.array([comparison.values for _, comparison in compared])
        # A pair whose p would be too low even with equal surroundings is not compared further.
        best = with_surroundings(features, MOST_ALIKE)
        hopeful = np.flatnonzero(self._model.probabilities(best) >= minimum)
        alike = np.zeros(len(compared))
        alike[hopeful] = self._likeness(sql, [compared[index][0] for index in hopeful])
        features = with_surroundings(features, alike)
        p = self._model.probabilities(features)
        chosen = [(index, *compared[index]) for index in hopeful if p[index] >= minimum]
        nodes = {node for _, _, comparison in chosen for node in comparison.neighbours}
        labels = entity_facts.labels_of(sql, sorted(nodes))
        for index, (first, second), comparison in chosen:
            keep, gone = _order(first, second)
            text = describe(comparison, labels, self._relations, float(alike[index]))
            names = comparison.name.first, comparison.name.second
            spans = spans_of(*names)
            spans = spans if keep is first else (spans[1], spans[0])
            row = tuple(map(float, features[index]))
            yield DuplicatePair(keep.key, gone.key, float(p[index]), text, spans, row)

    def _likeness(
        self, sql: Sql, pairs: Sequence[tuple[ComparedEntity, ComparedEntity]]
    ) -> NDArray[np.float64]:
        """How alike the surroundings of each pair are, shape (P,)."""
        similarities = np.zeros(len(pairs))
        for start in range(0, len(pairs), SURROUNDINGS_PER_BATCH):
            part = pairs[start : start + SURROUNDINGS_PER_BATCH]
            profiles = self._surroundings.profiles(
                sql, {entity.id: entity for pair in part for entity in pair}
            )
            for index, (first, second) in enumerate(part, start):
                similarities[index] = likeness(profiles[first.id], profiles[second.id])
        return similarities

    def _rows(
        self, sql: Sql, pairs: NDArray[np.int64], *, all_pairs: bool = False
    ) -> Iterator[tuple[tuple[ComparedEntity, ComparedEntity], Comparison | None]]:
        """Compare pairs of ids; without ``all_pairs`` only those with similar names."""
        named = entity_facts.read_names(sql, sorted(set(pairs.ravel().tolist())))
        similar: list[tuple[int, int, NameSimilarity | None]] = []
        for first, second in pairs.tolist():
            name = self._comparer.best_name(named[first], named[second])
            if name is not None or all_pairs:
                similar.append((first, second, name))
        for start in range(0, len(similar), FACTS_PER_BATCH):
            yield from self._read_rows(sql, similar[start : start + FACTS_PER_BATCH])

    def _read_rows(
        self, sql: Sql, similar: Sequence[tuple[int, int, NameSimilarity | None]]
    ) -> Iterator[tuple[tuple[ComparedEntity, ComparedEntity], Comparison | None]]:
        facts = entity_facts.read_facts(sql, sorted({end for row in similar for end in row[:2]}))
        shared: set[int] = set()
        for first, second, _ in similar:
            nodes = ({node for _, node, _ in facts[end].facts} for end in (first, second))
            shared |= next(nodes) & next(nodes)
        degrees = entity_facts.degrees_of(sql, sorted(shared))
        cosines = self._cosines.of([(facts[row[0]].key, facts[row[1]].key) for row in similar])
        for (first, second, name), cosine in zip(similar, cosines, strict=True):
            ends = facts[first], facts[second]
            comparison = None
            if name is not None:
                comparison = self._comparer.compare(
                    (first, second), *ends, name, degrees, float(cosine)
                )
            yield ends, comparison


def against_rivals(pairs: Sequence[DuplicatePair]) -> list[DuplicatePair]:
    """Lower p of pairs whose entities have other likely partners: usually only one is the same.

    With odds o of a pair and odds of its rivals r, p becomes o / (1 + o + Σ r). Pairs are not
    rivals if all three entities are likely the same thing under three names.
    """
    odds = {frozenset((pair.keep, pair.gone)): _odds(pair.p) for pair in pairs}
    partners: dict[str, list[str]] = defaultdict(list)
    for pair in pairs:
        partners[pair.keep].append(pair.gone)
        partners[pair.gone].append(pair.keep)
    lowered = []
    for pair in pairs:
        own = odds[frozenset((pair.keep, pair.gone))]
        rivals = 0.0
        for end, other in ((pair.keep, pair.gone), (pair.gone, pair.keep)):
            for third in partners[end]:
                if third != other and odds.get(frozenset((other, third)), 0.0) < 1:
                    rivals += odds[frozenset((end, third))]
        lowered.append(replace(pair, p=own / (1 + own + rivals)))
    return lowered


def _ends(pair: DuplicatePair) -> frozenset[str]:
    return frozenset((pair.keep, pair.gone))


def _odds(p: float) -> float:
    return p / max(1 - p, 1e-9)


def _order(first: ComparedEntity, second: ComparedEntity) -> tuple[ComparedEntity, ComparedEntity]:
    """The entity to keep, which has more facts, and the other one."""
    counts = [sum(entity.roles.values()) for entity in (first, second)]
    return (first, second) if counts[0] >= counts[1] else (second, first)


def _best(pairs: object, most: int) -> list[DuplicatePair]:
    """The likeliest pairs, in a deterministic order."""
    return heapq.nsmallest(most, pairs, key=lambda pair: (-pair.p, pair.keep, pair.gone))  # type: ignore[call-overload,no-any-return]
