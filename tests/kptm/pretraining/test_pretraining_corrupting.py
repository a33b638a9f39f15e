"""Corrupting a text changes the right share of mentions, and nothing else."""

import numpy as np
import tiny_run
from hypothesis import given
from hypothesis import strategies as st
from test_pretraining_masking import MASK, PAD, SEEDS, VOCAB, encoded

from kptm.data import EncodedText
from kptm.data.batch import IGNORED
from kptm.data.tokenize import TokenSpan
from kptm.pretraining import PretrainConfig
from kptm.pretraining.data.collator import Collator
from kptm.pretraining.data.corruption import (
    NO_ENTITY_SHARE,
    WRONG_ENTITY_SHARE,
    misalign,
    replace_mentions,
)
from kptm.pretraining.data.masking import MaskedText, causal_targets
from kptm.pretraining.data.training_examples import ExampleSettings, PretrainingExample


@given(encoded(), SEEDS)
def test_misaligned_mentions_remember_what_is_right(text, seed):
    noisy = misalign(text, 9, seed)
    assert noisy.ids == text.ids
    for span, own in zip(noisy.spans, text.spans, strict=True):
        assert span.right == own.row
        assert (span.start, span.end, span.entity) == (own.start, own.end, own.entity)
        assert span.row is None or 0 <= span.row < 9
    assert misalign(text, 9, seed) == noisy


def test_an_entity_asked_for_elsewhere_is_given_to_no_mention():
    spans = tuple(TokenSpan(at, at + 1, "a", 3) for at in range(2_000))
    text = EncodedText(tuple(range(2_000)), spans)
    given_ = {span.row for span in misalign(text, 5, (0, 1, 5), hidden=(1, 4)).spans}
    assert given_ == {None, 0, 2, 3}


def test_the_shares_are_those_of_ernie():
    spans = tuple(TokenSpan(at, at + 1, "a", 3) for at in range(20_000))
    noisy = misalign(EncodedText(tuple(range(20_000)), spans), 1_000, (0, 1, 5))
    rows = [span.row for span in noisy.spans]
    assert abs(np.mean([row is None for row in rows]) - NO_ENTITY_SHARE) < 0.01
    assert abs(np.mean([row not in (None, 3) for row in rows]) - WRONG_ENTITY_SHARE) < 0.01


@given(st.lists(encoded(), min_size=1, max_size=5), SEEDS, st.sampled_from([0.0, 0.5, 1.0]))
def test_replaced_mentions_have_another_entitys_words(texts, seed, rate):
    text = texts[0]
    changed = replace_mentions(text, texts.__getitem__, len(texts), rate, 40, seed)
    assert replace_mentions(text, texts.__getitem__, len(texts), rate, 40, seed) == changed
    assert len(changed.ids) <= 40
    said = {(span.row, other.ids[span.start : span.end]) for other in texts for span in other.spans}
    at = old = 0
    before = False
    for span, own in zip(changed.spans, text.spans, strict=True):
        assert changed.ids[at : span.start] == text.ids[old : own.start]  # what is between stays
        words = changed.ids[span.start : span.end]
        if span.replaced:
            assert rate > 0
            assert span.row != own.row
            assert (span.row, words) in said
            assert not before
        else:
            assert (span.entity, span.row) == (own.entity, own.row)
            assert words == text.ids[own.start : own.end]
        at, old, before = span.end, own.end, span.replaced
    assert changed.ids[at:] == text.ids[old:]


def test_all_but_neighbours_are_replaced_where_all_are_asked_for():
    spans = tuple(TokenSpan(at, at + 1, "ab"[at % 2], at % 2) for at in range(1, 9))
    text = EncodedText((2, *range(10, 18), 3), spans)
    changed = replace_mentions(text, [text].__getitem__, 1, 1.0, 40, (0, 0, 4))
    assert [span.replaced for span in changed.spans] == [True, False] * 4


def test_replaced_words_are_neither_learnt_nor_asked():
    spans = (TokenSpan(1, 3, "a", 0, replaced=True), TokenSpan(3, 4, "b", 1))
    text = EncodedText((2, 10, 11, 12, 3), spans)
    for number in range(20):
        masked = causal_targets(text, PretrainConfig(entity_rate=1.0), (0, number, 1))
        assert masked.labels == (IGNORED, IGNORED, 12, 3, IGNORED)
        assert masked.rows == (1,)


def test_what_is_asked_of_a_batch():
    """By hand: two texts, the first with a misaligned, an ungiven and a replaced mention."""
    first = EncodedText(
        (2, 10, 11, 12, 13, 14, 3),
        (
            TokenSpan(1, 3, "a", 7, right=0),
            TokenSpan(4, 5, "b", None, right=1),
            TokenSpan(5, 6, "c", 2, right=2, replaced=True),
        ),
    )
    second = EncodedText(
        (10, 11, 3), (TokenSpan(0, 1, "b", 1, right=1), TokenSpan(1, 2, "x", None))
    )
    related = (("a", 4, "b"), ("b", 2, "a"), ("a", 0, "c"), ("a", 0, "z"))
    examples = [
        PretrainingExample(MaskedText(first, (IGNORED,) * 7, ()), related, None),
        PretrainingExample(MaskedText(second, (IGNORED,) * 3, ()), (), None),
    ]
    config = PretrainConfig(
        denoising_weight=1.0, replaced_weight=1.0, relation_weight=1.0, link_weight=1.0
    )
    batch = Collator(config, pad_id=PAD, entities=9)(examples)
    assert batch["mention_rows"].tolist() == [7, 2, 1]
    assert batch["right_rows"].tolist() == [0, 2, 1]
    assert batch["denoise_places"].tolist() == [[0, 1], [0, 4], [0, 5], [1, 0]]
    rows = batch["denoise_rows"].tolist()
    assert rows == [0, 1, 2]
    assert [rows[at] for at in batch["denoise_targets"].tolist()] == [0, 1, 2, 1]
    assert batch["around"].tolist() == [
        [0, 0, 3],
        [0, 3, 5],
        [0, 4, 6],
    ]  # nothing before "b" in text 1
    assert batch["was_replaced"].tolist() == [False, False, True]
    assert batch["pairs"].tolist() == [[0, 1, 4], [0, 4, 1]]
    assert batch["pair_relations"].tolist() == [4, 2]
    causal = Collator(config, pad_id=PAD, entities=9, causal=True)(examples)
    assert causal["pairs"].tolist() == [[0, 2, 4], [0, 4, 2]]
    assert causal["denoise_places"].tolist()[0] == [0, 2]


@given(st.lists(encoded(), min_size=2, max_size=4), st.integers(0, 99))
def test_examples_with_everything_fit_together(texts, seed):
    config = PretrainConfig(
        steps=2, batch_size=4, denoising_weight=1.0, replaced_weight=1.0, replaced_rate=0.5,
        seed=seed
    )  # fmt: skip
    examples = tiny_run.examples(texts, config, ExampleSettings(MASK, VOCAB, 2, 64))
    batch = Collator(config, pad_id=PAD, entities=2)([examples[at] for at in range(4)])
    length = batch["attention_mask"].sum(1)
    assert bool((batch["mention_spans"][:, 2] <= length[batch["mention_spans"][:, 0]]).all())
    assert bool((batch["around"][:, 2] < length[batch["around"][:, 0]]).all())
    assert len(batch["target_rows"]) == len(batch["target_places"])
    for text, token in batch["target_places"].tolist():
        assert batch["input_ids"][text, token] == MASK
