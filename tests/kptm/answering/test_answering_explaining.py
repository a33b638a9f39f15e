"""Explanations of answers as text, HTML and JSON; an HTML parser reads the HTML of any label."""

import json
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.programs import Follow, Named
from kg.types import Step, Triple
from kptm.answering.answer import Answer
from kptm.answering.answer_parts import (
    Conflict,
    Evidence,
    NearReading,
    ScoredEntity,
    Sense,
    Span,
    WordMeaning,
)

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</dd></dl></div><h1>",
    "&lt;b&gt; &amp; &#60;",
    "a\nb\x1b[31m\u202e",
    "<!-- ",
    "<a href='javascript:x'>",
]
ALLOWED = {"div", "p", "strong", "dl", "dt", "dd", "small", "mark"}
ATTRIBUTES = {("class", "answer"), ("dir", "auto")}


class Reader(HTMLParser):
    """Collects tags, attributes and text, and checks that tags are closed in the right order."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.attributes, self.text, self.marked = [], [], set(), [], []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.tags.append(tag)
        self.attributes |= set(attrs)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)
        if self.open and self.open[-1] == "mark":
            self.marked.append(data)

    def handle_comment(self, data):
        raise AssertionError(data)

    handle_decl = unknown_decl = handle_pi = handle_comment


def parsed(html):
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    return reader


def answer_of(text):
    return Answer(
        question=text,
        entity=text,
        score=0.9,
        answers=(ScoredEntity(text, text, 0.9),),
        topic=text,
        path=(Step(text), Step("r", forward=False)),
        evidence=(
            Evidence("triple", text, text, triple=Triple(text, text, text), sources=(text,),
            revision=3),
            Evidence("sentence", f"ab{text}cd", text, spans=(Span(2, 2 + len(text), text),)),
            Evidence(text or "own", text),
        ),
        senses=(Sense(text, text, 0.5, (text,)), Sense("k", text, 0.5, ())),
        conflicts=(Conflict("model", text, text, 0.6),),
    )  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_any_label_is_shown_as_text(text):
    html = answer_of(text).explain("html")
    found = parsed(html)
    assert set(found.tags) <= ALLOWED
    assert found.attributes <= ATTRIBUTES
    assert text in "".join(found.text)
    assert found.marked == [text]
    assert answer_of(text)._repr_html_() == html


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20))
def test_a_parser_reads_back_any_label(text):
    found = parsed(answer_of(text).explain("html"))
    assert set(found.tags) <= ALLOWED
    assert found.marked == [text]


@given(
    st.text(st.sampled_from("abc<&"), max_size=8),
    st.lists(st.tuples(st.integers(-2, 9), st.integers(-2, 10)), max_size=4),
)
def test_invalid_or_overlapping_spans_change_no_letter(text, spans):
    spans = tuple(Span(start, end, "k") for start, end in spans)
    answer = Answer(question="", evidence=(Evidence("sentence", text, spans=spans),))
    reader = parsed(answer.explain("html"))
    assert "".join(reader.text) == f"{answer}sentences{text}"
    for part in reader.marked:
        assert part in {text[span.start : span.end] for span in spans if span.start >= 0}


@pytest.mark.parametrize("text", HOSTILE)
def test_each_line_of_text_has_one_item(text):
    lines = answer_of(text).explain().split("\n")
    assert all(line.isprintable() for line in lines)
    assert "\u200c" in answer_of("می\u200cخواهم").explain()  # a joiner is a part of the word
    headings = [line.strip() for line in lines if line.startswith("  ") and line[2] != " "]
    assert headings[:3] == ["asked", "facts", "sentences"]
    assert headings[-2:] == ["would be answered otherwise by", "if another is meant"]


def test_the_text_names_the_source_of_each_item():
    answer = Answer(
        question="q",
        entity="Tbilisi",
        score=0.99,
        answers=(ScoredEntity("Tbilisi", "Tbilisi", 0.99),),
        topic="Georgia_(country)",
        path=(Step("capital"), Step("born_in", forward=False)),
        evidence=(
            Evidence("stale", "the model was trained on revision 1", revision=1),
            Evidence("triple", "Georgia | capital | Tbilisi", "Tbilisi",
                     triple=Triple("Georgia_(country)", "capital", "Tbilisi"),
                     sources=("facts.tsv:7", "user"), revision=2),
            Evidence("sentence", "Tbilisi is it.", "Tbilisi", 0.9, sources=("corpus",),
                     spans=(Span(0, 7, "Tbilisi"),)),
        ),
        senses=(Sense("Georgia_(state)", "Georgia", 0.3, ("Atlanta",)),),
        conflicts=(Conflict("model", "Atlanta", "Atlanta", 0.61),),
        labels={"Georgia_(country)": "Georgia", "capital": "capital", "born_in": "born in"},
    )  # fmt: skip
    assert answer.explain().split("\n") == [
        "Tbilisi (0.99)",
        "  asked",
        "    Georgia (Georgia_(country)) —capital→ · ←born in— ?",
        "  facts",
        "    Georgia | capital | Tbilisi  [facts.tsv:7, user, revision 2]",
        "  sentences",
        "    «Tbilisi» is it.  [corpus]",
        "  stale",
        "    the model was trained on revision 1",
        "  would be answered otherwise by",
        "    model: Atlanta (Atlanta), p = 0.61",
        "  if another is meant",
        "    Georgia (Georgia_(state)): Atlanta",
    ]


def test_the_dict_is_json_with_all_attributes():
    answer = answer_of("<b>")
    found = json.loads(json.dumps(answer.explain("dict")))
    assert found["path"] == [["<b>", True], ["r", False]]
    assert found["evidence"][0]["triple"] == ["<b>", "<b>", "<b>"]
    assert found["evidence"][0]["revision"] == 3
    assert found["evidence"][1]["spans"] == [{"start": 2, "end": 5, "entity": "<b>"}]
    assert found["senses"][0]["answers"] == ["<b>"]
    assert found["conflicts"][0]["score"] == 0.6


def test_unknown_is_explained_with_its_reason():
    answer = Answer(question="q", reason="why not", why="fact")
    assert answer.explain() == "unknown (why not)"
    assert parsed(answer.explain("html")).text == ["unknown (why not)"]


def test_the_answer_comes_first_then_its_sentence_then_its_reading():
    answer = Answer(
        question="capital of chile now",
        entity="Santiago",
        score=0.9,
        answers=(ScoredEntity("Santiago", "Santiago", 0.9),),
        sentence="The capital of Chile is Santiago.",
        program=Follow(Named(("Q298",)), Step("P36")),
        meanings=(
            WordMeaning(0, 7, "capital", "relation", "P36"),
            WordMeaning(11, 16, "chile", "entity", "Q298"),
        ),
        unexplained=("now",),
        labels={"Q298": "Chile", "P36": "capital"},
    )
    head = ["Santiago (0.90)", "  The capital of Chile is Santiago."]
    assert answer.explain().splitlines() == head
    lines = [
        *head,
        "  evaluated",
        "    Chile.capital",
        "  understood",
        "    'capital' is the relation capital (P36)",
        "    'chile' is the entity Chile (Q298)",
        "  not understood",
        "    'now'",
    ]
    assert answer.explain(reading=True).split("\n") == lines
    html = parsed(answer.explain("html", reading=True))
    assert [part.strip("() ") for part in html.text][1:3] == ["evaluated", "Chile.capital"]


def test_a_refusal_offers_the_nearest_readings():
    near = NearReading(Follow(Named(("Chile",)), Step("capital")), 0.41, ("1995",))
    answer = Answer(
        question="q", reason="'1995' was not understood", why="words", readings=(near,),
        sentence="I do not know: '1995' was not understood.",
    )  # fmt: skip
    assert answer.explain().split("\n") == [
        "I do not know: '1995' was not understood.",
        "  may have meant",
        "    Chile.capital, p = 0.41, without '1995'",
    ]


def test_the_sentence_of_a_prediction_contains_its_p():
    answer = Answer(
        question="q", entity="a", score=0.5, answers=(ScoredEntity("a", "A", 0.5),),
        predicted=True, sentence="Predicted: the capital of B is A (p = .50).",
    )  # fmt: skip
    assert answer.explain() == "Predicted: the capital of B is A (p = .50)."
