"""Training: the objective against its formula, stopping, checkpoints."""

import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from kg import EmbeddingError, EmbeddingMismatchError, KGEConfig, KnowledgeGraph, train_embeddings
from kg.embedding.training.checkpoint import Checkpoint
from kg.embedding.training.objectives import objective
from kg.embedding.training.scorer import Scorer
from kg.embedding.training.train import _split

pytestmark = pytest.mark.usefixtures("training")

TINY = KGEConfig(dim=6, epochs=12, batch_size=8, evaluate_every=1)
FACTS = sorted(
    {(f"e{n}", f"r{n % 3}", f"e{(3 * n + n % 7) % 20}") for n in range(80)}
    | {(f"e{n % 20}", "next", f"e{(n + 1) % 20}") for n in range(20)}
)


@pytest.fixture
def filled(new_graph):
    graph = new_graph()
    graph.add(FACTS)
    return graph


def some_ids(seed=0, entities=9, relations=3, count=40):
    random = np.random.default_rng(seed)
    rows = random.integers(0, [entities, relations, entities], (count, 3))
    return torch.from_numpy(np.unique(rows, axis=0))


@pytest.mark.parametrize("model", ["ComplEx", "DistMult", "TransE"])
@pytest.mark.parametrize("inverse", [True, False])
def test_the_scores_are_pykeens(model, inverse):
    engine = Scorer(replace(TINY, model=model, init=0.7, inverse=inverse), 9, 3)
    ids = some_ids()
    theirs = engine.model
    assert torch.allclose(engine.tail_scores(ids[:, :2]), theirs.predict_t(ids[:, :2]), atol=1e-5)
    assert torch.allclose(engine.head_scores(ids[:, 1:]), theirs.predict_h(ids[:, 1:]), atol=1e-5)
    some = torch.tensor([4, 0, 7])
    directed = engine.number_triples(ids)
    whole = engine.scores(directed[:, :2])
    assert torch.allclose(engine.scores(directed[:, :2], some), whole[:, some], atol=1e-6)


@pytest.mark.parametrize("model", ["ComplEx", "DistMult", "TransE"])
def test_the_loss_is_cross_entropy_of_each_triple_and_n3(model):
    """Equations 2 and 7 of Lacroix et al. 2018, a triple at a time, in NumPy."""
    config = replace(TINY, model=model, init=0.7, regularization=0.3, batch_size=10_000)
    engine, ids = Scorer(config, 9, 3), some_ids()
    [(loss, rows)] = list(objective(engine, ids).epoch(0, None))
    entities = engine.model.entity_representations[0](None).detach().numpy()
    relations = engine.model.relation_representations[0](None).detach().numpy()
    total = 0.0
    directed = [(h, 2 * r, t) for h, r, t in ids.tolist()] + [
        (t, 2 * r + 1, h) for h, r, t in ids.tolist()
    ]
    for h, r, t in directed:
        if model == "TransE":
            scores = -np.linalg.norm(entities[h] + relations[r] - entities, ord=1, axis=1)
        else:
            scores = (entities[h] * relations[r] * entities.conj()).sum(-1).real
        n3_penalty = sum(
            (np.abs(row) ** 3).sum() for row in (entities[h], relations[r], entities[t])
        )
        total += np.log(np.exp(scores).sum()) - scores[t] + 0.3 * n3_penalty
    assert rows == len(directed)
    assert float(loss.detach()) == pytest.approx(total / len(directed), rel=1e-4)


def test_a_sample_of_all_entities_is_all_entities():
    engine, ids = Scorer(replace(TINY, init=0.7, batch_size=10_000), 9, 3), some_ids()
    [(whole, _)] = list(objective(engine, ids).epoch(0, None))
    engine.config = replace(engine.config, training="sampled", negatives=1_000)
    [(sampled, _)] = list(objective(engine, ids).epoch(0, None))
    assert sampled.item() == pytest.approx(whole.item(), rel=1e-5)
    engine.config = replace(engine.config, negatives=1)
    [(fewer, _)] = list(objective(engine, ids).epoch(0, None))
    # The batch's entities are scored too, so both losses may be the same sum in another order.
    assert fewer.item() <= whole.item() * (1 + 1e-5)


def test_training_stops_when_held_out_facts_improve_no_more(filled):
    config = replace(TINY, epochs=200, patience=3)
    held = [item for item in FACTS if item[1] == "next"][::3]
    for head, relation, tail in held:
        filled.remove(head=head, relation=relation, tail=tail)
    found = train_embeddings(filled, config, validation=held)
    seen = [epoch.mrr for epoch in found.curve]
    assert len(seen) < 200
    best = int(np.argmax(seen))
    assert len(seen) == best + 1 + config.patience
    same = train_embeddings(filled, replace(config, epochs=best + 1, patience=200), validation=held)
    assert torch.equal(found.table, same.table)  # the state of the best epoch
    known = list(filled.match())
    assert found.evaluate(held, known=known).mrr == pytest.approx(max(seen))
    assert found.calibration is not None


