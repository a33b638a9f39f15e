"""The linker follows the graph, learns from use, and links the same in any batch."""

import json
import shutil
import time

import numpy as np
import pytest

from kg import EntityRecord, KnowledgeGraph
from kptm.errors import LinkingError
from kptm.linking import LinkedText, Linker, link_batch, linker
from kptm.linking.disambiguation.candidate_features import RANKING_FEATURES
from kptm.linking.disambiguation.coherence import COHERENCE
from kptm.linking.disambiguation.description_encoder import SIMILARITY, SIMILARITY_OF_PART
from kptm.linking.disambiguation.disambiguation_model import SURE, Weights
from kptm.linking.disambiguation.scoring_passes import score_candidates
from kptm.linking.index import index_storage as storage
from kptm.linking.index.index_graph import read_all
from kptm.linking.index.link_index import LinkIndex
from kptm.linking.text.passages import FoldedTexts
from kptm.linking.training.linker_fitting import ONLY_RANKING

RECORDS = [
    EntityRecord(key="Q90", label="Paris", description="capital city of France"),
    EntityRecord(key="Q830149", label="Paris", description="city in Texas"),
    EntityRecord(key="Q142", label="France", description="country in Europe"),
    EntityRecord(key="Q937", label="Albert Einstein", description="German physicist, a person"),
    EntityRecord(key="Q7817", label="World Health Organization", description="agency of the UN"),
]
FACTS = [("Q90", "capital of", "Q142"), ("Q90", "in", "Q142"), ("Q142", "capital", "Q90")]


@pytest.fixture
def graph(new_graph):
    found = new_graph()
    found.add([*RECORDS, *FACTS])
    return found


def entities(document):
    return [(link.surface, link.entity) for link in document.links]


def priors(found):
    return {item.entity: item.prior for item in found}


def test_priors_follow_the_formula(graph):
    """The prior of a label is proportional to 2 · (1 + degree)."""
    weights = {"Q90": 2 * (1 + 3), "Q830149": 2 * (1 + 0)}
    expected = {key: pytest.approx(weight / 10) for key, weight in weights.items()}
    assert priors(Linker(graph).candidates("Paris")) == expected
    assert priors(Linker(graph).candidates("pARIS")) == expected
    assert Linker(graph).candidates("nobody") == ()


def test_a_slip_of_the_pen_is_forgiven_on_request(graph):
    found = Linker(graph)
    assert found.candidates("Albert Einstien") == ()
    assert found.candidates("Albert Einstien", fuzzy=True)[0].entity == "Q937"
    assert sum(priors(found.candidates("Albert Einstien", fuzzy=True)).values()) == pytest.approx(1)
    assert found.candidates("Paris", fuzzy=True) == found.candidates("Paris")


def test_counts_are_smoothed_by_the_weights_of_the_graph(graph):
    found = Linker(graph)
    texts = [LinkedText.from_spans("Paris, Texas", [(0, 5, "Q830149")])] * 3
    revision = found.learn(texts, source="texts")
    assert priors(found.candidates("Paris")) == {
        "Q830149": pytest.approx((3 + 5 * 0.2) / (3 + 5)),
        "Q90": pytest.approx((0 + 5 * 0.8) / (3 + 5)),
    }
    assert graph.link_counts()[("Q830149", "Paris")] == (3, 3)
    found.learn(texts[:1], source="texts")  # the counts of a source are added
    found.learn(texts[:1], source="other texts")
    assert graph.link_counts()[("Q830149", "Paris")] == (5, 5)
    graph.undo()
    assert graph.link_counts()[("Q830149", "Paris")] == (4, 4)
    graph.undo(revision + 1)
    assert graph.link_counts()[("Q830149", "Paris")] == (3, 3)
    graph.purge(source="texts")
    assert ("Q830149", "Paris") not in graph.link_counts()
    assert priors(found.candidates("Paris"))["Q90"] == pytest.approx(0.8)


def test_what_was_seen_without_a_link_counts_too(graph):
    found = Linker(graph)
    found.learn(
        [LinkedText("Paris is a first name."), LinkedText.from_spans("Paris", [(0, 5, "Q90")])],
        source="texts",
    )
    assert graph.link_counts() == {("Q90", "Paris"): (1, 2), ("Q830149", "Paris"): (0, 1)}


