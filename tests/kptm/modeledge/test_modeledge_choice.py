"""The rule that chooses the kind of index, and its exceptions."""

import numpy as np
import pytest
from modeledge_oracle import clustered

from kptm.errors import ConfigError
from kptm.modeledge import IndexConfig
from kptm.modeledge.vector_index.index_choice import (
    KINDS,
    MAX_EXACT_VECTORS,
    MIN_HNSW_QUERIES,
    MIN_IVF_QUERIES,
    choose,
)

GIB = 2**30


@pytest.mark.parametrize(
    ("count", "dim", "queries", "memory", "kind"),
    [
        (MAX_EXACT_VECTORS - 1, 256, 10**9, GIB, "flat"),  # few vectors
        (200_000, 256, MIN_IVF_QUERIES - 1, GIB, "flat"),  # few queries
        (200_000, 256, MIN_IVF_QUERIES, GIB, "ivf"),
        (200_000, 256, MIN_HNSW_QUERIES, GIB, "hnsw"),
        (
            200_000,
            256,
            MIN_HNSW_QUERIES,
            4 * 200_000 * 256,
            "ivf",
        ),  # too little memory for HNSW's links
        (200_000, 256, 0, 4 * 200_000 * 256 - 1, "ivf-sq8"),  # a quarter of the memory
        (200_000, 256, 0, 200_000 * 256 - 1, "ivf-pq"),
        (0, 8, 0, GIB, "flat"),
    ],
)
def test_the_rule(count, dim, queries, memory, kind):
    assert choose(count, dim, queries, memory) == kind
    assert kind in KINDS


@pytest.mark.parametrize("bad", [{"kind": "annoy"}, {"target": 1.1}, {"target": -0.1}])
def test_a_config_that_cannot_be(bad):
    with pytest.raises(ConfigError):
        IndexConfig(**bad)


@pytest.mark.usefixtures("many_inputs")
def test_an_index_that_finds_too_little_is_replaced_by_exact_search(opened):
    store = opened()
    vectors = np.random.default_rng(0).normal(size=(6_000, 48)).astype(np.float32)
    store.add(vectors, ["v"] * len(vectors), space="s")
    for kind in ("ivf", "ivf-pq"):
        built = store.build("s", IndexConfig(kind=kind))
        assert (built.index.kind, built.recall, built.wanted) == ("flat", 1.0, kind)
        assert built.audited < 0.95
        assert store.verify()[0].recall == 1.0
    store.close()
    check = opened().verify()[0]
    assert (check.index, check.snapshot, check.problems) == ("flat", "whole", ())


def test_an_index_that_finds_enough_stays(opened):
    store = opened()
    store.add(clustered(3_000, 16, 1), ["v"] * 3_000, space="s")
    seen = []
    built = store.build("s", IndexConfig(kind="hnsw"), progress=seen.append)
    assert (built.index.kind, built.recall) == ("hnsw", built.audited)
    assert built.recall >= 0.95
    assert seen == sorted(seen)
    assert seen[-1] == 3_000
    store.close()
    assert opened().verify()[0].recall == built.recall


def test_queries_are_counted_for_the_rule(opened, monkeypatch):
    monkeypatch.setattr("kptm.modeledge.vector_index.index_choice.MAX_EXACT_VECTORS", 1_000)
    monkeypatch.setattr("kptm.modeledge.vector_index.index_choice.MIN_IVF_QUERIES", 5)
    store = opened()
    store.add(clustered(2_000, 16, 1), ["v"] * 2_000, space="s")
    assert store.build("s").wanted == "flat"
    store.search(np.ones((9, 16)), space="s")  # one call with many queries does not count
    assert store.build("s").wanted == "flat"
    for _ in range(5):
        store.search(np.ones((1, 16)), space="s")
    assert store.build("s").wanted == "ivf"
