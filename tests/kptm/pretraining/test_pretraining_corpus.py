"""Encoded texts on disk are read as they were written, and are not linked twice."""

import json
from dataclasses import replace

import pytest
import tiny_run
from datasets import Dataset, IterableDataset
from hypothesis import given, settings
from hypothesis import strategies as st
from test_pretraining_masking import encoded

from kg import EntityRecord
from kptm.data import EncodedText
from kptm.data.tokenize import TokenSpan
from kptm.errors import ModelError
from kptm.linking import LinkedText, Linker
from kptm.pretraining import pretrain
from kptm.pretraining.data import corpus
from kptm.pretraining.data.corpus import Corpus

pytestmark = pytest.mark.usefixtures("training")

RICH = EncodedText(
    (2, 10, 11, 3), (TokenSpan(1, 3, "ü\n", 5, ((5, 0.25), (7, 0.75)), ((1, 2), (3,))),)
)


@given(st.lists(encoded(), max_size=9), st.integers(1, 4))
@settings(max_examples=25, deadline=None)
def test_texts_are_read_back_unchanged(tmp_path_factory, texts, shard):
    folder = tmp_path_factory.mktemp("corpus")
    wanted = [EncodedText(text.ids, text.spans) for text in [*texts, RICH]]
    given_, corpus.TEXTS_PER_SHARD = iter(wanted), shard
    try:
        found = Corpus(folder, ["a"] * len(wanted), lambda _: next(given_), link=linked)
    finally:
        corpus.TEXTS_PER_SHARD = 4_096
    assert [found[number] for number in range(len(found))] == wanted
    assert found.lengths == [len(text.ids) for text in wanted]
    assert found.links == sum(span.row is not None for text in wanted for span in text.spans)


def linked(texts):
    return (LinkedText(text) for text in texts)


@pytest.fixture
def shards(monkeypatch):
    monkeypatch.setattr(corpus, "TEXTS_PER_SHARD", 3)


class Counting:
    """Encodes, and counts."""

    def __init__(self):
        self.model, self.count = tiny_run.model(), 0

    def __call__(self, document):
        self.count += 1
        return self.model.encoder.encode(document)


def test_present_shards_are_not_made_again(shards, tmp_path):
    encode = Counting()
    first = Corpus(tmp_path, tiny_run.texts(), encode, identity="x")
    assert (len(first), encode.count) == (8, 8)
    again = Corpus(tmp_path, tiny_run.texts(), encode, identity="x")
    assert encode.count == 8
    assert again.digest == first.digest
    assert [again[at] for at in range(8)] == [first[at] for at in range(8)]
    assert (again.links, again.lengths) == (16, first.lengths)
    longer = Corpus(tmp_path, [*tiny_run.texts(), LinkedText("More.")], encode, identity="x")
    assert encode.count == 8 + 3  # only the last shard is made again
    assert longer.digest != first.digest
    Corpus(tmp_path, tiny_run.texts(), encode, identity="y")
    assert encode.count == 8 + 3 + 8