def test_a_name_learnt_from_texts_is_an_alias_of_its_source(graph):
    found = Linker(graph)
    found.learn([LinkedText.from_spans("Paname", [(0, 6, "Q90")])], source="slang")
    assert graph.entity("Q90").aliases == ("Paname",)
    assert priors(found.candidates("Paname")) == {"Q90": 1.0}
    graph.forget(source="slang")
    assert graph.entity("Q90").aliases == ()
    assert found.candidates("Paname") == ()


def test_pronouns_are_not_learnt(graph):
    document = LinkedText.from_spans("It is old.", [(0, 2, "Q90")])
    assert Linker(graph).learn([document], source="texts") == 0
    assert graph.entity("Q90").aliases == ()


def test_learning_of_a_stranger_is_refused(graph):
    with pytest.raises(LinkingError, match="no entity 'Q1'"):
        Linker(graph).learn([LinkedText.from_spans("xyz", [(0, 3, "Q1")])], source="texts")


CHANGES = [
    lambda g: g.add([EntityRecord(key="Q90", aliases=("Lutetia",))]),
    lambda g: g.add([EntityRecord(key="Q64", label="Berlin", description="city in Germany")]),
    lambda g: g.add([("Q64", "in", "Q183"), ("Q830149", "in", "Q64")]),
    lambda g: g.edit("Q142", "capital", "Q830149"),
    lambda g: g.undo(),
    lambda g: g.forget(entity="Q64"),
    lambda g: g.undo(),
    lambda g: g.remove(head="Q90"),
    lambda g: g.purge(entity="Q64"),
]
TEXT = "Lutetia was Paris. Paris is in France, Berlin is not. Paris, Texas, is a city."


def test_what_has_changed_links_as_if_all_were_read_anew(graph):
    """Checks everything but the counts over the whole graph, which have weight 0 here."""
    kept = Linker(graph)
    kept.refresh()
    base = kept._base
    for number, change in enumerate(CHANGES):
        change(graph)
        layers, fresh = kept.refresh(), Linker(graph).refresh()
        assert (kept._base is base) == (number < len(CHANGES) - 1)  # a purge rebuilds it
        for name in ("Lutetia", "Paris", "Berlin", "Q183", "France"):
            assert kept.candidates(name) == Linker(graph).candidates(name), (number, name)
        keys = list(graph.keys())
        for key in keys:
            one, other = number_of(layers, key), number_of(fresh, key)
            assert layers.degrees(one) == fresh.degrees(other), (number, key)
            assert set(layers.words(one)[0].tolist()) == set(fresh.words(other)[0].tolist())
            near = [
                set(lay.keys(lay.near(at)[0].tolist()))
                for lay, at in ((layers, one), (fresh, other))
            ]
            assert near[0] == near[1], (number, key)


def number_of(layers, key):
    return np.array([next(n for n in range(len(layers)) if layers.keys([n]) == [key])])


def test_an_index_in_a_folder_is_opened_again(graph, tmp_path, monkeypatch):
    folder = tmp_path / "linking"
    first = Linker(graph, folder=folder).link(TEXT)
    monkeypatch.setattr(linker, "read_all", lambda *_: pytest.fail("read anew"))
    assert Linker(graph, folder=folder).link(TEXT) == first
    graph.add([EntityRecord(key="Q90", aliases=("Lutetia",))])
    assert ("Lutetia", "Q90") in entities(Linker(graph, folder=folder).link("Lutetia is old"))


def test_a_damaged_index_or_that_of_another_graph_is_made_anew(graph, tmp_path, new_graph):
    folder = tmp_path / "linking"
    first = Linker(graph, folder=folder).link(TEXT)
    for name in ("form_hash.npy", "keys.npy"):
        raw = bytearray((folder / name).read_bytes())
        raw[-1] ^= 1
        (folder / name).write_bytes(bytes(raw))
        assert storage.load(folder) is None
        assert Linker(graph, folder=folder).link(TEXT) == first
    (folder / storage.MANIFEST).write_text("{")
    assert Linker(graph, folder=folder).link(TEXT) == first
    other = new_graph()
    other.add([EntityRecord(key="other", label="Paris"), ("other", "r", "x")])
    assert Linker(other, folder=folder).candidates("Paris")[0].entity == "other"
    shutil.rmtree(folder)
    assert Linker(graph, folder=folder).link(TEXT) == first


