"""Merging entities: one revision, whose undo restores both with all their statements."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg import (
    Attribute,
    EntityRecord,
    KnowledgeGraph,
    Literal,
    Proposal,
    Qualifier,
    Statement,
    Step,
    StoreError,
    Triple,
    UnknownKeyError,
)
from kg.programs import Follow, Named
from kg.vocabulary import IRI, SAME_AS

KEYS = ("Ada", "Bea", "Cleo", "Dora")


def written(graph, folder, name):
    """All statements with their sources, confidences and qualifiers, as an export has them."""
    graph.export(folder / f"{name}.jsonl")
    return sorted((folder / f"{name}.jsonl").read_text(encoding="utf-8").splitlines())


def stated(graph, key):
    """Fact, source, line and confidence of each live statement about an entity."""
    return {
        (one.fact, source, one.confidence)
        for one in graph.describe(key, limit=1_000).facts
        for source in one.sources
    }


@pytest.fixture
def files(tmp_path):
    (tmp_path / "entities.jsonl").write_text(
        "\n".join(
            json.dumps(row)
            for row in (
                {"key": "A", "label": "Ann", "description": "a painter"},
                {
                    "key": "B",
                    "label": "Anne",
                    "aliases": ["Annie"],
                    "description": "an artist",
                    "types": ["human"],
                    "prior": 3.0,
                },
            )
        )
    )
    (tmp_path / "facts.tsv").write_text("A\tborn in\tX\nB\tborn in\tX\nC\tknows\tB\nB\tknows\tA\n")
    (tmp_path / "more.jsonl").write_text(
        "\n".join(
            json.dumps(row)
            for row in (
                {
                    "head": "B",
                    "relation": "likes",
                    "tail": "Y",
                    "confidence": 0.5,
                    "qualifiers": [{"relation": "since", "value": "1990"}],
                },
                {
                    "head": "Z",
                    "relation": "painted",
                    "tail": "Y",
                    "qualifiers": [{"relation": "by", "value": "B"}],
                },
            )
        )
    )
    return tmp_path


def load(graph, files):
    return [
        graph.load_entities(files / "entities.jsonl"),
        graph.load(files / "facts.tsv"),
        graph.load(files / "more.jsonl"),
    ]


def test_all_statements_move_with_their_sources(graph, files):
    load(graph, files)
    done = graph.merges.merge("A", ["B"])
    assert done.kept == {"B": "A"}
    assert set(graph.match()) == {
        Triple("A", "born in", "X"),
        Triple("C", "knows", "A"),
        Triple("A", "knows", "A"),
        Triple("A", "likes", "Y"),
        Triple("Z", "painted", "Y"),
    }
    entity = graph.entity("A")
    assert (entity.label, entity.aliases) == ("Ann", ("Anne", "Annie"))
    assert (entity.description, entity.types, entity.prior) == ("a painter", ("human",), 3.0)
    facts = str(files / "facts.tsv")
    assert (Triple("C", "knows", "A"), (facts, 3), None) in stated(graph, "A")
    likes = next(one for one in graph.describe("A").facts if one.fact.relation == "likes")
    assert (likes.confidence, likes.sources) == (0.5, ((str(files / "more.jsonl"), 1),))
    assert {change.fact.relation for change in graph.history("B")} >= {"born in", "likes"}


def test_undo_restores_both_and_redo_merges_again(graph, files, tmp_path):
    load(graph, files)
    before = written(graph, tmp_path, "before")
    fingerprint, entities = graph.fingerprint(), graph.entities(["A", "B"])
    done = graph.merges.merge("A", ["B"])
    merged = written(graph, tmp_path, "merged")
    assert graph.fingerprint() != fingerprint
    undone = graph.undo(done.revision)
    assert written(graph, tmp_path, "after") == before
    assert graph.fingerprint() == fingerprint
    assert graph.entities(["A", "B"]) == entities
    assert graph.merges.keys() == {}
    graph.undo(undone)
    assert written(graph, tmp_path, "again") == merged


def test_the_merged_key_in_a_file_means_the_kept_entity(graph, files, tmp_path):
    load(graph, files)
    graph.merges.merge("A", ["B"])
    merged = written(graph, tmp_path, "merged")
    assert [report.revision for report in load(graph, files)] == [None] * 3
    assert written(graph, tmp_path, "loaded") == merged
    graph.add([("B", "visited", "X")])
    graph.edit("B", "likes", "X")
    assert set(graph.match("A")) >= {Triple("A", "visited", "X"), Triple("A", "likes", "X")}
    assert graph.entity("B").key == graph.merges.key("B") == "A"
    assert graph.neighbours("B") == graph.neighbours("A")


def test_the_merged_key_in_a_query_means_the_kept_entity(graph, files):
    load(graph, files)
    graph.add([Attribute("B", "age", Literal("36")), ("X", "part of", "B")])
    before = graph.at(graph.revision())
    graph.merges.merge("A", ["B"])
    assert list(graph.match("B")) == list(graph.match("A")) != []
    assert list(graph.match(tail="B")) == list(graph.match(tail="A")) != []
    assert list(graph.match("B", "knows", "B")) == [Triple("A", "knows", "A")]
    assert list(graph.match("B", "unknown")) == list(graph.match("Nobody")) == []
    assert list(graph.attributes("B", "age")) == [Attribute("A", "age", Literal("36"))]
    assert list(graph.attributes("B")) == list(graph.attributes("A"))
    assert graph.touching(["B"]) == graph.touching(["A"]) != []
    born = [Step("born in")]
    assert graph.follow("B", born) == graph.follow("A", born) == ["X"]
    assert graph.trails("B", born, "X") == [[Triple("A", "born in", "X")]]
    assert graph.trails("X", [Step("part of")], "B") == [[Triple("X", "part of", "A")]]
    assert list(graph.query([("B", "likes", "?x")])) == [("Y",)]
    assert list(graph.query([("?x", "part of", "B")], strict=True)) == [("X",)]
    likes = Follow(Named(("B", "Nobody")), Step("likes"))
    assert graph.evaluate(likes).nodes == ("Y",)
    assert graph.remove(head="B", relation="knows") == 1
    assert Triple("A", "knows", "A") not in set(graph.match())
    assert list(before.match("B")) == [  # before the merge, the key means the entity itself
        Triple("B", "born in", "X"), Triple("B", "knows", "A"), Triple("B", "likes", "Y"),
    ]  # fmt: skip


def test_the_merged_key_is_exported_as_owl_same_as(graph, files, tmp_path):
    load(graph, files)
    graph.merges.merge("A", ["B"])
    assert Attribute("A", SAME_AS, Literal("B", IRI)) in set(graph.attributes("A"))
    merged = written(graph, tmp_path, "merged")
    with KnowledgeGraph.open(tmp_path / "other.db") as other:
        other.load(tmp_path / "merged.jsonl", source="user")
        assert other.merges.keys() == {"B": "A"}
        other.add([("B", "visited", "X")])
        assert Triple("A", "visited", "X") in set(other.match())
    graph.export(tmp_path / "graph.nt")
    assert f"<urn:kptm:key:A> <{SAME_AS}> <urn:kptm:key:B> ." in (tmp_path / "graph.nt").read_text(
        encoding="utf-8"
    )
    assert len(merged) == graph.count_statements()


def test_a_name_in_the_key_becomes_an_alias(graph):
    graph.add([("Ada_Lovelace", "born in", "London"), ("Q7259", "field", "Mathematics")])
    graph.merges.merge("Q7259", ["Ada_Lovelace"])
    assert graph.entity("Q7259").aliases == ("Ada Lovelace",)
    assert [found.key for found in graph.search("ada lovelace")] == ["Q7259"]


def test_several_at_once_and_chains(graph):
    graph.add([("A", "r", "X"), ("B", "r", "Y"), ("C", "r", "Z")])
    graph.merges.merge("B", ["C"])
    done = graph.merges.merge("A", ["B", "C"])
    assert done.kept == {"B": "A"}
    assert graph.merges.keys() == {"B": "A", "C": "A"}
    assert set(graph.match("A")) == {Triple("A", "r", tail) for tail in "XYZ"}


def test_what_cannot_be_merged_is_refused(graph):
    graph.add([("A", "r", "X")])
    revision = graph.revision()
    with pytest.raises(UnknownKeyError, match="'B'"):
        graph.merges.merge("A", ["B"])
    with pytest.raises(StoreError, match="already"):
        graph.merges.merge("A", ["A"])
    with pytest.raises(StoreError, match="at least one"):
        graph.merges.merge("A", [])
    assert graph.revision() == revision


def same(head, tail, **others):
    return Proposal(
        head=head, relation=SAME_AS, tail=tail, confidence=0.9, source="duplicates",
        sentence=f"{head} and {tail}", head_span=(0, 1), tail_span=(6, 7), **others,
    )  # fmt: skip


def test_accepting_a_duplicate_merges(graph):
    graph.add([("A", "r", "X"), ("B", "r", "Y"), ("C", "r", "Z"), ("D", "r", "V")])
    graph.proposals.add([same("A", "B"), same("B", "C"), same("A", "C"), same("A", "D")])
    fingerprint = graph.fingerprint()
    done = graph.proposals.accept([1, 2])
    assert done.merged == {"B": "A", "C": "A"}
    assert graph.revisions(limit=1)[0].number == done.revision
    assert graph.proposals.accept([3]).merged == {}  # they are the same already
    graph.undo()
    graph.undo(done.revision)
    assert graph.fingerprint() == fingerprint
    assert {item.id for item in graph.proposals.find()} == {1, 2, 3, 4}


def test_a_rejected_pair_is_not_proposed_again(graph):
    graph.add([("A", "r", "X"), ("B", "r", "Y")])
    graph.proposals.add([same("A", "B")])
    graph.proposals.reject([1])
    again = Proposal(
        head="B", relation=SAME_AS, tail="A", confidence=0.99, source="duplicates",
        sentence="other evidence", head_span=(0, 1), tail_span=(0, 1),
    )  # fmt: skip
    assert graph.proposals.add([again]) == 0
    assert graph.proposals.drop("duplicates", keep=[]) == 0


facts = st.lists(
    st.tuples(
        st.sampled_from(KEYS),
        st.sampled_from(("knows", "likes")),
        st.sampled_from((*KEYS, Literal("1990"), Literal("x", language="en"))),
        st.sampled_from(("one", "two")),
        st.sampled_from((None, 0.0, 0.5)),
        st.sampled_from(((), (Qualifier("by", "Bea"),), (Qualifier("on", Literal("3")),))),
    ),
    min_size=1,
    max_size=12,
)


def replaced(item, gone, keep):
    """The oracle: a statement with the keys replaced."""
    head, relation, tail, source, confidence, qualifiers = item

    def now(node):
        return keep if node in gone else node

    pairs = tuple(Qualifier(one.relation, now(one.value)) for one in qualifiers)
    return now(head), relation, now(tail), source, confidence, pairs


def add(graph, items):
    for head, relation, tail, source, confidence, qualifiers in items:
        kind = Attribute if isinstance(tail, Literal) else Triple
        fact = kind(head, relation, tail)
        graph.add([Statement(fact, confidence, qualifiers)], source=source)


@settings(max_examples=40, deadline=None)
@given(facts, st.sets(st.sampled_from(KEYS[1:]), min_size=1))
def test_merging_equals_replacing_the_keys(tmp_path_factory, items, gone):
    folder = tmp_path_factory.mktemp("merge")
    with (
        KnowledgeGraph.open(folder / "a.db") as graph,
        KnowledgeGraph.open(folder / "b.db") as oracle,
    ):
        everyone = [EntityRecord(key=key) for key in KEYS]
        graph.add(everyone)
        add(graph, items)
        before = written(graph, folder, "before")
        done = graph.merges.merge("Ada", sorted(gone))
        oracle.add([EntityRecord(key=key) for key in KEYS if key not in gone])
        add(oracle, [replaced(item, gone, "Ada") for item in items])
        names = [
            Attribute("Ada", relation, Literal(value, kind))
            for key in sorted(gone)
            for relation, value, kind in (
                (SAME_AS, key, IRI),
                ("http://www.w3.org/2004/02/skos/core#altLabel", key, ""),
            )
        ]
        oracle.add(names)
        assert written(graph, folder, "merged") == written(oracle, folder, "oracle")
        graph.undo(done.revision)
        assert written(graph, folder, "after") == before


def test_a_purge_deletes_what_was_merged_into_the_entity(tmp_path):
    """No page of the file still has a name or fact of either, or of an earlier merge."""
    path = tmp_path / "graph.db"
    graph = KnowledgeGraph.open(path)
    graph.add([("Quillarda", "lives in", "Oldtown"), ("Quillarde", "paints", "Zyxtulips")])
    graph.add([("Quillardo", "sings in", "Vorvallop"), ("Bea", "lives in", "Oldtown")])
    graph.merges.merge("Quillarde", ["Quillardo"])
    graph.merges.merge("Quillarda", ["Quillarde"])
    report = graph.purge(entity="Quillarda")
    assert {"Quillarda", "Quillarde", "Quillardo"} <= set(report.names)
    assert [fact.head for fact in graph.match()] == ["Bea"]
    graph.close()
    content = b"".join(part.read_bytes() for part in tmp_path.glob("graph.db*"))
    for name in (b"Quillard", b"Zyxtulips", b"Vorvallop"):
        assert name not in content
    assert b"Oldtown" in content  # said of Bea, too


def test_a_merged_key_purges_the_entity_that_was_kept(tmp_path):
    """As with forget, a key that was merged, also over two merges, means the kept entity."""
    graph = KnowledgeGraph.open(tmp_path / "graph.db")
    graph.add([("Ann", "lives in", "Oldtown"), ("Anna", "paints", "Tulips")])
    graph.add([("Annie", "sings in", "Opera"), ("Bea", "lives in", "Oldtown")])
    graph.merges.merge("Anna", ["Annie"])
    graph.merges.merge("Ann", ["Anna"])
    report = graph.purge(entity="Annie")
    assert {"Ann", "Anna", "Annie"} <= set(report.names)
    assert list(graph.match()) == [Triple("Bea", "lives in", "Oldtown")]


def test_a_merged_key_forgets_the_entity_that_was_kept(tmp_path):
    """Undoing the revision restores the statements of both."""
    graph = KnowledgeGraph.open(tmp_path / "graph.db")
    graph.add([("Ann", "lives in", "Oldtown"), ("Anna", "paints", "Tulips")])
    graph.add([("Bea", "lives in", "Oldtown")])
    graph.merges.merge("Ann", ["Anna"])
    before = set(graph.match())
    revision = graph.forget(entity="Anna")
    assert revision
    assert list(graph.match()) == [Triple("Bea", "lives in", "Oldtown")]
    graph.undo(revision)
    assert set(graph.match()) == before
