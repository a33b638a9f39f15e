"""Typed questions over graphs with gaps or other names, by hand."""

import gzip
import json

import pytest

from benchmarks.answers_parts.real import missing, speed
from benchmarks.answers_parts.real.cases import Case
from benchmarks.answers_parts.real.gold import Gold
from benchmarks.answers_parts.real.sources import Source
from kptm import Workspace

ROWS = [
    {"key": "s:tx", "label": "Texas", "types": ["state"]},
    {"key": "s:ok", "label": "Oklahoma", "aliases": ["Sooner State"]},
    {"key": "c:a", "label": "Austin"}, {"key": "c:t", "label": "Texas City"},
    {"key": "u", "label": "America"}, {"head": "s:tx", "relation": "capital", "tail": "c:a"},
    {"head": "c:a", "relation": "in", "tail": "s:tx"},
    {"head": "s:tx", "relation": "borders", "tail": "s:ok"},
    {"head": "s:tx", "relation": "area", "value": "266807",
    "datatype": "http://www.w3.org/2001/XMLSchema#integer"},
    {"head": "s:tx", "relation": "country", "tail": "u"},
]  # fmt: skip


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "graph.jsonl.gz"
    with gzip.open(path, "wt", encoding="utf-8") as out:
        out.writelines(json.dumps(row) + "\n" for row in ROWS)
    return Source((path,))


def case(question, *answers):
    return Case(question, Gold.of(answers), answers=answers)


ASKED = [
    case("what is the capital of texas", "austin"),
    case("how big is Texas?", "266807.0"),
    case("what borders the sooner state", "texas"),
    case("how many states border texas", "1"),
    case("which state in america is austin in", "texas"),
]


def test_a_source_has_facts_and_names(source):
    assert ("s:tx", "area", "266807") in set(source.facts())
    assert len(list(source.facts())) == 5
    assert source.names()["sooner state"] == {"s:ok"}


def test_a_table_without_entities_names_them_by_their_keys(tmp_path):
    path = tmp_path / "t.tsv"
    path.write_text("Peru\tcapital\tLima\n")
    assert Source((path,)).names() == {"peru": {"Peru"}, "lima": {"Lima"}}


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("where is texas city", ["texas city"]),
        ("what is texas's capital, austin?", ["texas", "austin"]),
        ("is texas city in texas.", ["texas city", "texas"]),
        ("texasville", []),
    ],
)
def test_the_longest_names_of_a_question_are_found(source, question, found):
    assert missing.names_in(question, source.names()) == found


def test_the_topic_is_the_name_that_a_fact_connects_with_the_answer(source):
    topics = missing.Gaps(source, everywhere=["u"]).topics(ASKED)
    assert [(topic.case.question[:15], topic.bearers, topic.relations) for topic in topics] == [
        ("what is the cap", {"s:tx"}, {"capital", "in"}),
        ("how big is Texa", {"s:tx"}, {"area"}),
        ("what borders th", {"s:ok"}, {"borders"}),
        ("which state in ", {"c:a"}, {"capital", "in"}),
    ]


def test_omitted_facts_make_their_questions_unanswerable(source, tmp_path):
    topics = missing.Gaps(source, everywhere=["u"]).topics(ASKED)
    gaps = [missing.name_gap(topics, 9, 0), *missing.relation_gaps(topics, 2, 9, 0)]
    assert [(gap.kind, sorted(gap.entities), sorted(gap.relations),
    len(gap.cases)) for gap in gaps] == [
        ("name", ["c:a", "s:ok", "s:tx"], [], 4),
        ("relation", [], ["capital", "in"], 2),
        ("relation", [], ["area"], 1),
    ]  # fmt: skip
    assert all(case.gold.hits([]) and not case.gold.readings for gap in gaps for case in gap.cases)
    with Workspace.open(tmp_path / "ws") as ws:
        source.load(ws, entities=gaps[0].entities, relations=["area"])
        assert ws.stats()["triples"] == 0
        assert set(ws.graph.keys()) == {"c:t", "u"}
    with Workspace.open(tmp_path / "other") as ws:
        source.load(ws, relations=gaps[1].relations)
        assert {relation.key for relation in ws.graph.relations()} == {"borders", "area", "country"}


def test_names_of_copies_are_pronounceable_and_different():
    assert speed.shift_letters("Texas", 0) == "Texas"
    assert speed.shift_letters("Bob", 1) == "Cuc"
    assert speed.shift_letters("Zoe 9", 1) == "Bui 9"
    names = ["Texas", "Ohio", "New York", "Iowa"]
    assert len({speed.shift_letters(name, by) for name in names for by in range(4)}) == 16
