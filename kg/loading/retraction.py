"""Ends the statements of a file: the counterpart of loading it."""

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
    """End all statements of a file, under any source; facts that another file states stay.

    The statements stay in the history, and the revision can be undone.

    Args:
        database: The database of the graph.
        path: The file, identified by its absolute path; it need not exist any more.

    Returns:
        The revision, 0 if the file stated nothing.
    """
    document = document_of(path)
    with database.writing() as (sql, transaction):
        number = revisions.begin(sql, "remove", f"forget {printable(shorten(document, 190))}")
        if not liveness.retract_document(sql, document, number):
            transaction.rollback()
            return 0
        return number
