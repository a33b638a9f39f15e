"""Stores the passages of indexed texts in a graph's database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kptm import held_names
from kptm.passages import passage_rows
from kptm.passages.passage_search import search
from kptm.passages.sentence_splitting import pieces

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from kg.graph import KnowledgeGraph
    from kg.sql.database import Database
    from kptm.linking import LinkedText
    from kptm.passages.passage_records import Passage, Written


class Passages:
    """The passages of indexed texts.

    Args:
        database: The database of the graph.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def of(cls, graph: KnowledgeGraph) -> Passages:
        """The passages in a graph's database."""
        return cls(graph.database)

    # ── reading ──────────────────────────────────────────────────────────────────────────────

    def search(
        self, words: str = "", *, entities: Sequence[str] = (), limit: int = 10
    ) -> list[Passage]:
        """Search the live passages by words and entities, highest score first.

        Args:
            words: Words that rank the passages; without entities, a passage must have one of them.
            entities: Keys of entities; a passage must link to all of them.
            limit: The maximum number of passages to return.
        """
        with self._database.reading() as sql:
            return search(sql, words, entities, limit=limit)

    def get(self, ids: Collection[int]) -> list[Passage]:
        """The live passages with the given ids, ordered by id."""
        with self._database.reading() as sql:
            return passage_rows.fetch(sql, dict.fromkeys(ids, 0.0))

    def stream(self, *, source: str | None = None) -> Iterator[Passage]:
        """Stream all live passages in the order in which they were written."""
        last = 0
        while True:
            with self._database.reading() as sql:
                ids = passage_rows.page(sql, last, source)
                passages = passage_rows.fetch(sql, dict.fromkeys(ids, 0.0))
            if not ids:
                return
            last = ids[-1]
            yield from passages

    def __len__(self) -> int:
        """The number of live passages."""
        with self._database.quick() as sql:
            return int(sql.one("SELECT count(*) FROM passage WHERE live = 1"))

    def __bool__(self) -> bool:
        """Whether there is a live passage."""
        with self._database.quick() as sql:
            return sql.one("SELECT 1 FROM passage WHERE live = 1 LIMIT 1") is not None

    def version(self) -> tuple[int, int, int]:
        """A value that changes whenever the live passages change."""
        with self._database.quick() as sql:
            query = (
                "SELECT coalesce(max(rev_changed), 0), coalesce(sum(live), 0), count(*)"
                " FROM passage"
            )
            [(changed, live, count)] = sql.all(query)
            return int(changed), int(live), int(count)

    # ── changing ─────────────────────────────────────────────────────────────────────────────

    def write(
        self,
        documents: Iterable[LinkedText],
        *,
        source: str,
        revision: int,
        document: str = "",
        replace: bool = False,
    ) -> Written:
        """Write the passages of linked texts, in one transaction.

        Args:
            documents: The linked texts; all candidates of a link are stored.
            source: The source of the texts.
            revision: The revision of the graph that the change belongs to.
            document: The file or folder of the texts.
            replace: Whether to end stored passages that the document no longer has.
        """
        new = (piece for text in documents for piece in pieces(text))
        with self._database.writing() as (sql, _):
            return passage_rows.write(
                sql, new, source=source, document=document, revision=revision, replace=replace
            )

    def holds(self, *, source: str | None = None, text: str | None = None) -> bool:
        """Whether any live passage has the given source, or the given text."""
        column, value = ("source", source) if source is not None else ("text", text)
        with self._database.quick() as sql:
            query = f"SELECT 1 FROM passage WHERE live = 1 AND {column} = ? LIMIT 1"
            return sql.one(query, (value,)) is not None

    def is_source(self, source: str) -> bool:
        """Whether any passage, live or ended, has a source."""
        with self._database.quick() as sql:
            return sql.one("SELECT 1 FROM passage WHERE source = ? LIMIT 1", (source,)) is not None

    def forget(self, *, revision: int, source: str | None = None, text: str | None = None) -> int:
        """End the live passages of a source, or those with a text; return their number.

        Indexing the same file again does not restore a passage that was forgotten by its text.
        """
        with self._database.writing() as (sql, _):
            return passage_rows.forget(sql, source=source, text=text, revision=revision)

    def changed_by(self, revision: int) -> tuple[int, int]:
        """How many passages a revision added and ended, if no later revision changed them."""
        query = "SELECT coalesce(sum(live), 0), count(*) FROM passage WHERE rev_changed = ?"
        with self._database.quick() as sql:
            [(live, count)] = sql.all(query, (revision,))
        return int(live), int(count) - int(live)

    def undo(self, undone: int, *, revision: int) -> int:
        """Undo a revision's changes of passages, as part of the revision ``revision``.

        Returns:
            How many passages changed.
        """
        with self._database.writing() as (sql, _):
            return passage_rows.undo(sql, undone, revision)

    def texts_of(self, source: str, *, alone: bool) -> list[str]:
        """The texts of passages, live or ended.

        Args:
            source: A source.
            alone: Whether to return the texts that only this source has, or all other texts.
        """
        with self._database.reading() as sql:
            ours = "SELECT digest FROM passage WHERE source = ?"
            others = "SELECT digest FROM passage WHERE source <> ?"
            inside = f"digest IN ({ours}) AND digest NOT IN ({others})"
            query = f"SELECT DISTINCT text FROM passage WHERE {'' if alone else 'NOT '}({inside})"
            return [text for (text,) in sql.all(query, (source, source))]

    def purge(self, names: Collection[str] = (), *, source: str | None = None) -> int:
        """Delete passages for good: those of a source, and those that contain any of the names.

        Returns:
            How many passages were deleted.

        Raises:
            StoreError: Another process is reading the database, so that it cannot be vacuumed.
        """
        with self._database.writing() as (sql, transaction):
            ids = {
                number
                for number, its_source, text in sql.stream("SELECT id, source, text FROM passage")
                if its_source == source or held_names.in_text(text, names)
            }
            listed, parameter = sql.values(sorted(names))
            query = f"SELECT DISTINCT passage_id FROM passage_link WHERE entity IN {listed}"
            ids.update(number for (number,) in sql.all(query, (parameter,)))
            passage_rows.purge(sql, sorted(ids))
            if not ids:
                transaction.rollback()
        if ids:
            self._database.rewrite()
        return len(ids)
