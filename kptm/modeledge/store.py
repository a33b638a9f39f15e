"""Modeledge: a durable store of vectors with values and provenance, whose changes can be undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.sql.database import Database
from kptm.modeledge.reader import ModeledgeReader, checked_vectors
from kptm.modeledge.records import Record
from kptm.modeledge.sql import oplog, provenance, receipts, record_edits, record_rows, spaces
from kptm.modeledge.sql.receipts import Receipt
from kptm.modeledge.sql.record_merges import follow_merge
from kptm.modeledge.sql.undo_operations import undo_operation

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from kg.graph import KnowledgeGraph
    from kg.types import Statement, Triple
    from kptm.data import Phrasings
    from kptm.fusion import FusedModel
    from kptm.linking import LinkedText, Linker
    from kptm.modeledge.encode.encode_texts import Cloze
    from kptm.modeledge.engines.engine_config import EngineConfig
    from kptm.modeledge.records import Fact
    from kptm.modeledge.sql.receipts import AnswerChange
    from kptm.modeledge.transfer.merge import MergeReport
    from kptm.modeledge.transfer.migrate import MigrationReport
    from kptm.modeledge.vector_index.build_index import Progress


class Modeledge(ModeledgeReader):
    """A store of vectors in the database of a graph, or in its own.

    Every change is one transaction and one numbered operation. Indexes are derived from the rows
    and are updated before each search.
    """

    @classmethod
    def open(cls, where: str | Path, *, engine: EngineConfig | None = None) -> Modeledge:
        """Open or create a store in a SQLite file (a path) or a database (a SQLAlchemy URL).

        Raises:
            StoreError: The database cannot be opened or was not made by kptm.
        """
        return cls(Database(where), engine=engine)

    @classmethod
    def of(cls, graph: KnowledgeGraph, *, snapshots: Path | None = None) -> Modeledge:
        """Open the store in a graph's database; ``snapshots`` is a folder, by default beside it."""
        return cls(graph.database, owned=False, snapshots=snapshots)

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
        """Add vectors; they are stored durably when this returns.

        Args:
            vectors: Shape (n, dim), finite.
            values: The value of each vector.
            space: The space, for vectors by the same model and method; the first fix its width.
            source: The source that attests the vectors, as for :meth:`forget`.
            records: The provenance of each vector.
            precision: "float32" or "float16"; the first vectors of the space fix it.

        Returns:
            The number of the operation, for :meth:`undo`.

        Raises:
            ModeledgeError: Shapes do not match, or a number is not finite.
        """
        records = records or [Record(kind="own", value=value) for value in values]
        vectors = checked_vectors(vectors, len(values), len(records))
        digest_of = {
            text: provenance.of_own(source, text) for text in {item.text for item in records}
        }
        digests = [digest_of[item.text] for item in records]
        with self._database.writing() as (sql, _):
            number = oplog.begin(sql, "add", f"{len(values)} vectors of {space}")
            if len(vectors):
                stored = spaces.get_or_create(sql, space, vectors.shape[1], precision)
                attested = {source: digest_of.values()}
                record_rows.insert(sql, number, stored, vectors, values, records, digests, attested)
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
        that an interrupted run can be resumed. ``source`` also attests skipped texts that came from
        another source.

        Args:
            model: The model that makes the vectors; the space's name has its fingerprint.
            documents: Linked texts, read one batch at a time.
            source: The source of the texts. A text with two sources stays until both are forgotten.
            revision: The revision of the graph that the change belongs to.
            replace: Whether ``source`` stops attesting its other texts.
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
        """Write triples as clozes in each phrasing; return how many vectors were new.

        A statement that is stored is not written again, but one that was removed is.

        Args:
            model: The model that makes the vectors.
            graph: The graph with the labels of the entities.
            facts: Triples, or statements with their sources, read one batch at a time.
            phrasings: The phrasings of relations in text.
            source: The source of triples that come without one.
            revision: The revision of the graph that the change belongs to.
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
        """Replace a fact: remove the records of the old fact, and add those of the new one.

        Args:
            model: The model whose space is changed.
            statements: Clozes that state the new fact, with its head or its tail blank.
            head: The head of the fact.
            old: The old tail, which no longer holds, or None.
            relation: The relation.
            note: The note of the receipt.
            source: The source of the new fact.
            revision: The revision of the graph that the change belongs to.
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
                space = spaces.get_or_create(sql, name, keys.shape[1], None)
                records = [item.record for item in statements]
                values = [item.value for item in statements]
                digests = [digest_of(item) for item in records]
                record_rows.insert(
                    sql, number, space, keys, values, records, digests, {source: set(digests)}
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
        """Remove the records that match all arguments, unless another source attests them.

        Args:
            triple: Records that state this triple (head, relation, tail).
            entity: Records with this key as their value or in their context.
            source: Records that this source attests.
            text: Records of this whole text.
            note: The note of the receipt, by default the arguments.
            revision: The revision of the graph that the change belongs to.

        Returns:
            The receipt, empty if nothing was removed; :meth:`undo` restores the records.

        Raises:
            ModeledgeError: No argument was given.
        """
        note = note or source or entity or text or " | ".join(triple or ())
        with self._database.writing() as (sql, transaction):
            number = oplog.begin(sql, "forget", note[: record_edits.MAX_NOTE], revision)
            removed = record_edits.forget(
                sql, number, fact=triple, entity=entity, source=source, text=text
            )
            if not removed and source is None:
                transaction.rollback()
                return Receipt(0)
            return receipts.of(sql, number)

    def forget_ended(self, revision: int) -> Receipt:
        """Remove the records of triples that a revision of the graph in this database ended.

        Returns:
            The receipt, empty if nothing was removed. Undoing the revision undoes the operation.
        """
        with self._database.writing() as (sql, transaction):
            number = oplog.begin(sql, "forget", f"ended by revision {revision}", revision)
            if not record_rows.remove(sql, number, record_edits.ended_by(revision)):
                transaction.rollback()
                return Receipt(0)
            return receipts.of(sql, number)

    def follow_merge(self, pairs: Mapping[str, str], *, revision: int) -> Receipt:
        """Give the records of entities that a revision merged to those it kept (gone to kept)."""
        with self._database.writing() as (sql, transaction):
            number = oplog.begin(sql, "merge", f"merged by revision {revision}", revision)
            if not follow_merge(sql, number, pairs):
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

        The migration is one operation, is written page by page, and can be resumed. Users' own
        vectors are not migrated.

        Args:
            model: The model to migrate to.
            old: The fingerprint of the old model, of several; by default ``model``'s original.
            documents: The linked texts, if available, for the other candidates of mentions.
            linker: Finds links that the records lack.
            anchors: The number of records per space on which a map is fitted.
            method: "encode" encodes all records from their texts. "map" encodes the anchors and up
                to 1,000 held-out records, and maps the rest by a rotation. "auto" maps if the map
                reaches the target and saves half of the encoding, and encodes otherwise.
            target: The recall@10 on held-out records that a map must reach; re-encoding has 1.
            replace: Whether to remove the old records after their migration.
            seed: The seed of the samples.
            progress: Called with the number of records done in all spaces.

        Raises:
            ModeledgeError: There is nothing to migrate, or ``method="map"`` misses the target.
        """
        from kptm.modeledge.transfer.migrate import Migrator

        migrator = Migrator(self._database, model, old, documents, linker, seed)
        return migrator.migrate(method, anchors, target, replace, progress)

    def merge(
        self, other: Modeledge, *, policy: str = "both", progress: Progress | None = None
    ) -> MergeReport:
        """Merge another store's live records into this one, as one operation and one transaction.

        Spaces with the same name are joined. A record that both stores have is stored once, and the
        sources of both attest it. A record that was forgotten here is restored with the policy
        "theirs", and with "newest" if it was stated later in the other store.

        Args:
            other: The other store; it is only read.
            policy: Which fact stays if a relation has one tail in each store and the tails differ:
                "both", "ours", "theirs" or "newest".
            progress: Called with the number of records read so far.

        Raises:
            ModeledgeError: The other store has vectors of another model, width or precision.
        """
        from kptm.modeledge.transfer.merge import merge, of_store

        with of_store(other._database, self._database) as record_source:
            return merge(self._database, record_source, policy, progress)

    def export(self, folder: str | Path, *, progress: Progress | None = None) -> int:
        """Write the live records to a folder, atomically; return their number.

        Records are written as JSON Lines, vectors as safetensors, checksums to ``manifest.json``.

        Args:
            folder: A new folder, an empty one, or an older export, which is replaced.
            progress: Called with the number of records written.

        Raises:
            ModeledgeError: The folder cannot be written, or has other content.
        """
        from kptm.modeledge.transfer.export_folder import export

        return export(self._database, folder, progress)

    def load(
        self, folder: str | Path, *, policy: str = "both", progress: Progress | None = None
    ) -> MergeReport:
        """Merge a folder that :meth:`export` wrote, after checking all checksums.

        Args:
            folder: An exported folder.
            policy: See :meth:`merge`.
            progress: Called with the number of records read so far.

        Raises:
            ModeledgeError: A file is missing or damaged, or :meth:`merge` refuses the records.
        """
        from kptm.modeledge.transfer.import_folder import of_folder
        from kptm.modeledge.transfer.merge import merge

        return merge(self._database, of_folder(folder), policy, progress)

    def undo(self, number: int, *, note: str = "", revision: int | None = None) -> Receipt:
        """Undo an operation; an undo can be undone too.

        Args:
            number: The operation.
            note: A text to append to the note of the receipt.
            revision: The revision of the graph that the change belongs to.

        Raises:
            ModeledgeError: There is no such operation, or nothing of it is left to undo.
        """
        with self._database.writing() as (sql, _):
            return receipts.of(sql, undo_operation(sql, number, note, revision))

    def purge(self, names: Collection[str] = (), *, source: str | None = None) -> int:
        """Delete records with one of ``names``, and texts of ``source`` alone, irrevocably.

        The notes of operations that contain a name are emptied, and snapshots are deleted. A name
        of fewer than three characters must be a whole key or word.

        Returns:
            How many records and notes were deleted.

        Raises:
            StoreError: Another process is reading the database.
        """
        with self._database.writing() as (sql, transaction):
            self._indexes.drop(sql)
            if not (deleted := record_edits.purge(sql, sorted(names), source)):
                transaction.rollback()
        if deleted:
            self._database.rewrite()
        self._cache.clear()
        return deleted

    def note_answers(self, number: int, answers: Sequence[AnswerChange]) -> None:
        """Add to a receipt the questions whose answer the operation changed."""
        with self._database.writing() as (sql, _):
            receipts.note_answers(sql, number, answers)
