"""What counts as a mention, by policy or fitted: articles, possessives, common nouns."""

import json

import pytest
from click.testing import CliRunner

from kg import EntityRecord
from kptm import Workspace
from kptm.cli.main import main
from kptm.cli.verbs.linking_verbs import POLICIES as CLI_POLICIES
from kptm.errors import ConfigError, LinkingError
from kptm.linking import LinkedText, Linker
from kptm.linking.config import POLICIES, LinkingConfig
from kptm.linking.disambiguation.conventions import CONVENTIONS, Convention, Policy
from kptm.linking.disambiguation.disambiguation_model import Weights

ALL = CONVENTIONS[Policy.ALL]


@pytest.mark.parametrize(
    ("text", "name", "mention"),
    [
        ("in the United States today", "United States", "the United States"),
        ("The Beatles' songs", "Beatles", "The Beatles'"),
        ("(The Aarhus Airport's runway)", "Aarhus Airport", "The Aarhus Airport's"),
        ("Ireland’s coast", "Ireland", "Ireland’s"),
        ("an apple", "apple", "an apple"),
        ("They breathe air", "air", "air"),
        ("the\nParis", "Paris", "Paris"),
        ("the, Paris", "Paris", "Paris"),
        ("'Paris'", "Paris", "Paris"),
        ("", "", ""),
    ],
)
def test_a_mention_has_its_article_and_possessive(text, name, mention):
    start = text.index(name)
    first, last = ALL.span(text, start, start + len(name))
    assert text[first:last] == mention
    assert Convention().span(text, start, start + len(name)) == (start, start + len(name))


def test_a_mention_does_not_begin_before_the_end_of_the_last():
    text = "Die the An Sich"
    assert ALL.span(text, 8, 10, since=7) == (8, 10)


def documents(mention, before="", after="", times=30):
    text = f"{before}{mention}{after} is old."
    return [LinkedText.from_spans(text, [(len(before), len(before) + len(mention), "x")])] * times


@pytest.mark.parametrize(
    ("given", "articles", "possessives", "common_nouns"),
    [
        (documents("the Louvre"), True, False, False),
        (documents("Louvre", before="the "), False, False, False),
        (documents("Paris's"), False, True, False),
        (documents("Paris", after="'s"), False, False, False),
        (documents("a museum"), True, False, True),
        (documents("a poet"), True, False, False),
        (documents("the Louvre", times=3), False, False, False),
        ([], False, False, False),
    ],
)
def test_the_convention_of_documents(given, articles, possessives, common_nouns):
    expected = Convention(articles=articles, possessives=possessives, common_nouns=common_nouns)
    assert Convention.of(given, lambda name, _: name == "poet") == expected


def test_the_policies_of_settings_and_of_the_command_line_are_those_of_linking():
    assert tuple(Policy) == POLICIES == CLI_POLICIES


@pytest.mark.parametrize("policy", Policy)
def test_coefficients_ship_for_each_policy(policy):
    weights = Weights.default(policy)
    assert weights.convention == CONVENTIONS[policy]
    assert set(weights.joint.ranking) == set(Weights.default().joint.ranking)
    assert set(weights.joint.nil) == set(Weights.default().joint.nil)


def test_the_convention_is_saved(tmp_path):
    weights = Weights.default(Policy.ALL)
    weights.save(tmp_path / "w.json")
    assert Weights.load(tmp_path / "w.json") == weights


@pytest.fixture
def graph(new_graph):
    graph = new_graph()
    places = [
        ("us", "United States", "country in North America"),
        ("math", "Mathematics", "academic discipline"),
        ("oslo", "Oslo", "capital city of Norway"),
    ]
    graph.add(EntityRecord(key=key, label=label, description=text) for key, label, text in places)
    graph.add([("oslo", "twin", "us"), ("math", "taught in", "oslo"), ("math", "taught in", "us")])
    return graph


TEXT = "The United States' schools teach mathematics, as Oslo's do."


def test_all_marks_what_names_leaves_out(graph):
    names = {link.surface for link in Linker(graph).link(TEXT).links}
    whole = {link.surface for link in Linker(graph, policy="all").link(TEXT).links}
    assert names == {"United States", "Oslo"}
    assert whole == {"The United States'", "mathematics", "Oslo's"}


@pytest.mark.usefixtures("many_inputs")
def test_strict_links_no_more_than_names(graph, world, world_linker):
    texts = [document.text for document in world.prose()][:200]
    strict = Linker(world_linker._graph, policy="strict")
    pairs = list(zip(strict.link_many(texts), world_linker.link_many(texts), strict=True))
    assert 0 < sum(len(a.links) for a, _ in pairs) < sum(len(b.links) for _, b in pairs)


def test_fit_learns_what_a_mention_is(graph):
    texts = [
        f"The United States' {word} and Oslo's {word} differ." for word in ("art", "law", "sea")
    ]
    gold = [
        LinkedText.from_spans(
            text, [(0, 18, "us"), (text.index("Oslo"), text.index("Oslo") + 6, "oslo")]
        )
        for text in texts * 10
    ]
    linker = Linker(graph)
    weights = linker.fit(gold)
    assert weights.convention == Convention(articles=True, possessives=True)
    found = linker.link("The United States' snow and Oslo's snow differ.")
    assert [link.surface for link in found.links] == ["The United States'", "Oslo's"]


def test_an_unknown_policy_is_refused(graph):
    with pytest.raises(LinkingError, match="policy must be one of names, all, strict, not 'some'"):
        Linker(graph, policy="some")
    with pytest.raises(LinkingError, match="give them or a policy"):
        Linker(graph, weights=Weights.default(), policy="all")
    with pytest.raises(ConfigError, match="policy must be one of names, all, strict"):
        LinkingConfig(policy="some")
    with pytest.raises(ConfigError, match="give them or a policy"):
        LinkingConfig(weights="w.json", policy="all")


def test_a_workspace_links_by_its_policy(tmp_path):
    with Workspace.init(tmp_path / "ws") as ws:
        ws.graph.add([EntityRecord(key="us", label="United States", description="country")])
    for options, surface in (([], "United States"), (["--policy", "all"], "The United States")):
        command = ["link", str(tmp_path / "ws"), "The United States won.", "--json", *options]
        done = CliRunner().invoke(main, command)
        assert done.exit_code == 0, done.output
        assert [link["surface"] for link in json.loads(done.stdout)["links"]] == [surface]
