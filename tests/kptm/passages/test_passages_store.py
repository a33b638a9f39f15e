"""Passages are added, removed, restored and purged together with documents and revisions.

The oracle is a Python set.
"""

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from kptm.linking import LinkedText
from kptm.passages.passage_tables import metadata
from kptm.passages.sentence_splitting import pieces, sentences


def texts(*lines):
    return [LinkedText(line) for line in lines]


def live(passages):
    return {item.text for item in passages.stream()}


def write(passages, number, *lines, **more):
    return passages.write(
        texts(*lines), source="s", document="d", revision=number, replace=True, **more
    )


def test_the_tables_are_those_of_the_migrations(graph):
    def ours(name, kind, parents):
        found = parents.get("table_name") or name or "passage"
        return found.startswith("passage") and not found.startswith("passage_terms")

    with graph.database.read() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "include_name": ours}
        )
        assert compare_metadata(context, metadata) == []


def test_a_document_is_replaced_and_each_revision_undone(passages):
    assert write(passages, 1, "Aa.", "Bb.", "Cc.").added == 3
    assert write(passages, 2, "Aa.", "Bb.", "Cc.").total == 3
    assert not write(passages, 3, "Aa.", "Bb.", "Cc.")
    found = write(passages, 4, "Bb.", "Dd.")
    assert (found.added, found.removed, live(passages)) == (1, 2, {"Bb.", "Dd."})
    assert passages.changed_by(4) == (1, 2)
    assert passages.undo(4, revision=5) == 3
    assert live(passages) == {"Aa.", "Bb.", "Cc."}
    assert passages.undo(5, revision=6) == 3
    assert live(passages) == {"Bb.", "Dd."}
    assert len(passages) == 2


def test_another_document_of_the_same_text_is_not_touched(passages):
    write(passages, 1, "Aa.")
    passages.write(texts("Aa."), source="t", revision=2)
    write(passages, 3)
    assert [item.source for item in passages.stream()] == ["t"]


def test_forgotten_passages_are_not_written_again(passages):
    write(passages, 1, "Aa.", "Bb.")
    assert passages.forget(revision=2, text="Aa.") == 1
    write(passages, 3, "Aa.", "Bb.")
    assert live(passages) == {"Bb."}
    passages.undo(2, revision=4)
    assert live(passages) == {"Aa.", "Bb."}
    passages.forget(revision=5, source="s")
    assert not passages
    write(passages, 6, "Aa.")
    assert live(passages) == {"Aa."}


def test_search_by_words_and_by_links(passages):
    said = LinkedText.from_spans("Lima is the capital of Peru.", [(0, 4, "L"), (23, 27, "P")])
    other = LinkedText.from_spans("Peru borders Chile.", [(0, 4, "P"), (13, 18, "C")])
    passages.write([said, other], source="s", revision=1)
    assert [x.text for x in passages.search("CAPITAL")] == [said.text]
    assert {x.text for x in passages.search(entities=["P"])} == {said.text, other.text}
    assert passages.search("borders", entities=["P"])[0].text == other.text
    assert [x.text for x in passages.search(entities=["P", "L"])] == [said.text]
    assert passages.search("nowhere") == passages.search(entities=["X"]) == []
    assert passages.search("'\" OR * NEAR ( : -") == []
    [found] = passages.search("capital")
    assert {(link.start, link.end, link.entity) for link in found.links} == {
        (0, 4, "L"),
        (23, 27, "P"),
    }


def test_a_dead_passage_is_not_found(passages):
    write(passages, 1, "Lima is old.")
    write(passages, 2)
    assert passages.search("lima") == []


@pytest.mark.parametrize("by", ["source", "name", "link"])
def test_a_purge_leaves_no_byte(graph, passages, by):
    kept = LinkedText("Tbilisi lies on the Kura.")
    gone = LinkedText.from_spans("Zarathustrians dwell yonder.", [(0, 14, "Z1")])
    passages.write([kept], source="s", revision=1)
    passages.write([gone], source="t", revision=1)
    asked = {
        "source": {"source": "t"},
        "name": {"names": ["zarathustrians"]},
        "link": {"names": ["Z1"]},
    }
    assert passages.purge(**asked[by]) == 1
    assert live(passages) == {kept.text}
    assert passages.search("yonder") == []
    assert len(passages.search("kura")) == 1
    if graph.database.path is not None:
        graph.close()
        held = b"".join(
            path.read_bytes() for path in graph.database.path.parent.iterdir() if path.is_file()
        ).lower()
        assert b"tbilisi" in held
        assert b"zarathustr" not in held
        assert b"yonder" not in held
    else:
        with graph.database.read() as connection:
            terms = connection.execute(sa.text("SELECT terms::text FROM passage_terms")).all()
        assert "yonder" not in str(terms)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("One is here. Two is there! Three?", 3),
        ("J. R. R. Tolkien wrote it.", 1),
        ("It has 3.5 km of road, e.g. this one.", 1),
        ("第一句。第二句！", 2),
        ("A line\nanother line", 2),
        ("   ", 0),
    ],
)
def test_sentences(text, count):
    assert len(sentences(text)) == count


def test_pieces_hold_all_of_a_text_and_its_links():
    text = " ".join(f"Sentence {number} names Peru here." for number in range(10))
    at = [i for i in range(len(text)) if text.startswith("Peru", i)]
    document = LinkedText.from_spans(text, [(i, i + 4, "P") for i in at])
    found = list(pieces(document))
    assert " ".join(piece.text for piece in found) == text
    assert [piece.text[link.start : link.end] for piece in found for link in piece.links] == [
        "Peru"
    ] * 10
