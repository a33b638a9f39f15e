"""Hypothesis strategies for linked texts."""

import pytest
from hypothesis import strategies as st

from kg import Candidate
from kptm.linking.document import LinkedText
from kptm.linking.link import Link


@st.composite
def linked_texts(draw, texts, keys, scores):
    text = draw(texts)
    cuts = draw(st.lists(st.integers(0, len(text)), unique=True, max_size=8).map(sorted))
    candidates = st.lists(st.builds(Candidate, keys, scores), max_size=7).map(tuple)
    links = [
        Link(start, end, text[start:end], draw(keys), draw(scores), draw(candidates))
        for start, end in zip(cuts[::2], cuts[1::2], strict=False)
    ]
    return LinkedText(text, tuple(links))


@pytest.fixture(scope="session")
def documents():
    """Returns a strategy of linked texts, given strategies of texts and of keys."""

    def make(texts=None, keys=None):
        texts = st.text(max_size=30) if texts is None else texts
        keys = st.text(max_size=8) if keys is None else keys
        scores = st.floats(0, 1) | st.sampled_from([1 / 3, 0.1 + 0.2, 5e-324])
        return linked_texts(texts, keys, scores)

    return make
