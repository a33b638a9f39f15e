"""The methods of a graph: entities, relations, search, neighbours, edits."""

import random

import networkx as nx
import pytest

from kg import Entity, EntityRecord, Relation, StoreError, Triple, UnknownKeyError


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request):
    return request.param


@pytest.fixture
def france(graph):
    graph.add(
        [
            ("Q90", "P17", "Q142"),
            ("Q142", "P36", "Q90"),
            ("Q456", "P17", "Q142"),
            EntityRecord(key="Q90", label="Paris", aliases=("City of Light",), prior=9.0),
            EntityRecord(key="Q142", label="France", types=("country",)),
        ]
    )
    return graph


# ── entities ─────────────────────────────────────────────────────────────────────────────────────


def test_an_entity_without_a_label_is_called_by_its_key(graph):
    keys = {"New_York": "New York", "http://x.org/New_York": "New York", "http://x.org/#Öl": "Öl",
            "http://x.org/": "x.org", "_": "_", "Q90": "Q90"}  # fmt: skip
    graph.add([(key, "r", "x") for key in keys])
    assert {key: graph.entity(key).label for key in keys} == keys


def test_entities_merge_field_by_field(graph, write):
    path = write(
        "e.jsonl",
        """{"key": "Q90", "label": "Paris", "aliases": ["Lutetia", "Paris"], "types": ["city"]}
{"key": "Q90", "aliases": ["Lutetia", "Panam"], "description": "capital", "prior": 3}
{"key": "Q90"}
{"key": "Q90", "label": "Panam", "types": ["capital"], "description": null}
{"key": "Q142"}
""",
    )
    report = graph.load_entities(path)
    assert (report.read, report.added, report.duplicate) == (5, 4, 1)
    assert graph.entity("Q90") == Entity(
        key="Q90",
        label="Panam",
        aliases=("Lutetia",),
        description="capital",
        types=("capital", "city"),
        prior=3.0,
    )
    assert graph.load_entities(path).added == 3  # to Paris, Panam an alias again, back to Panam
    assert graph.stats()["entities"] == 2


def test_loading_the_same_entities_again_changes_nothing(graph, write):
    path = write("e.jsonl", '{"key": "a", "label": "A", "aliases": ["b"]}\n{"key": "c"}\n')
    assert graph.load_entities(path).revision == 1
    assert graph.load_entities(path).revision is None


def test_many_entities_merge_over_many_chunks(graph):
    records = [EntityRecord(key=f"k{n}", label=f"L{n}", aliases=(f"a{n}",)) for n in range(1_501)]
    assert graph.add(records) == 1_501
    found = graph.entities([f"k{n}" for n in range(1_501)] + ["missing"])
    assert len(found) == 1_501
    assert found["k1500"] == Entity(key="k1500", label="L1500", aliases=("a1500",))
    assert graph.add([EntityRecord(key=f"k{n}", label=f"M{n}") for n in range(1_501)]) == 1_501
    assert graph.entity("k700") == Entity(key="k700", label="M700", aliases=("a700",))


def test_an_alias_that_becomes_the_label_is_no_longer_an_alias(graph):
    graph.add([EntityRecord(key="k", label="A", aliases=("B", "C"))])
    assert graph.add([EntityRecord(key="k", label="B")]) == 1
    assert graph.entity("k") == Entity(key="k", label="B", aliases=("C",))
    assert graph.stats()["aliases"] == 1


def test_an_alias_that_equals_the_derived_label_is_not_repeated(graph):
    graph.add([EntityRecord(key="New_York", aliases=("New York", "NYC"))])
    assert graph.entity("New_York").aliases == ("NYC",)


def test_an_unknown_entity_is_named(graph):
    with pytest.raises(UnknownKeyError, match="'Q1'"):
        graph.entity("Q1")


# ── relations ────────────────────────────────────────────────────────────────────────────────────


def test_a_relation_is_found_by_key_before_label_in_any_case(graph):
    graph.add([("a", "http://x/Capital_of", "b"), ("a", "capital of", "b")])
    assert graph.relation("capital of") == Relation("capital of", "capital of")
    assert graph.relation("CAPITAL OF").key in {"capital of", "http://x/Capital_of"}
    assert graph.relations()[1] == Relation("http://x/Capital_of", "Capital of")
    with pytest.raises(UnknownKeyError, match="no relation"):
        graph.relation("borders")


