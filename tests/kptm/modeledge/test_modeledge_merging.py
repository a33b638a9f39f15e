"""Merging two modeledge stores, compared with merging sets in Python."""

import zlib
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kptm import LinkedText, Modeledge, ModeledgeError, Record
from kptm.modeledge.sql import oplog, provenance, record_rows, spaces

SPACE = "cloze:m"


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """Date each operation one second after the previous one, in all stores."""
    at = datetime(2026, 1, 1, tzinfo=UTC)

    class Clock:
        @staticmethod
        def now(_):
            nonlocal at
            at += timedelta(seconds=1)
            return at

    monkeypatch.setattr(oplog, "datetime", Clock)


def vector_of(*parts):
    """A random vector that depends only on the record, as a model's vector does."""
    rng = np.random.default_rng(zlib.crc32(repr(parts).encode()))
    return rng.normal(size=3).astype(np.float32)


def tell(store, source, *facts, space=SPACE, precision=None):
    """Write two records for each triple as the store does, with its head and its tail blank."""
    records = [
        Record(kind="fact", value=value, context=(other,), text=f"{head} {relation} {tail}.",
               start=0, end=1, triple=(head, relation, tail))
        for head, relation, tail in facts for value, other in ((head, tail), (tail, head))
    ]  # fmt: skip
    put(
        store,
        source,
        records,
        [provenance.of_fact(r.triple, r.value, r.text) for r in records],
        space,
        precision,
    )


def say(store, source, *texts, space=SPACE):
    """Write texts of two words, with one cloze for each word."""
    records = [
        Record(kind="cloze", value=word, context=tuple(x for x in text.split() if x != word),
               text=text, start=text.index(word), end=text.index(word) + len(word))
        for text in texts for word in text.split()
    ]  # fmt: skip
    put(store, source, records, [provenance.of_text(record.text) for record in records], space)


def put(store, source, records, digests, space, precision=None):
    vectors = np.stack([vector_of(r.kind, r.value, r.text) for r in records])
    with store.database.writing() as (sql, _):
        number = oplog.begin(sql, "write", "")
        room = spaces.get_or_create(sql, space, 3, precision)
        values = [record.value for record in records]
        record_rows.insert(sql, number, room, vectors, values, records, digests, {source: digests})


def held(store):
    """The live entries of a store: space, record, sources and vector."""
    return {
        (space.name, repr(entry.record), entry.sources, vector.tobytes())
        for space in store.spaces()
        for entry, vector in store.entries(space.name)
    }


def counted(store):
    return sum(store.stats().values())


def facts(store):
    return {
        entry.record.triple for space in store.spaces() for entry, _ in store.entries(space.name)
    } - {None}


def test_records_of_both_stores_are_there_once_with_both_sources(new_store):
    ours, theirs = new_store(), new_store()
    say(ours, "x", "a b", "c d")
    say(theirs, "y", "c d", "e f")
    before = held(ours)
    report = ours.merge(theirs)
    assert (report.added, report.same, report.conflicts) == (2, 2, ())
    said = {entry.record.text: entry.sources for entry, _ in ours.entries(SPACE)}
    assert said == {"a b": ("x",), "c d": ("x", "y"), "e f": ("y",)}
    assert counted(ours) == 6
    ours.forget(source="x")
    assert {record.text for record, _ in ours.vectors(SPACE)} == {"c d", "e f"}
    ours.undo(ours.newest_operation())
    ours.undo(report.operation)
    assert held(ours) == before
    assert all(not check.problems for check in ours.verify())


def test_a_second_merge_adds_nothing(new_store):
    ours, theirs = new_store(), new_store()
    say(theirs, "y", "a b")
    tell(theirs, "z", ("a", "r", "b"))
    seen = []
    assert ours.merge(theirs, progress=seen.append).added == 4
    assert seen == [4]
    newest = ours.newest_operation()
    again = ours.merge(theirs)
    assert (again.operation, again.added, again.same) == (0, 0, 4)
    assert ours.newest_operation() == newest
    assert held(ours) == held(theirs)


CONFLICTS = {
    "both": {("G", "capital", "T"), ("G", "capital", "P")},
    "ours": {("G", "capital", "T")},
    "theirs": {("G", "capital", "P")},
    "newest": {("G", "capital", "P")},
}


