"""Embeddings: trained by PyKEEN over ids of our own, measured against PyKEEN's evaluator."""

import json
import random
from dataclasses import replace

import numpy as np
import pytest
import torch
from pykeen.evaluation import RankBasedEvaluator
from pykeen.training import LCWATrainingLoop
from pykeen.triples import CoreTriplesFactory

from kg import (
    EmbeddingError,
    EmbeddingMismatchError,
    EntityEmbeddings,
    KGEConfig,
    Triple,
    UnknownKeyError,
    train_embeddings,
)
from kg.embedding.config import TRAININGS
from kg.embedding.ranking import Ranks, rank_triples
from kg.embedding.training.recipes import recipe_for
from kg.embedding.training.scorer import Scorer

TINY = KGEConfig(dim=8, epochs=60, batch_size=16)
ODD = ["NA", "null", 'a"b', "a\tb", "a\nb", " ", "🦊", "x\u2028", "nan", "_", "é", "e\u0301"]
RELATIONS = ["next", "next_inverse", "NA"]
ROWS = sorted(
    [Triple(ODD[n], "next", ODD[(n + 1) % len(ODD)]) for n in range(len(ODD))]
    + [Triple(ODD[(n + 1) % len(ODD)], "next_inverse", ODD[n]) for n in range(len(ODD))]
    + [Triple(name, "NA", "🦊") for name in ODD]
)


@pytest.fixture(scope="module")
def odd_graph(template, tmp_path_factory):
    import shutil

    from kg import KnowledgeGraph

    path = tmp_path_factory.mktemp("odd") / "odd.db"
    shutil.copy(template, path)
    with KnowledgeGraph.open(path) as graph:
        graph.add(ROWS)
        yield graph


@pytest.fixture(scope="module")
def trained(odd_graph):
    return train_embeddings(odd_graph, TINY)


@pytest.fixture
def saved(trained, tmp_path):
    trained.save(tmp_path / "embeddings")
    return tmp_path / "embeddings"


def all_scores(embeddings):
    return torch.stack(
        [
            embeddings.scores(head=h, relation=r)
            for h in embeddings.keys
            for r in embeddings.relations
        ]
        + [
            embeddings.scores(tail=t, relation=r)
            for t in embeddings.keys
            for r in embeddings.relations
        ]
    )


# ── training ─────────────────────────────────────────────────────────────────────────────────────


def test_every_odd_name_has_its_own_row_and_relation(trained, odd_graph):
    assert list(trained.keys) == sorted(ODD)
    assert list(trained.relations) == sorted(RELATIONS)
    assert trained.vectors(ODD).shape == (len(ODD), 2 * TINY.dim) == (len(trained), trained.dim)
    assert trained.vectors(["NA"]).tolist() != trained.vectors(["null"]).tolist()
    assert trained.vectors([]).shape == (0, trained.dim)
    assert (trained.fingerprint, trained.revision) == (odd_graph.fingerprint(), 1)
    assert trained.table.dtype == torch.float32
    assert "NA" in trained
    assert trained.row("nobody") is None


def test_what_was_trained_is_learned_on_both_sides(trained):
    report = trained.evaluate(ROWS, known=ROWS)
    assert report.count == len(ROWS)
    assert report.mrr > 0.9
    assert trained.predict(head="NA", relation="next", k=1)[0][0] == "null"
    assert trained.predict(tail="NA", relation="next_inverse", k=1)[0][0] == "null"


@pytest.mark.parametrize("model", ["ComplEx", "DistMult", "TransE", "RotatE"])
@pytest.mark.parametrize("training", TRAININGS)
def test_models_are_trained_saved_and_loaded(odd_graph, tmp_path, model, training):
    loss = "nssa" if training == "slcwa" else "crossentropy"
    config = replace(
        TINY,
        model=model,
        training=training,
        loss=loss,
        epochs=25,
        optimizer="adam",
        learning_rate=0.05,
    )
    seen = []
    found = train_embeddings(odd_graph, config, progress=seen.append)
    assert [epoch.number for epoch in seen] == list(range(1, 26))
    assert found.curve == tuple(seen)
    assert found.losses[-1] < found.losses[0]
    chance = sum(1 / rank for rank in range(1, 13)) / 12
    assert found.evaluate(ROWS, known=ROWS).mrr > chance + 0.1
    assert found.dim == TINY.dim * (2 if model in {"ComplEx", "RotatE"} else 1)
    found.save(tmp_path / "e")
    again = EntityEmbeddings.load(tmp_path / "e")
    assert torch.equal(all_scores(again), all_scores(found))
    assert torch.equal(again.table, found.table)


