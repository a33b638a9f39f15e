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

    Every change is one transaction and one numbered operation. Indexes are derived from the rows
    and brought up to date before they are asked; they are never the truth.
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
            values: What each stands for.
            space: A name for "made by the same model in the same way"; its width is fixed by the
                first vectors.
            source: Where they come from, to forget them by.
            records: Provenance, one a vector.
            precision: "float32" or "float16", fixed by the first vectors of the space too.

        Returns:
            The number of the operation, to undo it by.

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
        that an interrupted run resumes; ``source`` attests those that another source brought, too.

        Args:
            model: Whose knowledge it is; the space carries its fingerprint.
            documents: Linked texts; they stream.
            source: Who says so; what two sources say lives until both are forgotten.
            revision: The graph's revision that it is one with.
            replace: Whether ``source`` ceases to attest its earlier texts that are not among these.
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

        A statement that is in the store is not written again; one that was taken out is.

        Args:
            model: Whose vectors they are to be.
            graph: Where the entities have their labels.
            facts: Triples, or statements with their sources; they stream.
            phrasings: How texts say relations.
            source: Who says a triple that comes without a source.
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
        """Put a changed fact in: what said the old one goes, ``statements`` say the new one.

        Args:
            model: Whose space is changed.
            statements: Clozes that state the new fact, each both ways if one likes.
            head: The entity whose fact it is.
            old: The value that no longer holds, None when there was none.
            relation: The relation.
            note: For the receipt.
            source: Who says so.
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
        """Take out records of a triple, an entity (as value or in the text), a source or a text.

        Records that fit all arguments go, but what another source attests stays.

        Args:
            triple: Head, relation, tail.
            entity: A key.
            source: As it was given to :meth:`add` or :meth:`write`.
            text: A whole text.
            note: For the receipt; what was named by default.
            revision: The graph's revision that it is one with.

        Returns:
            What went, empty where nothing did; undo brings it back.

        Raises:
            ModeledgeError: Nothing was named.
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
        """Take out the records of triples that a revision of the graph in this database ended.

        Returns:
            What went, empty where nothing did; it is undone with the revision.
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
        """Take another model's vectors to this one; values, texts, sources and kinds stay.

        It works in pages, as one operation, and resumes. Vectors of one's own stay as they are.

        Args:
            model: Whose spaces they are to be in.
            old: The fingerprint of the model that made them; needed where there are several others.
            documents: The linked texts, if any: the store lacks the mentions' other candidates.
            linker: Links what cannot be told from the records.
            anchors: Records of each space that a map is fitted on.
            method: "encode" encodes all from the texts; "map" encodes anchors and up to 1,000
                records to measure with, and turns the rest by a rotation; "auto" maps where that
                reaches the target and saves half, else encodes.
            target: The share of re-encoding's recall@10 that a map has to reach, on records it was
                not fitted on.
            replace: Take out the old records that have been moved.
            seed: Of the samples.
            progress: Called with the number of records done, over all spaces.

        Raises:
            ModeledgeError: There is nothing to move, or ``method="map"`` reaches less than the
                target in a space: then nothing was written.
        """
        from kptm.modeledge.transfer.migrate import Migrator

        mover = Migrator(self._database, model, old, documents, linker, seed)
        return mover.move(method, anchors, target, replace, progress)

    def merge(
        self, other: Modeledge, *, policy: str = "both", progress: Progress | None = None
    ) -> MergeReport:
        """Bring in another store's live records, as one operation and one transaction.

        Spaces of the same name are one. What both have is there once, attested by both. What was
        forgotten here returns by "theirs", and by "newest" if the other store has it from later.

        Args:
            other: Another store; it is only read.
            policy: Which fact stays where a relation has one value in both stores and not the same:
                "both", "ours", "theirs" or the "newest".
            progress: Called with the number of records looked at.

        Raises:
            ModeledgeError: It has vectors of other models, or of another width or precision.
        """
        from kptm.modeledge.transfer.merge import merge, of_store

        with of_store(other._database, self._database) as carrier:
            return merge(self._database, carrier, policy, progress)

    def export(self, folder: str | Path, *, progress: Progress | None = None) -> int:
        """Write the live records to a folder; return how many: it appears whole, or is as it was.

        ``manifest.json`` has the checksums; records are JSON Lines, vectors safetensors.

        Args:
            folder: A new one, an empty one, or an older export, which is replaced.
            progress: Called with the number of records written.

        Raises:
            ModeledgeError: It cannot be written, or holds something else.
        """
        from kptm.modeledge.transfer.export_folder import export

        return export(self._database, folder, progress)

    def load(
        self, folder: str | Path, *, policy: str = "both", progress: Progress | None = None
    ) -> MergeReport:
        """Merge a folder that :meth:`export` wrote, after all checksums were compared.

        Args:
            folder: An exported one.
            policy: See :meth:`merge`.
            progress: Called with the number of records looked at.

        Raises:
            ModeledgeError: A file is missing or damaged, or :meth:`merge` would refuse it.
        """
        from kptm.modeledge.transfer.import_folder import of_folder
        from kptm.modeledge.transfer.merge import merge

        return merge(self._database, of_folder(folder), policy, progress)

    def undo(self, number: int, *, note: str = "", revision: int | None = None) -> Receipt:
        """Take back an operation; an undo is taken back by undoing it.

        Args:
            number: The operation.
            note: More for the receipt.
            revision: The graph's revision that it is one with.

        Raises:
            ModeledgeError: There is no such operation, or nothing of it is left to undo.
        """
        with self._database.writing() as (sql, _):
            return receipts.of(sql, record_edits.undo(sql, number, note, revision))

    def purge(self, names: Collection[str] = (), *, source: str | None = None) -> int:
        """Delete for good all records that hold one of ``names`` and texts of ``source`` alone.

        Nothing brings them back. Notes on operations that hold a name are emptied, snapshots
        deleted. A name of fewer than three characters counts where it stands alone.

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
        """Write on a receipt which questions are answered otherwise since."""
        with self._database.writing() as (sql, _):
            receipts.note_answers(sql, number, answers)
