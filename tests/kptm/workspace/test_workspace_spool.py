"""Texts that are read several times from a temporary file."""

import numpy as np
import pytest

from kg import Candidate
from kptm.linking.document import LinkedText
from kptm.linking.link import Link
from kptm.workspace.stages.text_spool import TextSpool

ODD = LinkedText(
    "Chad\u2028 she",
    (
        Link(0, 4, "Chad", "Q1", np.float32(0.5), (Candidate("Q1", 7), Candidate("\ud800", 0.1))),
        Link(np.int64(6), 9, "she", "Q2", 1 / 3, (), coreference=True),
    ),
)
TEXTS = ["Niger\nPeru", ODD, "", "\ud800", LinkedText("Lima"), "x" * 200_000]


def test_texts_come_back_as_they_were_as_often_as_wanted(tmp_path):
    counts = []
    with TextSpool(tmp_path, iter(TEXTS), counts.append) as spool:
        assert list(tmp_path.iterdir()) == []  # it has no name
        assert len(spool) == len(TEXTS)
        assert list(spool) == list(spool) == TEXTS
        assert list(zip(spool, spool, strict=True)) == [(text, text) for text in TEXTS]
    assert counts == [1, 2, 3, 4, 5, 6]


def test_plain_texts_are_linked_in_their_places(tmp_path):
    def link(texts):  # reads all of them ahead, as processes do
        yield from [LinkedText(text) for text in list(texts)]

    with TextSpool(tmp_path, TEXTS) as spool:
        found = list(spool.link_all(link))
    assert found == [LinkedText(text) if isinstance(text, str) else text for text in TEXTS]


def test_an_error_while_texts_are_read_closes_the_file(tmp_path):
    def texts():
        yield "one"
        raise ValueError("the file is malformed")

    with pytest.raises(ValueError, match="malformed"):
        TextSpool(tmp_path, texts())
    assert list(tmp_path.iterdir()) == []