@pytest.mark.usefixtures("training")
def test_lcwa_training_is_that_of_pykeens_own_loop(odd_graph):
    """From the same weights, with the whole graph as one batch, the losses are the same."""
    config = replace(
        TINY, epochs=5, batch_size=10_000, training="lcwa", optimizer="adam", learning_rate=0.05
    )
    ours = train_embeddings(odd_graph, config)
    row = {key: n for n, key in enumerate(sorted(ODD))}
    number = {key: n for n, key in enumerate(sorted(RELATIONS))}
    ids = torch.tensor([(row[h], number[r], row[t]) for h, r, t in ROWS])
    factory = CoreTriplesFactory.create(ids, len(row), len(number), create_inverse_triples=True)
    model = Scorer(config, len(row), len(number)).model
    model.reset_parameters_ = lambda: model
    loop = LCWATrainingLoop(
        model=model,
        triples_factory=factory,
        optimizer=torch.optim.Adam(model.parameters(), lr=config.learning_rate),
        automatic_memory_optimization=False,
    )
    losses = loop.train(factory, num_epochs=5, batch_size=10_000, use_tqdm=False, pin_memory=False)
    assert list(ours.losses) == pytest.approx(losses, rel=1e-5)


def test_the_same_seed_gives_the_same_vectors_and_another_seed_others(odd_graph, trained):
    assert torch.equal(train_embeddings(odd_graph, TINY).table, trained.table)
    assert not torch.equal(train_embeddings(odd_graph, replace(TINY, seed=1)).table, trained.table)


def test_the_vectors_follow_from_the_content_not_from_the_order_of_loading(new_graph, trained):
    graph = new_graph()
    for item in reversed(ROWS):
        graph.add([item])
    found = train_embeddings(graph, TINY)
    assert torch.equal(found.table, trained.table)
    assert found.fingerprint == trained.fingerprint


@pytest.mark.parametrize("training", TRAININGS)
def test_training_and_scoring_leave_the_randomness_of_the_process_alone(
    odd_graph, tmp_path, training
):
    torch.manual_seed(5)
    np.random.seed(5)
    random.seed(5)
    before = torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()
    found = train_embeddings(odd_graph, replace(TINY, epochs=1, training=training))
    found.save(tmp_path / "e")
    EntityEmbeddings.load(tmp_path / "e").predict(head="NA", relation="next")
    found.permuted(1)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.random.get_state()[1].tolist() == before[1]
    assert random.getstate() == before[2]


@pytest.mark.parametrize("training", TRAININGS)
def test_a_loss_that_is_not_a_number_is_an_error(odd_graph, training):
    config = replace(TINY, training=training, learning_rate=1e30)
    with pytest.raises(EmbeddingError, match="lower the learning rate"):
        train_embeddings(odd_graph, config)


def test_a_graph_without_triples_is_refused(graph):
    with pytest.raises(EmbeddingError, match="no triples"):
        train_embeddings(graph, TINY)


@pytest.mark.parametrize("training", TRAININGS)
def test_the_smallest_graph_can_be_trained(graph, training):
    graph.add([("a", "r", "b")])
    found = train_embeddings(graph, replace(TINY, training=training, epochs=2))
    assert {key for key, _ in found.predict(head="a", relation="r")} == {"a", "b"}


@pytest.mark.parametrize("training", TRAININGS)
def test_a_graph_of_one_entity_is_trained_or_refused(graph, training):
    graph.add([("a", "r", "a")])
    try:
        found = train_embeddings(graph, replace(TINY, training=training, epochs=2))
    except EmbeddingError as error:
        assert "entit" in str(error)  # noqa: PT017
    else:
        assert found.keys == ("a",)


