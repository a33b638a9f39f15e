"""Embeddings trained by bucket: the arithmetic of a step, the files, resuming, and the ranks."""

import itertools
import json
import os
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from kg.embedding import EntityEmbeddings, KGEConfig
from kg.embedding.buckets.bilinear_step import BilinearStep, Rows
from kg.embedding.buckets.bucket_embeddings import bucket_embeddings
from kg.embedding.buckets.bucket_training import BucketTraining
from kg.embedding.buckets.partition_files import STATE, PartitionFiles
from kg.embedding.buckets.sampled_ranks import sampled_mrr
from kg.embedding.buckets.triple_buckets import TripleBuckets
from kg.embedding.ranking import rank_triples
from kg.embedding.training.scorer import Scorer
from kg.errors import EmbeddingError, EmbeddingMismatchError
from kg.files.atomic import write_text

ENTITIES, RELATIONS = 60, 3
CONFIG = KGEConfig(dim=8, epochs=3, batch_size=32, training="sampled", negatives=20)


def facts(entities=ENTITIES):
    """Each relation leads from every entity to one other."""
    steps = np.random.default_rng(0).integers(1, entities, RELATIONS)
    head, relation = (
        np.repeat(np.arange(entities), RELATIONS),
        np.tile(np.arange(RELATIONS), entities),
    )
    return np.stack([head, relation, (head + steps[relation]) % entities], 1)


def training(folder, config=CONFIG, partitions=3, **options):
    folder.mkdir(exist_ok=True)
    chunks = np.array_split(facts(), 4)
    buckets = TripleBuckets(folder / "triples", lambda: chunks, ENTITIES, partitions, 5)
    return buckets, BucketTraining(folder / "parts", buckets, config, RELATIONS, **options)


def table(buckets, trained):
    """The vectors in the order of the ids."""
    parts = range(len(buckets.bounds) - 1)
    return torch.cat([trained.vectors(part) for part in parts])[torch.from_numpy(buckets.place)]


@pytest.mark.parametrize("partitions", [1, 2, 7])
def test_buckets_have_each_triple_once_where_its_ends_are(partitions, tmp_path):
    chunks = np.array_split(facts(), 4)
    buckets = TripleBuckets(tmp_path / "t", lambda: chunks, ENTITIES, partitions, 5)
    entity = np.argsort(buckets.place)
    seen = []
    for head in range(partitions):
        for tail in range(partitions):
            rows = buckets[head, tail]
            sizes = np.diff(buckets.bounds)
            assert (rows[:, 0] < sizes[head]).all()
            assert (rows[:, 2] < sizes[tail]).all()
            rows = rows + np.array([buckets.bounds[head], 0, buckets.bounds[tail]])
            seen += [(int(entity[h]), int(r), int(entity[t])) for h, r, t in rows]
    assert sorted(seen) == sorted(map(tuple, facts().tolist()))
    assert len(buckets) == len(seen)


@pytest.mark.parametrize("model", ["ComplEx", "DistMult"])
def test_a_step_is_that_of_a_training_in_memory(model):
    """Oracle: PyKEEN's scores, torch's cross entropy and torch's Adagrad."""
    config = KGEConfig(model=model, dim=4, training="sampled", regularization=0.1)
    scorer = Scorer(config, 6, 2)
    entities = scorer.model.entity_representations[0]._embeddings.weight
    relations = scorer.model.relation_representations[0]._embeddings.weight
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for weight in (entities, relations):
            weight.normal_(generator=generator)
    start, width = entities.detach().clone(), entities.shape[1]
    tables = [
        Rows(rows.detach().clone(), torch.zeros(len(rows), width))
        for rows in (entities[:2], relations, entities[2:])
    ]
    triples = torch.tensor([[0, 1, 0], [1, 2, 3], [1, 2, 1]])
    step = BilinearStep(is_complex=model == "ComplEx", rate=0.1, negatives=4, n3=0.1)
    torch.manual_seed(1)
    loss = step.learn(*tables, triples)
    torch.manual_seed(1)
    among = torch.unique(torch.cat([triples[:, 2], torch.randint(4, (4,))])) + 2
    ids = triples + torch.tensor([0, 0, 2])
    wanted = torch.nn.functional.cross_entropy(
        scorer.scores(ids[:, :2], among), torch.searchsorted(among, ids[:, 2].contiguous())
    )
    assert loss == pytest.approx(float(wanted.detach()), abs=1e-5)
    optimizer = torch.optim.Adagrad([entities, relations], lr=0.1)
    (wanted + 0.1 * scorer.n3_penalty(ids)).backward()
    optimizer.step()
    torch.testing.assert_close(tables[0].vectors, entities.detach()[:2], atol=1e-5, rtol=0)
    torch.testing.assert_close(tables[1].vectors, relations.detach(), atol=1e-5, rtol=0)
    torch.testing.assert_close(tables[2].vectors, entities.detach()[2:], atol=1e-5, rtol=0)
    assert not torch.equal(entities.detach(), start)


