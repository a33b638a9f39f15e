"""Characters, tokens and BIO tags."""

import numpy as np
import pytest
import toy_tasks
from hypothesis import given, settings
from hypothesis import strategies as st

from kptm.errors import ModelError
from kptm.finetuning.spans import from_bio, tag_names, to_bio, token_offsets, tokens_of
from kptm.linking import LinkedText


@st.composite
def tagged_tokens(draw):
    """Tokens of some width with gaps between them, and spans that begin and end with tokens."""
    offsets, place = [], 0
    for width, gap in draw(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2)), max_size=12)):
        offsets.append((place, place + width) if width else (0, 0))
        place += width + gap
    real = [number for number, (start, end) in enumerate(offsets) if start < end]
    spans, at = [], 0
    while at < len(real):
        length = draw(st.integers(0, 3))
        if length and at + length <= len(real):
            label = draw(st.sampled_from(["X", "Y-Z", "B"]))
            spans.append((offsets[real[at]][0], offsets[real[at + length - 1]][1], label))
        at += max(length, 1)
    return offsets, spans


@given(tagged_tokens())
@settings(deadline=None)
def test_bio_round_trip(item):
    offsets, spans = item
    tags = to_bio(spans, offsets)
    assert set(tags) <= set(tag_names(["X", "Y-Z", "B"]))
    assert [(start, end, label) for start, end, label, _ in from_bio(tags, offsets)] == spans
    for start, end, label, tokens in from_bio(tags, offsets):
        inside = [n for n, (a, b) in enumerate(offsets) if a < b and start <= a and b <= end]
        assert tokens == inside
        assert [tags[number] for number in tokens] == [
            f"{'I' if place else 'B'}-{label}" for place in range(len(tokens))
        ]


@given(st.lists(st.sampled_from(tag_names(["X", "Y"])), max_size=10))
@settings(deadline=None)
def test_any_tags_are_read(tags):
    """As in conlleval, a span only continues with an I- tag of its own label."""
    offsets = [(2 * number, 2 * number + 1) for number in range(len(tags))]
    covered = {}
    for start, end, label, tokens in from_bio(tags, offsets):
        assert (start, end) == (2 * tokens[0], 2 * tokens[-1] + 1)
        assert tokens == list(range(tokens[0], tokens[-1] + 1))
        assert all(tags[number] == f"I-{label}" for number in tokens[1:])
        covered |= dict.fromkeys(tokens, label)
    assert covered == {n: tag[2:] for n, tag in enumerate(tags) if tag != "O"}


def test_spans_widen_to_tokens():
    offsets = [(0, 0), (0, 5), (5, 8), (9, 12), (0, 0)]
    assert tokens_of(offsets, 3, 6) == (1, 3)
    assert tokens_of(offsets, 8, 9) is None
    assert to_bio([(3, 6, "X"), (9, 10, "Y")], offsets) == ["O", "B-X", "I-X", "B-Y", "O"]
    assert to_bio([(0, 2, "X"), (3, 8, "Y")], offsets) == ["O", "B-X", "B-Y", "O", "O"]


TEXTS = [
    "The capital of Georgia is [MASK], they say.",
    "[MASK][MASK] lies in  北京 [MASK]",
    "São Paulo, Zürich and İstanbul 🙂 do not.",
    "Paris " * 40,
]


@pytest.mark.parametrize("kind", ["bert", "roberta", "distilbert"])
@pytest.mark.parametrize("text", TEXTS)
def test_offsets_name_the_characters_of_tokens(kind, text, tokenizer_of):
    """A mention has the same tokens as the encoder's link at the same place."""
    model = toy_tasks.model(tokenizer=tokenizer_of(kind))
    encoded = model.encoder.encode(LinkedText(text))
    offsets = token_offsets(model, text, encoded.ids)
    assert len(offsets) == len(encoded.ids)
    rng = np.random.default_rng(0)
    for _ in range(40):
        start, end = sorted(rng.integers(len(text) + 1, size=2).tolist())
        if not text[start:end].strip():
            continue
        start += len(text[start:end]) - len(text[start:end].lstrip())
        spans = model.encoder.encode(LinkedText.from_spans(text, [(start, end, "x")])).spans
        wanted = (spans[0].start, spans[0].end) if spans else None
        assert tokens_of(offsets, start, end) == wanted
    for blank in encoded.blanks:
        assert text[slice(*offsets[blank])] == "[MASK]"


def test_a_decoder_reads_up_to_a_blank(tokenizer_of):
    model = toy_tasks.decoder(tokenizer_of("gpt2"))
    text = "Paris lies on the [MASK] and so on."
    offsets = token_offsets(model, text, model.encoder.encode(LinkedText(text)).ids)
    assert max(end for _, end in offsets) == len("Paris lies on the")
    assert all(text[start:end] == text[start:end].strip() for start, end in offsets)


def test_tokens_of_another_tokenizer():
    model = toy_tasks.model()
    with pytest.raises(ModelError, match="the tokenizer and the model's encoder split"):
        token_offsets(model, "Ann works in Rome.", [1, 2, 3])