@pytest.mark.parametrize(
    "change",
    [
        {"epochs": 1.5},
        {"model": "NoSuchModel"},
        {"loss": "nosuchloss"},
        {"model": "SoftInverseTripleBaseline"},
        {"training": "other"},
        {"dim": 0},
        {"dim": 8.0},
        {"dim": True},
        {"epochs": 0},
        {"batch_size": -1},
        {"seed": -1},
        {"seed": "0"},
        {"learning_rate": 0},
        {"learning_rate": float("nan")},
        {"learning_rate": "0.1"},
        {"optimizer": "sgd"},
        {"regularization": 0},
        {"init": -1.0},
        {"validation": 1},
        {"patience": 0},
        {"loss": "nssa"},
    ],
)
def test_a_configuration_that_cannot_be_is_refused(odd_graph, change):
    with pytest.raises(EmbeddingError):
        train_embeddings(odd_graph, KGEConfig(**{"dim": 8, "epochs": 1, **change}))


def test_recipes_have_names():
    assert KGEConfig.recipe("accurate").dim > KGEConfig.recipe("fast").dim > KGEConfig().dim
    assert [recipe_for(n, 5 * n) for n in (10, 50_000, 10**6)] == ["accurate", "fast", "large"]
    with pytest.raises(EmbeddingError, match="fast, accurate"):
        KGEConfig.recipe("best")


# ── evaluation ───────────────────────────────────────────────────────────────────────────────────


def naive_ranks(score, wanted, known):
    """Realistic filtered ranks, one score at a time."""
    ranks = []
    for h, r, t in wanted:
        for side, answer in ((2, t), (0, h)):
            others = [
                entity for entity, value in score((h, r, t), side)
                if entity != answer and ((h, r, entity) if side == 2 else (entity, r,
                t)) not in known
            ]  # fmt: skip
            scores = dict(score((h, r, t), side))
            above = sum(scores[entity] > scores[answer] for entity in others)
            equal = sum(scores[entity] == scores[answer] for entity in others)
            ranks.append(((1 + above) + (1 + above + equal)) / 2)
    return np.array(ranks)


@pytest.fixture(scope="module", params=["ComplEx", "TransE", "DistMult"])
def half_trained(odd_graph, request):
    """Scores that are neither perfect nor at chance; DistMult without inverse relations."""
    config = replace(TINY, model=request.param, epochs=3, inverse=request.param != "DistMult")
    return train_embeddings(odd_graph, config)


@pytest.mark.parametrize("filtered", [True, False])
def test_evaluation_is_that_of_pykeen_and_of_brute_force(half_trained, filtered):
    wanted = ROWS[::3]
    known = ROWS if filtered else []
    report = half_trained.evaluate(wanted, known=known)

    row = {key: n for n, key in enumerate(half_trained.keys)}
    number = {key: n for n, key in enumerate(half_trained.relations)}

    def ids(rows):
        return torch.tensor([(row[h], number[r], row[t]) for h, r, t in rows])

    theirs = RankBasedEvaluator(filtered=True).evaluate(
        model=half_trained.scorer().model,
        mapped_triples=ids(wanted),
        additional_filter_triples=[ids(known)] if known else [ids(wanted)],
        batch_size=4,
        use_tqdm=False,
    )
    for name, value in (
        ("inverse_harmonic_mean_rank", report.mrr),
        ("hits_at_1", report.hits_at_1),
        ("hits_at_3", report.hits_at_3),
        ("hits_at_10", report.hits_at_10),
    ):
        assert value == pytest.approx(theirs.get_metric(f"both.realistic.{name}"), abs=1e-6)

    def score(item, side):
        h, r, t = item
        end = {"head": h} if side == 2 else {"tail": t}
        scores = half_trained.scores(relation=r, **end).tolist()
        return list(zip(half_trained.keys, scores, strict=True))

    ranks = naive_ranks(score, wanted, set(known) | set(wanted))
    assert report.mrr == pytest.approx((1 / ranks).mean(), abs=1e-9)
    assert report.hits_at_3 == pytest.approx((ranks <= 3).mean(), abs=1e-9)


