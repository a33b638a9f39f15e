"""Linked text as HTML: the text is unchanged and escaped, and its links are marked."""

import html
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg import Candidate
from kptm.linking.document import LinkedText
from kptm.linking.export.html import MAX_CARD_CANDIDATES, block, style
from kptm.linking.link import Link

EVIL = "<script>alert('x')</script>\"' onload=\"a()&lt;--></style></title>"
MARK = re.compile(r'<mark tabindex="0" style="[^"<>&]*" data-card="[^"<>]*">|</mark>')
PIECES = ["<", ">", "&", '"', "'", "&amp;", "</mark>", "<mark>", "</div>", EVIL, "\r\n", "\r", "\n",
    " ",
          "\0", "\x1b", "\x85", "\u2028", "\u2066", "\u2069", "Georgia", "جورجيا", "北京",
          "👍🏽"]  # fmt: skip
hostile = st.lists(st.sampled_from(PIECES) | st.characters(), max_size=12).map("".join)


class Page(HTMLParser):
    """A page as a browser parses it: the elements, and the text outside of style and title."""

    def __init__(self, source):
        super().__init__(convert_charrefs=True)
        self.text, self.elements, self.open, self.marks = "", [], [], []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        assert len(dict(attributes)) == len(attributes)
        if tag not in ("meta", "link"):
            self.open.append(tag)
        if tag == "mark":
            self.marks.append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if {"style", "title"}.isdisjoint(self.open):
            self.text += data
            if "mark" in self.open:
                self.marks[-1] += data

    def cards(self):
        return [attributes["data-card"] for tag, attributes in self.elements if tag == "mark"]


def shown(text):
    return text.replace("\0", "\ufffd")  # HTML cannot contain NUL


def document(*meant, score=0.5):
    return LinkedText("Paris!", (Link(0, 5, "Paris", "Q90", score, tuple(meant)),))


@given(data=st.data())
def test_the_text_is_the_text_and_a_mark_is_its_surface(documents, data):
    given_ = data.draw(documents(hostile, hostile))
    labels = data.draw(st.none() | st.dictionaries(hostile, hostile) | st.just(lambda key: key * 2))
    source = block(given_, labels)
    body = source.removeprefix('<div class="kptm" dir="auto">').removesuffix("</div>")
    bare = MARK.sub("", body)
    assert not set(bare) & set("<>\"'\r\0")
    assert html.unescape(bare) == shown(given_.text)
    assert all(
        re.match("&(amp|lt|gt|quot|#x27|#13);", bare[m.start() :]) for m in re.finditer("&", bare)
    )
    for page in (False, True):
        found = Page(given_.to_html(labels, page=page))
        assert found.text.removesuffix("\n" if page else "") == shown(given_.text)
        assert found.marks == [shown(link.surface) for link in given_.links]
        assert found.open == []
        names = [tag for tag, _ in found.elements if tag not in ("meta", "link")]
        around = ["html", "head", "title", "style", "body", "main"] if page else ["style"]
        assert names == [*around, "div", *["mark"] * len(given_.links)]


@given(data=st.data())
def test_a_card_has_a_line_for_each_candidate(documents, data):
    given_ = data.draw(documents(hostile, hostile))
    for link, card in zip(given_.links, Page(given_.to_html()).cards(), strict=True):
        meant = link.candidates or (Candidate(link.entity, link.score),)
        if link.entity not in [candidate.entity for candidate in meant]:
            meant = (Candidate(link.entity, link.score), *meant)
        lines = card.split("\n")
        assert len(lines) == min(len(meant), MAX_CARD_CANDIDATES) + (
            len(meant) > MAX_CARD_CANDIDATES
        )
        for line, candidate in zip(lines, meant[:MAX_CARD_CANDIDATES], strict=False):
            assert line.startswith(f"{candidate.prior:.2f}  \u2068")
            assert line.count("\u2068") == line.count("\u2069") == 1
        if len(meant) > MAX_CARD_CANDIDATES:
            assert lines[-1] == f"and {len(meant) - MAX_CARD_CANDIDATES} more"


@pytest.mark.parametrize(
    ("labels", "line"),
    [
        (None, "0.70  [Q90]"),
        ({}, "0.70  [Q90]"),
        ({"Q90": "Paris — on the Seine"}, "0.70  [Paris — on the Seine] · [Q90]"),
        ({"Q90": "Q90"}, "0.70  [Q90]"),
        ({"Q90": ""}, "0.70  [Q90]"),
        ({"Q90": "a\n\u2069b" + "x" * 999}, f"0.70  [a b{'x' * 115}…] · [Q90]"),
        (str.lower, "0.70  [q90] · [Q90]"),
    ],
)
def test_labels(labels, line):
    source = document(Candidate("Q90", 0.7)).to_html(labels)
    assert Page(source).cards() == [line.replace("[", "\u2068").replace("]", "\u2069")]


def test_the_card_shows_what_is_meant_and_what_is_not():
    source = document(Candidate("Q90", 0.8), Candidate("Troy", 0.15), score=0.8).to_html()
    (mark,) = [attributes for tag, attributes in Page(source).elements if tag == "mark"]
    assert mark["data-card"] == "0.80  \u2068Q90\u2069\n0.15  \u2068Troy\u2069"
    assert mark["tabindex"] == "0"
    assert mark["style"] == "--p:0.8;--w:80.0% 1.6em,15.0% 1.6em,0 0,0 0,0 0"


@pytest.mark.parametrize("score", [float("nan"), float("inf"), -1.0, 2.0])
def test_scores_that_are_none_break_no_style(score):
    source = document(Candidate("Q90", score), score=score).to_html()
    (found,) = [a["style"] for tag, a in Page(source).elements if tag == "mark"]
    assert re.fullmatch(r"--p:[01];--w:(0\.0|100\.0)% 1\.6em(,0 0){4}", found)


def test_a_page_fetches_and_runs_nothing():
    source = document().to_html(page=True)
    assert source.startswith("<!doctype html>")
    assert "default-src 'none'" in source
    assert not re.search(r"https?:|//[a-z]|@import|url\(|<script", source)
    assert "prefers-color-scheme:dark" in source


def test_the_style_sheet_has_a_bar_for_each_line_and_is_reached_with_tab():
    assert style().count("var(--b)") == MAX_CARD_CANDIDATES
    assert ":is(:hover,:focus)::after{display:block}" in style()
    assert "content:attr(data-card)" in style()
    assert style().count("{") == style().count("}")
