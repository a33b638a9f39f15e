"""Embeddings of a graph trained by partitions on disk: what is read, resuming, what is saved."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from kg import EntityEmbeddings, KGEConfig, KnowledgeGraph, train_embeddings
from kg.embedding.buckets import train_on_disk
from kg.embedding.buckets.bucket_training import BucketTraining
from kg.embedding.buckets.graph_buckets import read_graph
from kg.embedding.buckets.packed_keys import PackedKeys
from kg.embedding.ranking import rank_triples
from kg.embedding.training.scorer import Scorer
from kg.errors import EmbeddingError, EmbeddingMismatchError

CONFIG = KGEConfig(
    dim=8, epochs=4, batch_size=32, training="sampled", negatives=20, partitions=3
)  # fmt: skip
SIZE = 45


def facts():
    """The next, and the one after the next, in a circle of entities with long and odd names."""
    names = [f"città {n} 城市" for n in range(SIZE)]
    return [(names[n], f"skips {by}", names[(n + by) % SIZE]) for n in range(SIZE) for by in (1, 2)]


@pytest.fixture
def graph(tmp_path):
    with KnowledgeGraph.open(tmp_path / "graph.db") as found:
        found.add(facts())
        yield found


def stored(found):
    """The triples of buckets as keys."""
    place = np.argsort(found.buckets.place)
    keys = list(found.keys.in_order(np.arange(len(found.keys))))
    bounds = found.buckets.bounds
    return [
        (keys[place[h + bounds[one]]], found.relations[r], keys[place[t + bounds[other]]])
        for one in range(len(bounds) - 1)
        for other in range(len(bounds) - 1)
        for h, r, t in found.buckets[one, other].tolist()
    ]


def test_keys_are_read_in_any_order():
    keys = PackedKeys()
    for key in ("b", "", "日本", "a" * 300):
        keys.append(key)
    assert list(keys.in_order(np.array([2, 3, 1, 0, 2]))) == ["日本", "a" * 300, "", "b", "日本"]
    assert len(keys) == 4


def test_the_live_facts_between_entities_are_read(graph, tmp_path, monkeypatch):
    monkeypatch.setattr("kg.embedding.buckets.graph_buckets.TRIPLES_PER_CHUNK", 7)
    graph.add([("alone", "was next to", "gone"), (facts()[0][0], "skips 1", facts()[9][0])])
    graph.remove(head="alone")
    names = tmp_path / "names.jsonl"
    names.write_text('{"key": "unused", "label": "Unused"}\n')
    graph.load_entities(names)
    found = read_graph(graph, tmp_path / "triples", 3, 0)
    assert sorted(stored(found)) == sorted(map(tuple, graph.match()))
    assert found.relations == ("skips 1", "skips 2")
    assert len(found.keys) == SIZE
    assert found.revision == graph.revision()


def test_the_order_of_loading_has_no_influence(graph, tmp_path):
    with KnowledgeGraph.open(tmp_path / "other.db") as other:
        for item in reversed(facts()):
            other.add([item])
        ends = [
            train_on_disk(one, CONFIG, tmp_path / name)
            for one, name in ((graph, "one"), (other, "two"))
        ]
    assert list(ends[0].keys) == list(ends[1].keys)
    assert torch.equal(ends[0].table, ends[1].table)


def test_the_embeddings_are_complete_and_outlive_the_folder(graph, tmp_path):
    epochs, steps = [], []
    config = replace(CONFIG, epochs=60)
    before = torch.get_rng_state()
    embeddings = train_on_disk(
        graph, config, tmp_path / "work", progress=epochs.append, step=steps.append
    )
    assert torch.equal(torch.get_rng_state(), before)
    assert [epoch.number for epoch in epochs] == list(range(1, 61))
    assert len(steps) == 60 * 6
    assert steps[-1] == 60
    assert set(embeddings.keys) == {end for head, _, tail in facts() for end in (head, tail)}
    assert (embeddings.fingerprint, embeddings.revision) == (graph.fingerprint(), graph.revision())
    assert embeddings.evaluate(facts(), known=facts()).mrr > 0.9  # it has seen them all
    scores = embeddings.scores(head=facts()[0][0], relation="skips 1")
    embeddings.save(tmp_path / "saved")
    # Oracle: a scorer that was made for as many entities.
    scorer = Scorer(config, SIZE, 2)
    assert {name: value.shape for name, value in scorer.state().items()} == {
        name: value.shape for name, value in embeddings.scorer_state().items()
    }
    for path in sorted((tmp_path / "work").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    again = EntityEmbeddings.load(tmp_path / "saved")
    assert torch.equal(again.scores(head=facts()[0][0], relation="skips 1"), scores)
    assert torch.equal(again.scorer().vectors(), again.table)
    ids = again.ids(facts())
    assert (1 / rank_triples(again.scorer(), ids, ids)).mean() > 0.9
    graph.add([("new", "skips 1", facts()[0][0])])
    assert torch.equal(again.extend(graph).vectors(list(again.keys)), again.table)


def test_a_killed_training_ends_with_the_same_vectors(graph, tmp_path, monkeypatch):
    class KilledError(Exception):
        pass

    def kill(done):
        if done > 2.4:
            raise KilledError

    monkeypatch.setattr("kg.embedding.buckets.bucket_training.COMMIT_SECONDS", 0.0)
    whole = train_on_disk(graph, CONFIG, tmp_path / "whole")
    with pytest.raises(KilledError):
        train_on_disk(graph, CONFIG, tmp_path / "killed", step=kill)
    monkeypatch.setattr(
        "kg.embedding.files.key_index.write", lambda path, keys: kill(9) or path.touch()
    )
    steps = []
    with pytest.raises(KilledError):
        train_on_disk(graph, CONFIG, tmp_path / "killed", step=steps.append)
    assert 2.4 < steps[0] < 3
    monkeypatch.undo()
    again = train_on_disk(graph, CONFIG, tmp_path / "killed", step=steps.append)
    assert torch.equal(again.table, whole.table)
    assert list(again.keys) == list(whole.keys)
    assert again.curve == whole.curve
    assert torch.equal(again.table, train_on_disk(graph, CONFIG, tmp_path / "killed").table)


def test_more_partitions_than_entities(tmp_path):
    with KnowledgeGraph.open(tmp_path / "small.db") as small:
        small.add([("a", "likes", "b"), ("b", "likes", "a"), ("c", "likes", "c")])
        embeddings = train_on_disk(small, replace(CONFIG, partitions=7), tmp_path / "work")
    assert sorted(embeddings.keys) == ["a", "b", "c"]
    assert embeddings.table.isfinite().all()


def test_what_cannot_be_trained_is_refused(graph, tmp_path):
    with pytest.raises(EmbeddingError, match=r"3 partitions are trained on disk; use .*on_disk"):
        train_embeddings(graph, CONFIG)
    with pytest.raises(EmbeddingError, match="needs training to be 'sampled', not '1vsall'"):
        train_on_disk(graph, replace(CONFIG, training="1vsall"), tmp_path / "work")
    with pytest.raises(EmbeddingError, match="on the CPU; set device to cpu, not cuda"):
        train_on_disk(graph, replace(CONFIG, device="cuda"), tmp_path / "work")
    assert not (tmp_path / "work").exists()
    with (
        KnowledgeGraph.open(tmp_path / "empty.db") as empty,
        pytest.raises(EmbeddingError, match="no triples to train on; load some"),
    ):
        train_on_disk(empty, CONFIG, tmp_path / "empty")
    train_on_disk(graph, CONFIG, tmp_path / "work")
    graph.add([("new", "skips 1", facts()[0][0])])
    with pytest.raises(EmbeddingMismatchError, match="partitions of another training"):
        train_on_disk(graph, CONFIG, tmp_path / "work")


def test_partitions_are_a_whole_number():
    for wrong in (0, -1, 2.5, True):
        with pytest.raises(EmbeddingError, match="partitions must be a whole number"):
            KGEConfig(partitions=wrong)


def test_a_batch_at_a_time_the_table_is_the_sum_of_its_partitions(graph, tmp_path):
    embeddings = train_on_disk(graph, CONFIG, tmp_path / "work")
    found = read_graph(graph, tmp_path / "again", 3, CONFIG.seed)
    training = BucketTraining(tmp_path / "work" / "partitions", found.buckets, CONFIG, 2)
    parts = torch.cat([training.vectors(part) for part in range(3)])
    assert torch.equal(embeddings.table, parts)
    order = np.argsort(found.buckets.place)
    assert list(embeddings.keys) == list(found.keys.in_order(order))