def test_a_killed_training_ends_with_the_same_vectors(tmp_path):
    class KilledError(Exception):
        pass

    def kill(done):
        if done >= 1.5:
            raise KilledError

    buckets, whole = training(tmp_path / "whole")
    whole.train()
    for every in (0.0, 1e9):  # a commit after each pair, and none but the first
        place = tmp_path / f"killed{every:g}"
        _, killed = training(place, every=every)
        with pytest.raises(KilledError):
            killed.train(step=kill)
        steps = []
        _, resumed = training(place, every=every)
        resumed.train(step=steps.append)
        assert (len(steps) < 18) == (every == 0)
        assert torch.equal(table(buckets, resumed), table(buckets, whole))
        assert torch.equal(resumed.relations(), whole.relations())
        assert resumed.curve == whole.curve
        names = sorted(path.name.partition("-")[2] for path in (place / "parts").glob("*-*"))
        assert names == [f"part{n}.safetensors" for n in range(3)] + ["relations.safetensors"]


def test_two_partitions_at_most_are_in_memory(tmp_path, monkeypatch):
    seen = []
    read = PartitionFiles.read

    def note(files, name):
        seen.append(name)
        return read(files, name)

    monkeypatch.setattr(PartitionFiles, "read", note)
    _, trained = training(tmp_path, partitions=5)
    learn, most = BilinearStep.learn, []

    def count(step, *arguments):
        most.append(len(trained._in_memory.keys() - {"relations"}))
        return learn(step, *arguments)

    monkeypatch.setattr(BilinearStep, "learn", count)
    trained.train()
    assert max(most) == 2
    # Neighbours share a partition: 5 + 4 + 3 + 2 + 1 pairs need 15 + 4 readings at most an epoch.
    assert sum(name != "relations" for name in seen) <= 3 * 19


def test_ranks_are_those_of_all_entities(tmp_path):
    buckets, trained = training(tmp_path)
    trained.train()
    known, wanted = facts(), facts()[::7]
    keys, relations = [f"e{n}" for n in range(ENTITIES)], [f"r{n}" for n in range(RELATIONS)]
    embeddings = bucket_embeddings(trained, keys, relations)
    assert torch.equal(embeddings.vectors(keys), table(buckets, trained))
    scorer = embeddings.scorer()
    of_each = (1 / rank_triples(scorer, wanted, known)).mean(0)
    found = sampled_mrr(trained, wanted, lambda: np.array_split(known, 3), 1_000)
    assert found.triples == len(wanted)
    assert found.mrr == pytest.approx(of_each.mean(), abs=1e-6)
    assert found.error == pytest.approx(of_each.std(ddof=1) / len(wanted) ** 0.5, abs=1e-6)
    assert sampled_mrr(trained, wanted, lambda: [known], 5).triples == 5
    with pytest.raises(EmbeddingError, match="no triple to rank"):
        sampled_mrr(trained, wanted[:0], lambda: [known], 5)


class FixedTraining:
    """Vectors of entities in partitions, and one relation that changes nothing."""

    def __init__(self, folder, vectors, partitions):
        count, self._width = vectors.shape
        chunk = np.array([[0, 0, 1]])
        self.buckets = TripleBuckets(folder / "t", lambda: [chunk], count, partitions, 5)
        self._vectors = vectors[torch.from_numpy(np.argsort(self.buckets.place))]

    def vectors(self, part):
        first, end = self.buckets.bounds[part : part + 2]
        return self._vectors[first:end]

    def relations(self):
        return torch.ones(2, self._width)

    def queries(self, ends, relations):
        return ends * relations


@pytest.mark.parametrize("partitions", [1, 2, 3])
def test_entities_with_the_same_vector_are_ties(partitions, tmp_path):
    """Whatever their partitions and the shapes of these."""
    triple = np.array([[0, 0, 1]])
    for seed, count in itertools.product(range(10), (3, 4, 17)):
        vectors = torch.randn(300, generator=torch.Generator().manual_seed(seed)).repeat(count, 1)
        found = sampled_mrr(FixedTraining(tmp_path, vectors, partitions), triple, list, 1)
        # All are ties, also the known end: with three of them, the rank is 2.
        assert found.mrr == pytest.approx(1 / ((1 + count) / 2))