def test_ties_count_half_as_in_brute_force():
    random_ = np.random.default_rng(0)
    table = torch.from_numpy(random_.integers(0, 3, (2, 9, 4, 9)).astype(np.float32))

    class Tied:
        num_entities = 9

        def tail_scores(self, head_relation):
            return table[0, head_relation[:, 0], head_relation[:, 1]]

        def head_scores(self, relation_tail):
            return table[1, relation_tail[:, 1], relation_tail[:, 0]]

    facts = sorted({tuple(random_.integers(0, [9, 4, 9]).tolist()) for _ in range(60)})
    wanted, known = facts[::2], facts
    for rows in (1, 7, 256):
        found = rank_triples(Tied(), np.array(wanted), np.array(known), memory=4 * 9 * rows)
        report = Ranks.of(found.ravel())

        def score(item, side):
            h, r, t = item
            values = table[0, h, r] if side == 2 else table[1, t, r]
            return list(enumerate(values.tolist()))

        ranks = naive_ranks(score, wanted, set(known))
        assert len(set(ranks % 1)) == 2  # there are ties
        assert report.mrr == pytest.approx((1 / ranks).mean(), abs=1e-9)
        assert report.hits_at_1 == pytest.approx((ranks <= 1).mean())
        assert report.hits_at_10 == pytest.approx((ranks <= 10).mean())


def test_predictions_are_the_best_scores_in_order(trained):
    scores = trained.scores(head="é", relation="next")
    wanted = sorted(zip(trained.keys, scores.tolist(), strict=True), key=lambda item: -item[1])
    assert trained.predict(head="é", relation="next", k=5) == wanted[:5]
    assert trained.predict(head="é", relation="next", k=10_000) == wanted
    assert trained.predict(head="é", relation="next", k=0) == []
    assert trained.predict(head="é", relation="next", k=-1) == []


def test_unknown_keys_are_named(trained):
    for ask in (
        lambda: trained.vectors(["NA", "nobody"]),
        lambda: trained.predict(head="nobody", relation="next"),
        lambda: trained.predict(tail="nobody", relation="next"),
        lambda: trained.predict(head="NA", relation="nobody"),
        lambda: trained.evaluate([("NA", "next", "nobody")]),
        lambda: trained.evaluate([("NA", "nobody", "NA")]),
    ):
        with pytest.raises(UnknownKeyError, match="nobody"):
            ask()
    known = [("nobody", "next", "NA"), ("NA", "nobody", "NA")]
    assert trained.evaluate(ROWS, known=known).count == len(ROWS)


def test_questions_without_an_answer_are_refused(trained):
    with pytest.raises(EmbeddingError, match="either head or tail"):
        trained.predict(relation="next")
    with pytest.raises(EmbeddingError, match="either head or tail"):
        trained.predict(head="NA", relation="next", tail="NA")
    with pytest.raises(EmbeddingError, match="no triple"):
        trained.evaluate([])


# ── disk ─────────────────────────────────────────────────────────────────────────────────────────


def test_save_and_load_give_back_everything(trained, saved):
    found = EntityEmbeddings.load(saved)
    assert torch.equal(all_scores(found), all_scores(trained))
    for name in ("keys", "relations", "fingerprint", "revision", "config", "losses", "dim"):
        assert getattr(found, name) == getattr(trained, name)
    found.save(saved)  # over itself, while its vectors are mapped from there
    assert torch.equal(EntityEmbeddings.load(saved).table, trained.table)
    assert sorted(path.name for path in saved.parent.iterdir() if path.is_dir()) == ["embeddings"]


