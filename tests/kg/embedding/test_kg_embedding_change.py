"""After training: predictions, probabilities, new entities, foreign vectors, tables on disk."""

import gzip
import os
import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file

from kg import (
    EmbeddingError,
    EmbeddingMismatchError,
    EntityEmbeddings,
    KGEConfig,
    UnknownKeyError,
    read_vectors,
    train_embeddings,
)
from kg.embedding import refit
from kg.embedding.files import key_index as rows
from kg.embedding.files import vectors
from kg.embedding.prediction import highest

TINY = KGEConfig(dim=6, epochs=30, batch_size=8)
FACTS = sorted(
    {(f"e{n}", f"r{n % 3}", f"e{(3 * n + n % 7) % 20}") for n in range(20)}
    | {(f"e{n}", "next", f"e{(n + 1) % 20}") for n in range(20)}
)


@pytest.fixture
def filled(new_graph):
    graph = new_graph()
    graph.add(FACTS)
    return graph


@pytest.fixture
def trained(filled):
    return train_embeddings(filled, TINY)


# ── prediction ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("k", [0, 1, 7, 40, 500, 900])
def test_equal_scores_keep_the_earlier_first(k):
    scores = torch.randint(-3, 3, (500,), generator=torch.Generator().manual_seed(k)).float()
    scores[scores == -3] = -torch.inf
    wanted = sorted(range(500), key=lambda place: (-scores[place].item(), place))
    assert highest(scores, k).tolist() == wanted[:k]


@pytest.mark.parametrize("side", ["head", "tail"])
def test_known_facts_are_left_out_or_marked(trained, filled, side):
    asked = (
        {"head": "e3", "relation": "next"} if side == "tail" else {"tail": "e4", "relation": "next"}
    )
    answer = "e4" if side == "tail" else "e3"
    plain = trained.predict(**asked, k=20)
    assert all(item.known is None for item in plain)
    for known in (filled, FACTS):
        left = trained.predict(**asked, k=20, known=known)
        assert left == [item for item in plain if item.entity != answer]
        assert not any(item.known for item in left)
        marked = trained.predict(**asked, k=20, known=known, mark=True)
        assert marked == plain
        assert [item.entity for item in marked if item.known] == [answer]


@pytest.mark.parametrize("k", [0, 1, 7, 10_000])
@pytest.mark.parametrize("chunk", [1, 3, 256])
def test_new_facts_are_the_likeliest_that_are_not_known(trained, filled, monkeypatch, k, chunk):
    monkeypatch.setattr("kg.embedding.prediction.HEADS_PER_BATCH", chunk)
    found = trained.predict(relation="r1", k=k, known=filled)
    heads = {h for h, r, _ in FACTS if r == "r1"}
    tails = sorted({t for _, r, t in FACTS if r == "r1"})
    wanted = {}
    for head in heads:
        p = torch.softmax(trained.scores(head=head, relation="r1"), 0)
        wanted |= {(head, "r1", t): float(p[trained.row(t)]) for t in tails}
    for fact in FACTS:
        wanted.pop(fact, None)
    assert dict(found).keys() <= wanted.keys()
    best = sorted(wanted.values(), reverse=True)[:k]
    assert [p for _, p in found] == pytest.approx(best, rel=1e-5)
    assert all(p == pytest.approx(wanted[fact], rel=1e-5) for fact, p in found)


def test_probabilities_are_those_of_the_logistic_regression(trained):
    held = [("e1", "r0", "e7"), ("e2", "r2", "e9"), ("e5", "next", "e8"), ("e6", "r0", "e2")]
    false = [("e1", "r0", "e3"), ("e2", "r2", "e1"), ("e5", "next", "e1"), ("e6", "r1", "e2")]
    with pytest.raises(EmbeddingError, match="calibrate"):
        trained.probability(held)
    found = trained.calibrate([*FACTS, *held], false)
    told = trained.probability([*FACTS, *held, *false])
    h, r, t = held[0]
    tail, head = trained.scores(head=h, relation=r), trained.scores(relation=r, tail=t)
    s, s_ = float(tail[trained.row(t)]), float(head[trained.row(h)])
    raw = np.array(
        [s, s - float(torch.logsumexp(tail, 0)), s_, s_ - float(torch.logsumexp(head, 0))]
    )
    score = ((raw - found.mean) / found.scale) @ found.weights + found.offset + found.offsets[r]
    assert told[len(FACTS)] == pytest.approx(1 / (1 + np.exp(-score)), abs=1e-6)
    # At the best intercept, which has no prior, what is expected is what is seen.
    assert told.sum() == pytest.approx(len(FACTS) + len(held), rel=0.02)
    right = (told >= 0.5) == ([True] * (len(FACTS) + len(held)) + [False] * len(false))
    assert found.accuracy == pytest.approx(right.mean())
    assert len(trained.probability([])) == 0


