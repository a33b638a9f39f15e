"""Liveness: a triple is live while a source states it, an entity while a live statement names it.

A statement with a confidence of 0 is recorded, but does not make its triple a fact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.store.read.triples import CERTAIN
from kg.store.rows.schema import DOUBTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kg.sql.cursor import Sql

_ALIVE = "head_id = ? AND relation_id = ? AND tail_id = ? AND rev_removed = 0"


def living(sql: Sql, entities: Mapping[str, int]) -> set[str]:
    """The keys among ``entities`` (key to id) that occur in a live statement."""
    listed, parameter = sql.values(sorted(entities.values()))
    alive: set[int] = set()
    for end in ("head_id", "tail_id"):
        query = f"SELECT DISTINCT {end} FROM triple WHERE {end} IN {listed} AND rev_removed <= 0"
        if entities:
            alive.update(row[0] for row in sql.all(query, (parameter,)))
    return {key for key, number in entities.items() if number in alive}


def retract(sql: Sql, triples: Iterable[tuple[int, int, int]], revision: int) -> int:
    """Retract triples, given as ids, in all sources; return their number."""
    query = f"SELECT id FROM triple WHERE {_ALIVE}"
    ids = [number for triple in triples for (number,) in sql.all(query, triple)]
    return retract_all(sql, ids, revision)


def retract_all(sql: Sql, ids: Sequence[int], revision: int) -> int:
    """Retract the live triples ``ids`` in all sources; return their number."""
    if not ids:
        return 0
    listed, parameter = sql.values(ids)
    sql.run(
        f"UPDATE triple_source SET rev_removed = ?"
        f" WHERE triple_id IN {listed} AND rev_removed IS NULL",
        (revision, parameter),
    )
    return sql.run(
        f"UPDATE triple SET rev_removed = ? WHERE id IN {listed} AND rev_removed <= 0",
        (revision, parameter),
    )


def reconcile(sql: Sql, ids: Sequence[int], revision: int) -> None:
    """Update ``triple`` to the current statements of the sources of ``ids``."""
    if ids:
        listed, parameter = sql.values(ids)
        _reconcile(sql, revision, f"id IN {listed} AND ", (parameter,))


def reconcile_all(sql: Sql, revision: int) -> None:
    """Update every row of ``triple`` to the current statements of its sources."""
    _reconcile(sql, revision, "", ())


def reconcile_retracted(sql: Sql, revision: int) -> None:
    """Update ``triple``, in SQL alone, where ``revision`` ended a source's statement."""
    ended = "SELECT triple_id FROM triple_source WHERE rev_removed = ?"
    _reconcile(sql, revision, f"id IN ({ended}) AND ", (revision,))


def reconcile_added(sql: Sql, revision: int) -> None:
    """Update ``triple``, in SQL alone, where ``revision`` added a source's statement."""
    begun = "SELECT triple_id FROM triple_source WHERE rev_added > 1 AND rev_added = ?"
    _reconcile(sql, revision, f"id IN ({begun}) AND ", (revision,))


def count_retracted(sql: Sql, revision: int) -> int:
    """The number of triples that ``revision`` retracted."""
    query = (
        "SELECT count(DISTINCT x.id) FROM triple_source s JOIN triple x ON x.id = s.triple_id"
        " WHERE s.rev_removed = ? AND x.rev_removed = ?"
    )
    return int(sql.one(query, (revision, revision)))


def _reconcile(sql: Sql, revision: int, condition: str, parameters: tuple[object, ...]) -> None:
    """Update the rows of ``triple`` that satisfy ``condition``, which ends with AND or is empty.

    Each of the three statements has a condition on rev_removed, so that unchanged rows and their
    entries in the indexes are not written.
    """
    current = (
        "EXISTS (SELECT 1 FROM triple_source s"
        " WHERE s.triple_id = triple.id AND s.rev_removed IS NULL"
    )
    is_stated, is_certain = f"{current})", f"{current} AND {CERTAIN})"
    sql.run(
        f"UPDATE triple SET rev_removed = ? WHERE {condition}rev_removed <= 0 AND NOT {is_stated}",
        (revision, *parameters),
    )
    sql.run(
        f"UPDATE triple SET rev_removed = 0 WHERE {condition}rev_removed <> 0 AND {is_certain}",
        parameters,
    )
    sql.run(
        f"UPDATE triple SET rev_removed = {DOUBTED} WHERE {condition}rev_removed <> {DOUBTED}"
        f" AND {is_stated} AND NOT {is_certain}",
        parameters,
    )


def retract_source(sql: Sql, source: str, revision: int) -> int:
    """Retract all statements of a source in all files; return their number."""
    ended = sql.run(
        "UPDATE triple_source SET rev_removed = ? WHERE rev_removed IS NULL"
        " AND source_id IN (SELECT id FROM source WHERE name = ?)",
        (revision, source),
    )
    reconcile_retracted(sql, revision)
    return ended


def retract_document(sql: Sql, document: str, revision: int) -> int:
    """Retract all statements of a file in all sources; return their number."""
    ended = sql.run(
        "UPDATE triple_source SET rev_removed = ? WHERE rev_removed IS NULL"
        " AND source_id IN (SELECT id FROM source WHERE document = ?)",
        (revision, document),
    )
    reconcile_retracted(sql, revision)
    return ended