@pytest.mark.parametrize("policy", sorted(CONFLICTS))
def test_a_relation_with_one_value_in_both_stores(new_store, policy):
    ours, theirs = new_store(), new_store()
    # "borders" has several values here, so that another value is no conflict; "capital" has one.
    shared = {("F", "capital", "Q")}
    mine = {("F", "borders", "S"), ("F", "borders", "B")}
    other = {("F", "borders", "I")}
    tell(ours, "x", ("G", "capital", "T"), *shared, *mine)
    tell(theirs, "y", ("G", "capital", "P"), *shared, *other)
    before = held(ours)
    report = ours.merge(theirs, policy=policy)
    kept = "theirs" if policy == "newest" else policy
    assert [(c.head, c.relation, c.ours, c.theirs, c.kept) for c in report.conflicts] == [
        ("G", "capital", "T", "P", kept)
    ]
    assert facts(ours) == CONFLICTS[policy] | shared | mine | other
    assert (report.left, report.removed) == (2 * (kept == "ours"), 2 * (kept == "theirs"))
    ours.undo(report.operation)
    assert held(ours) == before


def test_the_newest_may_be_ours(new_store):
    ours, theirs = new_store(), new_store()
    tell(theirs, "y", ("G", "capital", "P"))
    tell(ours, "x", ("G", "capital", "T"))
    (conflict,) = ours.merge(theirs, policy="newest").conflicts
    assert conflict.kept == "ours"
    assert facts(ours) == {("G", "capital", "T")}


@pytest.mark.parametrize("policy", sorted(CONFLICTS))
def test_records_that_were_forgotten_here(new_store, policy):
    ours, theirs = new_store(), new_store()
    say(ours, "x", "a b")
    say(theirs, "x", "a b")
    ours.forget(entity="a")
    report = ours.merge(theirs, policy=policy)
    back = policy == "theirs"
    assert (report.added, report.forgotten) == ((2, 0) if back else (0, 2))
    assert counted(ours) == 2 * back
    # Written there after it was forgotten here:
    later = new_store()
    say(later, "x", "a b")
    assert ours.merge(later, policy=policy).added == 2 * (policy == "newest")


def test_an_undo_makes_nothing_newer(new_store):
    ours, theirs = new_store(), new_store()
    tell(ours, "x", ("G", "capital", "T"))
    tell(theirs, "y", ("G", "capital", "P"))
    ours.forget(source="x")
    ours.undo(ours.newest_operation())
    assert [item.kept for item in ours.merge(theirs, policy="newest").conflicts] == ["theirs"]


def test_to_forget_again_by_undoing_an_undo_is_to_forget(new_store):
    ours, theirs = new_store(), new_store()
    for store in (ours, theirs):
        say(store, "x", "a b")
    ours.forget(entity="a")
    for _ in range(2):
        ours.undo(ours.newest_operation())
    assert counted(ours) == 0
    assert ours.merge(theirs).forgotten == 2


@pytest.mark.parametrize("policy", sorted(CONFLICTS))
def test_a_source_that_was_forgotten_here(new_store, policy):
    """The source stays forgotten, but a text comes back if another source has it."""
    ours, theirs = new_store(), new_store()
    say(ours, "x", "a b", "c d")
    say(theirs, "x", "a b", "c d")
    say(theirs, "y", "c d")
    ours.forget(source="x")
    report = ours.merge(theirs, policy=policy)
    said = {entry.record.text: entry.sources for entry, _ in ours.entries(SPACE)}
    if policy == "theirs":
        assert said == {"a b": ("x",), "c d": ("x", "y")}
    else:
        assert said == {"c d": ("y",)}
        assert (report.returned, report.forgotten) == (2, 2)
    ours.undo(report.operation)
    assert counted(ours) == 0


def test_a_users_vectors_are_equal_if_their_numbers_are(new_store):
    ours, theirs = new_store(), new_store()
    ours.add(np.eye(3)[:2], ["a", "a"], space="mine", source="x")
    theirs.add(np.eye(3), ["a", "a", "b"], space="mine", source="x")
    theirs.add(np.eye(3)[:1], ["a"], space="mine", source="y")
    report = ours.merge(theirs)
    assert (report.added, report.same) == (2, 2)
    assert len(held(ours)) == counted(ours) == 4


