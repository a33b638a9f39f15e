"""The triples of a graph in buckets, read as a stream of numbers."""

from __future__ import annotations

from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kg.embedding.buckets.packed_keys import PackedKeys
from kg.embedding.buckets.triple_buckets import TripleBuckets
from kg.errors import EmbeddingError
from kg.store.read import triples
from kg.store.rows import dictionary, revisions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from kg.graph import KnowledgeGraph
    from kg.sql.cursor import Sql

    Ints = NDArray[np.integer]

TRIPLES_PER_CHUNK = 100_000
"""Triples of a chunk."""


class GraphBuckets(NamedTuple):
    """The newest revision of a graph.

    Attributes:
        revision: Its number.
        buckets: Its triples; entities are numbered in the order of their keys.
        keys: The keys of the entities that have a triple, sorted.
        relations: The keys of the relations that have a triple, sorted.
    """

    revision: int
    buckets: TripleBuckets
    keys: PackedKeys
    relations: tuple[str, ...]


def read_graph(graph: KnowledgeGraph, path: Path, partitions: int, seed: int) -> GraphBuckets:
    """Sort the triples of a graph into buckets in a file.

    No triple is in memory longer than its chunk; the keys are.

    Args:
        graph: The graph.
        path: The file of the buckets; an older one is replaced.
        partitions: The number of partitions.
        seed: The seed of the division.

    Raises:
        EmbeddingError: The graph has no triples.
    """
    with graph.database.reading() as sql:
        has_triple = np.zeros(dictionary.greatest_id(sql, "entity") + 1, np.bool_)
        is_used = np.zeros(dictionary.greatest_id(sql, "relation") + 1, np.bool_)
        for chunk in _chunks(sql):
            has_triple[chunk[:, 0]] = has_triple[chunk[:, 2]] = True
            is_used[chunk[:, 1]] = True
        if not has_triple.any():
            raise EmbeddingError("the graph has no triples to train on; load some first")
        keys, number_of = PackedKeys(), np.zeros(len(has_triple), np.int32)
        for entity_id, key in dictionary.stream_keys(sql, "entity"):
            if has_triple[entity_id]:
                number_of[entity_id] = len(keys)
                keys.append(key)
        used = [item for item in dictionary.stream_keys(sql, "relation") if is_used[item[0]]]
        relation_of = np.zeros(len(is_used), np.int32)
        relation_of[[entity_id for entity_id, _ in used]] = np.arange(len(used))
        buckets = TripleBuckets(
            path, partial(_number_facts, sql, number_of, relation_of), len(keys), partitions, seed
        )
        return GraphBuckets(revisions.latest(sql), buckets, keys, tuple(key for _, key in used))


def _number_facts(sql: Sql, number_of: Ints, relation_of: Ints) -> Iterator[Ints]:
    for chunk in _chunks(sql):
        yield np.stack(
            [number_of[chunk[:, 0]], relation_of[chunk[:, 1]], number_of[chunk[:, 2]]], 1
        )


def _chunks(sql: Sql) -> Iterator[NDArray[np.int64]]:
    """The ids of the database, in chunks of shape (n, 3)."""
    rows = triples.stream_ids(sql)
    while part := list(islice(rows, TRIPLES_PER_CHUNK)):
        yield np.fromiter(chain.from_iterable(part), np.int64, 3 * len(part)).reshape(-1, 3)
