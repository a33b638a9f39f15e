"""spaCy: conversion from and to its documents, and the pipeline component."""

import pickle
import re
import subprocess
import sys
from itertools import count, islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg import Candidate, EntityRecord
from kptm import Workspace
from kptm.errors import LinkingError
from kptm.linking.document import LinkedText
from kptm.linking.link import Link

spacy = pytest.importorskip("spacy", reason="needs spaCy: pip install 'kptm[spacy]'")

from spacy.tokens import Doc, Span  # noqa: E402
from spacy.vocab import Vocab  # noqa: E402

from kptm.linking.export import spacy as ours  # noqa: E402

TEXT = "Georgia borders New York, Turkey."


def ents(doc):
    return [(span.text, span.label_, span.kb_id_) for span in doc.ents]


def document(*spans, text=TEXT):
    return LinkedText.from_spans(text, spans)


@pytest.fixture(scope="module")
def nlp():
    return spacy.blank("en")


class Names:
    """A linker that knows two names."""

    def link_many(self, texts):
        for text in texts:
            found = re.finditer("Georgia|Turkey", text)
            spans = [(match.start(), match.end(), match[0].upper()) for match in found]
            yield LinkedText.from_spans(text, spans)


@pytest.fixture
def place(new_graph, tmp_path):
    """The path of a graph with one entity."""
    graph = new_graph()
    graph.add([EntityRecord(key="Q230", label="Georgia"), ("Q230", "in", "Caucasus")])
    return str(tmp_path / "graph0.db")


def test_to_a_doc_and_back(nlp):
    given_ = document((0, 7, "Q230"), (16, 24, "Q60"))
    doc = given_.to_spacy(nlp)
    assert ents(doc) == [("Georgia", "ENTITY", "Q230"), ("New York", "ENTITY", "Q60")]
    assert doc._.kptm == given_
    assert nlp(TEXT)._.kptm is None
    assert LinkedText.from_spacy(doc) == given_


@pytest.mark.parametrize("make", [Vocab, lambda: spacy.blank("de").vocab])
def test_a_vocabulary_will_do(make):
    vocab = make()
    doc = document((0, 7, "Q230"), (26, 32, "Q43")).to_spacy(vocab)
    assert doc.vocab is vocab
    assert doc.text == TEXT
    assert ents(doc) == [("Georgia", "ENTITY", "Q230"), ("Turkey", "ENTITY", "Q43")]


def test_links_are_widened_to_tokens_and_the_first_stays(nlp):
    spans = (2, 4, "A"), (4, 6, "B"), (8, 11, "C"), (12, 17, "D")
    doc = document(*spans, text="xGeorgiax bordersx y").to_spacy(nlp)
    assert ents(doc) == [("xGeorgiax", "ENTITY", "A"), ("bordersx", "ENTITY", "D")]


def test_a_text_longer_than_parsers_take(nlp):
    text = "Georgia " * 130_000
    assert len(text) > nlp.max_length
    assert len(document((0, 7, "Q230"), text=text).to_spacy(nlp).ents) == 1


@pytest.mark.parametrize("given_", [LinkedText("a \ud83d"), document((0, 1, "\ud83d"))])
def test_half_a_surrogate_pair_is_refused(nlp, given_):
    with pytest.raises(LinkingError, match="surrogate pair"):
        given_.to_spacy(nlp)


def test_through_bytes(nlp):
    link = Link(0, 7, "Georgia", "Q230", 1 / 3, (Candidate("Q230", 1 / 3), Candidate("Q1428", 0.1)))
    doc = LinkedText(TEXT, (link,)).to_spacy(nlp)
    back = Doc(nlp.vocab).from_bytes(doc.to_bytes())
    assert ents(back) == ents(doc)
    assert back._.kptm == doc._.kptm == LinkedText(TEXT, (link,))


def test_from_a_doc_only_what_has_a_key():
    doc = spacy.blank("en")("Georgia borders Turkey in June")
    doc.ents = [Span(doc, 0, 1, "GPE", kb_id="Q230"), Span(doc, 4, 5, "DATE")]
    assert LinkedText.from_spacy(doc) == document((0, 7, "Q230"), text=doc.text)


TEXTS = st.lists(
    st.sampled_from(["Georgia", " ", "  ", ".", "don't", "北京", "👍🏽", "\n", "\0", "e\u0301",
    "http://a.b/c"])
    | st.characters(exclude_categories=["Cs"]),
    max_size=12,
).map("".join)  # fmt: skip