def test_holding_out_a_share_leaves_every_entity_a_fact(filled):
    found = train_embeddings(filled, replace(TINY, validation=0.2, epochs=3))
    assert len(found) == 80
    assert all(epoch.mrr is not None for epoch in found.curve)
    assert found.calibration.count >= 30
    assert train_embeddings(filled, replace(TINY, epochs=3)).curve[-1].mrr is None


def test_holding_out_leaves_every_relation_a_fact_if_an_entity_has_its_name(new_graph):
    graph = new_graph()
    facts = {("p", "q", "a"), ("a", "q", "p"), ("a", "p", "p")}
    graph.add(facts)
    config = replace(TINY, epochs=1, validation=0.34)
    for seed in range(20):
        trained, held_out = _split(sorted(graph.match()), replace(config, seed=seed))
        assert {*trained, *held_out} == facts
        assert {item.relation for item in trained} == {"p", "q"}
        assert {end for item in trained for end in (item.head, item.tail)} == {"a", "p"}


def test_held_out_facts_that_the_graph_lacks_are_counted(filled, caplog):
    held = [("e1", "next", "e9"), ("e1", "next", "nobody"), ("e1", "hates", "e2")]
    found = train_embeddings(filled, replace(TINY, epochs=1), validation=held)
    assert found.curve[0].mrr is not None
    warnings = [record for record in caplog.records if record.levelname == "WARNING"]
    assert len(warnings) == 1
    assert warnings[0].getMessage().startswith("2 of 3 validation facts are left out, because")
    caplog.clear()
    train_embeddings(filled, replace(TINY, epochs=1), validation=[held[0], *filled.match()][:3])
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(warnings) == 1
    assert warnings[0].startswith("2 of 3 validation facts are in the graph, so the model")
    with pytest.raises(EmbeddingError, match="every validation fact names"):
        train_embeddings(filled, TINY, validation=held[1:])
    with pytest.raises(EmbeddingError, match="there are no validation facts; give some, or None"):
        train_embeddings(filled, TINY, validation=[])


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch):
    """Skip fsync: checkpoints after each batch would be slow, and no test cuts the power."""
    monkeypatch.setattr("os.fsync", lambda _: None)


class Cut(Exception):  # noqa: N818
    pass


@pytest.fixture
def cut_training(filled, tmp_path, monkeypatch):
    """The checkpoint of a training that was cut after three epochs."""
    monkeypatch.setattr("kg.embedding.training.checkpoint.CHECKPOINT_SECONDS", 0.0)
    path = tmp_path / "state"

    def cut(epoch):
        if epoch.number == 3:
            raise Cut

    def make(**options):
        with pytest.raises(Cut):
            train_embeddings(filled, TINY, checkpoint=path, progress=cut, **options)
        return path

    return make


@pytest.mark.parametrize("training", ["1vsall", "sampled", "lcwa", "slcwa"])
@pytest.mark.parametrize("optimizer", ["adagrad", "adam"])
def test_an_interrupted_training_ends_with_the_same_result(
    filled, tmp_path, monkeypatch, training, optimizer
):
    monkeypatch.setattr("kg.embedding.training.checkpoint.CHECKPOINT_SECONDS", 0.0)
    config = replace(TINY, training=training, optimizer=optimizer, validation=0.1, patience=100)
    whole = train_embeddings(filled, config)
    path = tmp_path / "deep" / "state"
    for stop in (3, 3, 7):

        def cut(epoch, stop=stop):
            if epoch.number > stop:
                raise Cut

        with pytest.raises(Cut):
            train_embeddings(filled, config, checkpoint=path, progress=cut)
    seen = []
    found = train_embeddings(filled, config, checkpoint=path, progress=seen.append)
    assert seen[0].number == 8
    assert torch.equal(found.table, whole.table)
    assert found.curve == whole.curve
    assert not path.exists()


@pytest.mark.parametrize("training", ["1vsall", "sampled", "lcwa", "slcwa"])
def test_a_training_interrupted_within_an_epoch_ends_with_the_same_result(
    filled, tmp_path, monkeypatch, training
):
    config = replace(TINY, training=training, epochs=4, validation=0.1)
    whole = train_embeddings(filled, config)
    monkeypatch.setattr("kg.embedding.training.checkpoint.CHECKPOINT_SECONDS", 0.0)
    path, seen = tmp_path / "state", []
    for stop in (0.3, 0.6, 2.5):

        def cut(done, stop=stop):
            if done >= stop:
                raise Cut

        with pytest.raises(Cut):
            train_embeddings(filled, config, checkpoint=path, step=cut)
    found = train_embeddings(filled, config, checkpoint=path, step=seen.append)
    # The batch that the cut came after is trained on again, those before it are not.
    assert 2 < seen[0] < 2.5
    assert seen == sorted(seen)
    assert seen[-1] == 4
    assert torch.equal(found.table, whole.table)
    assert found.curve == whole.curve


