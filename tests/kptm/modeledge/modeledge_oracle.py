"""The rows that a search should find, by brute force in float64, and vectors to search."""

import numpy as np
import pytest

on_both = pytest.mark.parametrize("place", ["sqlite", "postgresql"], indirect=True)
"""Runs a test on SQLite and on PostgreSQL."""

on_all = pytest.mark.parametrize("place", ["sqlite", "postgresql", "divided"], indirect=True)
"""Runs a test on SQLite, and on PostgreSQL with plain and with divided tables."""

KINDS = ("flat", "hnsw", "ivf", "ivf-sq8", "ivf-pq")


def cosine(queries, vectors):
    """Similarities, shape (queries, vectors); 0 where a vector is zero."""
    queries, vectors = (np.asarray(part, np.float64) for part in (queries, vectors))
    lengths = np.linalg.norm(queries, axis=1)[:, None] * np.linalg.norm(vectors, axis=1)[None]
    return queries @ vectors.T / np.where(lengths > 0, lengths, 1)


def best(query, held, k):
    """The ids of the ``k`` best of ``held`` (id → vector), best first, and their similarities."""
    ids = sorted(held)
    if not ids:
        return [], []
    scores = cosine([query], [held[number] for number in ids])[0]
    order = np.argsort(-scores, kind="stable")[:k]
    return [ids[at] for at in order], scores[order].tolist()


def clustered(count, dim, seed, centres=20):
    """Vectors around centres that are the same for every seed."""
    places = np.random.default_rng(0).normal(size=(centres, dim))
    rng = np.random.default_rng(seed)
    noise = 0.4 * rng.normal(size=(count, dim))
    return (places[rng.integers(centres, size=count)] + noise).astype(np.float32)


def held_by(store, space):
    """Live rows as they are in SQL, id → vector."""
    return {entry.id: vector for entry, vector in store.entries(space)}


def is_whole(store):
    """Whether rows, log, index and snapshot of every space say the same."""
    found = store.verify()
    assert [check.problems for check in found] == [()] * len(found)
    return True


def filled(store, vectors, said):
    """Add records to space "s" of a store: the first 300 from source "x", the others from "y"."""
    for source, part in (("x", slice(0, 300)), ("y", slice(300, len(said)))):
        values = [record.value for record in said[part]]
        store.add(vectors[part], values, space="s", source=source, records=said[part])
    return store
