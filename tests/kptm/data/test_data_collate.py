"""In a batch, every number stands at its text and its token."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from kptm.data import EncodedText, collate
from kptm.data.tokenize import TokenSpan

PAD = 99


@st.composite
def encoded(draw):
    ids = tuple(draw(st.lists(st.integers(0, 50), min_size=1, max_size=6)))
    places = st.integers(0, len(ids) - 1)
    spans = draw(st.lists(st.tuples(places, st.sampled_from([None, 0, 7])), max_size=3))
    blanks = sorted(draw(st.sets(places, max_size=2)))
    return EncodedText(
        ids, tuple(TokenSpan(at, at + 1, "x", row) for at, row in spans), tuple(blanks)
    )


@given(st.lists(encoded(), min_size=1, max_size=4), st.booleans())
def test_a_batch_says_what_its_texts_say(texts, with_knowledge):
    batch = collate(texts, PAD, with_knowledge=with_knowledge)
    for number, text in enumerate(texts):
        size = len(text.ids)
        assert tuple(batch.input_ids[number, :size].tolist()) == text.ids
        assert batch.input_ids[number, size:].tolist() == [PAD] * (batch.input_ids.shape[1] - size)
        assert batch.attention_mask[number].sum() == size
    known = [
        (number, span.start, span.end, span.row)
        for number, text in enumerate(texts)
        for span in text.spans
        if span.row is not None and with_knowledge
    ]
    rows = torch.cat([batch.mention_spans, batch.mention_rows[:, None]], 1).tolist()
    assert [tuple(row) for row in rows] == known
    blanks = [(number, at) for number, text in enumerate(texts) for at in text.blanks]
    assert [tuple(place) for place in batch.target_places.tolist()] == blanks
    assert set(batch.tensors()) == {
        "input_ids",
        "attention_mask",
        "mention_spans",
        "mention_rows",
        "target_places",
    }