class LargestProduct(TorchDispatchMode):
    """The most numbers of a product of matrices."""

    numbers = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        if func.overloadpacket is torch.ops.aten.mm:
            self.numbers = max(self.numbers, result.numel())
        return result


@pytest.mark.parametrize("memory", [1, 3_000, 20_000])
def test_the_memory_of_scores_is_bounded_and_changes_no_rank(memory, tmp_path):
    _, trained = training(tmp_path)
    trained.train()
    known = facts()
    whole = sampled_mrr(trained, known, lambda: [known], 1_000)
    with LargestProduct() as seen:
        found = sampled_mrr(trained, known, lambda: [known], 1_000, memory=memory)
    assert found == whole
    assert seen.numbers <= max(1, memory // 8)


def test_the_folder_of_another_training_is_refused(tmp_path):
    training(tmp_path)
    with pytest.raises(EmbeddingMismatchError, match="partitions of another training"):
        training(tmp_path, replace(CONFIG, dim=9))
    with pytest.raises(EmbeddingMismatchError, match="partitions of another training"):
        training(tmp_path, partitions=4)


def test_a_commit_names_files_that_are_on_the_disk_and_deletes_only_its_own(tmp_path, monkeypatch):
    others = ["0-notes.safetensors", "x-a.safetensors", "my-a.safetensors", "2-b.safetensors"]
    for name in others:
        (tmp_path / name).write_bytes(b"not of this training")
    synced, fsync = set(), os.fsync

    def note(handle):
        synced.add(os.fstat(handle).st_ino)
        fsync(handle)

    def replace_state(path, text):
        named = [tmp_path / name for name in json.loads(text)["files"].values()]
        assert {path.stat().st_ino for path in [*named, tmp_path]} <= synced
        write_text(path, text)

    monkeypatch.setattr("os.fsync", note)
    monkeypatch.setattr("kg.embedding.buckets.partition_files.write_text", replace_state)
    files = PartitionFiles(tmp_path, {})
    for number in range(3):
        synced.clear()
        files.write("a", {"x": torch.full((2,), float(number))})
        files.write("a", {"x": torch.full((2,), float(number))})
        files.commit({"number": number})
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        ["6-a.safetensors", STATE, *others]
    )
    again = PartitionFiles(tmp_path, {})
    assert again.progress == {"number": 2}
    assert again.read("a")["x"].tolist() == [2, 2]


def test_a_damaged_folder_says_what_to_do(tmp_path):
    _, trained = training(tmp_path)
    next((tmp_path / "parts").glob("*-part0*")).write_bytes(b"x")
    with pytest.raises(EmbeddingError, match=r"part0.*delete the folder and train again"):
        trained.train()
    (tmp_path / "parts" / STATE).write_text("{")
    with pytest.raises(EmbeddingError, match=r"state\.json: cannot be read"):
        training(tmp_path)


def test_embeddings_of_a_training_on_disk_predict_and_are_saved(tmp_path):
    _, trained = training(tmp_path, replace(CONFIG, epochs=40))
    trained.train()
    keys, relations = [f"e{n}" for n in range(ENTITIES)], [f"r{n}" for n in range(RELATIONS)]
    embeddings = bucket_embeddings(trained, keys, relations)
    report = embeddings.evaluate([(keys[h], relations[r], keys[t]) for h, r, t in facts()])
    assert report.mrr > 0.9  # it has seen them all
    embeddings.save(tmp_path / "saved")
    again = EntityEmbeddings.load(tmp_path / "saved")
    assert torch.equal(again.vectors(keys), embeddings.vectors(keys))
    with pytest.raises(EmbeddingError, match="59 keys and 3 relations do not fit a training of 60"):
        bucket_embeddings(trained, keys[1:], relations)


@pytest.mark.parametrize(
    "settings",
    [{"model": "TransE"}, {"training": "1vsall"}, {"optimizer": "adam"}, {"inverse": False},
     {"validation": 0.1}],
)  # fmt: skip
def test_settings_that_would_be_ignored_are_refused(settings, tmp_path):
    with pytest.raises(EmbeddingError, match="a training on disk"):
        training(tmp_path, replace(CONFIG, **settings))
