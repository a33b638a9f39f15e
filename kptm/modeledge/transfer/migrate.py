"""Migrates vectors to another model: encodes them again from their texts, or rotates them.

    old space ──► a sample encoded again ──► a rotation, and its recall on held-out records
    └──────────────────────────────────► encode or rotate, page by page ──► new space

Nothing is written before the recall of every map has been measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kptm.errors import ModeledgeError
from kptm.modeledge.encode.rebuild_texts import Rebuilder
from kptm.modeledge.encode.reencode import KINDS, Reencoder
from kptm.modeledge.sql import oplog, record_rows, spaces, transfer_record
from kptm.modeledge.sql.other_models import kind_of, others_of
from kptm.modeledge.transfer.migration_plan import RECORDS_PER_TRANSACTION, Planner, check_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from kg.sql.cursor import Sql
    from kg.sql.database import Database
    from kptm.fusion import FusedModel
    from kptm.linking import LinkedText, Linker
    from kptm.modeledge.sql.spaces import VectorSpace
    from kptm.modeledge.sql.transfer_record import TransferRecord
    from kptm.modeledge.transfer.agreement import Agreement
    from kptm.modeledge.transfer.migration_plan import Plan

    Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """How one space was migrated.

    Attributes:
        old: The name of the old space.
        new: The name of the new space.
        method: "encode" or "map".
        way: How the map was fitted, one of :data:`kptm.modeledge.transfer.procrustes.WAYS`; ""
            without a map.
        moved: The number of records that were added to the new space.
        there: The number of records that the new space had already.
        left: The number of records that could not be migrated: a user's own vectors, and with
            "encode" those whose text or links are not known.
        anchors: The number of records on which the map was fitted.
        agreement: For a map, measured on held-out re-encoded records before anything was written;
            for re-encoding, measured by encoding a sample of the new space again. None if nothing
            was measured.
    """

    old: str
    new: str
    method: str
    way: str = ""
    moved: int
    there: int
    left: int
    anchors: int = 0
    agreement: Agreement | None


@dataclass(frozen=True, slots=True)
class MigrationReport:
    """The result of a migration.

    Attributes:
        operations: The numbers of its operations, which must be undone newest first. There are
            several only if another process wrote to the store between two pages.
        spaces: The migrated spaces.
        replaced: The number of records of the old spaces that were removed.
    """

    operations: tuple[int, ...]
    spaces: tuple[Migration, ...]
    replaced: int = 0


class Migrator:
    """Migrates a store's vectors to a model.

    Args:
        database: The database of the store.
        model: The model to migrate to.
        old: The fingerprint of the old model; None if there is only one other model, or if
            ``model`` is a compressed copy of one of them, which is then the old one.
        documents: See :class:`Rebuilder`.
        linker: See :class:`Rebuilder`.
        seed: The seed of the samples.

    Raises:
        ModeledgeError: There are no vectors of that model; or there are several other models and
            ``old`` is None and none of them is the original of ``model``.
    """

    def __init__(
        self,
        database: Database,
        model: FusedModel,
        old: str | None,
        documents: Iterable[LinkedText] = (),
        linker: Linker | None = None,
        seed: int = 0,
    ) -> None:
        self._database = database
        names = spaces.spaces_of(model)
        with database.reading() as sql:
            self._space_pairs = _space_pairs(sql, names, old, model.origin.copy_of)
        self._note = f"to {names['mention'].partition(':')[2]}"
        soft = bool(model.fusion.soft)
        old_spaces = [space for space, _ in self._space_pairs]
        self._encoder = Reencoder(model, Rebuilder(old_spaces, documents, linker, soft=soft))
        self._planner = Planner(database, self._encoder, seed)
        self._operations: list[int] = []

    def migrate(
        self, method: str, anchors: int, target: float, replace: bool, progress: Progress | None
    ) -> MigrationReport:
        """Migrate all spaces of the old model; see :meth:`kptm.Modeledge.migrate`."""
        check_settings(method, anchors, target)
        plans, refusals = [], []
        for space, name in self._space_pairs:
            try:
                plans.append(self._planner.plan(space, name, method, anchors, target))
            except ModeledgeError as error:
                # The other spaces are measured too, so that the message has the figures of all.
                refusals.append(str(error))
        if refusals:
            raise ModeledgeError("\n".join(refusals))
        record_count, migrations = 0, []
        for plan in plans:
            migration = self._migrate_space(plan, record_count, progress)
            record_count += migration.moved + migration.there + migration.left
            migrations.append(migration)
        replaced = self._replace() if replace else 0
        return MigrationReport(tuple(self._operations), tuple(migrations), replaced)

    # ── migrating a space ────────────────────────────────────────────────────────────────────

    def _migrate_space(self, plan: Plan, before: int, progress: Progress | None) -> Migration:
        """Migrate a space, page by page; ``before`` is the number of records done before it."""
        moved = there = seen = 0
        size = RECORDS_PER_TRANSACTION if plan.rotation is None else record_rows.VECTORS_PER_PAGE
        last = 0
        while True:
            with self._database.reading() as sql:
                page = next(transfer_record.pages(sql, plan.old, size, last), None)
                if page is None:
                    break
                last = page[0][-1].id
                records, vectors, present = self._make_records(sql, plan, *page)
            seen += len(page[0])
            there += present
            moved += self._write(plan, records, vectors)
            if progress is not None:
                progress(before + seen)
        encoded = plan.rotation is None
        return Migration(
            old=plan.old.name,
            new=plan.new,
            method="encode" if encoded else "map",
            way="" if plan.rotation is None else plan.rotation.way,
            moved=moved,
            there=there,
            left=seen - there - moved,
            anchors=plan.anchors,
            agreement=self._planner.measure_encoding(plan) if encoded else plan.agreement,
        )

    def _make_records(
        self, sql: Sql, plan: Plan, items: list[TransferRecord], vectors: NDArray[np.float32]
    ) -> tuple[list[TransferRecord], NDArray[np.float32], int]:
        """Make the vectors of a page's records for the new space.

        Returns:
            The records that the new space lacks, their vectors, and the number of those it has.
        """
        new = spaces.find(sql, plan.new)
        present = {} if new is None else transfer_record.present(sql, new, items)
        missing = [
            place
            for place, item in enumerate(items)
            if item.record.kind in KINDS
            and not present.get(
                transfer_record.identity(item, vectors[place], plan.old), (False, "")
            )[0]
        ]
        not_encodable = sum(item.record.kind not in KINDS for item in items)
        there = len(items) - not_encodable - len(missing)
        records = [items[place] for place in missing]
        if not records:
            return [], vectors[:0], there
        if plan.rotation is not None:
            rotated = plan.rotation(vectors[missing])
            for row, item in enumerate(records):
                if item.id in plan.encoded:
                    rotated[row] = plan.encoded[item.id]
            return records, rotated, there
        # The whole page is encoded, stored records too, so that a resumed migration computes the
        # same vectors.
        positions, encoded = self._encoder.encode(sql, items)
        is_missing = np.isin(positions, missing)
        return (
            [items[place] for place in positions[is_missing].tolist()],
            encoded[is_missing],
            there,
        )

    def _write(self, plan: Plan, items: list[TransferRecord], vectors: NDArray[np.float32]) -> int:
        if not items:
            return 0
        with self._database.writing() as (sql, transaction):
            live_ids = _live_ids(sql, [item.id for item in items])
            # Records that were removed in the meantime are not written.
            live = [place for place, item in enumerate(items) if item.id in live_ids]
            if not live:
                transaction.rollback()
                return 0
            existing = spaces.find(sql, plan.new)
            precision = plan.old.precision if existing is None else None
            space = spaces.get_or_create(sql, plan.new, vectors.shape[1], precision)
            records = [items[place].record for place in live]
            values = [record.value for record in records]
            digests = [items[place].digest for place in live]
            number = self._operation(sql)
            record_rows.insert(sql, number, space, vectors[live], values, records, digests, {})
        return len(live)

    def _operation(self, sql: Sql) -> int:
        """The number of this migration's operation: the newest, unless that is of another kind."""
        newest = oplog.newest(sql)
        query = "SELECT id FROM modeledge_operation WHERE id = ? AND kind = 'migrate' AND note = ?"
        existing = sql.one(query, (newest, self._note))
        number = oplog.begin(sql, "migrate", self._note) if existing is None else int(existing)
        if number not in self._operations:
            self._operations.append(number)
        return number

    def _replace(self) -> int:
        """Remove old records whose counterpart is in the new space."""
        removed = 0
        with self._database.writing() as (sql, transaction):
            number = self._operation(sql)
            for old, name in self._space_pairs:
                new = spaces.find(sql, name)
                if new is not None:
                    has_counterpart = (
                        "r.space_id = ? AND EXISTS (SELECT 1 FROM modeledge_record n"
                        " WHERE n.origin_id = r.origin_id AND n.space_id = ? AND n.live = 1"
                        " AND n.kind = r.kind AND n.value = r.value"
                        " AND n.span_start = r.span_start AND n.span_end = r.span_end)"
                    )
                    condition = (has_counterpart, [old.id, new.id])
                    removed += len(record_rows.remove(sql, number, condition))
            if not removed:
                transaction.rollback()
        return removed


