"""Recall by texts against the vectors themselves, and no recall by another model."""

import copy
import shutil

import numpy as np
import pytest
import torch

from kptm import FusedModel, FusionConfig, LinkedText, Modeledge, ModeledgeError
from kptm.data import train_tokenizer
from kptm.modeledge import RecordFilter
from kptm.modeledge.encode.encode_texts import fact_keys, mention_vectors
from kptm.modeledge.sql.spaces import spaces_of

NAMES = ("Georgia", "Tbilisi", "New_York", "Paris", "Seine", "Jordan", "Dead_Sea")


def build(embeddings, tokenizer_of, config_of, **changes):
    tokenizer = changes.pop("tokenizer", None) or tokenizer_of("bert")
    config = config_of("bert", tokenizer, **changes.pop("config", {}))
    return FusedModel.build(config, embeddings, FusionConfig(**changes), tokenizer=tokenizer).eval()


@pytest.fixture(scope="module")
def model(embeddings, tokenizer_of, config_of):
    return build(embeddings, tokenizer_of, config_of)


@pytest.fixture
def store(empty_graph, tmp_path):
    path = tmp_path / "m.db"
    shutil.copy(empty_graph, path)
    made = Modeledge.open(path)
    yield made
    made.close()


def text(first, second, number):
    words = f"{first} has {second}, {number}."
    return LinkedText.from_spans(
        words, [(0, len(first), first), (len(first) + 5, len(first) + 5 + len(second), second)]
    )


DOCUMENTS = [
    text(NAMES[number % 7], NAMES[(number + 1 + number // 7) % 7], number) for number in range(35)
]
BLANK = LinkedText.from_spans("Georgia has [MASK], 3.", [(0, 7, "Georgia")])
ASKED = [DOCUMENTS[0], BLANK, LinkedText("nothing at all"), DOCUMENTS[8]]


def test_blanks_ask_for_facts_and_mentions_for_mentions(store, model):
    store.write(model, DOCUMENTS, source="s")
    names = spaces_of(model)
    found = store.recall(model, ASKED, k=4)
    assert [[item.way for item in each] for each in found] == [
        ["mention"] * 2, ["cloze"], [], ["mention"] * 2,
    ]  # fmt: skip
    assert [(x.start, x.end, x.entity) for x in found[1]] == [(12, 18, "")]
    assert [(x.start, x.end, x.entity) for x in found[0]] == [
        (link.start, link.end, link.entity) for link in DOCUMENTS[0].links
    ]
    for number, document in enumerate(ASKED):
        if not found[number]:
            continue
        blank = found[number][0].way == "cloze"
        queries = fact_keys(model, [document]) if blank else mention_vectors(model, [document])[0]
        stored = list(store.vectors(names["cloze" if blank else "mention"]))
        vectors = np.array([vector for _, vector in stored], np.float64)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        for query, item in zip(queries.astype(np.float64), found[number], strict=True):
            scores = vectors @ (query / np.linalg.norm(query))
            assert [hit.score for hit in item.hits] == pytest.approx(
                np.sort(-scores)[:4] * -1, abs=1e-5
            )
    assert found[0][0].hits[0].value == "Georgia"
    assert found[0][0].hits[0].score == pytest.approx(1, abs=1e-5)


def test_filters_single_texts_and_an_empty_store(store, model):
    nothing = store.recall(model, ASKED)
    assert [len(each) for each in nothing] == [2, 1, 0, 2]
    assert not any(item.hits for each in nothing for item in each)
    store.write(model, DOCUMENTS)
    (alone,) = store.recall(model, BLANK, k=3, where=RecordFilter(value="Seine"))
    assert {hit.value for hit in alone[0].hits} == {"Seine"}
    assert store.recall(model, BLANK, where=RecordFilter(value="nobody"))[0][0].hits == ()


def test_text_that_was_cut_off_recalls_nothing(store, model):
    store.write(model, DOCUMENTS)
    long = "word " * 200
    blank = LinkedText(f"{long}[MASK]")
    mention = LinkedText.from_spans(f"{long}Paris", [(len(long), len(long) + 5, "Paris")])
    assert store.recall(model, [blank, mention]) == [[], []]


def refused(store, stranger):
    """Whether another model is refused everywhere, with an error that says what to do."""
    there = store.stats()
    for document in (BLANK, DOCUMENTS[3], *ASKED[:1]):
        with pytest.raises(ModeledgeError, match="migrate") as told:
            store.recall(stranger, document)
        assert any(name in str(told.value) for name in there)
    assert store.recall(stranger, LinkedText("nothing to ask")) == [[]]
    return True


def test_one_changed_weight_is_another_model(store, model):
    """The smallest change of one float32 in any tensor counts, also in the entity table."""
    store.write(model, DOCUMENTS)
    rng = np.random.default_rng(0)
    names = sorted(model.state_dict())
    tables = [name for name in names if "entity_table" in name]
    chosen = [*tables, *(names[place] for place in rng.permutation(len(names))[:24])]
    changed = 0
    for name in chosen:
        stranger = copy.deepcopy(model)
        weights = dict(stranger.state_dict())[name]
        if not weights.is_floating_point() or not weights.numel():
            continue
        flat = weights.view(-1)
        at = int(rng.integers(len(flat)))
        flat[at] = torch.nextafter(flat[at], flat.new_tensor(torch.inf))
        assert refused(store, stranger), name
        changed += 1
    assert changed >= 20
    assert store.recall(model, BLANK)[0][0].hits


def test_a_changed_entity_vector_is_another_model(store, model, embeddings):
    store.write(model, DOCUMENTS)
    for row in range(len(NAMES)):
        stranger = copy.deepcopy(model)
        stranger.embeddings.table[row, row % 6] += 1e-3
        assert refused(store, stranger)


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 1},  # other weights of the same width
        {"max_length": 32},
        {"kind": "ernie"},
        {"config": {"num_hidden_layers": 3}},
        {"config": {"layer_norm_eps": 1e-6}},
        {"config": {"hidden_size": 24}},  # here also of another width
    ],
)
def test_another_model_is_refused(store, model, embeddings, tokenizer_of, config_of, changes):
    store.write(model, DOCUMENTS)
    stranger = build(embeddings, tokenizer_of, config_of, **dict(changes))
    assert refused(store, stranger)
    store.migrate(stranger)
    assert store.recall(stranger, BLANK)[0][0].hits


def test_another_tokenizer_is_refused(store, model):
    """The weights are the same, but words are cut differently."""
    store.write(model, DOCUMENTS)
    vocabulary = sorted(model.tokenizer.get_vocab(), key=model.tokenizer.get_vocab().get)
    other = train_tokenizer([*NAMES, "quite other words"] * 3, vocab_size=len(vocabulary))
    stranger = copy.deepcopy(model)
    stranger.tokenizer = other
    assert refused(store, stranger)
    stranger = copy.deepcopy(model)
    stranger.tokenizer.backend_tokenizer.normalizer = None
    assert refused(store, stranger)


def test_an_undone_migration_is_refused_again(store, model, embeddings, tokenizer_of, config_of):
    other = build(embeddings, tokenizer_of, config_of, seed=5)
    store.write(model, DOCUMENTS)
    (number,) = store.migrate(other).operations
    assert store.recall(other, BLANK)[0][0].hits
    store.undo(number)
    assert refused(store, other)
