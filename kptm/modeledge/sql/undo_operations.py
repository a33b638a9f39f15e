"""Undoes an operation: removes the rows that it inserted, and restores those that it removed.

Attestations by sources are reversed too. Rows that a later operation changed, and rows that other
sources attest, stay as they are (:mod:`kptm.modeledge.sql.oplog`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kptm.errors import ModeledgeError
from kptm.modeledge.sql import oplog, provenance, record_rows
from kptm.modeledge.sql.record_edits import MAX_NOTE, remove_orphans, restore_orphans

if TYPE_CHECKING:
    from kg.sql.cursor import Sql


def undo_operation(sql: Sql, number: int, note: str, revision: int | None) -> int:
    """Undo an operation, as a new operation; return the new number.

    Raises:
        ModeledgeError: There is no such operation, or nothing of it is left to undo.
    """
    text = f"undo of operation {number}" + (f"; {note}" if note else "")
    new = oplog.begin(sql, "undo", text[:MAX_NOTE], revision)
    removed = record_rows.removed_by(sql, number)
    changed = bool(record_rows.remove_inserted(sql, number, new))
    attested_again = provenance.reverse_attestations(sql, number, new)
    remove_orphans(sql, new, provenance.unattested_by(sql, new))
    attested = provenance.attested_origins(sql, new, [origin for _, _, origin in removed])
    changed = bool(record_rows.restore_attested(sql, new, removed, attested)) or changed
    restore_orphans(sql, new, attested_again)
    if not changed and not provenance.is_changed_by(sql, new):
        raise ModeledgeError(f"operation {number} does not exist or has nothing left to undo")
    return new
