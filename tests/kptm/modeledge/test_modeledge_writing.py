"""What a model knows is written once and completely, and can be resumed and edited."""

import copy
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from kg import EntityEmbeddings
from kptm import FusedModel, FusionConfig, LinkedText, Modeledge
from kptm.data import collate
from kptm.fusion import entity_table
from kptm.fusion.entity_table import EntityTable
from kptm.modeledge.encode.encode_texts import clozes, fact_keys
from kptm.modeledge.encode.ingest import DOCUMENTS_PER_TRANSACTION
from kptm.modeledge.sql.spaces import spaces_of

NAMES = ("Georgia", "Tbilisi", "New_York", "Paris", "Seine", "Jordan", "Dead_Sea")


@pytest.fixture(scope="module")
def model(embeddings, tokenizer_of, config_of):
    tokenizer = tokenizer_of("bert")
    built = FusedModel.build(
        config_of("bert", tokenizer), embeddings, FusionConfig(), tokenizer=tokenizer
    )
    return built.eval()


@pytest.fixture
def store(empty_graph, tmp_path):
    path = tmp_path / "m.db"
    shutil.copy(empty_graph, path)
    made = Modeledge.open(path)
    yield made
    made.close()


def fact(head, tail, number=0):
    text = f"{head} has {tail}, {number}."
    return LinkedText.from_spans(
        text, [(0, len(head), head), (len(head) + 5, len(head) + 5 + len(tail), tail)]
    )


def texts(count):
    return [
        fact(NAMES[number % 7], NAMES[(number * 3 + 1) % 7], number)
        for number in range(count)
        if number % 7 != (number * 3 + 1) % 7
    ]


def rows(store):
    return [
        (name, record, vector.tobytes())
        for name in sorted(store.stats())
        for record, vector in store.vectors(name)
    ]


def test_a_cloze_leaves_out_every_mention_of_its_entity():
    document = LinkedText.from_spans(
        "Paris on the Seine: Paris.", [(0, 5, "P"), (13, 18, "S"), (20, 25, "P")]
    )
    first, second = clozes(document)
    assert first.document.text == "[MASK] on the Seine: [MASK]."
    assert [(link.start, link.surface, link.entity) for link in first.document.links] == [
        (14, "Seine", "S")
    ]
    assert (first.value, first.record.context, first.record.start) == ("P", ("S",), 0)
    assert second.document.text == "Paris on the [MASK]: Paris."
    assert (second.record.start, second.record.end) == (13, 18)


def test_keys_of_facts_need_no_more_of_the_entity_table_than_the_mentions(model, monkeypatch):
    documents = [item.document for item in clozes(fact("Georgia", "Tbilisi"))]
    batch = collate([model.encoder.encode(item) for item in documents], model.pad_id)
    with torch.no_grad():
        wanted = model(**batch.tensors()).fact_keys.numpy()
    monkeypatch.setattr(entity_table, "MAX_NUMBERS_IN_MEMORY", 0)
    large = copy.copy(model)
    large._modules = {**model._modules, "entity_table": EntityTable(model.embeddings)}
    np.testing.assert_allclose(fact_keys(large, documents), wanted, atol=1e-6)
    assert not large.entity_table.held


def test_vectors_equal_the_models(store, model):
    document = fact("Georgia", "Tbilisi")
    assert store.write(model, [document]) == 4
    names = spaces_of(model)
    text = model.encoder.encode(document)
    with torch.no_grad():
        hidden = model(**collate([text], model.pad_id).tensors()).hidden[0]
    mentions = {r.value: v for r, v in store.vectors(names["mention"])}
    for span, key in zip(text.spans, ("Georgia", "Tbilisi"), strict=True):
        wanted = hidden[span.start : span.end].mean(0).numpy()
        np.testing.assert_allclose(mentions[key], wanted, atol=1e-6)
    keys = {record.value: vector for record, vector in store.vectors(names["cloze"])}
    asked = LinkedText.from_spans("Georgia has [MASK], 0.", [(0, 7, "Georgia")])
    np.testing.assert_allclose(keys["Tbilisi"], fact_keys(model, [asked])[0], atol=1e-6)
    hit = store.search(fact_keys(model, [asked]), k=1, space=names["cloze"])[0][0]
    assert (hit.value, hit.record.context, hit.record.kind) == ("Tbilisi", ("Georgia",), "cloze")
    assert hit.score == pytest.approx(1.0, abs=1e-5)


def test_the_same_texts_twice_add_nothing(store, model):
    alone = LinkedText.from_spans("Paris alone.", [(0, 5, "Paris")])
    documents = [*texts(80), alone, LinkedText("nobody here"), alone]
    added = store.write(model, documents)
    before, newest = rows(store), store.newest_operation()
    assert added == len(before)
    seen = []
    assert store.write(model, documents, progress=seen.append) == 0
    assert store.write(model, reversed(documents)) == 0  # in other batches
    assert seen == [DOCUMENTS_PER_TRANSACTION, len(documents)]
    assert (rows(store), store.newest_operation()) == (before, newest)


