"""Migrations against a store written with the new model, and against known rotations."""

import dataclasses
from itertools import pairwise

import numpy as np
import pytest
import torch

from kg import EntityEmbeddings, EntityRecord
from kptm import FusedModel, FusionConfig, LinkedText, ModeledgeError
from kptm.data import Phrasings
from kptm.modeledge.encode.encode_texts import clozes
from kptm.modeledge.sql.spaces import spaces_of
from kptm.modeledge.transfer import migrate

NAMES = ("Georgia", "Tbilisi", "New_York", "Paris", "Seine", "Jordan", "Dead_Sea")
FACTS = [
    ("Georgia", "capital", "Tbilisi"),
    ("Paris", "river", "Seine"),
    ("Jordan", "to", "Dead_Sea"),
]
PHRASINGS = Phrasings({"capital": ["[Y] is the capital of [X].", "[X] has [Y]."]})


@pytest.fixture(scope="module")
def models(embeddings, tokenizer_of, config_of):
    """Two seeds, and one with wider vectors."""
    tokenizer = tokenizer_of("bert")
    wide = EntityEmbeddings(NAMES, torch.randn(7, 8, generator=torch.Generator().manual_seed(2)))
    made = [
        FusedModel.build(
            config_of("bert", tokenizer, hidden_size=hidden),
            table,
            FusionConfig(seed=seed),
            tokenizer=tokenizer,
        ).eval()
        for seed, hidden, table in ((0, 16, embeddings), (1, 16, embeddings), (2, 24, wide))
    ]
    return dict(zip(("old", "new", "wide"), made, strict=True))


@pytest.fixture
def graph(new_graph):
    made = new_graph()
    made.add([EntityRecord(key=name, label=name.replace("_", " ")) for name in NAMES])
    made.add(FACTS)
    return made


def texts(count, start=0):
    """Texts with two or three links; every fifth text repeats its first link."""
    found = []
    for number in range(start, start + count):
        first, second, third = (NAMES[(number * step + step) % 7] for step in (1, 3, 5))
        words = [first, "saw", second, f"on day {number}"]
        if number % 3 == 0:
            words += ["with", third]
        if number % 5 == 0:
            words += ["and", first]
        text, spans = "", []
        for word in words:
            text += " " if text else ""
            if word in NAMES:
                spans.append((len(text), len(text) + len(word), word))
            text += word
        found.append(LinkedText.from_spans(text, spans))
    return found


