"""Migrates vectors to another model: encoded again from their texts, or mapped by a rotation.

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
from kptm.modeledge.sql.other_models import others_of, prefix_of
from kptm.modeledge.transfer.migration_plan import PAGE, Planner, check_settings

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
        moved: Records that were added to the new space.
        there: Records that the new space had already.
        left: Records that could not be migrated: a user's own vectors, and with "encode" those
            whose text or links are not known.
        anchors: How many records the map was fitted on.
        agreement: For a map, measured on held-out re-encoded records before anything was written.
            For re-encoding, measured by encoding a sample of the new space once more. None if
            nothing was measured.
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
    """What a migration did.

    Attributes:
        operations: The numbers of its operations, to be undone from the newest on: one, unless
            another process wrote between its pages.
        spaces: The migrated spaces.
        replaced: Records of the old spaces that were removed.
    """

    operations: tuple[int, ...]
    spaces: tuple[Migration, ...]
    replaced: int = 0


class Migrator:
    """Migrates a store's vectors to a model.

    Args:
        database: The database of the store.
        model: The model to migrate to.
        old: The fingerprint of the old model; None if there is only one other model.
        documents: See :class:`Rebuilder`.
        linker: See :class:`Rebuilder`.
        seed: The seed of the samples.

    Raises:
        ModeledgeError: There are no vectors of that model; or there are several other models and
            ``old`` is None.
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
            self._moves = _moves(sql, names, old)
        self._note = f"to {names['mention'].partition(':')[2]}"
        soft = bool(model.fusion.soft)
        old_spaces = [space for space, _ in self._moves]
        self._encoder = Reencoder(model, Rebuilder(old_spaces, documents, linker, soft=soft))
        self._planner = Planner(database, self._encoder, seed)
        self._operations: list[int] = []

    def move(
        self, method: str, anchors: int, target: float, replace: bool, progress: Progress | None
    ) -> MigrationReport:
        """See :meth:`kptm.Modeledge.migrate`."""
        check_settings(method, anchors, target)
        plans, refused = [], []
        for space, name in self._moves:
            try:
                plans.append(self._planner.plan(space, name, method, anchors, target))
            except (
                ModeledgeError
            ) as error:  # measure the other spaces too: the message names all figures
                refused.append(str(error))
        if refused:
            raise ModeledgeError("\n".join(refused))
        done, found = 0, []
        for plan in plans:
            moved = self._carry(plan, done, progress)
            done += moved.moved + moved.there + moved.left
            found.append(moved)
        replaced = self._replace() if replace else 0
        return MigrationReport(tuple(self._operations), tuple(found), replaced)

    # ── moving ───────────────────────────────────────────────────────────────────────────────

    def _carry(self, plan: Plan, before: int, progress: Progress | None) -> Migration:
        moved = there = seen = 0
        size = PAGE if plan.turn is None else record_rows.PAGE
        last = 0
        while True:
            with self._database.reading() as sql:
                page = next(transfer_record.pages(sql, plan.old, size, last), None)
                if page is None:
                    break
                last = page[0][-1].id
                kept, vectors, known = self._make_records(sql, plan, *page)
            seen += len(page[0])
            there += known
            moved += self._write(plan, kept, vectors)
            if progress is not None:
                progress(before + seen)
        return Migration(
            old=plan.old.name, new=plan.new, method="encode" if plan.turn is None else "map",
            way="" if plan.turn is None else plan.turn.way, moved=moved, there=there,
            left=seen - there - moved, anchors=plan.anchors,
            agreement=self._planner.again(plan) if plan.turn is None else plan.agreement,
        )  # fmt: skip

    def _make_records(
        self, sql: Sql, plan: Plan, items: list[TransferRecord], vectors: NDArray[np.float32]
    ) -> tuple[list[TransferRecord], NDArray[np.float32], int]:
        """The records of a page that the new space lacks, with new vectors, and how many it has."""
        new = spaces.find(sql, plan.new)
        known = {} if new is None else transfer_record.present(sql, new, items)
        lacking = [
            place
            for place, item in enumerate(items)
            if item.record.kind in KINDS
            and not known.get(
                transfer_record.identity(item, vectors[place], plan.old), (False, "")
            )[0]
        ]
        own = sum(item.record.kind not in KINDS for item in items)
        there = len(items) - own - len(lacking)
        wanted = [items[place] for place in lacking]
        if not wanted:
            return [], vectors[:0], there
        if plan.turn is not None:
            turned = plan.turn(vectors[lacking])
            for row, item in enumerate(wanted):
                if item.id in plan.encoded:
                    turned[row] = plan.encoded[item.id]
            return wanted, turned, there
        # Whole pages are encoded, stored records included: a resumed migration then computes the
        # same vectors.
        places, made = self._encoder.encode(sql, items)
        inside = np.isin(places, lacking)
        return [items[place] for place in places[inside].tolist()], made[inside], there

    def _write(self, plan: Plan, items: list[TransferRecord], vectors: NDArray[np.float32]) -> int:
        if not items:
            return 0
        with self._database.writing() as (sql, transaction):
            alive = _alive(sql, [item.id for item in items])  # some may be removed by now
            kept = [place for place, item in enumerate(items) if item.id in alive]
            if not kept:
                transaction.rollback()
                return 0
            there = spaces.find(sql, plan.new)
            precision = plan.old.precision if there is None else None
            space = spaces.get_or_create(sql, plan.new, vectors.shape[1], precision)
            records = [items[place].record for place in kept]
            values = [record.value for record in records]
            digests = [items[place].digest for place in kept]
            number = self._operation(sql)
            record_rows.insert(sql, number, space, vectors[kept], values, records, digests, {})
        return len(kept)

    def _operation(self, sql: Sql) -> int:
        """The operation of this migration: the newest one if it belongs to it, else a new one."""
        newest = oplog.newest(sql)
        query = "SELECT id FROM modeledge_operation WHERE id = ? AND kind = 'migrate' AND note = ?"
        number = sql.one(query, (newest, self._note))
        made = oplog.begin(sql, "migrate", self._note) if number is None else int(number)
        if made not in self._operations:
            self._operations.append(made)
        return made

    def _replace(self) -> int:
        """Remove old records whose counterpart is in the new space."""
        gone = 0
        with self._database.writing() as (sql, transaction):
            number = self._operation(sql)
            for old, name in self._moves:
                new = spaces.find(sql, name)
                if new is not None:
                    like = (
                        "r.space_id = ? AND EXISTS (SELECT 1 FROM modeledge_record n"
                        " WHERE n.origin_id = r.origin_id AND n.space_id = ? AND n.live = 1"
                        " AND n.kind = r.kind AND n.value = r.value"
                        " AND n.span_start = r.span_start AND n.span_end = r.span_end)"
                    )
                    gone += len(record_rows.remove(sql, number, (like, [old.id, new.id])))
            if not gone:
                transaction.rollback()
        return gone


def _moves(sql: Sql, names: dict[str, str], old: str | None) -> list[tuple[VectorSpace, str]]:
    """The spaces to migrate, with the names of their new spaces."""
    there = others_of(sql, names)
    makers = sorted({space.name.partition(":")[2] for space in there})
    if old is None and len(makers) != 1:
        told = ", ".join(makers) or "none"
        raise ModeledgeError(
            f"migrate moves one other model's vectors, and the store has those of {told};"
            + (" pass old= to say whose" if makers else " write its texts with this model")
        )
    old = makers[0] if old is None else old
    found = [(space, names[prefix_of(space)]) for space in there
             if space.name.partition(":")[2] == old]  # fmt: skip
    if not found:
        told = ", ".join(makers) or "no other model"
        raise ModeledgeError(f"the store has no vectors of another model {old}, only of {told}")
    return found


def _alive(sql: Sql, ids: list[int]) -> set[int]:
    listed, parameter = sql.values(ids)
    query = f"SELECT id FROM modeledge_record WHERE live = 1 AND id IN {listed}"
    return {number for (number,) in sql.all(query, (parameter,))}