def test_given_vectors_are_kept_and_have_no_scorer(tmp_path):
    table = torch.randn(2, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    EntityEmbeddings(["a", "b"], table).save(tmp_path / "own")
    found = EntityEmbeddings.load(tmp_path / "own")
    assert torch.equal(found.vectors(["b", "a"]), table.float()[[1, 0]])
    with pytest.raises(UnknownKeyError):
        found.predict(head="a", relation="r")
    own = EntityEmbeddings(["a", "b"], table, relations=["r"])
    with pytest.raises(EmbeddingError, match="without a scorer"):
        own.predict(head="a", relation="r")


@pytest.mark.parametrize("keys", [["a"], ["a", "b", "c"], ["a", "a"]])
def test_a_table_that_does_not_fit_its_keys_is_refused(keys):
    with pytest.raises(EmbeddingError):
        EntityEmbeddings(keys, torch.zeros(2, 3))


@pytest.mark.parametrize(
    "name", ["vectors.safetensors", "model.safetensors", "rows.db", "embeddings.json"]
)
def test_one_flipped_byte_is_detected(saved, name):
    random_ = random.Random(name)
    whole = (saved / name).read_bytes()
    for _ in range(25):
        data = bytearray(whole)
        data[random_.randrange(len(data))] ^= 1 << random_.randrange(8)
        (saved / name).write_bytes(data)
        with pytest.raises(EmbeddingError, match="embeddings"):
            EntityEmbeddings.load(saved)
    (saved / name).write_bytes(whole)
    EntityEmbeddings.load(saved)


@pytest.mark.parametrize(
    "name", ["vectors.safetensors", "model.safetensors", "rows.db", "embeddings.json"]
)
@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "zeros"])
def test_a_damaged_file_is_an_error(saved, name, damage):
    path = saved / name
    whole = path.read_bytes()
    path.write_bytes(
        {"empty": b"", "cut": whole[:-5], "zeros": bytes(len(whole)), "missing": b""}[damage]
    )
    if damage == "missing":
        path.unlink()
    with pytest.raises(EmbeddingError, match="embeddings"):
        EntityEmbeddings.load(saved)


@pytest.mark.parametrize(
    "content", ["[]", "5", "{}", '{"format": 1}', '{"format": 2, "checksum": ""}']
)
def test_a_strange_description_is_an_error(saved, content):
    (saved / "embeddings.json").write_text(content)
    with pytest.raises(EmbeddingError):
        EntityEmbeddings.load(saved)


def test_nothing_on_disk_can_be_executed(saved):
    assert {path.suffix for path in saved.iterdir()} == {".safetensors", ".json", ".db"}
    json.loads((saved / "embeddings.json").read_text())


def test_a_folder_without_embeddings_is_an_error(tmp_path):
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(EmbeddingError, match="no embeddings there"):
            EntityEmbeddings.load(path)


def test_saving_never_deletes_what_is_not_embeddings(trained, tmp_path, monkeypatch):
    (tmp_path / "thesis.tex").write_text("years")
    monkeypatch.chdir(tmp_path)
    for folder in (tmp_path, "."):
        with pytest.raises(EmbeddingError, match=r"thesis\.tex"):
            trained.save(folder)
    with pytest.raises(EmbeddingError):
        trained.save(tmp_path / "thesis.tex")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
    (tmp_path / "empty").mkdir()
    trained.save("empty")
    assert len(EntityEmbeddings.load("empty")) == len(ODD)


# ── belonging to a graph ─────────────────────────────────────────────────────────────────────────


def test_the_graph_they_were_trained_on_is_accepted_and_so_is_its_future(new_graph):
    graph = new_graph()
    graph.add(ROWS)
    found = train_embeddings(graph, replace(TINY, epochs=1))
    found.check(graph)
    graph.edit("NA", "next", "nan", old="null")
    assert graph.fingerprint() != found.fingerprint
    found.check(graph)


def test_the_same_triples_in_another_graph_are_accepted(new_graph, trained):
    graph = new_graph()
    graph.add([("x", "y", "z")])
    graph.remove(head="x")
    graph.add(ROWS)
    trained.check(graph)


def test_another_graph_is_refused_with_both_fingerprints(new_graph, trained):
    graph = new_graph()
    for rows in ([], ROWS[1:], [("more", "next", "NA")]):
        graph.add(rows)
        with pytest.raises(EmbeddingMismatchError) as caught:
            trained.check(graph)
        assert trained.fingerprint[:12] in str(caught.value)
        assert graph.fingerprint(min(1, graph.revision()))[:12] in str(caught.value)


def test_given_vectors_belong_to_any_graph(graph):
    EntityEmbeddings(["a"], torch.zeros(1, 2)).check(graph)


@pytest.mark.parametrize("seed", range(5))
def test_permuted_gives_every_entity_the_vector_of_another(trained, seed):
    found = trained.permuted(seed)
    assert found.keys == trained.keys
    assert found.fingerprint == trained.fingerprint
    same = (found.table[:, None] == trained.table[None]).all(-1)
    assert same.sum() == len(trained)  # the same rows
    assert not same.diagonal().any()  # none in its place
    assert torch.equal(trained.permuted(seed).table, found.table)