def test_another_model_has_spaces_of_its_own(store, model, embeddings, tokenizer_of, config_of):
    tokenizer = tokenizer_of("bert")
    other = FusedModel.build(
        config_of("bert", tokenizer), embeddings, FusionConfig(seed=1), tokenizer=tokenizer
    )
    documents = texts(5)
    assert store.write(model, documents) == store.write(other, documents)
    assert len(store.stats()) == 4
    assert not set(spaces_of(model).values()) & set(spaces_of(other).values())


def test_forgotten_records_are_not_written_again(store, model):
    documents = texts(20)
    store.write(model, documents)
    gone = store.forget(text=documents[0].text).rows_removed
    gone += store.forget(entity="Seine").rows_removed
    left = rows(store)
    assert gone
    assert store.write(model, documents) == store.write(model, documents[::-1]) == 0
    assert rows(store) == left
    assert all("Seine" not in (record.value, *record.context) for _, record, _ in left)


def test_a_text_that_is_cut_still_has_a_vector_for_each_record(store, model):
    long = "word " * 200
    text = f"Paris {long} Seine."
    document = LinkedText.from_spans(
        text, [(0, 5, "Paris"), (len(text) - 6, len(text) - 1, "Seine")]
    )
    store.write(model, [document])
    found = [record.value for record, _ in store.vectors(spaces_of(model)["mention"])]
    assert found == ["Paris"]


def test_a_link_without_tokens_shifts_no_other(store, model):
    document = LinkedText.from_spans(
        "Paris \u200b Seine.", [(0, 5, "Paris"), (6, 7, "Georgia"), (8, 13, "Seine")]
    )
    store.write(model, [document])
    found = {record.value: record for record, _ in store.vectors(spaces_of(model)["mention"])}
    assert {key: (item.start, item.end) for key, item in found.items()} == {
        "Paris": (0, 5), "Seine": (8, 13),
    }  # fmt: skip


def test_an_edit_and_its_undo(store, model):
    documents = [fact("Georgia", "Tbilisi"), fact("Georgia", "Seine"), fact("Paris", "Seine")]
    store.write(model, documents)
    before = rows(store)
    statements = list(clozes(fact("Georgia", "Paris"), kind="fact"))
    for _ in range(2):
        number = store.edit(model, statements, head="Georgia", old="Tbilisi", note="n").operation
        pairs = {(record.value, *record.context) for _, record, _ in rows(store)}
        assert ("Tbilisi", "Georgia") not in pairs
        assert ("Georgia", "Tbilisi") not in pairs
        assert ("Paris", "Georgia") in pairs
        assert ("Seine", "Georgia") in pairs
        assert store.receipt(number).note == "n"
        store.undo(number)
        assert rows(store) == before


SCRIPT = """
import sys
sys.path.insert(0, sys.argv[3])
from test_modeledge_writing import texts
from kptm import FusedModel, Modeledge
store = Modeledge.open(sys.argv[1])
model = FusedModel.from_pretrained(sys.argv[2])
store.write(model, texts(300), progress=lambda n: print(n, flush=True))
"""


@pytest.mark.usefixtures("separate_process")
def test_killed_and_continued(store, model, empty_graph, tmp_path):
    model.save_pretrained(tmp_path / "model")
    path = tmp_path / "cut.db"
    shutil.copy(empty_graph, path)
    here = str(Path(__file__).parent)
    command = [sys.executable, "-c", SCRIPT, str(path), str(tmp_path / "model"), here]
    reached = []
    for batches, wait in ((1, 0.0), (2, 0.01), (1, 0.03)):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            for _ in range(len(reached) * 2 + batches):
                process.stdout.readline()
            time.sleep(wait)
            process.send_signal(signal.SIGKILL)
        cut = Modeledge.open(path)
        reached.append(sum(cut.stats().values()))
        cut.close()
    cut = Modeledge.open(path)
    documents = texts(300)
    assert reached == sorted(reached)
    assert 0 < reached[0] < 4 * len(documents)
    loaded = FusedModel.from_pretrained(tmp_path / "model")
    assert cut.write(loaded, documents) + reached[-1] == store.write(model, documents)
    assert rows(cut) == rows(store)
    cut.close()


def test_a_users_embeddings_have_a_space_too(store):
    table = EntityEmbeddings(["a", "b"], torch.eye(2))
    store.add(table.table.numpy(), table.keys, space="mine", source="hand")
    assert store.search(np.array([[1, 0.1]]), k=1, space="mine")[0][0].value == "a"
    assert store.forget(source="hand").rows_removed == 2
