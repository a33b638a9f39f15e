"""Edits of records: which ones state a fact, forget records, restore texts, purge bytes."""

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

MAX_NOTE = 200
"""The longest note, in characters."""


def states(fact: Fact) -> Condition:
    """The condition that a record states a fact.

    A record with a triple states that triple. For a record of a text only its entities are known:
    it counts if its value is one of the two entities and its context has the other.
    """
    head, relation, tail = fact
    as_triple: Condition = (
        # The index is partial, with the condition relation <> ''.
        "r.relation <> '' AND r.head = ? AND r.relation = ? AND r.tail = ?",
        [head, relation, tail],
    )
    pairs = [
        all_of(("r.value = ?", [value]), mentions(other))
        for value, other in ((tail, head), (head, tail))
    ]
    in_text: Condition = ("r.relation = '' AND r.kind <> 'own'", [])
    return any_of(as_triple, all_of(in_text, any_of(*pairs)))


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
    """The condition that only this source attests a record."""
    query = (
        "(SELECT count(*) FROM modeledge_attestation a"
        " WHERE a.origin_id = r.origin_id AND a.live = 1 AND a.source {} ?)"
    )
    return f"{query.format('=')} = 1 AND {query.format('<>')} = 0", [source, source]


def _forget_source(sql: Sql, operation: int, source: str) -> list[int]:
    return remove_orphans(sql, operation, provenance.orphaned_by(sql, operation, source))


def remove_orphans(sql: Sql, operation: int, orphans: Sequence[int]) -> list[int]:
    """Remove the records of origins that no source attests; return their ids."""
    if not orphans:
        return []
    listed, parameter = sql.values(orphans)
    return record_rows.remove(sql, operation, (f"r.origin_id IN {listed}", [parameter]))


def return_texts(sql: Sql, operation: int, source: str, origins: Sequence[int]) -> list[int]:
    """Let a source attest texts that were written before; return the restored rows.

    A text whose sources were all forgotten is live again. Records that were forgotten one by one
    stay forgotten.
    """
    listed, parameter = sql.values(list(origins))
    removed_with_source = (
        "r.op_changed IN (SELECT a.op_changed FROM modeledge_attestation a"
        " WHERE a.origin_id = r.origin_id AND a.source = ? AND a.live = 0)"
    )
    condition: Condition = (
        f"r.origin_id IN {listed} AND {removed_with_source}",
        [parameter, source],
    )
    restored = record_rows.restore(sql, operation, condition) if origins else []
    attested = provenance.attest(sql, operation, source, origins)
    return restored + restore_orphans(sql, operation, attested)


def restore_orphans(sql: Sql, operation: int, attested: Sequence[int]) -> list[int]:
    """Restore the rows that were removed because no source attested their origins."""
    listed, parameter = sql.values(attested)
    removed_with_source = (
        "r.op_changed IN (SELECT a.op_changed FROM modeledge_attestation a"
        " WHERE a.origin_id = r.origin_id AND a.live = 0)"
    )
    condition: Condition = (f"r.origin_id IN {listed} AND {removed_with_source}", [parameter])
    return record_rows.restore(sql, operation, condition) if attested else []


def purge(sql: Sql, names: Sequence[str], source: str | None = None) -> int:
    """Delete records that contain one of ``names`` or whose last source is ``source``.

    Returns:
        How many records, attestations and notes were deleted or changed.
    """
    if not sql.postgresql:
        sql.run("PRAGMA secure_delete = ON")
    operation = oplog.begin(sql, "purge", "")
    changed = 0
    if source is not None:
        changed += sql.run("DELETE FROM modeledge_attestation WHERE source = ?", (source,))
        documents.forget(sql, source)
        changed += _clean_notes(sql, source)
    for name in names:
        condition = _contains(sql, name)
        # Removed before they are deleted, so that the log has them and every index drops them.
        record_rows.remove(sql, operation, condition)
        text, parameters = condition
        query = (
            "SELECT r.id FROM modeledge_record r"
            f" JOIN modeledge_origin o ON o.id = r.origin_id WHERE {text}"
        )
        ids = [number for (number,) in sql.all(query, parameters)]
        changed += _delete(sql, "modeledge_record", "id", ids)
        if len(name) >= held_names.MIN_SUBSTRING_CHARACTERS:
            text, parameters = _columns_contain(("source",), name)
            changed += sql.run(f"DELETE FROM modeledge_attestation WHERE {text}", parameters)
            text, parameters = _columns_contain(("source", "document"), name)
            sql.run(f"DELETE FROM modeledge_document WHERE {text}", parameters)
        changed += _clean_notes(sql, name)
    changed += _delete_unattested(sql, operation)
    unused = "NOT EXISTS (SELECT 1 FROM modeledge_record r WHERE r.origin_id = {})"
    sql.run(f"DELETE FROM modeledge_origin WHERE {unused.format('modeledge_origin.id')}")
    unused = unused.format("modeledge_attestation.origin_id")
    sql.run(f"DELETE FROM modeledge_attestation WHERE {unused}")
    return changed


def _contains(sql: Sql, name: str) -> Condition:
    """The condition that a record contains a name; a short name must be a whole key or word."""
    if len(name) >= held_names.MIN_SUBSTRING_CHARACTERS:
        return _columns_contain(
            ("r.value", "r.context", "o.text", "r.head", "r.relation", "r.tail"), name
        )
    text, parameters = _columns_contain(("o.text",), name)
    search_word = held_names.stands_alone(name).search
    rows = sql.all(f"SELECT o.id, o.text FROM modeledge_origin o WHERE {text}", parameters)
    listed, parameter = sql.values([number for number, content in rows if search_word(content)])
    columns = ("r.value", "r.head", "r.relation", "r.tail")
    return any_of(
        *((f"{column} = ?", [name]) for column in columns),
        mentions(name),
        (f"r.origin_id IN {listed}", [parameter]),
    )


def _clean_notes(sql: Sql, name: str) -> int:
    """Empty the notes that contain a name; return how many."""
    changed = 0
    for column in ("note", "answers"):
        text, parameters = _columns_contain((column,), name)
        changed += sql.run(f"UPDATE modeledge_operation SET {column} = '' WHERE {text}", parameters)
    return changed


def _delete_unattested(sql: Sql, operation: int) -> int:
    """Delete the records of texts without any attestation, present or past."""
    unattested: Condition = (
        "NOT EXISTS (SELECT 1 FROM modeledge_attestation a WHERE a.origin_id = r.origin_id)",
        [],
    )
    record_rows.remove(sql, operation, unattested)
    ids = sql.all(f"SELECT r.id FROM modeledge_record r WHERE {unattested[0]}")
    return _delete(sql, "modeledge_record", "id", [number for (number,) in ids])


def _delete(sql: Sql, table: str, column: str, ids: Sequence[int]) -> int:
    listed, parameter = sql.values(list(ids))
    return sql.run(f"DELETE FROM {table} WHERE {column} IN {listed}", (parameter,)) if ids else 0


def _columns_contain(columns: Sequence[str], name: str) -> Condition:
    """The condition that one of the columns contains a name verbatim."""
    return any_of(*((f"replace({column}, ?, '') <> {column}", [name]) for column in columns))