def test_a_killed_training_ends_with_the_same_result(tmp_path):
    code = f"""
import sys, time
import kg.embedding.training.checkpoint as c
c.CHECKPOINT_SECONDS = 0.02
from kg import KGEConfig, KnowledgeGraph, train_embeddings
graph = KnowledgeGraph.open({str(tmp_path / "g.db")!r})
def seen(epoch):
    if sys.argv[2] == "slow":
        print(epoch.number, flush=True)
        time.sleep(0.05)
config = KGEConfig(dim=6, epochs=40, batch_size=8)
found = train_embeddings(graph, config, checkpoint=sys.argv[1], progress=seen)
found.save(sys.argv[1] + ".saved")
"""
    with KnowledgeGraph.open(tmp_path / "g.db") as graph:
        graph.add(FACTS)
    run = [sys.executable, "-c", code]
    killed = subprocess.Popen(
        [*run, str(tmp_path / "a"), "slow"], stdout=subprocess.PIPE, text=True
    )
    with killed:
        for line in killed.stdout:
            if int(line) == 15:
                killed.send_signal(signal.SIGKILL)
                break
    assert (tmp_path / "a").exists()
    for name in ("a", "b"):
        subprocess.run([*run, str(tmp_path / name), "fast"], check=True, timeout=120)
    one, other = (load_file(tmp_path / f"{n}.saved" / "vectors.safetensors") for n in "ab")
    assert torch.equal(one["entities"], other["entities"])


def test_another_trainings_checkpoint_is_refused(filled, cut_training):
    path = cut_training()
    with pytest.raises(EmbeddingMismatchError, match="dim was 6, is 7"):
        train_embeddings(filled, replace(TINY, dim=7), checkpoint=path)
    before = filled.fingerprint()
    filled.add([("e1", "next", "e9")])
    with pytest.raises(EmbeddingMismatchError) as caught:
        train_embeddings(filled, TINY, checkpoint=path)
    assert before[:12] in str(caught.value)
    assert filled.fingerprint()[:12] in str(caught.value)


def test_a_checkpoint_of_other_facts_held_out_is_refused(filled, cut_training):
    """Even if their number is the same."""
    path = cut_training(validation=[("e1", "next", "e9")])
    with pytest.raises(EmbeddingMismatchError, match="held out"):
        train_embeddings(filled, TINY, checkpoint=path, validation=[("e2", "next", "e9")])


def test_a_training_resumes_with_its_held_out_facts_in_any_order(filled, cut_training):
    """A set has another order in each process."""
    held = [(f"e{n}", "next", f"e{(n + 5) % 20}") for n in range(12)]
    whole = train_embeddings(filled, TINY, validation=held)
    path = cut_training(validation=held)
    resumed = train_embeddings(filled, TINY, checkpoint=path, validation=iter(held[::-1]))
    assert torch.equal(resumed.table, whole.table)
    assert resumed.calibration == whole.calibration


def test_a_damaged_checkpoint_is_an_error(filled, cut_training):
    path = cut_training()
    whole = path.read_bytes()
    random = np.random.default_rng(0)
    for place in random.integers(0, len(whole), 30).tolist():
        data = bytearray(whole)
        data[place] ^= 1 << int(random.integers(8))
        path.write_bytes(data)
        with pytest.raises(EmbeddingError):
            train_embeddings(filled, TINY, checkpoint=path)
    path.write_bytes(whole[:-9])
    with pytest.raises(EmbeddingError, match="delete it"):
        train_embeddings(filled, TINY, checkpoint=path)


def test_a_loss_that_is_not_a_number_names_its_step_and_leaves_the_last_good_state(
    filled, tmp_path, monkeypatch
):
    monkeypatch.setattr("kg.embedding.training.checkpoint.CHECKPOINT_SECONDS", 0.0)
    real = Scorer.scores

    def breaks(self, pairs, among=None):
        scores = real(self, pairs, among)
        return scores * float("nan") if time.monotonic() > limit[0] else scores

    limit = [float("inf")]
    monkeypatch.setattr(Scorer, "scores", breaks)

    def seen(epoch):
        if epoch.number == 5:
            limit[0] = 0.0

    path = tmp_path / "state"
    with pytest.raises(EmbeddingError, match="the loss of step 1 of epoch 6 is nan"):
        train_embeddings(filled, TINY, checkpoint=path, progress=seen)
    limit[0] = float("inf")
    numbers = []
    found = train_embeddings(
        filled, TINY, checkpoint=path, progress=lambda epoch: numbers.append(epoch.number)
    )
    assert numbers == list(range(6, 13))
    assert torch.equal(found.table, train_embeddings(filled, TINY).table)


def test_a_checkpoint_is_complete_or_absent(tmp_path, monkeypatch):
    kept = Checkpoint(tmp_path / "state", {})
    assert kept.read() is None
    monkeypatch.setattr("kg.embedding.training.checkpoint.save_file", lambda *_, **__: 1 / 0)
    from kg.embedding.training.state import TrainingState

    with pytest.raises(ZeroDivisionError):
        kept.write(TrainingState((), {}, {}, {}, {}))
    assert kept.read() is None
