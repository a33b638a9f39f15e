"""The required content of the example world; its text states none of the hidden facts."""

import json
import re
import sys
from collections import defaultdict
from itertools import combinations
from pathlib import Path

import pytest

from kptm.errors import ConfigError
from kptm.examples import World
from kptm.examples.world_reader import parse_marked
from kptm.linking import LinkedText

TOOLS = Path(__file__).parents[3] / "tools"
DERIVED = ("facts.tsv", "triples.tsv", "corpus.txt")


@pytest.fixture(scope="module")
def build_world():
    """The tool that derives the world's files."""
    sys.path.insert(0, str(TOOLS))
    try:
        import build_world
    finally:
        sys.path.remove(str(TOOLS))
    return build_world


@pytest.fixture(scope="module")
def entities(world):
    lines = world.entities.read_text(encoding="utf-8").splitlines()
    return {row["key"]: row for row in map(json.loads, lines)}


@pytest.fixture(scope="module")
def triples(world):
    lines = world.triples.read_text(encoding="utf-8").splitlines()
    return [tuple(line.split("\t")) for line in lines]


def test_there_is_enough_of_everything(world, entities, triples):
    countries = [key for key, row in entities.items() if "country" in row["types"]]
    gold = [document for document in world.prose() if document.links]
    questions = world.questions()
    assert len(countries) >= 195
    assert len(triples) >= 3_000
    assert len(world.texts()) >= 3_000
    assert len(world.prose()) >= 400
    assert len(gold) >= 300
    assert len(questions) >= 250
    assert sum(not question.answers for question in questions) >= 10
    assert {fact.split for fact in world.facts()} == set("ABCDG")
    for split in "ABCD":
        assert sum(fact.split == split for fact in world.facts()) >= 100


def test_nothing_is_repeated(world, entities, triples):
    assert len(entities) == len(world.entities.read_text(encoding="utf-8").splitlines())
    assert len(set(triples)) == len(triples)
    facts = [(fact.head, fact.relation, fact.tail) for fact in world.facts()]
    assert len(set(facts)) == len(facts)
    questions = [question.question for question in world.questions()]
    assert len(set(questions)) == len(questions)


def test_every_key_exists(world, entities, triples):
    keys = set(entities)
    assert {end for head, _, tail in triples for end in (head, tail)} <= keys
    for fact in world.facts():
        assert {fact.head, fact.tail} <= keys
        assert not fact.new_tail or fact.new_tail in keys
    assert {key for document in world.prose() for key in document.entities()} <= keys
    assert {key for question in world.questions() for key in question.answers} <= keys


def test_every_asked_relation_is_said_in_several_ways(world):
    roles = defaultdict(list)
    for phrasing in world.phrasings():
        assert phrasing.pattern.count("[X]") == phrasing.pattern.count("[Y]") == 1
        roles[phrasing.relation, phrasing.role].append(phrasing.pattern)
    asked = {fact.relation for fact in world.facts() if fact.split != "G"}
    for relation in asked:
        assert len(roles[relation, "train"]) >= 3
        assert len(roles[relation, "ask"]) >= 1
        assert not set(roles[relation, "train"]) & set(roles[relation, "ask"])


def test_the_graph_is_all_facts_but_c(world, triples):
    facts = world.facts()
    assert set(triples) == {(f.head, f.relation, f.tail) for f in facts if f.split != "C"}
    edited = [fact for fact in facts if fact.new_tail]
    assert {fact.split for fact in edited} == {"D"}
    assert len(edited) == sum(fact.split == "D" for fact in facts)
    assert all((fact.head, fact.relation, fact.new_tail) not in set(triples) for fact in edited)


def test_no_b_or_c_fact_is_in_the_text(world):
    """Neither the prose's gold links nor a line made from a phrasing states such a pair."""
    together = {
        frozenset(pair)
        for document in world.prose()
        for pair in combinations(document.entities(), 2)
    }
    said = {frozenset((f.head, f.tail)) for f in world.facts() if f.split in "AD"}
    hidden = [fact for fact in world.facts() if fact.split in "BC"]
    assert len(hidden) > 1_000
    for fact in hidden:
        pair = frozenset((fact.head, fact.tail))
        assert pair not in together
        assert pair not in said


def test_no_text_says_a_hidden_fact_of_a_namesake(world, entities):
    """This compares the labels in the text, whichever entity they mean there."""
    lines = {line.casefold() for line in world.texts()}
    patterns = defaultdict(list)
    for phrasing in world.phrasings():
        patterns[phrasing.relation].append(phrasing.pattern.casefold())
    for fact in world.facts():
        if fact.split in "BC":
            head, tail = (entities[key]["label"].casefold() for key in (fact.head, fact.tail))
            for pattern in patterns[fact.relation]:
                assert pattern.replace("[x]", head).replace("[y]", tail) not in lines


def test_the_derived_files_are_those_of_the_tool(world, build_world):
    """The files are equal byte for byte, so none lacks a change of the hand-written files."""
    for name, lines in build_world.derive(world).items():
        text = "".join(f"{line}\n" for line in lines)
        assert (world.folder / name).read_bytes() == text.encode()


def test_a_split_depends_on_the_pair_and_not_on_the_order(world, build_world, tmp_path):
    for name in ("entities.jsonl", "prose.txt", "phrasings.tsv", "questions.jsonl"):
        (tmp_path / name).write_bytes((world.folder / name).read_bytes())
    rows = (world.folder / "facts.tsv").read_text(encoding="utf-8").splitlines()
    bare = ["\t".join([*row.split("\t")[:3], "A"]) for row in reversed(rows)]
    (tmp_path / "facts.tsv").write_text("\n".join(bare) + "\n", encoding="utf-8")
    assert build_world.derive(World(tmp_path))["facts.tsv"] == rows


def test_marks_are_read():
    document = parse_marked("In [[Tbilisi|Tbilisi]], [[Georgia_(country)|Georgia]] drinks.")
    assert document == LinkedText.from_spans(
        "In Tbilisi, Georgia drinks.", [(3, 10, "Tbilisi"), (12, 19, "Georgia_(country)")]
    )
    assert parse_marked("nothing [[ here ]]") == LinkedText("nothing [[ here ]]")


@pytest.mark.parametrize(
    ("name", "line", "read", "said"),
    [
        ("facts.tsv", "a\tb", World.facts, "line 2: 'a\\tb' is not head⇥relation⇥tail⇥split"),
        ("phrasings.tsv", "a", World.phrasings, "line 2: 'a' is not relation⇥train or ask⇥pattern"),
        ("questions.jsonl", "{", World.questions, "line 2: '{' is not JSON with question"),
        ("questions.jsonl", '{"question": 1}', World.questions, "is not JSON with question"),
    ],
)
def test_a_malformed_line_is_named(world, tmp_path, name, line, read, said):
    first = (world.folder / name).read_text(encoding="utf-8").splitlines()[0]
    (tmp_path / name).write_text(f"{first}\n{line}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=re.escape(said)):
        read(World(tmp_path))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"prose\.txt: cannot be read"):
        World(tmp_path).prose()
