"""A database with the earlier schema is upgraded together with its content."""

from hashlib import sha256

import alembic.command
import numpy as np
import pytest
import sqlalchemy as sa
from modeledge_oracle import held_by, is_whole, on_both

from kg.sql.database import Database
from kg.sql.migrate import alembic_config
from kptm.modeledge import RecordFilter

DIM = 3


def hashed(text):
    return sha256(text.encode()).hexdigest()


ROWS = [  # id, space, kind, value, source, context, text, added, removed
    (1, 1, "own", "a", "hand", "", "", 1, None),
    (2, 1, "own", "b", "hand", "", "", 1, 3),  # forgotten by operation 3
    (3, 1, "own", "c", "other", "\x1fk\x1f", "t", 2, -5),  # forgotten, and brought back by 5
    (4, 2, "cloze", "P", hashed("P on S."), "\x1fS\x1f", "P on S.", 4, None),
    (5, 2, "cloze", "S", hashed("P on S."), "\x1fP\x1f", "P on S.", 4, 6),
    (6, 1, "own", "d", "hand", "", "", 7, None),
]
LIVE = {"s": [1, 3, 6], "cloze:m": [4]}


@pytest.fixture
def older(place):
    """A database as version 0003 left it."""
    database = Database(place)
    with database.write() as connection:
        alembic.command.downgrade(alembic_config(connection), "0003")
        for number, kind in enumerate(
            ("add", "add", "forget", "write", "undo", "forget", "add"), 1
        ):
            connection.execute(
                sa.text(
                    "INSERT INTO modeledge_operation (id, kind, note, at) VALUES (:i, :k, 'n', '')"
                ),
                {"i": number, "k": kind},
            )
        for number, name in ((1, "s"), (2, "cloze:m")):
            connection.execute(
                sa.text("INSERT INTO modeledge_space (id, name, dim) VALUES (:i, :n, 3)"),
                {"i": number, "n": name},
            )
        for row in ROWS:
            names = (
                "id",
                "space",
                "kind",
                "value",
                "source",
                "context",
                "text",
                "added",
                "removed",
            )
            told = dict(zip(names, row, strict=True)) | {"vector": vector(row[0]).tobytes()}
            connection.execute(
                sa.text(
                    "INSERT INTO modeledge_record (id, space_id, kind, value, source, context,"
                    " text,"
                    ' start, "end", vector, op_added, op_removed)'
                    " VALUES (:id, :space, :kind, :value,"
                    " :source, :context, :text, 0, 1, :vector, :added, :removed)"
                ),
                told,
            )
    database.close()
    return place


def vector(number):
    return np.arange(number, number + DIM, dtype="<f4")


@on_both
def test_it_is_upgraded_with_all_its_content(older, opened):
    store = opened()
    for space, ids in LIVE.items():
        held = held_by(store, space)
        assert sorted(held) == ids
        assert all((held[number] == vector(number)).all() for number in ids)
    assert is_whole(store)
    entries = {entry.id: entry for name in LIVE for entry, _ in store.entries(name)}
    assert entries[1].sources == entries[6].sources == ("hand",)
    assert entries[3].sources == ("other",)
    assert entries[4].sources == ("",)  # a text's source was its hash, which says nothing
    assert (entries[4].record.text, entries[4].record.context) == ("P on S.", ("S",))
    assert entries[3].record.context == ("k",)
    hits = store.search(vector(2)[None], k=9, space="s", where=RecordFilter(source="hand"))
    assert sorted(hit.id for hit in hits[0]) == [1, 6]
    past = store.search(vector(2)[None], k=9, space="s", where=RecordFilter(operation=2))
    assert sorted(hit.id for hit in past[0]) == [1, 2, 3]


@on_both
def test_what_was_done_before_can_be_undone(older, opened):
    store = opened()
    assert store.undo(3).rows_added == 1
    assert sorted(held_by(store, "s")) == [1, 2, 3, 6]
    assert store.undo(6).rows_added == 1
    assert sorted(held_by(store, "cloze:m")) == [4, 5]
    assert store.undo(4).rows_removed == 2
    assert store.undo(1).rows_removed == 2
    assert sorted(held_by(store, "s")) == [3, 6]
    assert store.forget(source="hand").rows_removed == 1
    assert store.newest_operation() == 12
    assert is_whole(store)


@on_both
def test_down_and_up_again_keeps_rows(older, opened, place):
    store = opened()
    before = {name: held_by(store, name) for name in LIVE}
    store.close()
    database = Database(place)
    with database.write() as connection:
        alembic.command.downgrade(alembic_config(connection), "0003")
    database.close()
    again = opened()
    for name, held in before.items():
        now = held_by(again, name)
        assert {n: v.tolist() for n, v in now.items()} == {n: v.tolist() for n, v in held.items()}
    assert is_whole(again)
