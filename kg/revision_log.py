"""The log of a graph's revisions: what each changed, and changes of files beside the graph."""

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
    """The revisions of a graph, one by one; get it as ``graph.log``.

    Args:
        database: The graph's.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def changes(self, revision: int, *, limit: int | None = None) -> list[Change]:
        """What sources began or ceased to say in a revision: first what ended, then what began.

        Args:
            revision: Its number.
            limit: The most of each of the two.

        Raises:
            StoreError: There is no such revision.
        """
        with self._database.reading() as sql:
            return history.of_revision(sql, revisions.check_revision(sql, revision), limit)

    def count(self, revision: int) -> tuple[int, int]:
        """How many statements began and how many ended in a revision.

        Raises:
            StoreError: There is no such revision.
        """
        with self._database.reading() as sql:
            return history.count(sql, revisions.check_revision(sql, revision))

    def files(self, revision: int) -> tuple[str, ...]:
        """The files beside the graph that a revision changed, sorted."""
        with self._database.reading() as sql:
            return tuple(artefacts.names(sql, [revision]))

    def state(self) -> tuple[int, str, str] | None:
        """Number, kind and note of the newest revision, to tell states of the graph apart.

        The number alone does not: it is given again after :meth:`withdraw`. None within a
        transaction, which may be rolled
        back: nothing that is read there may be held.
        """
        if self._database.in_transaction:
            return None
        with self._database.quick() as sql:
            return revisions.newest(sql)

    def last_change(self) -> int:
        """The newest revision that changed the graph itself, not what was learnt beside it."""
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
            kind: What is done, at most 16 characters.
            note: What it is about.
            before: The files that are about to change, by name, with what they are now (None: not
                there); ``graph.undo`` puts it back.
            undoes: The revisions that it takes back.
        """
        with self._database.writing() as (sql, _):
            number = revisions.begin(sql, kind, printable(shorten(note, 200)), undoes=undoes)
            for name, content in (before or {}).items():
                artefacts.record(sql, number, name, content)
            known = revisions.known_fingerprint(sql, number - 1)
            if known is not None:  # the facts are the same
                revisions.keep_fingerprint(sql, number, known)
            return number

    def withdraw(self, revision: int) -> None:
        """Take the newest revision out of the history: what :meth:`note` announced changed nothing.

        Raises:
            StoreError: It is not the newest, or it changed facts.
        """
        with self._database.writing() as (sql, _):
            if revision != revisions.latest(sql) or any(history.count(sql, revision)):
                raise StoreError(f"revision {revision} is not the newest, or has changed the graph")
            artefacts.drop(sql, revision)
            revisions.withdraw(sql, revision)