def _space_pairs(
    sql: Sql, names: dict[str, str], old: str | None, original: str
) -> list[tuple[VectorSpace, str]]:
    """The spaces to migrate, each with the name of its new space.

    ``original`` is the model of which the new one is a compressed copy, or "": of several other
    models it is the one to migrate from, unless ``old`` says otherwise.
    """
    others = others_of(sql, names)
    models = sorted({space.name.partition(":")[2] for space in others})
    if old is None and original in models:
        old = original
    if old is None and len(models) != 1:
        listed = ", ".join(models) or "none"
        raise ModeledgeError(
            f"migrate handles the vectors of one other model, but the store has those of {listed};"
            + (" choose one with old=" if models else " write its texts with this model")
        )
    old = models[0] if old is None else old
    pairs = [
        (space, names[kind_of(space)]) for space in others if space.name.partition(":")[2] == old
    ]
    if not pairs:
        listed = ", ".join(models) or "no other model"
        raise ModeledgeError(f"the store has no vectors of another model {old}, only of {listed}")
    return pairs


def _live_ids(sql: Sql, ids: list[int]) -> set[int]:
    listed, parameter = sql.values(ids)
    query = f"SELECT id FROM modeledge_record WHERE live = 1 AND id IN {listed}"
    return {number for (number,) in sql.all(query, (parameter,))}