# ── search ───────────────────────────────────────────────────────────────────────────────────────


def keys(found):
    return [entity.key for entity in found]


def test_search_ranks_equal_before_folded_before_prefix_before_inside(graph):
    graph.add(
        [
            EntityRecord(key="inside", label="Grand Paris"),
            EntityRecord(key="prefix", label="Parisian"),
            EntityRecord(key="folded", label="PARIS"),
            EntityRecord(key="by alias", label="x", aliases=("Paris",)),
            EntityRecord(key="by label", label="Paris"),
            EntityRecord(key="none", label="Rome"),
            ("by label", "r", "inside"),
            ("prefix", "r", "inside"),
        ]
    )
    assert keys(graph.search("Paris")) == ["by label", "by alias", "folded", "prefix", "inside"]
    assert keys(graph.search("Paris", limit=2)) == ["by label", "by alias"]
    assert graph.search("Paris", limit=0) == graph.search("Paris", limit=-1) == []
    assert graph.search("nowhere") == []


def test_search_prefers_the_better_connected(graph):
    graph.add([EntityRecord(key=key, label="Springfield") for key in ("s1", "s2", "s3")])
    graph.add([("s2", "r", "x"), ("y", "r", "s2"), ("s3", "r", "x")])
    assert keys(graph.search("Springfield")) == ["s2", "s3", "s1"]


@pytest.mark.parametrize(
    ("key", "text"),
    [("Москва", "москва"), ("Århus", "ÅRHUS"), ("Straße", "STRASSE"), ("New_York", "new york"),
     ("http://x.org/New_York", "New York"), ("http://x.org#Öl", "öl"), ("100%", "0%"),
     ("a_b", "a_"),
     ("a\\b", "\\"), ("x'); DROP TABLE entity; --", "'); drop")],
)  # fmt: skip
def test_search_finds_in_any_script_and_takes_the_text_literally(graph, key, text):
    graph.add([(key, "r", "zzz"), ("100 percent", "r", "axb")])
    assert keys(graph.search(text)) == [key]


def test_the_label_read_from_an_iri_ranks_as_equal(graph):
    graph.add([("http://x.org/Paris", "r", "Paris Hilton"), ("q", "r", "Paris Hilton")])
    assert keys(graph.search("paris")) == ["http://x.org/Paris", "Paris Hilton"]


def test_a_search_for_a_book_finds_nothing(graph):
    graph.add([("a", "r", "b")])
    assert graph.search("a" * 1_000_000) == []
    assert graph.search("Paris\0") == []


# ── neighbours ───────────────────────────────────────────────────────────────────────────────────


def test_neighbours_are_those_of_a_breadth_first_walk(graph):
    random_ = random.Random(3)
    rows = [
        Triple(f"n{random_.randrange(60)}", f"r{n % 3}", f"n{random_.randrange(60)}")
        for n in range(80)
    ]
    graph.add(rows)
    walk = graph.to_networkx().to_undirected()
    for start in ("n0", "n7", "n33"):
        if start not in walk:
            continue
        far = nx.single_source_shortest_path_length(walk, start)
        for hops in range(5):
            found = graph.neighbours(start, hops=hops, limit=1_000)
            wanted = {
                row for row in rows if min(far.get(row.head, 99), far.get(row.tail, 99)) < hops
            }
            assert set(found) == wanted
            assert len(found) == len(wanted)
            distance = [min(far[item.head], far[item.tail]) for item in found]
            assert distance == sorted(distance)
            for limit in (0, 1, 3, len(found), len(found) + 1):
                assert graph.neighbours(start, hops=hops, limit=limit) == found[:limit]


def test_neighbours_of_a_hub_stop_at_the_limit(graph):
    graph.add([("hub", "r", f"leaf{n}") for n in range(3_000)])
    assert graph.neighbours("hub", limit=5) == [Triple("hub", "r", f"leaf{n}") for n in range(5)]
    assert len(graph.neighbours("leaf0", hops=2, limit=1_000)) == 1_000
    assert len(graph.neighbours("leaf0", hops=3, limit=9_999)) == 3_000


def test_neighbours_of_an_unknown_entity_is_an_error(graph):
    with pytest.raises(UnknownKeyError):
        graph.neighbours("nobody")


