"""Linked text as a dict: the round trip is exact, and errors state what is wrong."""

import json
import re
from dataclasses import replace
from itertools import count, islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg import Candidate
from kptm.errors import LinkingError
from kptm.linking.document import LinkedText
from kptm.linking.link import Link
from kptm.linking.pairs import link_pairs


@given(data=st.data())
def test_a_dict_and_back_is_the_same(documents, data):
    document = data.draw(documents())
    value = document.to_dict(candidates=True)
    assert LinkedText.from_dict(value) == document
    assert LinkedText.from_dict(json.loads(json.dumps(value))) == document


@given(data=st.data())
def test_without_candidates_only_those_are_missing(documents, data):
    document = data.draw(documents())
    bare = tuple(replace(link, candidates=()) for link in document.links)
    assert LinkedText.from_dict(document.to_dict()) == LinkedText(document.text, bare)


def test_what_a_dict_holds():
    link = Link(0, 5, "Paris", "Q90", 0.75, (Candidate("Q90", 0.75), Candidate("Q162121", 0.2)))
    assert LinkedText("Paris!", (link,)).to_dict(candidates=True) == {
        "text": "Paris!",
        "links": [
            {
                "start": 0,
                "end": 5,
                "surface": "Paris",
                "entity": "Q90",
                "score": 0.75,
                "candidates": [
                    {"entity": "Q90", "score": 0.75},
                    {"entity": "Q162121", "score": 0.2},
                ],
            }
        ],
    }


def test_what_a_dict_need_not_say():
    value = {
        "text": "a b",
        "links": [{"start": 2, "end": 3, "entity": "B", "more": 1}],
        "source": "f",
    }
    assert LinkedText.from_dict(value) == LinkedText.from_spans("a b", [(2, 3, "B")])


LINK = {"start": 0, "end": 1, "surface": "a", "entity": "A", "score": 1}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([], "what is given is [], not an object"),
        ("text", "what is given is 'text', not an object"),
        ({"links": []}, "text is missing"),
        ({"text": "a"}, "links is missing"),
        ({"text": 1, "links": []}, "text is 1, not text"),
        ({"text": "a", "links": "a"}, "links is 'a', not a list"),
        ({"text": "a", "links": [7]}, "links[0] is 7, not an object"),
        ({"text": "a", "links": [{}]}, "links[0].start is missing"),
        (
            {"text": "a", "links": [LINK, {**LINK, "end": None}]},
            "links[1].end is None, not a whole",
        ),
        ({"text": "a", "links": [{**LINK, "start": True}]}, "links[0].start is True"),
        ({"text": "a", "links": [{**LINK, "start": -1}]}, "links[0].start is -1"),
        ({"text": "a", "links": [{**LINK, "end": 1.0}]}, "links[0].end is 1.0"),
        ({"text": "a", "links": [{**LINK, "entity": 9}]}, "links[0].entity is 9, not text"),
        ({"text": "a", "links": [{**LINK, "surface": 9}]}, "links[0].surface is 9, not text"),
        ({"text": "a", "links": [{**LINK, "score": "1"}]}, "links[0].score is '1', not a prob"),
        (
            {"text": "a", "links": [{**LINK, "score": 97}]},
            "links[0].score is 97, not a probability",
        ),
        ({"text": "a", "links": [{**LINK, "score": float("nan")}]}, "links[0].score is nan"),
        ({"text": "a", "links": [{**LINK, "score": True}]}, "links[0].score is True"),
        ({"text": "a", "links": [{**LINK, "candidates": {}}]}, "links[0].candidates is {}"),
        ({"text": "a", "links": [{**LINK, "candidates": ["b"]}]}, "links[0].candidates[0] is 'b'"),
        (
            {"text": "a", "links": [{**LINK, "candidates": [{"entity": "b"}]}]},
            "links[0].candidates[0].score is missing",
        ),
        ({"text": "a", "links": [{**LINK, "surface": "b"}]}, "at 0 stands 'a', not 'b'"),
        ({"text": "a", "links": [LINK, LINK]}, "overlaps another"),
        ({"text": "a", "links": [{"start": 5, "end": 6, "entity": "A"}]}, "leaves the text"),
        ({"text": "a", "links": [{**LINK, "end": "x" * 10**6}]}, "xxx…"),
    ],
)
def test_a_bad_dict_is_refused_in_a_line(value, said):
    with pytest.raises(LinkingError, match=re.escape(said)) as raised:
        LinkedText.from_dict(value)
    assert len(str(raised.value)) < 300


def reads_ahead(texts):
    """A linker that reads three texts at a time."""
    texts = iter(texts)
    while batch := list(islice(texts, 3)):
        yield from map(LinkedText, batch)


@given(st.lists(st.text(max_size=3)))
def test_each_text_keeps_what_it_came_with(texts):
    found = link_pairs(reads_ahead, enumerate(texts))
    assert [(number, document.text) for number, document in found] == list(enumerate(texts))


def test_no_more_is_read_than_the_linker_wants():
    read = []
    pairs = ((read.append(number), str(number)) for number in count())
    found = list(islice(link_pairs(reads_ahead, pairs), 7))
    assert [document.text for _, document in found] == [str(number) for number in range(7)]
    assert len(read) == 9
