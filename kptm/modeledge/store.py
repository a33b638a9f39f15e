"""Modeledge: vectors with their values and provenance, durable, searchable, undoable."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kg.sql.database import Database
from kptm.errors import ModeledgeError
from kptm.modeledge.reader import ModeledgeReader, numbers
from kptm.modeledge.records import Record
from kptm.modeledge.sql import oplog, provenance, receipts, record_edits, record_rows, spaces
from kptm.modeledge.sql.receipts import Receipt

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from kg.graph import KnowledgeGraph
    from kg.types import Statement, Triple
    from kptm.data import Phrasings
    from kptm.fusion import FusedModel
    from kptm.linking import LinkedText, Linker
    from kptm.modeledge.encode.encode_texts import Cloze
    from kptm.modeledge.records import Fact
    from kptm.modeledge.sql.receipts import AnswerChange
    from kptm.modeledge.transfer.merge import MergeReport
    from kptm.modeledge.transfer.migrate import MigrationReport

    Progress = Callable[[int], None]


class Modeledge(ModeledgeReader):
    """A store of vectors in the graph's database, or in its own.

    Every change is one transaction and one numbered operation. Indexes are derived from the rows,
    and updated before each search.
    """

    @classmethod
    def open(cls, where: str | Path) -> Modeledge:
        """Open or create a store: a path is a SQLite file, else a SQLAlchemy URL.

        Raises:
            StoreError: It cannot be opened or is not ours.
        """
        return cls(Database(where))

    @classmethod
    def of(cls, graph: KnowledgeGraph) -> Modeledge:
        """The store in a graph's database; it joins :meth:`~kg.KnowledgeGraph.transaction`."""
        return cls(graph.database, owned=False)

    # ── writing ──────────────────────────────────────────────────────────────────────────────

    def add(
        self,
        vectors: NDArray[np.float32],
        values: Sequence[str],
        *,
        space: str,
        source: str = "",
        records: Sequence[Record] | None = None,
        precision: str | None = None,
    ) -> int:
        """Add vectors; durable when it returns.

        Args:
            vectors: Shape (n, dim), finite.
            values: The value of each vector.
            space: A name for "made by the same model in the same way"; its width is fixed by the
                first vectors.
            source: The source that attests them; :meth:`forget` takes it.
            records: The provenance of each vector.
            precision: "float32" or "float16", fixed by the first vectors of the space too.

        Returns:
            The number of the operation, for :meth:`undo`.

        Raises:
            ModeledgeError: Shapes do not fit, or a number is not finite.
        """
        vectors = numbers(vectors)
        records = records or [Record(kind="own", value=value) for value in values]
        if vectors.ndim != 2 or not len(vectors) == len(values) == len(records):
            raise ModeledgeError(
                f"{len(values)} values and {len(records)} records need as many vectors,"
                f" not an array of shape {vectors.shape}"
            )
        if not np.isfinite(vectors).all():
            raise ModeledgeError("a vector holds a number that is not finite")
        digest_of = {
            text: provenance.of_own(source, text) for text in {item.text for item in records}
        }
        digests = [digest_of[item.text] for item in records]
        with self._database.writing() as (sql, _):
            number = oplog.begin(sql, "add", f"{len(values)} vectors of {space}")
            if len(vectors):
                found = spaces.get_or_create(sql, space, vectors.shape[1], precision)
                attested = {source: digest_of.values()}
                record_rows.insert(sql, number, found, vectors, values, records, digests, attested)
        return number

    def write(
        self,
        model: FusedModel,
        documents: Iterable[LinkedText],
        *,
        source: str = "",
        revision: int | None = None,
        replace: bool = False,
        progress: Progress | None = None,
    ) -> int:
        """Write the vectors of linked mentions and clozes; return how many were new.

        Each batch of 64 documents is a transaction. Texts that the store has or had are skipped, so
        that an interrupted run resumes. ``source`` also attests skipped texts that came from
        another source.

        Args:
            model: The model that makes the vectors; the space's name has its fingerprint.
            documents: Linked texts; they stream.
            source: The source of the texts. A text with two sources stays until both are forgotten.
            revision: The graph's revision that it is one with.
            replace: Whether ``source`` no longer attests its other texts.
            progress: Called with the number of documents done.
        """
        from kptm.modeledge.encode.ingest import TextWriter

        writer = TextWriter(self._database, model, source, revision, replace=replace)
        return writer.write(documents, progress)

    def write_facts(
        self,
        model: FusedModel,
        graph: KnowledgeGraph,
        facts: Iterable[Triple | Statement],
        phrasings: Phrasings,
        *,
        source: str = "",
        revision: int | None = None,
        progress: Progress | None = None,
    ) -> int:
        """Write triples as clozes, one in each phrasing; return how many vectors were new.

        A stored statement is not written again; one that was removed is.

        Args:
            model: The model that makes the vectors.
            graph: The graph with the labels of the entities.
            facts: Triples, or statements with their sources; they stream.
            phrasings: How texts say relations.
            source: The source of triples that come without one.
            revision: The graph's revision that it is one with.
            progress: Called with the number of facts done.
        """
        from kptm.modeledge.encode.ingest import write_facts

        return write_facts(
            self._database, model, graph, facts, phrasings, source, progress, revision
        )

    # ── changing ─────────────────────────────────────────────────────────────────────────────

    def edit(
        self,
        model: FusedModel,
        statements: Sequence[Cloze],
        *,
        head: str,
        old: str | None,
        relation: str = "",
        note: str,
        source: str = "edit",
        revision: int | None = None,
    ) -> Receipt:
        """Replace a fact: records of the old fact are removed, ``statements`` state the new one.

        Args:
            model: The model whose space is changed.
            statements: Clozes that state the new fact, with its head or its tail blank.
            head: The head of the fact.
            old: The value that no longer holds, or None.
            relation: The relation.
            note: The note of the receipt.
            source: The source of the new fact.
            revision: The graph's revision that it is one with.
        """
        from kptm.modeledge.encode.encode_texts import encode_clozes
        from kptm.modeledge.encode.ingest import digest_of

        name = spaces.spaces_of(model)["cloze"]
        keys = encode_clozes(model, statements)
        with self._database.writing() as (sql, _):
            number = oplog.begin(sql, "edit", note, revision)
            if old is not None:
                record_rows.remove(sql, number, record_edits.states((head, relation, old)))
            if statements:
                found = spaces.get_or_create(sql, name, keys.shape[1], None)
                records = [item.record for item in statements]
                values = [item.value for item in statements]
                digests = [digest_of(item) for item in records]
                record_rows.insert(
                    sql, number, found, keys, values, records, digests, {source: set(digests)}
                )
            return receipts.of(sql, number)

    def forget(
        self,
        *,
        triple: Fact | None = None,
        entity: str | None = None,
        source: str | None = None,
        text: str | None = None,
        note: str = "",
        revision: int | None = None,
    ) -> Receipt:
        """Remove records of a triple, an entity (as value or in the text), a source or a text.

        Records that match all arguments are removed, unless another source attests them.

        Args:
            triple: Head, relation, tail.
            entity: A key.
            source: A source, as given to :meth:`add` or :meth:`write`.
            text: A whole text.
            note: The note of the receipt, by default the arguments.
            revision: The graph's revision that it is one with.

        Returns:
            The receipt, empty if nothing was removed; :meth:`undo` restores the records.

        Raises:
            ModeledgeError: No argument was given.
        """
        named = source or entity or text or " | ".join(triple or ())
        with self._database.writing() as (sql, transaction):
            number = oplog.begin(sql, "forget", (note or named)[: record_edits.NOTE], revision)
            gone = record_edits.forget(
                sql, number, fact=triple, entity=entity, source=source, text=text
            )
            if not gone and source is None:
                transaction.rollback()
                return Receipt(0)
            return receipts.of(sql, number)

    def forget_ended(self, revision: int) -> Receipt:
        """Remove the records of triples that a revision of the graph in this database ended.

        Returns:
            The receipt, empty if nothing was removed. It is undone together with the revision.
        """
        with self._database.writing() as (sql, transaction):
            number = oplog.begin(sql, "forget", f"ended by revision {revision}", revision)
            if not record_rows.remove(sql, number, record_edits.ended_by(revision)):
                transaction.rollback()
                return Receipt(0)
            return receipts.of(sql, number)

    # ── between models and stores ────────────────────────────────────────────────────────────

    def migrate(
        self,
        model: FusedModel,
        *,
        old: str | None = None,
        documents: Iterable[LinkedText] = (),
        linker: Linker | None = None,
        anchors: int = 1_000,
        method: str = "auto",
        target: float = 0.95,
        replace: bool = False,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> MigrationReport:
        """Migrate another model's vectors to this model; values, texts, sources and kinds stay.

        It works in pages, as one operation, and resumes. Users' own vectors stay.

        Args:
            model: The model to migrate to.
            old: The fingerprint of the old model; required if there are several other models.
            documents: The linked texts, if available, for the other candidates of mentions.
            linker: Finds links that the records lack.
            anchors: How many records of each space a map is fitted on.
            method: "encode" encodes all records from their texts. "map" encodes the anchors and up
                to 1,000 held-out records, and maps the rest by a rotation. "auto" maps if that
                reaches the target and saves half of the encoding, and encodes otherwise.
            target: The recall@10 that a map must reach on held-out records, with re-encoding as 1.
            replace: Whether to remove the old records after their migration.
            seed: The seed of the samples.
            progress: Called with the number of records done, over all spaces.

        Raises:
            ModeledgeError: There is nothing to migrate, or ``method="map"`` misses the target.
        """
        from kptm.modeledge.transfer.migrate import Migrator

        mover = Migrator(self._database, model, old, documents, linker, seed)
        return mover.move(method, anchors, target, replace, progress)

    def merge(
        self, other: Modeledge, *, policy: str = "both", progress: Progress | None = None
    ) -> MergeReport:
        """Merge another store's live records into this one, as one operation and one transaction.

        Spaces of the same name are joined. A record of both stores exists once, attested by the
        sources of both. A record that was forgotten here returns with "theirs", and with "newest"
        if the other store's is later.

        Args:
            other: The other store; it is only read.
            policy: Which fact stays if a relation has one value in each store and they differ:
                "both", "ours", "theirs" or "newest".
            progress: Called with the number of records read so far.

        Raises:
            ModeledgeError: Its vectors are of other models, or of another width or precision.
        """
        from kptm.modeledge.transfer.merge import merge, of_store

        with of_store(other._database, self._database) as carrier:
            return merge(self._database, carrier, policy, progress)

    def export(self, folder: str | Path, *, progress: Progress | None = None) -> int:
        """Write the live records to a folder, atomically; return how many.

        ``manifest.json`` has the checksums; records are JSON Lines, vectors safetensors.

        Args:
            folder: A new folder, an empty one, or an older export, which is replaced.
            progress: Called with the number of records written.

        Raises:
            ModeledgeError: The folder cannot be written, or holds something else.
        """
        from kptm.modeledge.transfer.export_folder import export

        return export(self._database, folder, progress)

    def load(
        self, folder: str | Path, *, policy: str = "both", progress: Progress | None = None
    ) -> MergeReport:
        """Merge a folder that :meth:`export` wrote, after comparing all checksums.

        Args:
            folder: An exported folder.
            policy: See :meth:`merge`.
            progress: Called with the number of records looked at.

        Raises:
            ModeledgeError: A file is missing or damaged, or :meth:`merge` would refuse it.
        """
        from kptm.modeledge.transfer.import_folder import of_folder
        from kptm.modeledge.transfer.merge import merge

        return merge(self._database, of_folder(folder), policy, progress)

    def undo(self, number: int, *, note: str = "", revision: int | None = None) -> Receipt:
        """Undo an operation; an undo can be undone too.

        Args:
            number: The operation.
            note: Added to the note of the receipt.
            revision: The graph's revision that it is one with.

        Raises:
            ModeledgeError: There is no such operation, or nothing of it is left to undo.
        """
        with self._database.writing() as (sql, _):
            return receipts.of(sql, record_edits.undo(sql, number, note, revision))

    def purge(self, names: Collection[str] = (), *, source: str | None = None) -> int:
        """Delete for good the records that hold one of ``names``, and texts of ``source`` alone.

        They cannot be restored. Notes of operations that hold a name are emptied, and snapshots are
        deleted. A name of fewer than three characters counts only as a whole key or word.

        Returns:
            How many records and notes were deleted.

        Raises:
            StoreError: Another process reads the database.
        """
        with self._database.writing() as (sql, transaction):
            self._indexes.drop(sql)
            gone = record_edits.purge(sql, sorted(names), source)
            if not gone:
                transaction.rollback()
        if gone:
            self._database.rewrite()
        return gone

    def note_answers(self, number: int, answers: Sequence[AnswerChange]) -> None:
        """Add the questions whose answer changed to a receipt."""
        with self._database.writing() as (sql, _):
            receipts.note_answers(sql, number, answers)
