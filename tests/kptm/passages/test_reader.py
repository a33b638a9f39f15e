"""The reader: its loss against a formula, and what it reads in texts made for it."""

import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse as sp

from kptm import Workspace
from kptm.answering.combination.p_calibration import Curve
from kptm.answering.sources.text_source import TextSource
from kptm.passages.reader.distant import make_questions
from kptm.passages.reader.logit import LogitExamples, fit
from kptm.passages.reader.reader_model import HeldOutAnswer, ReaderModel
from kptm.passages.reader.reader_training import train
from kptm.passages.text_spans import TextSpan, name_spans, same_value, value_spans

CITIES = (
    "Avon Brill Corby Dover Epsom Fleet Goole Hythe Ivel Jarrow Kelso Louth March Neath Otley Poole"
    " Ripon Selby Tring Ware"
).split()


_draw = np.random.default_rng(1)
LIVES = [_draw.choice(20, 2, replace=False).tolist() for _ in range(60)]
"""Where each was born and died."""


def places(number):
    return tuple(CITIES[at] for at in LIVES[number])


def names(number):
    return f"Person{chr(65 + number // 5)}{chr(97 + number % 5)}x"


@pytest.fixture(scope="module")
def ws(tmp_path_factory):
    """Sixty people with a birthplace and a place of death; the graph knows half of these.

    Both are stated in the same sentence.
    """
    with Workspace.open(tmp_path_factory.mktemp("read") / "ws") as opened:
        facts, lines = [], []
        for number in range(60):
            born, died = places(number)
            lines.append(f"{names(number)} was born in {born} and died in {died}.")
            if number % 2:
                facts += [(names(number), "birthplace", born), (names(number), "deathplace", died)]
            facts.append((names(number), "is", "human"))
        opened.graph.add(facts)
        opened.index(lines, source="lives")
        yield opened


def test_facts_that_only_the_texts_state_are_read(ws):
    right = 0
    for number in range(0, 60, 2):
        born, died = places(number)
        right += ws.query(names(number), "birthplace").entity == born
        right += ws.query(names(number), "deathplace").entity == died
    assert right >= 57


def test_the_sentence_is_the_evidence_with_both_names_marked(ws):
    answer = ws.query(names(0), "birthplace")
    assert answer.predicted
    [sentence] = [item for item in answer.evidence if item.kind == "sentence"]
    marked = {sentence.text[span.start : span.end]: span.entity for span in sentence.spans}
    assert marked == {names(0): names(0), places(0)[0]: places(0)[0]}
    assert sentence.sources == ("lives",)
    assert f"«{places(0)[0]}»" in answer.explain()


def test_a_question_in_words(ws):
    assert ws.ask(f"What is the birthplace of {names(4)}?").entity == places(4)[0]


def test_facts_of_the_graph_are_not_read(ws):
    answer = ws.query(names(1), "birthplace")
    assert not answer.predicted
    assert all(item.kind != "texts" for item in answer.evidence)


def test_texts_can_be_left_out(ws):
    assert not ws.query(names(0), "birthplace", sources=["graph"]).found
    assert ws.query(names(0), "birthplace", sources=["graph", "texts"]).found


def test_without_the_sentence_there_is_no_answer(ws):
    revision = ws.forget(text="{} was born in {} and died in {}.".format(names(0), *places(0)))[
        "revision"
    ]
    assert not ws.query(names(0), "birthplace").found
    ws.undo(revision)
    assert ws.query(names(0), "birthplace").entity == places(0)[0]


def test_a_name_that_the_graph_lacks_is_a_span(tmp_path):
    with Workspace.open(tmp_path / "ws") as ws:
        facts = [(names(number), "birthplace", CITIES[number % 20]) for number in range(36)]
        lines = [f"{names(n)} was born in {CITIES[n % 20]}." for n in range(36)]
        ws.graph.add([*facts, ("PersonZz", "is", "human")])
        ws.index([*lines, "PersonZz was born in Xanten."])
        answer = ws.query("PersonZz", "birthplace")
        assert (answer.text, answer.entity) == ("Xanten", None)
        assert answer.answers[0].is_span


def test_the_model_is_saved_and_loaded_as_it_was(ws, tmp_path):
    model = ReaderModel.load(ws.layout.reader)
    model.save(tmp_path / "again")
    other = ReaderModel.load(tmp_path / "again")
    assert (other.ways, other.best, other.facts) == (model.ways, model.best, model.facts)
    for name in ("columns", "weights", "dense", "none"):
        assert np.array_equal(getattr(model, name), getattr(other, name))


