"""What a file stated ends: the counterpart of loading it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.errors import shorten
from kg.naming.valid_names import printable
from kg.store.rows import revisions
from kg.store.rows.sources import document_of
from kg.store.write import liveness

if TYPE_CHECKING:
    from pathlib import Path

    from kg.sql.database import Database


def forget_file(database: Database, path: str | Path) -> int:
    """Take back all that a file stated, under any source; what another file states too stays.

    It stays as history and can be undone.

    Args:
        database: The graph's.
        path: The file, which may be gone; it is recognised by its absolute path.

    Returns:
        The revision, 0 where it stated nothing.
    """
    document = document_of(path)
    with database.writing() as (sql, transaction):
        number = revisions.begin(sql, "remove", f"forget {printable(shorten(document, 190))}")
        if not liveness.retract_document(sql, document, number):
            transaction.rollback()
            return 0
        return number