@given(data=st.data())
def test_entities_cover_their_links(documents, nlp, data):
    """A link covers all tokens that have one of its characters, without spaces at its ends.

    Of two links with a common token, the first is converted.
    """
    given_ = data.draw(
        documents(TEXTS, st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
    )
    doc = given_.to_spacy(nlp)
    assert doc.text == given_.text
    wanted, taken = [], set()
    for link in given_.links:
        inked = {place for place in range(link.start, link.end) if not given_.text[place].isspace()}
        inner = range(min(inked), max(inked) + 1) if inked else ()
        tokens = {
            token.i for token in doc if {*range(token.idx, token.idx + len(token))} & {*inner}
        }
        if tokens and not tokens & taken:
            taken |= tokens
            wanted.append((min(tokens), max(tokens) + 1, link.entity))
    assert [(span.start, span.end, span.kb_id_) for span in doc.ents] == wanted
    back = LinkedText.from_spacy(doc)
    assert back.text == given_.text
    assert [link.entity for link in back.links] == [entity for *_, entity in wanted]


def test_the_component_links_in_a_stream():
    component = ours.SpacyLinker(Names().link_many)
    nlp = spacy.blank("en")
    assert ents(component(nlp(TEXT))) == [
        ("Georgia", "ENTITY", "GEORGIA"),
        ("Turkey", "ENTITY", "TURKEY"),
    ]
    read = []
    docs = (nlp(f"{read.append(n) or n} Georgia") for n in count())
    found = list(islice(component.pipe(docs), 3))
    assert [doc.text for doc in found] == ["0 Georgia", "1 Georgia", "2 Georgia"]
    assert len(read) == 3
    assert [doc._.kptm.links[0].start for doc in found] == [2, 2, 2]
    assert found[0]._.kptm.links[0].entity == "GEORGIA"


def test_entities_of_others_stay_where_no_link_is(nlp):
    doc = nlp("Georgia borders Turkey in June")
    doc.ents = [Span(doc, 0, 2, "GPE"), Span(doc, 4, 5, "DATE")]
    assert ents(ours.SpacyLinker(Names().link_many)(doc)) == [
        ("Georgia", "ENTITY", "GEORGIA"),
        ("Turkey", "ENTITY", "TURKEY"),
        ("June", "DATE", ""),
    ]


def test_in_a_pipeline(place, tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("kptm_linker", config={"graph": place})
    assert ents(nlp("They left Georgia.")) == [("Georgia", "ENTITY", "Q230")]
    many = list(nlp.pipe(["Georgia", "", "nothing", "in Georgia"] * 50))
    assert [len(doc.ents) for doc in many] == [1, 0, 0, 1] * 50
    assert all(doc._.kptm.text == doc.text for doc in many)
    nlp.to_disk(tmp_path / "pipeline")
    assert ents(spacy.load(tmp_path / "pipeline")("in Georgia")) == [("Georgia", "ENTITY", "Q230")]


def test_a_graph_is_opened_anew_in_each_process(place, monkeypatch):
    linker = ours.GraphLinker(place)
    mine = linker._linker()
    assert linker._linker() is mine
    monkeypatch.setattr(ours.os, "getpid", lambda: -1)
    assert linker._linker() is not mine
    copied = pickle.loads(pickle.dumps(ours.SpacyLinker(linker.link_many)))
    assert ents(copied(spacy.blank("en")("Georgia"))) == [("Georgia", "ENTITY", "Q230")]


def test_a_workspace_has_a_graph(tmp_path):
    with Workspace.init(tmp_path / "ws") as made:
        made.graph.add([EntityRecord(key="Q230", label="Georgia")])
    nlp = spacy.blank("en")
    nlp.add_pipe("kptm_linker", config={"graph": str(tmp_path / "ws")})
    assert len(nlp("Georgia").ents) == 1


@pytest.mark.parametrize("config", [{}, {"graph": ""}, {"graph": "typo.db"}, {"graph": "."}])
def test_no_graph_is_made_by_a_slip(config, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LinkingError, match=r"there is no graph at .* config="):
        spacy.blank("en").add_pipe("kptm_linker", config=config)
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("separate_process")
def test_an_installed_kptm_is_found_without_an_import(place):
    """The import of spaCy emits no warnings either."""
    code = (
        "import spacy, sys\n"
        "nlp = spacy.blank('en')\n"
        "nlp.add_pipe('kptm_linker', config={'graph': sys.argv[1]})\n"
        "print(nlp.pipe_names)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, place],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "['kptm_linker']\n", done.stderr
    assert done.stderr == ""


def test_without_spacy_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "kptm.linking.export.spacy_doc", None)
    with pytest.raises(LinkingError, match=r"kptm\[spacy\]"):
        LinkedText("a").to_spacy(Vocab())