def test_false_facts_are_made_where_none_are_given(trained, tmp_path):
    first = trained.calibrate(FACTS[::4], known=FACTS)
    assert first == trained.calibrate(FACTS[::4], known=FACTS)
    assert first != trained.calibrate(FACTS[::4], known=FACTS, seed=1)
    assert trained.probability(FACTS).mean() > 0.5
    trained.save(tmp_path / "e")
    again = EntityEmbeddings.load(tmp_path / "e")
    assert again.calibration == trained.calibration
    assert again.probability(FACTS).tolist() == trained.probability(FACTS).tolist()
    with pytest.raises(EmbeddingError, match="true facts and false ones"):
        trained.calibrate([])
    with pytest.raises(UnknownKeyError):
        trained.probability([("nobody", "next", "e1")])


def test_ranks_by_relation_category_and_side_are_those_of_their_triples(trained):
    wanted = FACTS[::2]
    report = trained.evaluate(wanted, known=FACTS)
    assert report.by_relation.keys() == {r for _, r, _ in wanted}
    for relation, ranks in report.by_relation.items():
        alone = trained.evaluate([item for item in wanted if item[1] == relation], known=FACTS)
        assert (ranks.mrr, ranks.hits_at_3) == pytest.approx((alone.mrr, alone.hits_at_3))
        assert ranks.count == 2 * alone.count
    assert sum(item.count for item in report.by_category.values()) == 2 * len(wanted)
    assert report.by_category["1-1"].count >= 2 * sum(r == "next" for _, r, _ in wanted)
    sides = report.by_side
    assert (sides["head"].mrr + sides["tail"].mrr) / 2 == pytest.approx(report.mrr)


# ── a graph that grows ───────────────────────────────────────────────────────────────────────────


@pytest.mark.usefixtures("training")
@pytest.mark.parametrize("model", ["ComplEx", "DistMult", "TransE"])
@pytest.mark.parametrize("inverse", [True, False])
def test_new_entities_and_relations_get_rows_and_the_old_ones_stay(
    filled, tmp_path, model, inverse
):
    config = replace(TINY, model=model, inverse=inverse)
    old = train_embeddings(filled, config)
    assert old.staleness(filled).fresh
    filled.add(
        [("new", "next", "e5"), ("new", "r0", "e3"), ("e4", "next", "new"), ("e1", "likes", "e2"),
         ("a new one", "likes", "new"), ("e1", "next", "e9")]
    )  # fmt: skip
    filled.remove(head="e2", relation="next")
    told = old.staleness(filled)
    assert (told.revisions, told.added, told.removed, told.entities, told.relations) == (
        2,
        6,
        1,
        2,
        1,
    )
    assert not told.fresh
    new = old.extend(filled)
    assert list(new.keys) == [*old.keys, "a new one", "new"]
    assert new.relations == (*old.relations, "likes")
    assert torch.equal(new.vectors(list(old.keys)), old.table)
    new.check(filled)
    assert new.staleness(filled).fresh
    facts = [("new", "next", "e5"), ("e4", "next", "new"), ("e1", "likes", "e2")]
    chance = sum(1 / rank for rank in range(1, len(new) + 1)) / len(new)
    assert new.evaluate(facts, known=filled.match()).mrr > 1.5 * chance
    for head, relation in (("e1", "next"), ("e2", "r2")):
        before = old.scores(head=head, relation=relation)
        after = new.scores(head=head, relation=relation)[: len(old)]
        # Tables of two sizes: measured 0 over avx2, avx512 and MKL_CBWR=COMPATIBLE, 4e-7 under
        # shape_noise.
        assert torch.allclose(after, before, atol=1e-5)
    new.save(tmp_path / "e")
    again = EntityEmbeddings.load(tmp_path / "e")
    assert torch.equal(
        again.scores(head="new", relation="likes"), new.scores(head="new", relation="likes")
    )
    assert torch.equal(old.extend(filled).table, new.table)  # one seed, one result


