"""KnowledgeGraph: the face a user holds. SQL is one room further in, ``kg.store``."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Literal

from kg.errors import StoreError, shorten
from kg.formats import read_entities
from kg.naming import resolution as naming
from kg.naming.languages import checked_languages
from kg.naming.valid_names import as_record, checked_key, checked_record, printable
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
    from types import TracebackType

    from kg.formats.text.layout import Columns
    from kg.loading.rows import Rows
    from kg.loading.tables import Types
    from kg.store.write.artefacts import FileStore
    from kg.types import LinkCount, LoadReport, PurgeReport, Record, TimeNames
    from kg.types import Literal as Value

OnError = Literal["raise", "skip"]

USER = "user"
"""The source of what is added or edited by hand."""


class KnowledgeGraph(GraphView):
    """A graph of triples in a SQL database.

    Open it with :meth:`open`; it is a context manager. Each load or edit is one transaction and one
    revision. A fact lives while at least one source says it.
    """

    @classmethod
    def open(
        cls, where: str | Path, *, languages: Iterable[str] = (), times: TimeNames | None = None
    ) -> KnowledgeGraph:
        """Open or create a graph.

        Args:
            where: A path is a SQLite file, anything with ``://`` a database URL.
            languages: In which labels and descriptions are wanted, the best first: tags such as
                "de" or "pt-BR", of which "de" takes "de-AT" too. What is in none of them is shown
                as it is without a language, else by Wikidata's default label ("mul") or in English.
            times: What qualifiers say when a fact began, ended or held; by default those of
                Wikidata and usual words.

        Raises:
            StoreError: It cannot be opened or is not a graph of ours.
            InvalidNameError: A language is not a tag.
        """
        wanted = checked_languages(languages)
        graph = cls(Database(where), languages=wanted, times=times)
        purge.finish(graph.database)
        return graph

    @property
    def database(self) -> Database:
        """The database itself, for rooms that keep their own tables beside the graph's."""
        return self._database

    @property
    def log(self) -> RevisionLog:
        """What each revision changed, and changes beside the graph, such as learning."""
        return RevisionLog(self._database)

    @property
    def proposals(self) -> Proposals:
        """Facts that texts seem to state, until somebody accepts them."""
        return Proposals(self._database)

    def close(self) -> None:
        """Close the connections."""
        self._database.close()

    def __enter__(self) -> KnowledgeGraph:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def transaction(self) -> AbstractContextManager[None]:
        """Make all changes of the block one, here and in stores beside it: all of them or none.

        Revisions are still one a change. Others see what this thread wrote after the block.
        """
        return self._database.transaction()

    def at(self, revision: int) -> GraphView:
        """The graph as it was at a revision, for reading; 0 is the empty graph.

        Raises:
            StoreError: There is no such revision.
        """
        with self._database.reading() as sql:
            number = revisions.check_revision(sql, revision)
            return GraphView(self._database, number, self._languages, self._times)

    # ── filling ──────────────────────────────────────────────────────────────────────────────

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
        source: str | None = None,
        add: bool | None = None,
        on_error: OnError = "raise",
        rejected: str | Path | None = None,
        create_entities: bool = True,
        progress: Callable[[int], None] | None = None,
    ) -> LoadReport:
        """Load a file of triples, and what else its format holds.

        A file that is loaded again replaces what it stated before: what it states no longer ends,
        unless another source states it too. It is the same file when its absolute path and its
        source are the same.

        Args:
            path: The file, streamed; ``-`` is standard input, ``pykeen:NAME`` a dataset that PyKEEN
                ships. Or rows: tuples, mappings as in JSON Lines, a data frame.
            format: The format, where the suffix does not say it (``.gz .bz2 .zst`` are unpacked).
            columns: Which columns of TSV or CSV are head, relation, tail: names in its header, or
                positions from 0.
            key: Of a TSV or CSV table with an entity a row and a relation a column: the column
                whose cells are the entities. Empty cells say nothing.
            split: What separates several values in a cell of such a table.
            header: Whether the first line of TSV or CSV is a header; a usual one is recognised.
            types: Of TSV and CSV: the kind of a relation's tails by its key, one of
                :data:`kg.values.KINDS` ("entity", "integer", "date", "url", "text", …). The others
                are guessed, by the rule of :mod:`kg.values.infer`; False guesses nothing, and all
                tails are entities.
            source: Who says so; the path by default. What two sources say lives as long as one.
            add: True leaves what the file stated before as it is; False ends all that the source
                stated before, in this file or another, and also where lines are skipped. By default
                the file replaces itself, and where lines are skipped nothing ends: the report
                counts what was left.
            on_error: "raise" stops at the first bad line and leaves the graph as it was; "skip"
                loads the rest and reports every bad line.
            rejected: Where to write skipped lines; by default beside the file, ending in
                ``.rejected.jsonl``.
            create_entities: Whether a triple may name an entity that the graph does not hold.
            progress: Called with the number of records read so far.

        Raises:
            TripleFormatError: The file or a line of it is malformed.
            StoreError: The database cannot be written.
        """
        from kg.loading.tables import load_file  # NumPy comes with it

        return load_file(
            self._database,
            path,
            form=format,
            columns=columns,
            key=key,
            split=split,
            header=header,
            types=types,
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
        """Load entities: key, label, aliases, description, types and prior, in a file's columns.

        Only ``key`` is required. What a line leaves out stays as other sources say it; aliases and
        types add up. An entity whose key is that of a relation names the relation. A file that is
        loaded again replaces what it stated before, as for :meth:`load`.

        Args:
            path: The file, in JSON Lines, CSV, TSV or JSON.
            format: The format, where the suffix does not say it.
            columns: The fields of a CSV or TSV file without a header; ``-`` leaves one out.
            source: Who says so; the path by default.
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
        """Add triples, attributes, statements, entities, all at once; return how many were new.

        Raises:
            InvalidNameError: A name is empty or cannot be kept unchanged, or an item has not
                three parts; nothing is added then.
        """
        from kg.loading.load import add_records

        # Checked before the transaction opens: ``items`` may itself read this graph.
        records = [checked_record(as_record(item)) for item in items]
        checked_key(source, "source")
        with self._database.writing() as (sql, transaction):
            number = revisions.begin(sql, "add", f"{len(records)} records")
            added, changed = add_records(sql, number, source, records)
            if not changed:
                transaction.rollback()
            return added

    def count_links(self, counts: Iterable[LinkCount], *, source: str) -> int:
        """Note how often texts meant entities by names; return the revision, 0 if nothing was new.

        A source's counts add up. A name that the entity does not have becomes an alias, said by
        ``source``. ``forget``, ``undo`` and ``purge`` take counts back like other statements.

        Raises:
            InvalidNameError: A name cannot be kept unchanged.
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
        """Remove the triples of a pattern, whoever says them; return how many.

        Give at least one part.

        Raises:
            StoreError: No part was given, or the database cannot be written.
        """
        if head is None and relation is None and tail is None:
            raise StoreError("remove needs a head, a relation or a tail; all three would be None")
        parts = ("*" if part is None else part for part in (head, relation, tail))
        note = printable(shorten(" | ".join(parts), 200))
        with self._database.writing() as (sql, transaction):
            number = revisions.begin(sql, "remove", note)
            found = patterns.ids(sql, *self._pattern(head, relation, tail))
            removed = liveness.retract_all(sql, found, number)
            if not removed:
                transaction.rollback()
            return removed

    def forget(self, *, entity: str | None = None, source: str | None = None) -> int:
        """Take back all that is said of an entity, or all that a source says; return the revision.

        It stays as history and can be undone, unlike :meth:`purge`. Other sources keep their say.

        Returns:
            The revision, 0 where there was nothing to forget.

        Raises:
            StoreError: Not exactly one of the two was given.
        """
        if (entity is None) == (source is None):
            raise StoreError("forget needs an entity or a source, one of them")
        entity = self._find_key(entity)
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
            head: An entity the graph holds or held.
            relation: A relation the graph holds or held by its key, or holds by its label.
            tail: The new value: an entity the graph holds or held, or a value, as a Literal or,
                where the relation has values, as text ("70000000").
            old: The value to replace; may be left out where there is exactly one.
            new: Whether ``tail`` may be an entity that the graph has never held.

        Raises:
            UnknownKeyError: One of the keys is not in the graph.
            StoreError: ``old`` is needed, or is not a value of (head, relation), or ``tail`` is
                the value already.
        """
        from kg.editing import edit

        key = naming.relation_key(self._database, self, relation)
        return edit(self._database, self, (head, key, tail), old=old, new=new, source=USER)

    def tail(self, relation: str, text: str) -> str:
        """What a text means at the end of a relation: a :class:`kg.ValueKey`, or itself."""
        from kg.editing import node_of_tail

        with self._database.quick() as sql:
            return node_of_tail(sql, relation, text)

    def undo(
        self, revision: int | None = None, *, later: bool = False, files: FileStore | None = None
    ) -> int:
        """Take back what a revision changed (the newest by default); return the new revision.

        The facts that it changed are again what they were before it. To undo an undo brings back
        what that one took; the revision's kind is "redo" then. ``graph.log.changes`` lists what
        came back and what went.

        Args:
            revision: Its number.
            later: Whether to take back later revisions of the same facts too, not to refuse.
            files: Where the files are that revisions changed beside the graph.

        Raises:
            StoreError: There is no such revision, nothing of it is left, or later ones changed the
                same facts.
        """
        from kg.store.write import undo

        with self._database.writing() as (sql, _):
            newest = revisions.latest(sql)
            if not newest:
                raise StoreError("the graph is empty: there is nothing to undo")
            number = newest if revision is None else revision
            return undo.undo(sql, number, later=later, files=files)

    def purge(self, *, entity: str | None = None, source: str | None = None) -> PurgeReport:
        """Delete for good all that is said of an entity, or by a source, with its history.

        The bytes are gone from the file and its write-ahead log; nothing can bring them back.
        Earlier revisions lose them too.

        Raises:
            StoreError: Not exactly one of the two was given, or another process reads the database.
            UnknownKeyError: The graph never heard of it.
        """
        if (entity is None) == (source is None):
            raise StoreError("purge needs an entity or a source, one of them")
        return purge.purge(self._database, entity=self._find_key(entity), source=source)