def test_stores_that_do_not_fit_are_refused_and_change_nothing(new_store):
    ours, theirs = new_store(), new_store()
    say(ours, "x", "a b")
    before, newest = held(ours), ours.newest_operation()
    with pytest.raises(ModeledgeError, match="itself"):
        ours.merge(ours)
    twin = Modeledge.open(ours.database.path)
    with pytest.raises(ModeledgeError, match="itself"):
        ours.merge(twin)
    twin.close()
    with pytest.raises(ModeledgeError, match="policy"):
        ours.merge(theirs, policy="mine")
    say(theirs, "x", "e f", space="cloze:other")
    with pytest.raises(ModeledgeError, match=r"cloze:m.*migrate"):
        ours.merge(theirs)
    for changes in ({"precision": "float16"}, {"width": 4}):
        other = new_store()
        other.add(
            np.ones((1, changes.get("width", 3))),
            ["a"],
            space=SPACE,
            precision=changes.get("precision"),
        )
        with pytest.raises(ModeledgeError, match=r"width \d as float"):
            ours.merge(other)
    assert (held(ours), ours.newest_operation()) == (before, newest)
    assert [space.name for space in ours.spaces()] == [SPACE]


WORDS = st.sampled_from(["a b", "b c", "c a", "a c"])
FACTS = st.tuples(st.sampled_from("ab"), st.sampled_from("rs"), st.sampled_from("xyz"))
SOURCES = st.sampled_from(["p", "q"])
STEPS = st.lists(st.tuples(SOURCES, st.one_of(WORDS, FACTS)), max_size=6)


@pytest.mark.usefixtures("many_inputs")
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(STEPS, STEPS, st.sampled_from(sorted(CONFLICTS)))
def test_against_sets(new_store, mine, yours, policy):
    ours, theirs = new_store(), new_store()
    said = [{}, {}]
    when = [{}, {}]
    for place, (store, steps) in enumerate(((ours, mine), (theirs, yours))):
        for source, what in dict.fromkeys(steps):
            if what in said[place]:  # as in a store: a record that exists gets one more source
                with store.database.writing() as (sql, _):
                    ids = [
                        number
                        for (number,) in sql.all(
                            "SELECT id FROM modeledge_origin WHERE text = ?", (_text(what),)
                        )
                    ]
                    provenance.attest(sql, oplog.begin(sql, "write", ""), source, ids)
            else:
                (tell if isinstance(what, tuple) else say)(store, source, what)
                when[place][what] = sum(map(len, when)), place
            said[place].setdefault(what, set()).add(source)
    before = held(ours)
    report = ours.merge(theirs, policy=policy)
    wanted = {what: set(sources) for what, sources in said[0].items()}
    several = {
        relation
        for store in said
        for relation in "rs"
        for head in "ab"
        if sum(isinstance(w, tuple) and w[:2] == (head, relation) for w in store) > 1
    }
    conflicts = set()
    for what, sources in said[1].items():
        against = [w for w in said[0] if isinstance(what, tuple) and isinstance(w, tuple)
                   and w[:2] == what[:2] and w != what and w[1] not in several]  # fmt: skip
        # All of ours was written before all of theirs, so that theirs is the newest.
        conflicts |= {(*what[:2], w[2], what[2]) for w in against}
        if against and policy == "ours":
            continue
        if against and policy in ("theirs", "newest"):
            del wanted[against[0]]
        wanted.setdefault(what, set()).update(sources)
    found = {}
    for entry, _ in ours.entries(SPACE):
        record = entry.record
        found[record.triple or record.text] = set(entry.sources)
    assert {(c.head, c.relation, c.ours, c.theirs) for c in report.conflicts} == conflicts
    assert found == wanted
    assert counted(ours) == 2 * len(wanted)
    after = held(ours)
    if report.operation:
        ours.undo(report.operation)
        assert held(ours) == before
        assert ours.merge(
            theirs, policy=policy
        ).operation  # an undone merge does not count as forgetting
    assert held(ours) == after


def _text(what):
    return what if isinstance(what, str) else "{} {} {}.".format(*what)


def test_merged_texts_are_not_written_again(new_store, embeddings, tokenizer_of, config_of):
    from kptm import FusedModel, FusionConfig

    tokenizer = tokenizer_of("bert")
    model = FusedModel.build(
        config_of("bert", tokenizer), embeddings, FusionConfig(), tokenizer=tokenizer
    )
    document = LinkedText.from_spans("Paris has Seine.", [(0, 5, "Paris"), (10, 15, "Seine")])
    ours, theirs = new_store(), new_store()
    assert theirs.write(model, [document], source="s") == 4
    assert ours.merge(theirs).added == 4
    assert ours.write(model, [document], source="s") == 0