def test_an_unchanged_graph_needs_no_extension(filled, trained):
    assert torch.equal(trained.extend(filled).table, trained.table)


def test_another_graph_cannot_extend(trained, new_graph):
    graph = new_graph()
    graph.add([("a", "b", "c")])
    with pytest.raises(EmbeddingMismatchError):
        trained.extend(graph)
    with pytest.raises(EmbeddingMismatchError):
        trained.staleness(graph)
    own = EntityEmbeddings(["a"], torch.zeros(1, 2))
    with pytest.raises(EmbeddingError, match="without a scorer"):
        own.extend(graph)


def test_a_changed_fact_moves_only_its_entities(filled, trained):
    old, new = "e4", "e11"
    filled.edit("e3", "next", new, old=old)
    changed = refit(trained, filled, {"e3"})
    assert list(changed.keys) == list(trained.keys)
    assert changed.relations == trained.relations
    others = [key for key in trained.keys if key != "e3"]
    assert torch.equal(changed.vectors(others), trained.vectors(others))
    assert not torch.equal(changed.vectors(["e3"]), trained.vectors(["e3"]))
    changed.check(filled)
    before, after = (
        [item.entity for item in table.predict(head="e3", relation="next", k=20)].index
        for table in (trained, changed)
    )
    assert after(new) < after(old)
    assert after(new) < before(new)
    same = {"head": "e7", "relation": "next"}
    at = [trained.row(key) for key in others]
    assert torch.equal(changed.scores(**same)[at], trained.scores(**same)[at])
    assert torch.equal(refit(trained, filled, ["e3"]).table, changed.table)  # one seed, one result
    with pytest.raises(UnknownKeyError, match="nobody"):
        refit(trained, filled, {"e3", "nobody"})
    own = EntityEmbeddings(["a"], torch.zeros(1, 2))
    with pytest.raises(EmbeddingError, match="without a scorer"):
        refit(own, filled, ["a"])


def test_a_model_with_two_rows_of_an_entity_is_not_refitted(filled):
    """The second row would still encode the old fact."""
    simple = train_embeddings(filled, KGEConfig(model="SimplE", dim=4, epochs=1))
    with pytest.raises(EmbeddingError, match="the model SimplE does not keep exactly one row"):
        refit(simple, filled, {"e3"})


def test_an_entity_of_no_fact_starts_anew_and_stays_so(filled, trained):
    filled.forget(entity="e3")
    changed = refit(trained, filled, {"e3"})
    others = [key for key in trained.keys if key != "e3"]
    assert torch.equal(changed.vectors(others), trained.vectors(others))
    assert (
        changed.vectors(["e3"]).abs().max() < 0.01
    )  # of the first vectors' standard deviation, 1e-3


# ── the table on disk ────────────────────────────────────────────────────────────────────────────


@given(
    st.integers(0, 300),
    st.integers(1, 5),
    st.sampled_from(["float32", "float16"]),
    st.integers(1, 99),
)
def test_a_file_gives_back_its_rows_and_is_plain_safetensors(
    tmp_path_factory, count, width, precision, step
):
    path = tmp_path_factory.mktemp("v") / "v.safetensors"
    table = np.random.default_rng(count).standard_normal((count, width)).astype(precision)
    chunks = (table[at : at + step] for at in range(0, count, step))
    vectors.write(path, count, width, chunks, precision)
    assert np.array_equal(load_file(path)["entities"].numpy(), table)
    found = vectors.Vectors(path)
    assert (found.shape, found.precision) == ((count, width), precision)
    assert np.array_equal(np.concatenate([np.empty((0, width)), *found.chunks()]), table)
    numbers = np.random.default_rng(1).integers(0, max(count, 1), 7 if count else 0)
    assert np.array_equal(found.rows(numbers), table[numbers].astype(np.float32))


