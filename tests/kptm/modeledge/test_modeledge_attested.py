"""A text lives until its last source is forgotten, and it can come back."""

import numpy as np
import pytest
from modeledge_oracle import held_by, is_whole, on_both

from kg import Triple
from kptm import LinkedText, ModeledgeError, Phrasings, Record
from kptm.modeledge import RecordFilter
from kptm.modeledge.sql.spaces import spaces_of

TEXT = LinkedText.from_spans("Paris lies on the Seine.", [(0, 5, "Paris"), (18, 23, "Seine")])
OTHER = LinkedText.from_spans("Jordan is near Georgia.", [(0, 6, "Jordan"), (15, 22, "Georgia")])


@pytest.fixture
def space(small_model):
    return spaces_of(small_model)["cloze"]


@pytest.fixture
def both(opened, small_model):
    """A store with one text from the sources a and b, and one only from b.

    It comes with the operations that wrote them.
    """
    store = opened()
    numbers = []
    for source, texts in (("a", [TEXT]), ("b", [TEXT]), ("b", [OTHER])):
        store.write(small_model, texts, source=source)
        numbers.append(store.newest_operation())
    return store, numbers


def said(store, space):
    """Map each live text to its sources, as read and as found by a filtered search."""
    found = {entry.record.text: entry.sources for entry, _ in store.entries(space)}
    queries = np.ones((1, len(next(iter(held_by(store, space).values()), [1]))))
    for source in "abc":
        where = RecordFilter(source=source)
        hits = store.search(queries, k=99, space=space, where=where)[0] if found else []
        mine = {text for text, sources in found.items() if source in sources}
        assert {hit.record.text for hit in hits} == mine
    assert is_whole(store)
    return found


@on_both
def test_a_text_stays_until_both_sources_are_forgotten(both, space, small_model):
    store, _ = both
    before = held_by(store, space)
    assert said(store, space) == {TEXT.text: ("a", "b"), OTHER.text: ("b",)}
    assert store.forget(source="a").rows_removed == 0
    assert said(store, space) == {TEXT.text: ("b",), OTHER.text: ("b",)}
    gone = store.forget(source="b")
    assert gone.rows_removed == sum(store.stats().values()) or gone.rows_removed
    assert said(store, space) == {}
    store.undo(gone.operation)
    assert said(store, space) == {TEXT.text: ("b",), OTHER.text: ("b",)}
    store.undo(gone.operation - 1)
    assert said(store, space) == {TEXT.text: ("a", "b"), OTHER.text: ("b",)}
    assert held_by(store, space).keys() == before.keys()


def test_forgetting_undone_in_the_other_order(both, space):
    store, _ = both
    first, second = store.forget(source="a").operation, store.forget(source="b").operation
    store.undo(first)  # a attests it again: the shared text lives, b's own does not
    assert said(store, space) == {TEXT.text: ("a",)}
    back = store.newest_operation()
    store.undo(second)
    assert said(store, space) == {TEXT.text: ("a", "b"), OTHER.text: ("b",)}
    store.undo(back)
    assert said(store, space) == {TEXT.text: ("b",), OTHER.text: ("b",)}


def test_undoing_one_sources_texts_keeps_the_others(both, space):
    store, (first, second, _) = both
    assert store.undo(first).rows_removed == 0
    taken = store.newest_operation()
    assert said(store, space) == {TEXT.text: ("b",), OTHER.text: ("b",)}
    store.undo(second)
    assert said(store, space) == {OTHER.text: ("b",)}
    store.undo(taken)
    assert said(store, space) == {TEXT.text: ("a",), OTHER.text: ("b",)}
    for number in (0, 77):
        with pytest.raises(ModeledgeError):
            store.undo(number)


@on_both
def test_a_forgotten_text_stays_forgotten_for_all_sources(both, space, small_model):
    store, _ = both
    assert store.forget(text=TEXT.text).rows_removed
    assert said(store, space) == {OTHER.text: ("b",)}
    for source in "abc":
        assert store.write(small_model, [TEXT, OTHER], source=source) == 0
    assert set(said(store, space)) == {OTHER.text}


@on_both
def test_a_new_source_brings_back_a_text_whose_sources_were_forgotten(both, space, small_model):
    store, _ = both
    rows = held_by(store, space)
    for source in "ab":
        store.forget(source=source)
    assert said(store, space) == {}
    assert store.write(small_model, [TEXT], source="c") > 0
    back = store.newest_operation()
    assert said(store, space) == {TEXT.text: ("c",)}
    assert held_by(store, space).keys() < rows.keys()  # the earlier rows, not new ones
    store.undo(back)
    assert said(store, space) == {}
    store.undo(store.newest_operation())
    assert said(store, space) == {TEXT.text: ("c",)}


def test_a_text_that_was_forgotten_itself_does_not_return_with_a_source(both, space, small_model):
    store, _ = both
    store.forget(entity="Seine")
    taken = store.newest_operation()
    for source in "ab":
        store.forget(source=source)
    assert store.write(small_model, [TEXT], source="c") == 0
    assert TEXT.text not in said(store, space)
    store.undo(taken)
    assert said(store, space)[TEXT.text] == ("c",)


def test_undoing_an_older_deletion_does_not_undo_forgetting_the_source(both, space):
    store, _ = both
    taken = store.forget(entity="Georgia").operation
    store.forget(source="b")
    with pytest.raises(ModeledgeError, match="nothing left"):
        store.undo(taken)
    assert said(store, space) == {TEXT.text: ("a",)}
    store.undo(store.newest_operation())
    store.undo(taken)
    assert set(said(store, space)) == {TEXT.text, OTHER.text}


@on_both
def test_a_users_vectors_are_never_without_their_source(opened):
    store = opened()
    record = [Record(kind="own", value="v", text="t")]
    numbers = [
        store.add(np.eye(2)[:1], ["v"], space="s", source="a", records=record) for _ in range(3)
    ]
    undone = [store.undo(number).operation for number in numbers[:2]]
    assert [entry.sources for entry, _ in store.entries("s")] == [("a",)]
    store.undo(numbers[2])
    assert list(store.entries("s")) == []
    store.undo(undone[0])
    assert [(entry.id, entry.sources) for entry, _ in store.entries("s")] == [(1, ("a",))]
    assert store.forget(source="a").rows_removed == 1
    assert is_whole(store)


@on_both
def test_facts_of_two_sources(opened, small_model, new_graph):
    graph = new_graph()
    fact = Triple("Paris", "on", "Seine")
    graph.add([fact])
    store, space = opened(), spaces_of(small_model)["cloze"]
    phrasings = Phrasings({"on": ["[X] lies on [Y]."]})
    for source in ("a", "b", "b"):
        store.write_facts(small_model, graph, [fact], phrasings, source=source)
    assert [entry.sources for entry, _ in store.entries(space)] == [("a", "b")] * 2
    assert store.forget(source="a").rows_removed == 0
    assert store.forget(source="b").rows_removed == 2
    store.write_facts(small_model, graph, [fact], phrasings, source="c")
    assert [entry.sources for entry, _ in store.entries(space)][:1] == [("c",)]
    hits = store.search(np.ones((1, 6)) if not held_by(store, space) else
                        [next(iter(held_by(store, space).values()))], k=9, space=space,
                        where=RecordFilter(relation="on", source="c"))  # fmt: skip
    assert len(hits[0]) == 2
    assert is_whole(store)
