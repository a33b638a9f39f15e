"""Answers compared with the right ones: outcomes and figures by hand, readers, names."""

import gzip
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg import EntityRecord
from kg.errors import TripleFormatError
from kptm.answering import Answer, ScoredEntity
from kptm.evaluation.answers.answer_evaluation import NameResolver, evaluate_answers, outcomes
from kptm.evaluation.answers.gold_questions import read_gold
from kptm.examples import WorldQuestion
from kptm.linking import Linker

# The question, the right answers, the given answers, their score, and the verdict.
CASES = [
    ("one", ("a",), ("a",), 0.9, "right"),
    ("two", ("a", "b"), ("a",), 0.8, "other set"),  # F1 2/3
    ("three", ("a", "b"), ("a", "b", "c", "d"), 0.8, "other set"),  # F1 2/3
    ("four", ("a",), ("b", "a"), 0.6, "wrong"),  # F1 2/3: precision 1/2, recall 1
    ("five", ("a",), (), 0.0, "refused"),
    ("six", (), (), 0.0, "right"),
    ("seven", (), ("a",), 0.4, "should be unknown"),
]
KINDS = {"one": "x", "six": "x", "seven": "x"}


def answer(question, keys, score):
    return Answer(
        question=question,
        entity=keys[0] if keys else None,
        score=score,
        answers=tuple(ScoredEntity(key, key, score) for key in keys),
        reason="" if keys else "nothing known",
    )


@pytest.fixture
def found():
    told = {question: answer(question, keys, score) for question, _, keys, score, _ in CASES}
    questions = [WorldQuestion(name, right, KINDS.get(name, "")) for name, right, *_ in CASES]
    verdicts = []
    report = evaluate_answers(
        told.__getitem__, questions, asked=lambda item: verdicts.append(item.verdict)
    )
    return report, verdicts


def test_verdicts(found):
    assert found[1] == [case[-1] for case in CASES]


def test_figures_by_hand(found):
    all_of_them = found[0].all()
    assert (all_of_them.questions, all_of_them.answerable) == (7, 5)
    assert all_of_them.hits_at_1.mean == pytest.approx(3 / 5)
    assert all_of_them.exact.mean == pytest.approx(1 / 5)
    assert all_of_them.f1.mean == pytest.approx((1 + 2 / 3 + 2 / 3 + 2 / 3 + 0) / 5)
    assert all_of_them.coverage.mean == pytest.approx(5 / 7)
    assert all_of_them.precision.mean == pytest.approx(3 / 5)
    assert all_of_them.refused.mean == pytest.approx(1 / 2)
    # Scores .9 | .8 .8 | .6 | .4 in bins of their own: gaps .1, 2 · .2, .6, .4 of five answers.
    assert all_of_them.calibration_error.mean == pytest.approx((0.1 + 0.4 + 0.6 + 0.4) / 5)
    # By confidence: right; right, right; wrong; wrong; the two at 0 are one wrong, one right: half
    # a mistake each.
    risks = [0 / 1, 0 / 2, 0 / 3, 1 / 4, 2 / 5, 2.5 / 6, 3 / 7]
    assert all_of_them.risk_coverage.mean == pytest.approx(sum(risks) / 7)
    for interval in (all_of_them.hits_at_1, all_of_them.coverage, all_of_them.risk_coverage):
        assert interval.low <= interval.mean <= interval.high


def test_kinds_are_counted_apart(found):
    kinds = found[0].by_kind()
    assert set(kinds) == {"x"}
    assert (kinds["x"].questions, kinds["x"].answerable) == (3, 1)
    assert kinds["x"].hits_at_1.mean == 1.0
    assert kinds["x"].precision.mean == pytest.approx(1 / 2)
    assert kinds["x"].refused.mean == pytest.approx(1 / 2)


def test_no_answers_give_no_figure():
    report = evaluate_answers(lambda _: answer("q", ("a",), 0.5), [WorldQuestion("q", ("a",))])
    assert math.isnan(report.all().refused.mean)
    assert report.all().refused.count == 0
    empty = evaluate_answers(lambda _: answer("q", (), 0.0), [])
    assert empty.all().questions == 0
    assert math.isnan(empty.all().risk_coverage.mean)
    assert empty.by_kind() == {}
    refused = evaluate_answers(lambda _: answer("q", (), 0.0), [WorldQuestion("q", ("a",))]).all()
    assert math.isnan(refused.calibration_error.mean)
    assert refused.hits_at_1.mean == 0.0


def test_latency_is_that_of_the_answer_alone(monkeypatch):
    ticks = iter([0.0, 0.010, 5.0, 5.030, 7.0, 7.020])
    monkeypatch.setattr(
        "kptm.evaluation.answers.answer_evaluation.time.perf_counter", lambda: next(ticks)
    )
    questions = [WorldQuestion(str(number), ("a",), "") for number in range(3)]
    report = evaluate_answers(lambda question: answer(question, ("a",), 0.5), questions)
    assert report.all().median_ms.mean == pytest.approx(20)
    assert report.all().p95_ms.mean == pytest.approx(np.percentile([10, 20, 30], 95))