@pytest.mark.parametrize("small", [True, False])
def test_a_damaged_row_is_found_when_it_is_read_or_before(tmp_path, monkeypatch, small):
    monkeypatch.setattr(vectors, "MAX_BYTES_CHECKED_AT_OPENING", 10**9 if small else 0)
    path = tmp_path / "v.safetensors"
    table = np.random.default_rng(0).standard_normal((1_000, 4)).astype(np.float32)
    vectors.write(path, 1_000, 4, [table], "float32")
    data = bytearray(path.read_bytes())
    data[len(data) - 4 * 16 - 16 * 1_000 + 16 * 500] ^= 1  # in row 500
    path.write_bytes(data)
    if small:
        with pytest.raises(EmbeddingError, match="damaged"):
            vectors.Vectors(path)
        return
    found = vectors.Vectors(path)
    assert np.array_equal(found.rows(np.array([0, 999])), table[[0, 999]])
    with pytest.raises(EmbeddingError, match="rows 448 to 511"):
        found.rows(np.array([499]))
    with pytest.raises(EmbeddingError, match="damaged"):
        list(found.chunks())
    path.write_bytes(data[:-1])
    with pytest.raises(EmbeddingError, match="size"):
        vectors.Vectors(path)


def test_rows_are_announced_and_finite(tmp_path):
    with pytest.raises(EmbeddingError, match="announced"):
        vectors.write(tmp_path / "v", 3, 2, [np.zeros((2, 2))], "float32")
    with pytest.raises(EmbeddingError, match="float16"):
        vectors.write(tmp_path / "v", 1, 1, [np.array([[1e6]])], "float16")


def test_half_precision_is_half_the_bytes(trained, tmp_path):
    trained.save(tmp_path / "half", precision="float16")
    found = EntityEmbeddings.load(tmp_path / "half")
    assert torch.equal(found.table, trained.table.half().float())
    assert torch.equal(
        found.scores(head="e1", relation="r1"), trained.scores(head="e1", relation="r1")
    )
    with pytest.raises(EmbeddingError, match="float32, float16"):
        trained.save(tmp_path / "other", precision="int8")
    assert not (tmp_path / "other").exists()
    assert [item.name for item in tmp_path.iterdir() if item.is_dir()] == ["half"]


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5),
        unique=True,
    )
)
def test_rows_of_keys(tmp_path_factory, keys):
    path = tmp_path_factory.mktemp("r") / "rows.db"
    rows.write(path, keys)
    found = rows.StoredKeyIndex(path, len(keys))
    assert list(found) == keys
    assert found.of([*keys, "nobody there"]) == {key: at for at, key in enumerate(keys)}
    assert [found[at] for at in range(-len(keys), len(keys))] == keys + keys
    assert found[1:3] == tuple(keys[1:3])
    assert found == rows.KeyIndex(keys)
    assert found != rows.KeyIndex([*keys, "nobody there"])
    with pytest.raises(IndexError):
        _ = found[len(keys)]