def test_an_index_is_the_same_when_it_is_read_back(graph, tmp_path):
    index = read_all(graph)
    storage.save(index, tmp_path / "index", 7, "graph")
    loaded, revision, identity = storage.load(tmp_path / "index")
    assert (revision, identity) == (7, "graph")
    for name in LinkIndex.names():
        assert np.array_equal(getattr(loaded, name), getattr(index, name))
    assert [item.name for item in tmp_path.iterdir() if "index" in item.name] == ["index"]


@pytest.mark.usefixtures("separate_process")
def test_two_processes_link_as_one(world, world_linker, monkeypatch):
    texts = [document.text for document in world.prose()][:200]
    monkeypatch.setattr(link_batch, "CHARACTERS_PER_BATCH", 2_000)
    alone = list(world_linker.link_many(texts))
    assert list(world_linker.link_many(iter(texts), n_jobs=2)) == alone
    assert list(map(world_linker.link, texts[:40])) == alone[:40]


def test_a_surname_after_the_full_name_and_an_acronym_after_its_expansion(graph):
    text = (
        "Albert Einstein was a physicist. In Berlin, Einstein wrote."
        " The World Health Organization was late; the WHO said so."
    )
    found = entities(Linker(graph).link(text))
    assert ("Einstein", "Q937") in found
    assert ("WHO", "Q7817") in found
    assert ("WHO", "Q7817") not in entities(Linker(graph).link("The WHO said so."))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\0",
        "\0\0 \0",
        "👍🏽👨\u200d👩\u200d👧",
        "\u200f\u200eباريس Paris \u202eabc\u202c",
        " ",
        "\u0301",
        "\u200d",
    ],
)
def test_odd_texts(graph, text):
    document = Linker(graph).link(text)
    assert document.text == text
    assert all(text[link.start : link.end] == link.surface for link in document.links)


@pytest.mark.usefixtures("many_inputs")
def test_a_long_text_takes_time_in_proportion(graph):
    found = Linker(graph)
    text = "Paris is in France and Albert Einstein is not. "
    document = found.link(text * 20_000)  # a line of nearly a million characters
    assert len(document.links) >= 40_000
    unbroken = found.link("x" * 1_000_000)
    assert unbroken.links == ()


def test_weights_are_read_back_and_bad_ones_refused(tmp_path):
    path = tmp_path / "weights.json"
    Weights.default().save(path)
    assert Weights.load(path) == Weights.default()
    good = json.loads(path.read_text())
    for text in (
        "{", "[]", json.dumps({"version": 0}), json.dumps({"version": 1}), "[" * 100_000,
        *(json.dumps({**good, **wrong}) for wrong in (
            {"local": None}, {"joint": {"which": [1], "whether": {}}}, {"threshold": float("nan")},
            {"joint": {"which": {}, "whether": {"a": "b"}}}, {"convention": {"articles": "no"}},
            {"encoder": {"which": {"a": 1e999}, "whether": {}}}, {"threshold": 10**400},
        )),
    ):  # fmt: skip
        path.write_text(text)
        with pytest.raises(LinkingError, match="no linking weights"):
            Weights.load(path)


def test_fit_learns_what_the_documents_want(graph):
    """Documents that never link Paris in France teach the linker never to link it."""
    found = Linker(graph)
    documents = [
        LinkedText.from_spans(f"Paris, a city in Texas {n}", [(0, 5, "Q830149")]) for n in range(20)
    ]
    documents += [LinkedText(f"Nobody in France {n}") for n in range(20)]
    found.fit(documents)
    assert entities(found.link("Paris, a city in Texas")) == [("Paris", "Q830149")]
    assert entities(found.link("Nobody in France")) == []
    with pytest.raises(LinkingError, match="nothing to learn"):
        found.fit([LinkedText("nothing here")])


