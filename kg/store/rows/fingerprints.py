"""The fingerprint of a revision: computed once, then stored if the database is writable."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from kg.errors import StoreError
from kg.store.read import triples
from kg.store.rows import revisions

if TYPE_CHECKING:
    from kg.sql.database import Database


def fingerprint(database: Database, revision: int | None) -> str:
    """The fingerprint of a revision, None for the newest.

    Raises:
        StoreError: There is no such revision.
    """
    with database.reading() as sql:
        newest = revisions.latest(sql)
        number = revisions.check_revision(sql, revision)
        stored = revisions.stored_fingerprint(sql, number)
        result = stored or triples.fingerprint(sql, None if number == newest else number)
    if stored is None and number:
        # Stored for the next process; if the database is locked, that process computes it again.
        with suppress(StoreError), database.writing(wait=False) as (sql, _):
            revisions.store_fingerprint(sql, number, result)
    return result