def test_touching_gives_each_adjacent_triple_once(graph):
    rows = [
        Triple("a", "r", "b"),
        Triple("b", "r", "a"),
        Triple("a", "r", "a"),
        Triple("c", "r", "d"),
    ]
    graph.add(rows)
    assert sorted(graph.touching(["b", "a", "a", "missing"])) == sorted(rows[:3])
    assert graph.touching([]) == []


def test_networkx_holds_every_triple_and_label(france):
    found = france.to_networkx()
    assert {Triple(h, r, t) for h, t, r in found.edges(keys=True)} == set(france.match())
    assert dict(found.nodes(data="label")) == {"Q90": "Paris", "Q142": "France", "Q456": "Q456"}
    part = france.to_networkx(france.match(relation="P36"))
    assert list(part.edges(keys=True)) == [("Q142", "Q90", "P36")]


# ── edits ────────────────────────────────────────────────────────────────────────────────────────


def test_an_edit_replaces_one_value_and_can_be_undone(france):
    before = list(france.match())
    assert france.edit("Q142", "P36", "Q456") == 2
    assert [item.tail for item in france.match("Q142", "P36")] == ["Q456"]
    assert france.undo() == 3
    assert sorted(france.match()) == sorted(before)
    assert france.undo() == 4  # undoing the undo does the edit again
    assert [item.tail for item in france.match("Q142", "P36")] == ["Q456"]


def test_an_edit_by_the_label_of_a_relation_changes_that_relation(graph):
    graph.add([("a", "http://x/Capital", "b"), ("c", "http://x/Capital", "d")])
    graph.edit("a", "capital", "d")
    assert list(graph.match(head="a")) == [Triple("a", "http://x/Capital", "d")]
    assert len(graph.relations()) == 1


@pytest.mark.parametrize(
    ("arguments", "old", "error", "reason"),
    [
        (("Q1", "P17", "Q90"), None, UnknownKeyError, "Q1"),
        (("Q90", "P99", "Q90"), None, UnknownKeyError, "P99"),
        (("Q90", "P17", "Q99"), None, UnknownKeyError, "Q99"),
        (("Q90", "P17", "Q142"), None, StoreError, "already"),
        (("Q90", "P17", "Q456"), "Q456", StoreError, "not a value"),
        (("Q90", "P17", "Q456"), "", StoreError, "not a value"),
    ],
)
def test_an_edit_that_makes_no_sense_is_refused_and_leaves_no_revision(
    france, arguments, old, error, reason
):
    with pytest.raises(error, match=reason):
        france.edit(*arguments, old=old)
    assert france.revision() == 1


def test_an_edit_among_several_values_must_name_one(graph):
    graph.add([("a", "r", "b"), ("a", "r", "c"), ("a", "r", "d"), ("e", "r", "f")])
    with pytest.raises(StoreError, match="3 values"):
        graph.edit("a", "r", "f")
    graph.edit("a", "r", "f", old="c")
    assert {item.tail for item in graph.match("a", "r")} == {"b", "d", "f"}


def test_an_undo_of_nothing_says_what_is_wrong(graph):
    with pytest.raises(StoreError, match="graph is empty"):
        graph.undo()
    graph.add([("a", "r", "b")])
    graph.remove(head="a")
    with pytest.raises(StoreError, match="left to undo"):
        graph.undo(1)
    with pytest.raises(StoreError, match="no revision 0"):
        graph.undo(0)
    assert graph.revision() == 2


def test_revisions_tell_what_was_done_newest_first(france, write):
    path = write("a.tsv", "x\tr\ty\n")
    france.load(path)
    france.remove(relation="P36")
    found = france.revisions()
    assert [(item.number, item.kind, item.note) for item in found] == [
        (3, "remove", "* | P36 | *"),
        (2, "load", str(path)),
        (1, "add", "5 records"),
    ]
    assert all(item.at.endswith("+00:00") for item in found)
    assert france.revisions(limit=1) == found[:1]
    assert france.revisions(limit=-1) == []


def test_a_snapshot_is_of_one_moment(france):
    assert france.snapshot() == (1, list(france.match()))


def test_stats_count_what_is_alive(france):
    france.remove(head="Q456")
    assert france.stats() == {
        "entities": 2, "relations": 2, "triples": 2, "attributes": 0, "aliases": 1, "sources": 1,
        "revisions": 2,
    }  # fmt: skip
