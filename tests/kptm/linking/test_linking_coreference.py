"""Coreference: pronouns and definite descriptions are linked to entities named before."""

import json

import pytest
from click.testing import CliRunner

from kg import EntityRecord
from kptm import Workspace
from kptm.cli.main import main
from kptm.errors import LinkingError
from kptm.linking import Link, LinkedText, Linker

TEXT = "Ada Lovelace met Charles Babbage in London. She admired his machine. He thanked her."


@pytest.fixture
def graph(new_graph):
    graph = new_graph()
    people = [
        ("ada", "Ada Lovelace", "English mathematician"),
        ("cb", "Charles Babbage", "English polymath, a person"),
    ]
    graph.add(EntityRecord(key=key, label=label, description=text) for key, label, text in people)
    graph.add(
        [
            EntityRecord(key="si", label="Siemens", description="German company"),
            EntityRecord(key="ldn", label="London", description="capital city of England"),
            EntityRecord(key="f", label="female"),
            EntityRecord(key="m", label="male"),
            ("ada", "/people/person/gender", "f"),
            ("cb", "/people/person/gender", "m"),
            ("ada", "lived in", "ldn"),
            ("cb", "lived in", "ldn"),
            ("si", "office in", "ldn"),
        ]
    )
    return graph


def meant(document):
    return [(link.surface, link.entity) for link in document.links if link.coreference]


def test_pronouns_mean_people_of_their_gender(graph):
    linker = Linker(graph, coreference=True)
    assert meant(linker.link(TEXT)) == [("She", "ada"), ("his", "cb"), ("He", "cb"), ("her", "ada")]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Siemens opened an office in London. The company grew.", [("The company", "si")]),
        ("London lies far from the sea. The city has a port.", [("The city", "ldn")]),
    ],
)
def test_a_description_means_what_is_such_a_thing(graph, text, found):
    assert meant(Linker(graph, coreference=True).link(text)) == found


@pytest.mark.parametrize(
    "text",
    [
        "She admired Charles Babbage.",  # no entity is named before
        "Charles Babbage wrote. She read.",  # the entity is no woman
        "London is old. He knows.",  # the entity is no person
        "Siemens grew. It is known that the rain comes.",  # this "it" refers to nothing
        "Siemens grew. The company of friends laughed.",
        "Siemens grew. The film ended.",
    ],
)
def test_what_means_nothing_said_before(graph, text):
    assert meant(Linker(graph, coreference=True).link(text)) == []


def test_it_is_off_by_default_and_marked(graph):
    assert meant(Linker(graph).link(TEXT)) == []
    with_pronouns = Linker(graph, coreference=True).link(TEXT)
    names = tuple(link for link in with_pronouns.links if not link.coreference)
    assert names == Linker(graph).link(TEXT).links
    value = json.loads(json.dumps(with_pronouns.to_dict(candidates=True)))
    assert LinkedText.from_dict(value) == with_pronouns
    assert [link.get("coreference", False) for link in value["links"]] == [
        link.coreference for link in with_pronouns.links
    ]


def test_a_mark_that_is_no_truth_value_is_refused():
    links = [{"start": 0, "end": 2, "entity": "x", "coreference": "yes"}]
    with pytest.raises(LinkingError, match="coreference is 'yes', not true or false"):
        LinkedText.from_dict({"text": "He", "links": links})


def test_pronouns_are_not_counted_as_names(graph):
    text = "Siemens grew. The company paid."
    document = LinkedText(
        text, (Link(0, 7, "Siemens", "si"), Link(14, 25, "The company", "si", coreference=True))
    )
    linker = Linker(graph)
    linker.learn([document], source="news")
    assert linker.candidates("The company") == ()
    assert graph.link_counts(["si"]) == {("si", "Siemens"): (1, 1)}


def test_an_offset_is_that_of_the_whole_text(graph):
    """The text is so long that it is linked passage by passage."""
    text = "word " * 4_500 + TEXT
    for link in Linker(graph, coreference=True).link(text).links:
        assert text[link.start : link.end] == link.surface
    assert len(meant(Linker(graph, coreference=True).link(text))) == 4


@pytest.mark.usefixtures("separate_process")
def test_processes_link_the_same(graph):
    linker = Linker(graph, coreference=True)
    assert list(linker.link_many([TEXT] * 3, n_jobs=2)) == [linker.link(TEXT)] * 3


def test_a_gender_that_is_stated_later_is_seen(graph):
    graph.add([EntityRecord(key="kim", label="Kim Gordon", description="American musician")])
    linker = Linker(graph, coreference=True)
    assert ("He", "kim") in meant(linker.link("Kim Gordon came to London. He sang."))
    graph.add([("kim", "/people/person/gender", "f"), ("kim", "lived in", "ldn")])
    assert meant(linker.link("Kim Gordon came to London. He sang.")) == []


def test_a_workspace_links_pronouns_on_request(tmp_path):
    with Workspace.init(tmp_path / "ws") as ws:
        ws.graph.add([EntityRecord(key="si", label="Siemens", description="German company")])
    for options, count in (([], 1), (["--coreference"], 2)):
        text = "Siemens grew. The company paid well."
        done = CliRunner().invoke(main, ["link", str(tmp_path / "ws"), text, *options])
        assert done.exit_code == 0, done.output
        assert done.stdout.count("→ si") == count
    assert "said before" in done.stdout