def test_rows_survive_a_fork(trained, tmp_path):
    trained.save(tmp_path / "e")
    found = EntityEmbeddings.load(tmp_path / "e")
    assert found.row("e7") is not None
    child = os.fork()
    if child == 0:
        os._exit(0 if found.row("e7") == trained.row("e7") else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_a_damaged_row_number_is_found_in_a_large_file(tmp_path):
    path = tmp_path / "rows.db"
    rows.write(path, [f"key{n}" for n in range(100)])
    data = path.read_bytes()
    place = data.index(b"key7") + 3
    path.write_bytes(data[:place] + b"8" + data[place + 1 :])
    with pytest.raises(EmbeddingError, match="damaged"):
        list(rows.StoredKeyIndex(path, 100))


# ── from elsewhere ───────────────────────────────────────────────────────────────────────────────

KEYS = ["Q1", "two words", "é", "3", "NA"]
TABLE = np.arange(10, dtype=np.float32).reshape(5, 2) / 7


def lines(header=True):
    first = ["5 2\n"] if header else []
    return "".join(
        first + [f"{k} {a!r} {b!r}\n" for k, (a, b) in zip(KEYS, TABLE.tolist(), strict=True)]
    )


@pytest.mark.parametrize("name", ["v.txt", "v.vec.gz", "v.W2V"])
@pytest.mark.parametrize("header", [True, False])
def test_word2vecs_text_is_read(tmp_path, name, header):
    path = tmp_path / name
    opened = gzip.open if name.endswith("gz") else open
    with opened(path, "wt", encoding="utf-8") as file:
        file.write(lines(header))
    found = read_vectors(path)
    assert list(found.keys) == KEYS
    assert np.allclose(found.table.numpy(), TABLE)
    assert found.fingerprint == ""


def test_numpys_arrays_are_read(tmp_path):
    np.savez(tmp_path / "v.npz", keys=np.array(KEYS), vectors=TABLE)
    np.save(tmp_path / "v.npy", TABLE.astype(np.float64))
    (tmp_path / "keys.txt").write_text("\n".join(KEYS))
    for found in (
        read_vectors(tmp_path / "v.npz"),
        read_vectors(tmp_path / "v.npy", keys=tmp_path / "keys.txt"),
    ):
        assert list(found.keys) == KEYS
        assert np.allclose(found.table.numpy(), TABLE)
    with pytest.raises(EmbeddingError, match="one key per line"):
        read_vectors(tmp_path / "v.npy")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a 1 2\nb 1\n", "line 2"),
        ("a 1 2\nb 1 x\n", "line 2"),
        ("3 2\na 1 2\n", "announces 3"),
        ("a 1 2\na 3 4\n", "twice"),
        ("a 1 nan\n", "not finite"),
        ("a\n", "line 1"),
    ],
)
def test_malformed_text_is_refused_with_its_place(tmp_path, text, said):
    path = tmp_path / "v.txt"
    path.write_text(text)
    with pytest.raises(EmbeddingError, match=said):
        read_vectors(path)


def test_what_is_no_file_of_vectors_is_refused(tmp_path):
    np.save(tmp_path / "o.npy", np.array([{"a": 1}]), allow_pickle=True)
    (tmp_path / "keys").write_text("a")
    for path, said in (("no.txt", "no such file"), ("keys", "suffix"), ("o.npy", "cannot be read")):
        with pytest.raises(EmbeddingError, match=said):
            read_vectors(tmp_path / path, keys=tmp_path / "keys")


def test_a_saved_folder_is_read_as_it_is(trained, tmp_path):
    trained.save(tmp_path / "e")
    assert torch.equal(read_vectors(tmp_path / "e").table, trained.table)


@pytest.fixture(scope="module")
def pykeens(tmp_path_factory):
    from pykeen.pipeline import pipeline
    from pykeen.triples import TriplesFactory

    odd = [
        ("NA", "next", "null"),
        ("null", "next", "é"),
        ("é", "next", "NA"),
        ("two words", "next", "NA"),
    ]
    factory = TriplesFactory.from_labeled_triples(np.array(odd))
    result = pipeline(
        training=factory, testing=factory, model="ComplEx", model_kwargs={"embedding_dim": 4},
        epochs=1, random_seed=0, training_kwargs={"use_tqdm": False},
        evaluation_kwargs={"use_tqdm": False},
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("pykeen")
    result.save_to_directory(folder)
    return result, folder


@pytest.mark.filterwarnings("ignore")
def test_a_folder_of_pykeen_is_read(pykeens):
    result, folder = pykeens
    found = read_vectors(folder)
    ids = result.training.entity_to_id
    weight = result.model.entity_representations[0]._embeddings.weight.detach()
    assert set(found.keys) == set(ids)
    for key in found.keys:
        assert torch.equal(found.vectors([key])[0], weight[ids[key]])


class Harm:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.mark.filterwarnings("ignore")
def test_no_pickle_is_executed(pykeens, tmp_path):
    _, folder = pykeens
    for name in ("training_triples",):
        (tmp_path / name).symlink_to(folder / name)
    torch.save({"model": Harm(str(tmp_path / "harm"))}, tmp_path / "trained_model.pkl")
    with pytest.raises(EmbeddingError, match="no PyKEEN model"):
        read_vectors(tmp_path)
    assert not (tmp_path / "harm").exists()
    with (tmp_path / "trained_model.pkl").open("wb") as file:
        pickle.dump(Harm(str(tmp_path / "harm")), file)
    with pytest.raises(EmbeddingError, match="no PyKEEN model"):
        read_vectors(tmp_path)
    assert not (tmp_path / "harm").exists()