@pytest.mark.parametrize("harm", ["flip", "cut", "no note", "bad note"])
def test_a_damaged_shard_is_made_again(shards, tmp_path, harm):
    encode = Counting()
    first = Corpus(tmp_path, tiny_run.texts(), encode)
    wanted = [first[at] for at in range(8)]
    del first
    file, note = tmp_path / "00001.arrow", tmp_path / "00001.json"
    data = bytearray(file.read_bytes())
    if harm == "flip":
        data[len(data) // 2] ^= 1
        file.write_bytes(data)
    elif harm == "cut":
        file.write_bytes(data[: len(data) // 2])
    elif harm == "no note":
        note.unlink()
    else:
        note.write_text(json.dumps([1]), encoding="utf-8")
    again = Corpus(tmp_path, tiny_run.texts(), encode)
    assert encode.count == 8 + 3
    assert [again[at] for at in range(8)] == wanted


def test_rows_of_datasets_are_texts():
    rows = [{"text": text.text, "links": text.to_dict()["links"]} for text in tiny_run.texts()]
    table = Dataset.from_list(rows)
    curves = [
        pretrain(tiny_run.model(), texts, config=tiny_run.CONFIG).curve
        for texts in (tiny_run.texts(), table, table.to_iterable_dataset())
    ]
    assert curves[0] == curves[1] == curves[2]


def test_a_stream_is_read_once_and_in_parts(shards, tmp_path):
    """At most one shard of the stream is in memory."""
    read = []

    def stream():
        for number in range(10):
            read.append(number)
            yield {"text": f"text {number}"}

    seen = []

    def link(texts):
        seen.append((len(read), len(list(texts))))
        return linked(["x"] * seen[-1][1])

    found = Corpus(tmp_path, IterableDataset.from_generator(stream), Counting(), link=link)
    assert len(found) == 10
    assert [count for _, count in seen] == [3, 3, 3, 1]
    assert read[: len(set(read))] == list(range(10))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"words": "a"}, "text 2: .*'words'.* is not a text"),
        ({"text": None}, "text 2: .* is not a text"),
        (3, "text 2: '?3'? is not a text"),
        ({"text": "a", "links": [{"start": 0}]}, r"text 2: links\[0\].end is missing"),
    ],
)
def test_values_that_are_no_texts_are_named(tmp_path, row, said):
    with pytest.raises(ModelError, match=said):
        Corpus(tmp_path, [LinkedText("fine"), row], Counting())


def test_fields_that_a_table_fills_with_none_are_missing(tmp_path):
    """Arrow gives None where a row has no such field."""
    link = {
        "start": 0,
        "end": 4,
        "entity": "Rome",
        "surface": None,
        "score": None,
        "candidates": None,
    }
    found = Corpus(tmp_path, [{"text": "Rome.", "links": [link]}], Counting())
    assert [span.entity for span in found[0].spans] == ["Rome"]


def test_a_text_without_a_token_is_left_out(tmp_path):
    """A decoder's tokenizer adds no tokens of its own."""
    encode = {"": EncodedText(()), "a": EncodedText((7,))}
    found = Corpus(tmp_path, map(LinkedText, ["", "a", ""]), lambda text: encode[text.text])
    assert [found[at].ids for at in range(len(found))] == [(7,)]


def test_the_graphs_facts_are_read_anew(tmp_path, new_graph):
    """Shards written without relations, or for another graph, are not used here."""
    graph = new_graph()
    graph.add([(country, "capital", city) for country, city in tiny_run.CAPITALS.items()])
    graph.add([(city, "in", country) for country, city in tiny_run.CAPITALS.items()])
    plain = replace(tiny_run.CONFIG, steps=2, checkpoint_every=0, entity_rate=0.0)
    asked = replace(plain, relation_weight=1.0, log_every=1)
    losses = []
    for config in (plain, asked):
        curve = pretrain(
            tiny_run.model(), tiny_run.texts(), config=config, graph=graph, checkpoints=tmp_path
        ).curve
        losses.append(curve[0].others.get("relation"))
    assert losses[0] is None
    assert losses[1] > 0
    graph.add([("Georgia", "a_first_relation", "Paris")])  # the numbers of relations change
    model = tiny_run.model()
    again = pretrain(model, tiny_run.texts(), config=asked, graph=graph, checkpoints=tmp_path)
    model = tiny_run.model()
    fresh = pretrain(model, tiny_run.texts(), config=asked, graph=graph)
    assert again.curve == fresh.curve


def test_another_linker_links_anew(tmp_path, new_graph):
    empty, graph = new_graph(), new_graph()
    names = sorted({*tiny_run.CAPITALS, *tiny_run.CAPITALS.values()})
    graph.add([EntityRecord(key=name, label=name) for name in names])
    plain = [text.text for text in tiny_run.texts()]
    config = replace(tiny_run.CONFIG, steps=1, checkpoint_every=0)
    links = [
        pretrain(tiny_run.model(), plain, Linker(one), config, checkpoints=tmp_path).links
        for one in (empty, graph)
    ]
    assert links == [0, 16]


def test_plain_texts_need_a_linker(tmp_path):
    with pytest.raises(ModelError, match="'one' is plain: pass a linker"):
        Corpus(tmp_path, [LinkedText("linked"), "one"], Counting())
