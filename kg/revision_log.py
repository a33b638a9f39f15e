"""The log of a graph's revisions, which includes changes of files beside the graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.errors import StoreError, shorten
from kg.naming.valid_names import printable
from kg.store.read import history
from kg.store.rows import revisions
from kg.store.write import artefacts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kg.sql.database import Database
    from kg.types import Change


class RevisionLog:
    """The log of a graph's revisions (``graph.log``).

    Args:
        database: The database of the graph.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def changes(self, revision: int, *, limit: int | None = None) -> list[Change]:
        """The statements that ended in a revision, then those that began.

        Args:
            revision: The number of the revision.
            limit: The maximum number of ended statements, and of begun ones.

        Raises:
            StoreError: The revision does not exist.
        """
        with self._database.reading() as sql:
            return history.of_revision(sql, revisions.check_revision(sql, revision), limit)

    def count(self, revision: int) -> tuple[int, int]:
        """The numbers of statements that began and that ended in a revision.

        Raises:
            StoreError: The revision does not exist.
        """
        with self._database.reading() as sql:
            return history.count(sql, revisions.check_revision(sql, revision))

    def files(self, revision: int) -> tuple[str, ...]:
        """The files beside the graph that a revision changed, sorted."""
        with self._database.reading() as sql:
            return tuple(artefacts.names(sql, [revision]))

    def state(self) -> tuple[int, str, str] | None:
        """Number, kind and note of the newest revision, which identify a state of the graph.

        The number alone does not, because it is used again after :meth:`withdraw`. None within a
        transaction: since it may be rolled back, nothing read in it may be cached.
        """
        if self._database.in_transaction:
            return None
        with self._database.quick() as sql:
            return revisions.newest(sql)

    def last_change(self) -> int:
        """The newest revision that changed the graph itself, and not only files beside it."""
        with self._database.reading() as sql:
            return revisions.last_change(sql)

    def note(
        self,
        kind: str,
        note: str,
        *,
        before: Mapping[str, bytes | None] | None = None,
        undoes: Sequence[int] = (),
    ) -> int:
        """Open a revision for a change beside the graph, such as learning; return its number.

        Args:
            kind: The kind of change, at most 16 characters.
            note: A note on the change.
            before: The present contents of the files that will change, by name (None for a missing
                file); ``graph.undo`` restores them.
            undoes: The revisions that the change undoes.
        """
        with self._database.writing() as (sql, _):
            number = revisions.begin(sql, kind, printable(shorten(note, 200)), undoes=undoes)
            for name, content in (before or {}).items():
                artefacts.record(sql, number, name, content)
            known = revisions.stored_fingerprint(sql, number - 1)
            if known is not None:  # the facts do not change
                revisions.store_fingerprint(sql, number, known)
            return number

    def withdraw(self, revision: int) -> None:
        """Remove the newest revision, made by :meth:`note`, if its change did not happen.

        Raises:
            StoreError: The revision is not the newest, or it changed facts.
        """
        with self._database.writing() as (sql, _):
            if revision != revisions.latest(sql) or any(history.count(sql, revision)):
                raise StoreError(f"revision {revision} is not the newest, or has changed the graph")
            artefacts.drop(sql, revision)
            revisions.withdraw(sql, revision)