def test_p_is_the_softmax_over_candidates_times_that_of_a_link(graph):
    """The formula of ``disambiguation_model.py``, reimplemented for one mention."""
    found = Linker(graph)
    passages, layers = FoldedTexts(["Paris is in Texas."]), found.refresh()
    scored = score_candidates(passages, layers, found.weights)
    weights = found.weights.joint
    score = sum(
        w * scored.columns[name] for name, w in weights.ranking.items() if name in scored.columns
    )
    among = np.exp(score) / np.exp(score).sum()
    best = int(among.argmax())
    linked = weights.nil["sure of it"] * np.log(among[best])
    linked += sum(
        w * scored.columns[name][best] for name, w in weights.nil.items() if name in scored.columns
    )
    assert scored.probability == pytest.approx(among / (1 + np.exp(-linked)))


def test_the_shipped_coefficients_are_those_of_the_features(graph):
    layers = Linker(graph).refresh()
    columns = set(score_candidates(FoldedTexts(["Paris"]), layers, Weights.default()).columns)
    assert set(RANKING_FEATURES) < columns
    alone = columns - set(COHERENCE)
    more = {"local": set(), "joint": set(COHERENCE), "encoder": set(COHERENCE)}
    for name, shared in more.items():
        learnt = getattr(Weights.default(), name)
        said = {*SIMILARITY, SIMILARITY_OF_PART} if name == "encoder" else set()
        assert set(learnt.ranking) - said == {*RANKING_FEATURES, *shared}
        assert set(learnt.nil) - said == (alone - ONLY_RANKING) | shared | {SURE}


def test_a_new_alias_is_there_at_once_in_a_large_graph(tmp_path):
    """The base index is not rebuilt; a benchmark measures the speed."""
    with KnowledgeGraph.open(tmp_path / "large.db") as graph:
        graph.add([EntityRecord(key=f"E{n}", label=f"Name {n}") for n in range(3_000)])
        found = Linker(graph)
        found.refresh()
        base = found._base
        began = time.perf_counter()
        graph.add([EntityRecord(key="E7", aliases=("Seventh",))])
        assert found.candidates("Seventh")[0].entity == "E7"
        assert found._base is base
        assert time.perf_counter() - began < 60


@pytest.mark.usefixtures("many_inputs")
@pytest.mark.parametrize("sense", ["FR", "TX"])
def test_what_was_counted_decides(sense, new_graph):
    graph = new_graph()
    graph.add(
        [
            EntityRecord(key="FR", label="Paris", description="capital of France"),
            EntityRecord(key="TX", label="Paris", description="town in Texas"),
            ("FR", "country", "France"),
            ("TX", "state", "Texas"),
        ]
    )
    linker = Linker(graph)
    documents = [LinkedText.from_spans("We saw Paris.", [(7, 12, sense)])] * 1000
    linker.learn(documents, source="news")
    link = linker.link("We saw Paris.").links[0]
    assert link.entity == sense
    assert link.score > 0.95


@pytest.mark.parametrize("most", [1e6, 1e299])
@pytest.mark.parametrize("commoner", ["A", "B"])
def test_a_stated_prior_speaks_for_its_entity(commoner, most, new_graph):
    graph = new_graph()
    graph.add(
        EntityRecord(key=key, label="Paris", prior=most if key == commoner else 5)
        for key in ("A", "B")
    )
    assert Linker(graph).link("We saw Paris.").links[0].entity == commoner


def test_stated_priors_are_compared_with_each_other_alone(new_graph):
    """Priors of 0.9 and 0.1 have another unit than the degree of an entity without a prior."""
    graph = new_graph()
    graph.add(
        [
            EntityRecord(key="A", label="Paris", prior=0.9),
            EntityRecord(key="B", label="Paris", prior=0.1),
            EntityRecord(key="C", label="Paris"),
            *(("C", "r", f"o{number}") for number in range(10)),
        ]
    )
    layers = Linker(graph).refresh()
    found = score_candidates(FoldedTexts(["Paris"]), layers, Weights.default()).candidates
    keys = layers.keys(found.entity.tolist())
    # A and B divide the weights of their degrees, 1 + 0 each, by 1 + prior; C has 1 + 10.
    shares = {"A": 2 * 1.9 / 3.0 / 13, "B": 2 * 1.1 / 3.0 / 13, "C": 11 / 13}
    assert dict(zip(keys, found.prior.tolist(), strict=True)) == pytest.approx(shares)
    degrees = {"A": 1 / 13, "B": 1 / 13, "C": 11 / 13}
    assert dict(zip(keys, found.by_degree.tolist(), strict=True)) == pytest.approx(degrees)