def test_a_model_just_fitted_gives_the_p_that_it_gives_when_read_back(ws, tmp_path):
    fitted = train(ws.graph)
    fitted.save(tmp_path / "reader")
    read = ReaderModel.load(tmp_path / "reader")
    item = make_questions(ws.graph)[0]
    p, none = fitted.probabilities(item.rows, item.question.way)
    again, none_again = read.probabilities(item.rows, item.question.way)
    assert np.array_equal(p, again)
    assert none == none_again


@pytest.mark.parametrize("content", [b"", b"damaged", None])
def test_a_model_that_cannot_be_read_is_fitted_anew(ws, tmp_path, content):
    wanted = ws.layout.reader.read_bytes()
    if content is None:  # of an earlier version
        content = wanted.replace(b'version\\": 3', b'version\\": 2')
        assert content != wanted
    with Workspace.open(shutil.copytree(ws.folder, tmp_path / "ws")) as other:
        other.layout.reader.write_bytes(content)
        assert other.query(names(0), "birthplace").entity == places(0)[0]
        assert other.layout.reader.read_bytes() == wanted


def test_the_meaning_of_p_depends_on_the_kind_of_answer():
    """Entities are right by their p, values half as often.

    There are too few names for more than their share of right answers.
    """
    p = np.linspace(0.02, 0.98, 200)
    random = np.random.default_rng(0)
    best = [HeldOutAnswer(float(one), bool(random.random() < one), "entity") for one in p]
    best += [HeldOutAnswer(float(one), bool(random.random() < one / 2), "value") for one in p]
    best += [HeldOutAnswer(0.9, False, "name")] * 20
    source = TextSource(SimpleNamespace(model=ReaderModel(best=tuple(best))))
    assert source.worth(0.8, "entity") == pytest.approx(0.8, abs=0.1)
    assert source.worth(0.8, "value") == pytest.approx(0.4, abs=0.1)
    sure = [one.right for one in best if one.p >= 0.5]
    share = (sum(sure) + 1) / (len(sure) + 2)
    whole = Curve.fit([one.p for one in best], [one.right for one in best]).of(0.9)
    assert source.worth(0.9, "name") == pytest.approx(whole * (50 * share / 70) / share)
    nothing = TextSource(SimpleNamespace(model=ReaderModel()))
    assert nothing.worth(0.9, "name") == pytest.approx(0.45)


def test_the_fit_is_the_minimum_of_the_formula():
    draw = np.random.default_rng(0)
    sizes, size = [3, 2, 4], 5
    rows = draw.normal(size=(9, size))
    right = np.array([1, 0, 0, 0, 0, 1, 0, 1, 0], bool)
    none = np.ones((3, 1))
    first = np.array([0, 3, 5])
    examples = LogitExamples(sp.csr_matrix(rows), first, right, sp.csr_matrix(none))

    def loss(weights):
        lost = 0.5 * (weights**2).sum()
        for start, count in zip(first, sizes, strict=True):
            own = np.exp(rows[start : start + count] @ weights[:size])
            chosen = right[start : start + count]
            total = own.sum() + np.exp(weights[size])
            good = own[chosen].sum() if chosen.any() else np.exp(weights[size])
            lost -= np.log(good / total)
        return lost

    found = fit(examples, np.ones(size), np.ones(1), None, 200)
    best = loss(found)
    for _ in range(50):
        assert loss(found + draw.normal(scale=0.01, size=size + 1)) >= best


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("It has 1,200 km of road.", ["1200"]),
        ("Born on 4 July 1776.", ["1776-07-04"]),
        ("Since March 4, 1901 it runs.", ["1901-03-04"]),
        ("No B-52 flew at 3.5 m.", ["3.5"]),
        ("nothing", []),
    ],
)
def test_values_of_a_text(text, values):
    assert [span.literals[0].value for span in value_spans(text)] == values


def test_names_and_values_that_are_the_same():
    from kg.types import Literal

    text = "However, Maria de la Cruz met Bob Stone in Rome."
    assert [text[a:b] for a, b in name_spans(text, [(44, 48)])] == ["Maria de la Cruz", "Bob Stone"]
    [span] = value_spans("It is 2702.0 long.")
    assert same_value(span.literals, Literal("2702.0"))
    assert same_value(span.literals, Literal("2702"))
    assert not same_value(span.literals, Literal("2703"))
    assert TextSpan(Literal("x")) == TextSpan(Literal("x"))
