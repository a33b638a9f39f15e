"""KnowledgeGraph: the public interface of the graph; its SQL is in ``kg.store``."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Literal

from kg.errors import StoreError, shorten
from kg.formats import read_entities
from kg.naming import resolution as naming
from kg.naming.languages import checked_languages
from kg.naming.valid_names import as_record, checked_key, checked_record, printable
from kg.review.merges import Merges
from kg.review.proposals import Proposals
from kg.revision_log import RevisionLog
from kg.sql.database import Database
from kg.store.read import patterns
from kg.store.rows import link_counts, revisions
from kg.store.write import liveness, purge
from kg.view import GraphView

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from kg.formats.text.layout import Columns
    from kg.formats.wikidata_subset import WikidataSubset
    from kg.loading.rows import Rows
    from kg.loading.tables import Types
    from kg.store.write.artefacts import FileStore
    from kg.types import LinkCount, LoadReport, PurgeReport, Record, TimeNames
    from kg.types import Literal as Value

OnError = Literal["raise", "skip"]

USER = "user"
"""The source of facts that are added or edited by hand."""


class KnowledgeGraph(GraphView):
    """A graph of triples in a SQL database.

    Open it with :meth:`open`; it is a context manager. Each load or edit is one transaction and one
    revision. A fact is live while at least one source states it.
    """

    @classmethod
    def open(
        cls, where: str | Path, *, languages: Iterable[str] = (), times: TimeNames | None = None
    ) -> KnowledgeGraph:
        """Open or create a graph.

        Args:
            where: A path is a SQLite file, anything with ``://`` a database URL.
            languages: The preferred languages of labels and descriptions, best first: tags such as
                "de" or "pt-BR"; "de" matches "de-AT" too. The fallbacks are text without a
                language, Wikidata's default label ("mul"), and English.
            times: Names of the qualifiers for the times at which a fact began, ended or held; by
                default those of Wikidata and common words.

        Raises:
            StoreError: The database cannot be opened, or is not a graph of kptm.
            InvalidNameError: A language is not a language tag.
        """
        wanted = checked_languages(languages)
        graph = cls(Database(where), languages=wanted, times=times)
        purge.finish(graph.database)
        return graph

    @property
    def database(self) -> Database:
        """The database, for packages that store their own tables beside the graph's."""
        return self._database

    @property
    def log(self) -> RevisionLog:
        """The changes of each revision, and changes beside the graph, such as learning."""
        return RevisionLog(self._database)

    @property
    def proposals(self) -> Proposals:
        """Facts extracted from texts, which wait to be accepted."""
        return Proposals(self._database)

    @property
    def merges(self) -> Merges:
        """Merges entities that are the same thing."""
        return Merges(self._database)

    def close(self) -> None:
        """Close the connections."""
        self._database.close()

    def __enter__(self) -> KnowledgeGraph:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def transaction(self) -> AbstractContextManager[None]:
        """Make all changes of the block, here and in stores beside the graph, atomic.

        Each change is still one revision. Others see the changes after the block.
        """
        return self._database.transaction()

    def at(self, revision: int) -> GraphView:
        """A view of the graph at a revision; 0 is the empty graph.

        Raises:
            StoreError: The revision does not exist.
        """
        with self._database.reading() as sql:
            number = revisions.check_revision(sql, revision)
            return GraphView(self._database, number, self._languages, self._times)

    # ── loading ──────────────────────────────────────────────────────────────────────────────

    def load(
        self,
        path: str | Path | Rows,
        *,
        format: str | None = None,
        columns: Columns | None = None,
        key: str | None = None,
        split: str | None = None,
        header: bool | None = None,
        types: Types = None,
        subset: WikidataSubset | None = None,
        source: str | None = None,
        add: bool | None = None,
        on_error: OnError = "raise",
        rejected: str | Path | None = None,
        create_entities: bool = True,
        progress: Callable[[int], None] | None = None,
    ) -> LoadReport:
        """Load a file of triples, and any other records of its format.

        A file that is loaded again replaces its earlier statements: facts that it no longer states
        end, unless another source states them too. It is the same file if its absolute path and its
        source are equal.

        Args:
            path: The file, streamed; ``-`` is standard input, ``pykeen:NAME`` a dataset of PyKEEN,
                ``bolt://user@host:7687/database`` a server such as Neo4j, with the password in the
                environment variable ``NEO4J_PASSWORD``. Or rows: tuples, mappings as in JSON Lines,
                or a data frame.
            format: The format; by default the suffix decides (``.gz .bz2 .zst`` are decompressed).
            columns: The columns of head, relation and tail in TSV or CSV: names in the header, or
                positions from 0.
            key: For a TSV or CSV table with one entity per row and one relation per column: the
                column with the entities. Empty cells are skipped.
            split: The separator of several values in a cell of such a table.
            header: Whether the first line of TSV or CSV is a header; None recognises usual ones.
            types: For TSV and CSV only: the kind of a relation's tails by its key, one of
                :data:`kg.values.KINDS` ("entity", "integer", "url", …). :mod:`kg.values.infer`
                guesses others; False guesses nothing, and all tails are entities.
            subset: For Wikidata's dump: the part to read; the report counts what is left out.
            source: The source; by default the path. A fact of two sources is live while one states
                it.
            add: True keeps the file's earlier statements; False ends all earlier statements of the
                source, in any file, even if lines are skipped. By default the file replaces itself,
                but if lines are skipped nothing ends, and the report counts the statements kept.
            on_error: "raise" stops at the first bad line and leaves the graph unchanged; "skip"
                loads the rest and reports every bad line.
            rejected: A file for skipped lines; by default beside the file, with the suffix
                ``.rejected.jsonl``.
            create_entities: Whether a triple may name an entity that the graph does not have.
            progress: Called with the number of records read so far.

        Raises:
            TripleFormatError: The file or a line of it is malformed.
            StoreError: The database cannot be written.
        """
        from kg.loading.tables import load_file  # imports NumPy

        return load_file(
            self._database,
            path,
            form=format,
            columns=columns,
            key=key,
            split=split,
            header=header,
            types=types,
            subset=subset,
            source=source,
            add=add,
            on_error=on_error,
            rejected=rejected,
            create_entities=create_entities,
            progress=progress,
        )

    def load_entities(
        self,
        path: str | Path,
        *,
        format: str | None = None,
        columns: Sequence[str] | None = None,
        source: str | None = None,
        add: bool | None = None,
        on_error: OnError = "raise",
        rejected: str | Path | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> LoadReport:
        """Load a file of entities with key, label, aliases, description, types and prior.

        Only ``key`` is required. Omitted fields stay as other sources state them; aliases and types
        add up. An entity with the key of a relation gives the relation its label. A file that is
        loaded again replaces its earlier statements, as for :meth:`load`.

        Args:
            path: The file, in JSON Lines, CSV, TSV or JSON.
            format: The format; by default the suffix decides.
            columns: The fields of a CSV or TSV file without a header; ``-`` skips one.
            source: The source; by default the path.
            add: As for :meth:`load`.
            on_error: As for :meth:`load`.
            rejected: As for :meth:`load`.
            progress: As for :meth:`load`.

        Raises:
            TripleFormatError: The file or a line of it is malformed.
            StoreError: The database cannot be written.
        """
        from kg.loading.load import load_lines

        with closing(read_entities(path, format=format, columns=columns)) as lines:
            return load_lines(
                self._database,
                path,
                lines,
                source=source,
                add=add,
                on_error=on_error,
                rejected=rejected,
                progress=progress,
            )

    def add(self, items: Iterable[Record | tuple[str, str, str]], *, source: str = USER) -> int:
        """Add triples, attributes, statements and entities; return the number of new ones.

        Raises:
            InvalidNameError: A name is empty or cannot be stored unchanged, or an item does not
                have three parts; nothing is added.
        """
        from kg.loading.load import add_records

        # Checked before the transaction opens, because ``items`` may read this graph.
        records = [checked_record(as_record(item)) for item in items]
        checked_key(source, "source")
        with self._database.writing() as (sql, transaction):
            number = revisions.begin(sql, "add", f"{len(records)} records")
            added, changed = add_records(sql, number, source, records)
            if not changed:
                transaction.rollback()
            return added

    def count_links(self, counts: Iterable[LinkCount], *, source: str) -> int:
        """Add counts of links from names to entities; return the revision, 0 if none is new.

        A source's counts add up. A name that the entity does not have becomes an alias of
        ``source``. ``forget``, ``undo`` and ``purge`` treat counts like other statements.

        Raises:
            InvalidNameError: A name cannot be stored unchanged.
        """
        from kg.loading.load import add_records

        checked_key(source, "source")
        new = list(counts)
        with self._database.writing() as (sql, transaction):
            number = revisions.begin(sql, "links", printable(shorten(source, 200)))
            records = [checked_record(item) for item in link_counts.statements(sql, source, new)]
            changed = add_records(sql, number, source, records)[1]
            if not changed:
                transaction.rollback()
            return number if changed else 0

    def remove(
        self, *, head: str | None = None, relation: str | None = None, tail: str | None = None
    ) -> int:
        """Remove the triples of a pattern, of all sources; return their number.

        At least one part is required.

        Raises:
            StoreError: No part was given, or the database cannot be written.
        """
        if head is None and relation is None and tail is None:
            raise StoreError("remove needs a head, a relation or a tail; all three would be None")
        parts = ("*" if part is None else part for part in (head, relation, tail))
        note = printable(shorten(" | ".join(parts), 200))
        with self._database.writing() as (sql, transaction):
            number = revisions.begin(sql, "remove", note)
            pattern = self._without_merged_keys(self._pattern(head, relation, tail))
            removed = liveness.retract_all(sql, patterns.ids(sql, *pattern), number)
            if not removed:
                transaction.rollback()
            return removed

    def forget(self, *, entity: str | None = None, source: str | None = None) -> int:
        """End all statements about an entity, or of a source; return the revision, or 0 if none.

        A merged key means the entity that was kept. :meth:`undo` restores the statements.

        Raises:
            StoreError: Not exactly one of the two was given.
        """
        if (entity is None) == (source is None):
            raise StoreError("forget needs an entity or a source, one of them")
        entity = self._current_key(entity)
        note = f"forget {printable(shorten(entity or source or '', 190))}"
        with self._database.writing() as (sql, transaction):
            number = revisions.begin(sql, "remove", note)
            if entity is not None:
                changed = liveness.retract_all(sql, patterns.about(sql, entity), number)
            else:
                changed = liveness.retract_source(sql, source or "", number)
            if not changed:
                transaction.rollback()
            return number if changed else 0

    def edit(
        self,
        head: str,
        relation: str,
        tail: str | Value,
        *,
        old: str | Value | None = None,
        new: bool = False,
    ) -> int:
        """Make ``tail`` the value of (head, relation) in place of ``old``; return the revision.

        Args:
            head: An entity that the graph has or had.
            relation: The key of a present or former relation, or the label of a present one.
            tail: The new tail: an entity that the graph has or had, or a value, as a Literal or, if
                the relation has values, as text ("70000000").
            old: The value to replace; optional if there is exactly one.
            new: Whether ``tail`` may be an entity that the graph never had.

        Raises:
            UnknownKeyError: One of the keys is not in the graph.
            StoreError: ``old`` is needed, or is not a value of (head, relation), or ``tail`` is
                the value already.
        """
        from kg.editing import edit

        key = naming.relation_key(self._database, self, relation)
        return edit(self._database, self, (head, key, tail), old=old, new=new, source=USER)

    def tail(self, relation: str, text: str) -> str:
        """The node that a text means as a tail: a :class:`kg.ValueKey`, or an entity's key."""
        from kg.editing import node_of_tail

        with self._database.quick() as sql:
            return node_of_tail(sql, relation, text)

    def undo(
        self, revision: int | None = None, *, later: bool = False, files: FileStore | None = None
    ) -> int:
        """Undo a revision (by default the newest); return the new revision.

        The facts that it changed are restored. Undoing an undo redoes the revision; the kind of the
        new revision is "redo" then. ``graph.log.changes`` lists the changes.

        Args:
            revision: The number of the revision.
            later: Whether to undo later revisions of the same facts too, instead of refusing.
            files: The files beside the graph, which revisions may have changed.

        Raises:
            StoreError: The revision does not exist, has nothing left to undo, or later ones changed
                the same facts.
        """
        from kg.store.write import undo

        with self._database.writing() as (sql, _):
            newest = revisions.latest(sql)
            if not newest:
                raise StoreError("the graph is empty: there is nothing to undo")
            number = newest if revision is None else revision
            return undo.undo(sql, number, later=later, files=files)

    def purge(self, *, entity: str | None = None, source: str | None = None) -> PurgeReport:
        """Delete all statements about an entity, or of a source, with their history.

        A merged key means the kept entity, and all entities merged into it are deleted too. What is
        deleted is erased from the file and its write-ahead log, and cannot be restored.

        Raises:
            StoreError: Not exactly one of the two was given, or another process reads the database.
            UnknownKeyError: The graph never had the entity or source.
        """
        if (entity is None) == (source is None):
            raise StoreError("purge needs an entity or a source, one of them")
        return purge.purge(self._database, entity=self._current_key(entity), source=source)
