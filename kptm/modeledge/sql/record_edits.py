"""Edits of records: replace a fact, forget records, undo operations, purge bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kptm import held_names
from kptm.errors import ModeledgeError
from kptm.modeledge.sql import documents, oplog, provenance, record_rows
from kptm.modeledge.sql.record_rows import all_of, any_of, mentions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg.sql.cursor import Sql
    from kptm.modeledge.records import Fact
    from kptm.modeledge.sql.record_rows import Condition

NOTE = 200
"""The longest note, in characters."""


def states(fact: Fact) -> Condition:
    """The condition that a record states a fact.

    A record with a triple states that triple. Of a text only the entities are known: it states the
    fact if its value is one of the two entities, and its context has the other.
    """
    head, relation, tail = fact
    told: Condition = (
        "r.relation <> '' AND r.head = ? AND r.relation = ? AND r.tail = ?",  # as its index is made
        [head, relation, tail],
    )
    pairs = [
        all_of(("r.value = ?", [value]), mentions(other))
        for value, other in ((tail, head), (head, tail))
    ]
    in_text: Condition = ("r.relation = '' AND r.kind <> 'own'", [])
    return any_of(told, all_of(in_text, any_of(*pairs)))


def ended_by(revision: int) -> Condition:
    """The condition that a record has a triple that a revision of the graph ended."""
    query = (
        "r.id IN (SELECT n.id FROM triple_source s JOIN triple x ON x.id = s.triple_id"
        " JOIN entity h ON h.id = x.head_id JOIN relation p ON p.id = x.relation_id"
        " JOIN entity t ON t.id = x.tail_id JOIN modeledge_record n ON n.head = h.key"
        " AND n.relation <> '' AND n.relation = p.key AND n.tail = t.key"
        " WHERE s.rev_removed = ? AND x.rev_removed = ?)"
    )
    return query, [revision, revision]


def forget(
    sql: Sql,
    operation: int,
    *,
    fact: Fact | None,
    entity: str | None,
    source: str | None,
    text: str | None,
) -> list[int]:
    """Remove the records that match all given arguments; return their ids.

    Raises:
        ModeledgeError: No argument was given.
    """
    conditions: list[Condition] = []
    if fact is not None:
        conditions.append(states(fact))
    if entity is not None:
        conditions.append(any_of(("r.value = ?", [entity]), mentions(entity)))
    if text is not None:
        conditions.append(("o.text = ?", [text]))
    if source is None:
        if not conditions:
            raise ModeledgeError("forget needs a source, an entity, a triple or a text")
        return record_rows.remove(sql, operation, all_of(*conditions))
    if conditions:
        return record_rows.remove(sql, operation, all_of(*conditions, _only_by(source)))
    return _forget_source(sql, operation, source)


def _only_by(source: str) -> Condition:
    """Remove what only this source attests."""
    query = (
        "(SELECT count(*) FROM modeledge_attestation a"
        " WHERE a.origin_id = r.origin_id AND a.live = 1 AND a.source {} ?)"
    )
    return f"{query.format('=')} = 1 AND {query.format('<>')} = 0", [source, source]


def _forget_source(sql: Sql, operation: int, source: str) -> list[int]:
    return _take_out(sql, operation, provenance.orphaned_by(sql, operation, source))


def _take_out(sql: Sql, operation: int, orphans: Sequence[int]) -> list[int]:
    listed, parameter = sql.values(orphans)
    return (
        record_rows.remove(sql, operation, (f"r.origin_id IN {listed}", [parameter]))
        if orphans
        else []
    )


def return_texts(sql: Sql, operation: int, source: str, found: Sequence[int]) -> list[int]:
    """Let a source attest texts that were written before; return the restored rows.

    A text whose sources were all forgotten is live again; records that were forgotten by themselves
    stay forgotten.
    """
    listed, parameter = sql.values(list(found))
    by_itself = (
        "r.op_changed IN (SELECT a.op_changed FROM modeledge_attestation a"
        " WHERE a.origin_id = r.origin_id AND a.source = ? AND a.live = 0)"
    )
    condition: Condition = (f"r.origin_id IN {listed} AND {by_itself}", [parameter, source])
    back = record_rows.bring_back(sql, operation, condition) if found else []
    return back + _said_again(sql, operation, provenance.attest(sql, operation, source, found))


def _said_again(sql: Sql, operation: int, attested: Sequence[int]) -> list[int]:
    """Restore the rows that were removed because no source attested their origins."""
    listed, parameter = sql.values(attested)
    by_source = (
        "r.op_changed IN (SELECT a.op_changed FROM modeledge_attestation a"
        " WHERE a.origin_id = r.origin_id AND a.live = 0)"
    )
    condition: Condition = (f"r.origin_id IN {listed} AND {by_source}", [parameter])
    return record_rows.bring_back(sql, operation, condition) if attested else []


def undo(sql: Sql, number: int, note: str, revision: int | None) -> int:
    """Undo an operation, as a new operation; return the new number.

    Raises:
        ModeledgeError: There is no such operation, or nothing of it is left to undo.
    """
    text = f"undo of operation {number}" + (f"; {note}" if note else "")
    new = oplog.begin(sql, "undo", text[:NOTE], revision)
    taken = record_rows.taken_by(sql, number)
    changed = bool(record_rows.take_back(sql, number, new))
    again = provenance.turn_round(sql, number, new)
    _take_out(sql, new, provenance.unattested_by(sql, new))
    attested = provenance.attested_origins(sql, new, [origin for _, _, origin in taken])
    changed = bool(record_rows.give_back(sql, new, taken, attested)) or changed
    _said_again(sql, new, again)
    if not changed and not provenance.is_changed_by(sql, new):
        raise ModeledgeError(f"operation {number} does not exist or has nothing left to undo")
    return new


def purge(sql: Sql, names: Sequence[str], source: str | None = None) -> int:
    """Delete records that hold one of ``names`` or that ``source`` attests; return how many."""
    if not sql.postgresql:
        sql.run("PRAGMA secure_delete = ON")
    operation = oplog.begin(sql, "purge", "")
    changed = 0
    if source is not None:
        changed += sql.run("DELETE FROM modeledge_attestation WHERE source = ?", (source,))
        documents.forget(sql, source)
        changed += _clean_notes(sql, source)
    for name in names:
        held = _held_by(sql, name)
        record_rows.remove(sql, operation, held)  # every index reads the log
        text, parameters = held
        query = (
            "SELECT r.id FROM modeledge_record r"
            f" JOIN modeledge_origin o ON o.id = r.origin_id WHERE {text}"
        )
        ids = [number for (number,) in sql.all(query, parameters)]
        changed += _delete(sql, "modeledge_record", "id", ids)
        if len(name) >= held_names.SHORT:
            text, parameters = _holds(("source",), name)
            changed += sql.run(f"DELETE FROM modeledge_attestation WHERE {text}", parameters)
            text, parameters = _holds(("source", "document"), name)
            sql.run(f"DELETE FROM modeledge_document WHERE {text}", parameters)
        changed += _clean_notes(sql, name)
    changed += _delete_unattested(sql, operation)
    unused = "NOT EXISTS (SELECT 1 FROM modeledge_record r WHERE r.origin_id = {})"
    sql.run(f"DELETE FROM modeledge_origin WHERE {unused.format('modeledge_origin.id')}")
    unused = unused.format("modeledge_attestation.origin_id")
    sql.run(f"DELETE FROM modeledge_attestation WHERE {unused}")
    return changed


def _held_by(sql: Sql, name: str) -> Condition:
    """The condition that a record holds a name; a short name must be a whole key or word."""
    if len(name) >= held_names.SHORT:
        return _holds(("r.value", "r.context", "o.text", "r.head", "r.relation", "r.tail"), name)
    text, parameters = _holds(("o.text",), name)
    alone = held_names.stands_alone(name).search
    found = sql.all(f"SELECT o.id, o.text FROM modeledge_origin o WHERE {text}", parameters)
    listed, parameter = sql.values([number for number, said in found if alone(said)])
    parts = ("r.value", "r.head", "r.relation", "r.tail")
    return any_of(
        *((f"{part} = ?", [name]) for part in parts),
        mentions(name),
        (f"r.origin_id IN {listed}", [parameter]),
    )


def _clean_notes(sql: Sql, name: str) -> int:
    """Empty the notes that hold a name; return how many."""
    changed = 0
    for column in ("note", "answers"):
        text, parameters = _holds((column,), name)
        changed += sql.run(f"UPDATE modeledge_operation SET {column} = '' WHERE {text}", parameters)
    return changed


def _delete_unattested(sql: Sql, operation: int) -> int:
    """Delete the records of texts without any attestation, present or past."""
    alone: Condition = (
        "NOT EXISTS (SELECT 1 FROM modeledge_attestation a WHERE a.origin_id = r.origin_id)",
        [],
    )
    record_rows.remove(sql, operation, alone)
    ids = sql.all(f"SELECT r.id FROM modeledge_record r WHERE {alone[0]}")
    return _delete(sql, "modeledge_record", "id", [number for (number,) in ids])


def _delete(sql: Sql, table: str, column: str, ids: Sequence[int]) -> int:
    listed, parameter = sql.values(list(ids))
    return sql.run(f"DELETE FROM {table} WHERE {column} IN {listed}", (parameter,)) if ids else 0


def _holds(columns: Sequence[str], name: str) -> Condition:
    """The condition that one of the columns contains a name verbatim."""
    return any_of(*((f"replace({column}, ?, '') <> {column}", [name]) for column in columns))
