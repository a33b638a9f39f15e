"""Loading: triples stream through a temporary table; the set work is SQL's, memory stays flat."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import sqlalchemy as sa

from kg.store.entities import merge_entities
from kg.types import EntityRecord, Triple

if TYPE_CHECKING:
    from collections.abc import Iterable

BATCH = 20_000
"""Records that are held in memory at a time."""

_STAGE = (
    "CREATE TEMPORARY TABLE IF NOT EXISTS staged"
    " (seq INTEGER PRIMARY KEY, head TEXT NOT NULL, relation TEXT NOT NULL, tail TEXT NOT NULL)"
)
# New rows are numbered in the order of the file, so that one file always gives one database.
_ENTITIES = (
    "INSERT INTO entity (key)"
    " SELECT key FROM (SELECT head AS key, 2 * seq AS at FROM staged"
    " UNION ALL SELECT tail, 2 * seq + 1 FROM staged) AS named"
    " WHERE true GROUP BY key ORDER BY min(at) ON CONFLICT DO NOTHING"
)
_RELATIONS = (
    "INSERT INTO relation (key) SELECT relation FROM staged"
    " WHERE true GROUP BY relation ORDER BY min(seq) ON CONFLICT DO NOTHING"
)
_TRIPLES = (
    "INSERT INTO triple (head_id, relation_id, tail_id, rev_added)"
    " SELECT h.id, r.id, t.id, :revision FROM staged"
    " JOIN entity h ON h.key = staged.head"
    " JOIN relation r ON r.key = staged.relation"
    " JOIN entity t ON t.key = staged.tail"
    " WHERE true GROUP BY h.id, r.id, t.id ORDER BY min(seq) ON CONFLICT DO NOTHING"
)


def add_records(
    connection: sa.Connection, records: Iterable[Triple | EntityRecord], revision: int
) -> int:
    """Write records, a batch at a time; return how many of them changed the graph."""
    stream = iter(records)
    added = 0
    while batch := list(islice(stream, BATCH)):
        triples = [record for record in batch if isinstance(record, Triple)]
        entities = [record for record in batch if isinstance(record, EntityRecord)]
        if entities:
            added += merge_entities(connection, entities)
        if triples:
            added += _add_triples(connection, triples, revision)
    return added


def _add_triples(connection: sa.Connection, triples: list[Triple], revision: int) -> int:
    connection.execute(sa.text(_STAGE))
    connection.execute(
        sa.text("INSERT INTO staged (seq, head, relation, tail) VALUES (:seq, :h, :r, :t)"),
        [
            {"seq": seq, "h": head, "r": relation, "t": tail}
            for seq, (head, relation, tail) in enumerate(triples)
        ],
    )
    connection.execute(sa.text(_ENTITIES))
    connection.execute(sa.text(_RELATIONS))
    added = connection.execute(sa.text(_TRIPLES), {"revision": revision}).rowcount
    connection.execute(sa.text("DELETE FROM staged"))
    return int(added)
