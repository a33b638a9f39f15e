"""The tokens that are hidden from the model depend only on the text and the seed."""

import numpy as np
import pytest
import tiny_run
from hypothesis import given
from hypothesis import strategies as st

from kptm.data import EncodedText, collate
from kptm.data.batch import IGNORED
from kptm.data.tokenize import TokenSpan
from kptm.pretraining import PretrainConfig
from kptm.pretraining.data.collator import Collator
from kptm.pretraining.data.masking import causal_targets, mask_text
from kptm.pretraining.data.training_examples import ExampleSettings, PretrainingExample

MASK, CLS, SEP, PAD = 4, 2, 3, 0
VOCAB = range(5, 40)
ASKING = ExampleSettings(MASK, VOCAB, 2, 64)
ROWS = {"a": 0, "b": 1, "c": None}
RATES = st.sampled_from([0.0, 0.5, 1.0])


@st.composite
def encoded(draw):
    """A text of words and mentions.

    No two mentions share a token, so they can be told apart.
    """
    ids, spans = [CLS], []
    for _ in range(draw(st.integers(0, 6))):
        entity = draw(st.sampled_from(["", "", "a", "b", "c"]))
        size = draw(st.integers(1, 3))
        if entity:
            spans.append(TokenSpan(len(ids), len(ids) + size, entity, ROWS[entity]))
        ids += draw(st.lists(st.integers(5, 39), min_size=size, max_size=size))
    if draw(st.booleans()):
        ids.append(MASK)
    blanks = tuple(at for at, number in enumerate(ids) if number == MASK)
    return EncodedText((*ids, SEP), tuple(spans), blanks)


@st.composite
def configs(draw):
    return PretrainConfig(
        entity_rate=draw(RATES), collapse_rate=draw(RATES), token_rate=draw(RATES)
    )


SEEDS = st.tuples(st.integers(0, 99), st.integers(0, 9), st.just(1))


@given(encoded(), configs(), SEEDS)
def test_masking_is_a_pure_function(text, config, seed):
    first = mask_text(text, config, MASK, VOCAB, seed)
    np.random.default_rng().random()
    assert mask_text(text, config, MASK, VOCAB, seed) == first
    assert mask_text(text, config, MASK, list(VOCAB), seed) == first


@given(encoded(), configs(), SEEDS)
def test_a_hidden_entity_is_hidden_everywhere(text, config, seed):
    masked, labels, rows = mask_text(text, config, MASK, VOCAB, seed)
    assert len(labels) == len(masked.ids)
    assert len(rows) == len(masked.blanks)
    assert len(set(rows)) <= 1
    assert all(masked.ids[at] == MASK for at in masked.blanks)
    left = {span.entity for span in masked.spans}
    if rows:
        (hidden,) = {entity for entity, row in ROWS.items() if row == rows[0]}
        assert hidden not in left
        assert len(rows) == sum(span.entity == hidden for span in text.spans)
        assert len(masked.spans) == len(text.spans) - len(rows)
    else:
        assert masked.spans == text.spans
    # Mentions that are still linked are unchanged.
    written = {
        entity: [text.ids[span.start : span.end] for span in text.spans if span.entity == entity]
        for entity in left
    }
    kept = {
        entity: [
            masked.ids[span.start : span.end] for span in masked.spans if span.entity == entity
        ]
        for entity in left
    }
    assert kept == written


@given(encoded(), configs(), SEEDS)
def test_labels_give_the_text_back(text, config, seed):
    config = PretrainConfig(**{**vars(config), "collapse_rate": 0.0})
    masked, labels, rows = mask_text(text, config, MASK, VOCAB, seed)
    restored = [
        number if label == IGNORED else label
        for number, label in zip(masked.ids, labels, strict=True)
    ]
    assert tuple(restored) == text.ids
    assert labels[0] == labels[-1] == IGNORED
    if not config.token_rate and not rows:
        assert masked.ids == text.ids


@given(encoded(), SEEDS)
def test_collapsed_mentions_have_no_token_labels(text, seed):
    config = PretrainConfig(entity_rate=1.0, collapse_rate=1.0, token_rate=0.0)
    masked, labels, rows = mask_text(text, config, MASK, VOCAB, seed)
    assert set(labels) == {IGNORED}
    known = [span for span in text.spans if span.row is not None]
    assert bool(rows) == bool(known)
    if rows:
        sizes = [span.end - span.start for span in text.spans if span.row == rows[0]]
        assert len(masked.ids) == len(text.ids) - sum(sizes) + len(sizes)