def test_a_name_of_several_meanings_is_matched_by_any_of_them():
    senses = {"Paris": {"fr", "tx"}, "Lyon": {"ly"}, "Texas Paris": {"tx"}, "Nowhere": set()}

    def outcome(names, keys):
        asked = [WorldQuestion("q", names)]
        return next(outcomes(lambda question: answer(question, keys, 0.5), asked, senses.get))

    assert outcome(("Paris",), ("tx",)).exact
    assert outcome(("Paris", "Lyon"), ("ly", "fr")).exact
    both = outcome(("Paris",), ("fr", "tx"))  # one name is one answer
    assert (both.hit, both.precision, both.recall) == (True, 0.5, 1.0)
    # Only tx can be "Texas Paris", so a matching that first gives it to "Paris" must take it back.
    assert outcome(("Paris", "Texas Paris"), ("tx", "fr")).exact
    assert outcome(("Nowhere",), ("fr",)).verdict == "wrong"
    assert outcome(("Nowhere", "Lyon"), ("ly",)).recall == 0.5
    senses["City of Lyon"] = {"ly"}
    assert outcome(("Lyon", "City of Lyon"), ("ly",)).exact  # two names of one answer


@given(st.sets(st.integers(0, 8)), st.lists(st.integers(0, 8), unique=True))
def test_sets_of_keys_are_compared_as_sets(right, given_keys):
    keys = [str(key) for key in given_keys]
    asked = [WorldQuestion("q", tuple(map(str, sorted(right))))]
    found = next(outcomes(lambda question: answer(question, keys, 0.5), asked, lambda name: {name}))
    common = right & set(given_keys)
    assert found.precision == (len(common) / len(given_keys) if given_keys else 0)
    assert found.recall == (len(common) / len(right) if right else 0)
    assert found.exact == (bool(right) and right == set(given_keys))
    assert found.hit == (bool(given_keys) and given_keys[0] in right)


def test_a_models_word_is_no_answer():
    told = Answer(question="q", token="blue", reason="no entity fits", why="doubt")
    report = evaluate_answers(lambda _: told, [WorldQuestion("q", ("a",)), WorldQuestion("q", ())])
    assert report.all().coverage.mean == 0.0
    assert report.all().refused.mean == 1.0


def test_names_in_a_graph(new_graph):
    graph = new_graph()
    graph.add([EntityRecord(key="Q90", label="Paris"), EntityRecord(key="Q83", label="Paris")])
    graph.add(
        [EntityRecord(key="Paris", label="Paris Hilton"), EntityRecord(key="Q1", label="Rome")]
    )
    names = NameResolver(graph, Linker(graph))
    assert names("Rome") == {"Q1"}
    assert names("Paris") == {"Paris"}  # a key means itself
    assert names("Paris Hilton") == {"Paris"}
    graph.add([EntityRecord(key="Q2", label="Lima"), EntityRecord(key="Q3", label="Lima")])
    assert names("Lima") == {"Q2", "Q3"}
    assert names("Atlantis") == frozenset()
    assert names.unknown == {"Atlantis"}


def test_both_formats_give_the_same(tmp_path):
    wanted = [WorldQuestion("Who?", ("Ann", "Bob")), WorldQuestion("What?", ())]
    columns, lines = tmp_path / "q.tsv", tmp_path / "q.jsonl"
    columns.write_text("Who?\tAnn| Bob \n\nWhat?\t\n")
    lines.write_text(
        '{"question": "Who?", "answers": ["Ann", "Bob"]}\n{"question": "What?", "answers": []}\n'
    )
    packed = tmp_path / "q.jsonl.gz"
    packed.write_bytes(gzip.compress(lines.read_bytes()))
    assert list(read_gold(columns)) == list(read_gold(lines)) == list(read_gold(packed)) == wanted
    lines.write_text('{"question": "Who?", "answers": ["Ann"], "kind": "one hop"}\n')
    assert list(read_gold(lines)) == [WorldQuestion("Who?", ("Ann",), "one hop")]


def test_the_questions_of_the_example_world_are_read(world):
    assert list(read_gold(world.folder / "questions.jsonl")) == world.questions()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("q.tsv", b"fine\tx\nno tab\n", "line 2"),
        ("q.tsv", b"\tno question\n", "line 1"),
        ("q.tsv", b"fine\tx\n\xff\tx\n", "line 2"),
        ("q.tsv", b"\n", "holds no question"),
        ("q.jsonl", b"{\n", "line 1"),
        ("q.jsonl", b"[]\n", "line 1"),
        ("q.jsonl", b'{"question": "x", "answers": "y"}\n', "list"),
        ("q.jsonl", b'{"question": "x", "answers": [1]}\n', "list"),
        ("q.jsonl", b'{"question": " ", "answers": []}\n', "question"),
        ("q.jsonl", b'{"question": "x"}\n', "answers"),
        ("q.jsonl", b'{"question": "x", "answers": [], "kind": 3}\n', "kind"),
        ("q.jsonl", b"", "holds no question"),
    ],
)
def test_a_malformed_line_is_one_error(tmp_path, name, content, said):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(TripleFormatError, match=said):
        list(read_gold(path))


def test_reading_is_a_stream(tmp_path):
    path = tmp_path / "q.tsv"
    path.write_text("one\ta\nbad\n")
    stream = read_gold(path)
    assert next(stream).question == "one"
    with pytest.raises(TripleFormatError, match="line 2"):
        next(stream)
