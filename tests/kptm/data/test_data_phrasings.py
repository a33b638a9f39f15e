"""Phrasings mined from texts, and texts generated from phrasings."""

import pytest

from kptm.data import Phrasings, fill
from kptm.errors import ConfigError
from kptm.linking import LinkedText

CAPITALS = {"Tbilisi": "Georgia", "Paris": "France", "Rome": "Italy"}


def said(pattern, head, tail):
    return fill(pattern, {"[X]": (head, head), "[Y]": (tail, tail)})


@pytest.fixture
def graph(new_graph):
    graph = new_graph()
    graph.add([(country, "capital", city) for city, country in CAPITALS.items()])
    graph.add([("Georgia", "borders", "Turkey"), ("Tbilisi", "in", "Georgia")])
    return graph


def test_phrasings_of_several_pairs_are_mined(graph):
    texts = [said("[Y] is the capital of [X].", c, city) for city, c in CAPITALS.items()]
    texts.append(said("[X] loves [Y].", "Georgia", "Tbilisi"))  # one pair of entities is too few
    texts.append(said("[X] loves [Y].", "Georgia", "Tbilisi"))  # and a repeated pair counts once
    mined = Phrasings.mine(graph, texts)
    assert mined.relations() == ["capital"]
    assert mined.of("capital") == ("[Y] is the capital of [X].",)
    assert mined.of("shares_border") == ("[X] shares border [Y].",)


def test_ambiguous_phrasings_are_not_mined(graph):
    others = [said("[X] and [Y].", f"a{n}", f"b{n}") for n in range(9)]
    texts = [said("[X] and [Y].", country, city) for city, country in CAPITALS.items()]
    assert Phrasings.mine(graph, [*texts, *others]).relations() == []


def test_a_text_with_a_slot_of_its_own_is_not_mined(graph):
    """In "Option [X] is Georgia: Tbilisi" the first slot would not be that of the name."""
    texts = [
        LinkedText.from_spans(
            f"Option [X] is {country}: {city}.",
            [(14, 14 + len(country), country),
             (16 + len(country), 16 + len(country) + len(city), city)],
        )
        for city, country in CAPITALS.items()
    ]  # fmt: skip
    assert Phrasings.mine(graph, texts).relations() == []


def test_saved_and_loaded(tmp_path):
    path = tmp_path / "phrasings.json"
    Phrasings({"r": ["[X] r [Y]", "[Y] ř [X]"]}).save(path)
    assert Phrasings.load(path).of("r") == ("[X] r [Y]", "[Y] ř [X]")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"r": "[X]"}', '{"r": [1]}', "{'r': []}"])
def test_other_files_are_refused(tmp_path, content):
    path = tmp_path / "phrasings.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"phrasings\.json: .*; run kptm index"):
        Phrasings.load(path)


def test_missing_phrasings(tmp_path):
    with pytest.raises(ConfigError, match="run kptm index"):
        Phrasings.load(tmp_path / "none.json")


def test_filled():
    names = {"[X]": ("Georgia", "G"), "[Y]": ("[MASK]", None)}
    document = fill("In [Y]: [X].", names)
    assert document == LinkedText.from_spans("In [MASK]: Georgia.", [(11, 18, "G")])