def fill(store, model, graph, count=70):
    documents = texts(count)
    store.write(model, documents[: count // 2], source="one")
    store.write(model, documents[count // 3 :], source="two")
    store.write_facts(model, graph, graph.match(), PHRASINGS, source="graph")
    store.forget(text=documents[4].text)
    store.forget(triple=("Paris", "", "Seine"))
    store.forget(source="one")


def rows(store, model):
    """The sorted records of a model's spaces, without ids, and their vectors."""
    found = [
        (way, entry.record, entry.sources, vector)
        for way, name in sorted(spaces_of(model).items())
        for entry, vector in store.entries(name)
    ]
    found.sort(key=lambda row: repr(row[:3]))
    return [row[:3] for row in found], [row[3] for row in found]


def everything(store):
    return [
        (space.name, repr(entry), vector.tobytes())
        for space in store.spaces()
        for entry, vector in store.entries(space.name)
    ]


@pytest.mark.parametrize("goal", ["new", "wide"])
def test_reencoded_is_as_if_written_anew(new_store, models, graph, goal):
    store, other = new_store(), new_store()
    fill(store, models["old"], graph)
    fill(other, models[goal], graph)
    before, seen, newest = everything(store), [], store.newest_operation()
    report = store.migrate(models[goal], method="encode", progress=seen.append)
    (records, vectors), (wanted, right) = rows(store, models[goal]), rows(other, models[goal])
    assert records == wanted
    assert {record.kind for _, record, _ in records} == {"mention", "cloze", "fact"}
    np.testing.assert_allclose(np.concatenate(vectors), np.concatenate(right), atol=2e-5)
    assert sum(item.moved for item in report.spaces) == len(wanted) == seen[-1]
    assert [(item.method, item.left, item.there) for item in report.spaces] == [
        ("encode", 0, 0)
    ] * 2
    assert all(item.agreement.recall > 0.99 for item in report.spaces)
    assert report.operations == (newest + 1,)
    receipt = store.receipt(newest + 1)
    assert (receipt.kind, receipt.rows_added, receipt.rows_removed) == ("migrate", len(wanted), 0)
    assert all(not item.problems for item in store.verify())
    # A second run has nothing to do; an undo restores the earlier state.
    assert [item.moved for item in store.migrate(models[goal], old=None).spaces] == [0, 0]
    assert store.newest_operation() == newest + 1
    store.undo(newest + 1)
    assert everything(store) == before
    assert store.migrate(models[goal]).operations == (newest + 3,)
    assert rows(store, models[goal])[0] == wanted


def test_replacing_takes_the_old_ones_out_in_the_same_operation(new_store, models, graph):
    store = new_store()
    fill(store, models["old"], graph)
    before = everything(store)
    records, _ = rows(store, models["old"])
    report = store.migrate(models["new"], replace=True)
    assert report.replaced == len(records) == len(rows(store, models["new"])[0])
    assert rows(store, models["old"]) == ([], [])
    (number,) = report.operations
    store.undo(number)
    assert everything(store) == before


def test_forgetting_a_source_forgets_in_both_spaces(new_store, models):
    store = new_store()
    store.write(models["old"], texts(10), source="s")
    store.migrate(models["new"])
    store.forget(source="s")
    assert store.stats() == {}


def test_own_vectors_and_unknown_texts_stay(new_store, models):
    store = new_store()
    names = spaces_of(models["old"])
    store.write(models["old"], texts(10))
    store.add(np.ones((2, 16)), ["a", "b"], space=names["mention"])
    # One direction of a statement does not say where the other entity stands.
    text = LinkedText.from_spans("Paris has Jordan.", [(0, 5, "Paris"), (10, 16, "Jordan")])
    one = [dataclasses.replace(item, record=dataclasses.replace(item.record,
    triple=("Paris", "r", "Jordan")))
           for item in clozes(text, kind="fact")][:1]  # fmt: skip
    store.edit(models["old"], one, head="Paris", old=None, relation="r", note="n")
    report = store.migrate(models["new"], replace=True)
    assert {item.old.partition(":")[0]: item.left for item in report.spaces} == {
        "mention": 2,
        "cloze": 1,
    }
    left = [record.kind for name in names.values() for record, _ in store.vectors(name)]
    assert sorted(left) == ["fact", "own", "own"]

    class Linker:
        def link(self, text):
            return LinkedText.from_spans(text, [(0, 5, "Paris"), (10, 16, "Jordan")])

    again = store.migrate(models["new"], linker=Linker())
    assert [item.moved for item in again.spaces if "cloze" in item.old] == [1]


def test_given_documents_are_used(new_store, models):
    """Records lack the text that the old model cut off; the documents have it."""
    store = new_store()
    long = "word " * 80
    text = f"Paris saw Seine {long}Paris."
    spans = [(0, 5, "Paris"), (10, 15, "Seine"), (len(text) - 6, len(text) - 1, "Paris")]
    document = LinkedText.from_spans(text, spans)
    store.write(models["old"], [document])
    seen = []
    encode = models["new"].encoder.encode_many
    models["new"].encoder.encode_many = lambda items: seen.extend(items) or encode(items)
    try:
        store.migrate(models["new"], documents=[document])
    finally:
        del models["new"].encoder.encode_many
    assert document in seen


def turned(store, model, rng, *, noise=0.0, name="stranger"):
    """Turn a model's vectors at random into another model's, and leave everything else."""
    for way, old in spaces_of(model).items():
        found = list(store.entries(old))
        dim = found[0][1].shape[0]
        turn = np.linalg.qr(rng.normal(size=(dim, dim)))[0]
        with store.database.writing() as (sql, _):
            for entry, vector in found:
                moved = vector @ turn + noise * rng.normal(size=dim)
                sql.run(
                    "UPDATE modeledge_record SET vector = ? WHERE id = ?",
                    (moved.astype("<f4").tobytes(), entry.id),
                )
            sql.run("UPDATE modeledge_space SET name = ? WHERE name = ?", (f"{way}:{name}", old))


@pytest.mark.usefixtures("many_inputs")
@pytest.mark.parametrize("method", ["map", "auto"])
def test_a_turn_is_undone_by_a_map(new_store, models, method):
    store, other = new_store(), new_store()
    for each in (store, other):
        each.write(models["new"], texts(600), source="s")
    turned(store, models["new"], np.random.default_rng(0))
    report = store.migrate(models["new"], old="stranger", method=method, anchors=100)
    assert [item.method for item in report.spaces] == ["map", "map"]
    assert all(item.agreement.recall > 0.99 for item in report.spaces)
    assert all(item.anchors == 100 and item.left == 0 for item in report.spaces)
    assert len(report.operations) == 1
    (records, vectors), (wanted, right) = rows(store, models["new"]), rows(other, models["new"])
    assert records == wanted
    np.testing.assert_allclose(np.concatenate(vectors), np.concatenate(right), atol=1e-3)


@pytest.mark.usefixtures("many_inputs")
def test_a_map_that_finds_too_little_is_refused_with_the_figure(new_store, models):
    store = new_store()
    store.write(models["new"], texts(200))
    turned(store, models["new"], np.random.default_rng(0), noise=3.0)
    before, newest = everything(store), store.newest_operation()
    with pytest.raises(ModeledgeError, match=r"reaches 0\.\d{3} of re-encoding's recall"):
        store.migrate(models["new"], method="map", anchors=100)
    assert (everything(store), store.newest_operation()) == (before, newest)
    assert len(store.spaces()) == 2
    report = store.migrate(models["new"], method="auto", anchors=60)
    assert [item.method for item in report.spaces] == ["encode", "encode"]
    again = store.migrate(models["new"], method="map", anchors=100, target=0.0)
    assert [item.there for item in again.spaces] == [
        store.stats()[item.new] for item in again.spaces
    ]
    assert again.operations == ()
    # If it is accepted nevertheless, anchors and held-out records have their encoded vectors.
    _, right = rows(store, models["new"])
    store.undo(report.operations[0])
    low = store.migrate(models["new"], method="map", anchors=100, target=0.0)
    _, vectors = rows(store, models["new"])
    exact = sum(
        np.allclose(one, other, atol=2e-5) for one, other in zip(vectors, right, strict=True)
    )
    assert exact == sum(item.anchors + item.agreement.count for item in low.spaces)
    assert all(item.agreement.recall < 0.95 for item in low.spaces)


@pytest.mark.usefixtures("many_inputs")
def test_maps_need_enough_records_and_room(new_store, models):
    store = new_store()
    store.write(models["old"], texts(20))
    with pytest.raises(ModeledgeError, match="too few"):
        store.migrate(models["new"], method="map")
    store.write(models["wide"], texts(300))
    with pytest.raises(ModeledgeError, match="narrower"):
        store.migrate(models["new"], old=models["wide"].fingerprint(), method="map", anchors=50)
    report = store.migrate(models["new"], old=models["wide"].fingerprint(), anchors=50)
    assert {item.method for item in report.spaces} == {"encode"}


def test_the_old_model_has_to_be_clear(new_store, models):
    store = new_store()
    with pytest.raises(ModeledgeError, match="of none"):
        store.migrate(models["new"])
    store.write(models["new"], texts(3))
    with pytest.raises(ModeledgeError, match="of none"):  # the store has no other model's vectors
        store.migrate(models["new"])
    store.write(models["old"], texts(3))
    store.write(models["wide"], texts(3))
    with pytest.raises(ModeledgeError, match="old="):
        store.migrate(models["new"])
    with pytest.raises(ModeledgeError, match="no vectors of another model nobody"):
        store.migrate(models["new"], old="nobody")
    for wrong in ({"method": "guess"}, {"anchors": 0}, {"target": 1.5}):
        with pytest.raises(ModeledgeError):
            store.migrate(models["new"], old=models["old"].fingerprint(), **wrong)
    assert store.migrate(models["new"], old=models["old"].fingerprint()).operations == ()


def test_interrupted_and_continued(new_store, models, monkeypatch):
    monkeypatch.setattr(migrate, "RECORDS_PER_TRANSACTION", 16)
    store, other = new_store(), new_store()
    for each in (store, other):
        each.write(models["old"], texts(60), source="s")
    other.migrate(models["new"])

    def stop(done):
        if done >= stop.at:
            raise KeyboardInterrupt

    reached = []
    for stop.at in (17, 64, 140):
        with pytest.raises(KeyboardInterrupt):
            store.migrate(models["new"], progress=stop)
        reached.append(len(rows(store, models["new"])[0]))
    report = store.migrate(models["new"])
    assert all(one < other for one, other in pairwise(reached))
    assert len(report.operations) == 1  # one undo takes all of it back
    (records, vectors), (wanted, right) = rows(store, models["new"]), rows(other, models["new"])
    assert records == wanted
    np.testing.assert_array_equal(np.concatenate(vectors[:9]), np.concatenate(right[:9]))
    assert [vector.tobytes() for vector in vectors] == [vector.tobytes() for vector in right]
    store.undo(report.operations[0])
    assert rows(store, models["new"]) == ([], [])


def test_half_precision_stays(new_store, models):
    store = new_store()
    with store.database.writing() as (sql, _):
        for number, (name, dim) in enumerate(
            zip(spaces_of(models["old"]).values(), (16, 24), strict=True), 1
        ):
            sql.run(
                "INSERT INTO modeledge_space (id, name, dim, precision)"
                " VALUES (?, ?, ?, 'float16')",
                (number, name, dim),
            )
    store.write(models["old"], texts(10))
    store.migrate(models["new"])
    assert {space.precision for space in store.spaces()} == {"float16"}


def test_records_forgotten_meanwhile_are_not_written(new_store, models, monkeypatch):
    store = new_store()
    documents = texts(6)
    store.write(models["old"], documents)
    write = migrate.Migrator._write

    def after_forgetting(self, plan, items, vectors):
        if store.receipts(limit=1)[0].kind == "write":
            store.forget(text=documents[0].text)
        return write(self, plan, items, vectors)

    monkeypatch.setattr(migrate.Migrator, "_write", after_forgetting)
    report = store.migrate(models["new"])
    assert all(record.text != documents[0].text for _, record, _ in rows(store, models["new"])[0])
    assert sum(item.left for item in report.spaces) > 0