def test_the_shares_are_those_of_bert():
    """Of 15% of the tokens, 80% are masks, 10% random, 10% unchanged (Devlin et al. 2019)."""
    text = EncodedText((CLS, *([7] * 40_000), SEP))
    config = PretrainConfig(entity_rate=0.0, token_rate=0.15)
    masked, labels, _ = mask_text(text, config, MASK, VOCAB, (0, 0, 1))
    chosen = [at for at, label in enumerate(labels) if label != IGNORED]
    share = len(chosen) / 40_000
    masks = sum(masked.ids[at] == MASK for at in chosen) / len(chosen)
    same = sum(masked.ids[at] == 7 for at in chosen) / len(chosen)
    assert share == pytest.approx(0.15, abs=0.01)
    assert masks == pytest.approx(0.8, abs=0.02)
    assert same == pytest.approx(0.1 + 0.1 / len(VOCAB), abs=0.02)


def test_random_tokens_come_from_the_vocabulary_given():
    text = EncodedText((CLS, *([7] * 5_000), SEP))
    config = PretrainConfig(entity_rate=0.0, token_rate=1.0)
    masked, *_ = mask_text(text, config, MASK, [11, 38], (0, 0, 1))
    assert set(masked.ids[1:-1]) == {7, MASK, 11, 38}


def test_each_pass_reads_each_text_once():
    texts = [EncodedText((CLS, *([10 + n] * (n % 5 + 1)), SEP)) for n in range(22)]
    config = PretrainConfig(steps=15, batch_size=4, entity_rate=0.0, token_rate=0.0, seed=1)
    examples = tiny_run.examples(texts, config, ASKING)
    assert len(examples) == 60
    seen = [examples[at].masked.text.ids for at in range(24)]
    assert set(seen) == {text.ids for text in texts}
    again = [examples[at].masked.text.ids for at in (30, 5, 59, 0)]  # in any order
    fresh = tiny_run.examples(texts, config, ASKING)
    assert again == [fresh[at].masked.text.ids for at in (30, 5, 59, 0)]
    assert [examples[at].masked.text.ids for at in range(24, 48)] != seen


@given(st.lists(st.tuples(encoded(), SEEDS), min_size=1, max_size=4), st.booleans())
def test_a_batch_has_a_row_for_each_blank(pairs, use_knowledge):
    config = PretrainConfig(entity_rate=0.5)
    masked = [mask_text(text, config, MASK, VOCAB, seed) for text, seed in pairs]
    collator = Collator(PretrainConfig(use_knowledge=use_knowledge), pad_id=PAD, entities=len(ROWS))
    batch = collator([PretrainingExample(item, (), None) for item in masked])
    plain = collate([item.text for item in masked], PAD, with_knowledge=use_knowledge)
    assert batch["input_ids"].equal(plain.input_ids)
    assert batch["mention_rows"].equal(plain.mention_rows)
    assert len(batch["target_rows"]) == len(batch["target_places"])
    assert batch["target_rows"].tolist() == [row for item in masked for row in item.rows]
    for number, item in enumerate(masked):
        row = batch["labels"][number].tolist()
        assert tuple(row[: len(item.labels)]) == item.labels
        assert set(row[len(item.labels) :]) <= {IGNORED}


@given(encoded(), RATES, SEEDS)
def test_a_decoder_is_asked_for_what_comes_next(text, rate, seed):
    asked, labels, rows = causal_targets(text, PretrainConfig(entity_rate=rate), seed)
    assert asked.ids == text.ids
    assert labels == (*text.ids[1:], IGNORED)
    assert len(rows) == len(asked.blanks)
    hidden = {span.entity for span in text.spans} - {span.entity for span in asked.spans}
    assert len(hidden) <= 1
    wanted = [span for span in text.spans if span.entity in hidden]
    if rows:
        assert [span.row for span in wanted] == list(rows)
        assert [span.start - 1 for span in wanted] == list(asked.blanks)
    else:
        assert asked.spans == text.spans
    assert causal_targets(text, PretrainConfig(entity_rate=rate), seed) == (asked, labels, rows)
