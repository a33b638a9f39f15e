"""Merges records from another store, or from an exported folder."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from kptm.errors import ModeledgeError
from kptm.modeledge.sql import (
    documents,
    oplog,
    other_models,
    provenance,
    record_edits,
    record_rows,
    spaces,
    transfer_record,
)
from kptm.modeledge.transfer.conflicts import (
    FACTS,
    LOST,
    MergeConflict,
    check_policy,
    find_conflicts,
    left_out,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from kg.sql.cursor import Sql
    from kg.sql.database import Database
    from kptm.modeledge.records import Fact
    from kptm.modeledge.sql.spaces import VectorSpace
    from kptm.modeledge.sql.transfer_record import TransferRecord
    from kptm.modeledge.transfer.conflicts import Told

    Page = tuple[list[TransferRecord], NDArray[np.float32]]


class RecordSource(Protocol):
    """A source of records: another store, or an exported folder."""

    @property
    def name(self) -> str:
        """Its name in the log."""
        ...

    def spaces(self) -> list[VectorSpace]:
        """The spaces that have records."""
        ...

    def facts(self) -> Iterator[Told]:
        """The facts that its records state, each one time."""
        ...

    def pages(self, space: VectorSpace) -> Iterator[Page]:
        """Its records of a space with their vectors, some thousands at a time."""
        ...


@dataclass(frozen=True, slots=True)
class MergeReport:
    """What a merge did.

    Attributes:
        operation: The number of its operation, for undo; 0 if nothing was new.
        added: Records that were added.
        same: Records that both stores had.
        returned: Forgotten records of ours that are live again, because a source that was not
            forgotten here attests their text.
        forgotten: Records that were forgotten here and stay forgotten.
        left: Records of theirs that lost to a fact of ours.
        removed: Records of ours that lost to a fact of theirs.
        attested: New attestations of texts by sources.
        conflicts: The facts that differed.
    """

    operation: int
    added: int = 0
    same: int = 0
    returned: int = 0
    forgotten: int = 0
    left: int = 0
    removed: int = 0
    attested: int = 0
    conflicts: tuple[MergeConflict, ...] = ()


@dataclass(slots=True)
class _Merge:
    """The state of a merge."""

    sql: Sql
    number: int
    policy: str
    unwanted: set[Fact]
    last: int
    counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("added", "same", "returned", "forgotten", "left"), 0)
    )

    def take(
        self, space: VectorSpace, items: Sequence[TransferRecord], vectors: NDArray[np.float32]
    ) -> None:
        """Merge a page of a space."""
        kept = [
            place for place, item in enumerate(items) if item.record.triple not in self.unwanted
        ]
        self.counts["left"] += len(items) - len(kept)
        said = self._attested_origins([items[place] for place in kept])
        self.counts["returned"] += self._attest(said)
        # Rows of this merge do not count as stored: duplicates of the other store stay duplicates.
        known = transfer_record.present(
            self.sql, space, [items[place] for place in kept], self.last
        )
        chosen = []
        for place in kept:
            key = transfer_record.identity(items[place], vectors[place], space)
            lives, at = known.get(key, (None, ""))
            if lives:
                self.counts["same"] += 1
            elif lives is None or self._comes_back(items[place].at, at):
                chosen.append(place)
            else:
                self.counts["forgotten"] += 1
        self.counts["added"] += len(chosen)
        if chosen:
            self._insert(space, [items[place] for place in chosen], vectors[chosen], said)

    def _insert(
        self,
        space: VectorSpace,
        items: Sequence[TransferRecord],
        vectors: NDArray[np.float32],
        said: dict[str, set[str]],
    ) -> None:
        digests = [item.digest for item in items]
        inside = set(digests)
        attested = {source: those & inside for source, those in said.items() if those & inside}
        records = [item.record for item in items]
        values = [record.value for record in records]
        record_rows.insert(
            self.sql, self.number, space, vectors, values, records, digests, attested
        )

    def _comes_back(self, theirs: str, ours: str) -> bool:
        """Whether a record that ended here is to be live, by the times of both stores."""
        return self.policy == "theirs" or (self.policy == "newest" and theirs > ours)

    def _attested_origins(self, items: Sequence[TransferRecord]) -> dict[str, set[str]]:
        """The origins that each source attests there, without attestations that ended here."""
        ended = _withdrawn(self.sql, sorted({item.digest for item in items}))
        said: dict[str, set[str]] = {}
        for item in items:
            for source in item.sources:
                at = ended.get((item.digest, source))
                if at is None or self._comes_back(item.at, at):
                    said.setdefault(source, set()).add(item.digest)
        return said

    def _attest(self, said: dict[str, set[str]]) -> int:
        """Add attestations of stored texts; return how many records are live again."""
        back = 0
        for source, digests in sorted(said.items()):
            documents.note_elsewhere(self.sql, source)
            found = list(provenance.find_ids(self.sql, sorted(digests)).values())
            if not found:
                continue
            back += len(record_edits.return_texts(self.sql, self.number, source, found))
        return back


def merge(
    database: Database, carrier: RecordSource, policy: str, progress: Callable[[int], None] | None
) -> MergeReport:
    """See :meth:`kptm.Modeledge.merge`.

    Raises:
        ModeledgeError: The policy is unknown, or the spaces do not match; nothing was changed.
    """
    check_policy(policy)
    done = 0
    with database.writing() as (sql, transaction):
        named = [(space, _room_for(sql, space)) for space in carrier.spaces()]
        number = oplog.begin(sql, "merge", carrier.name[: record_edits.NOTE])
        with find_conflicts(sql, carrier.facts(), policy) as found:
            removed = len(record_rows.remove(sql, number, LOST)) if found else 0
            last = int(sql.one("SELECT max(id) FROM modeledge_record") or 0)
            under_way = _Merge(sql, number, policy, left_out(found), last)
            for theirs, room in named:
                made = room or spaces.get_or_create(sql, theirs.name, theirs.dim, theirs.precision)
                for items, vectors in carrier.pages(theirs):
                    under_way.take(made, items, vectors)
                    done += len(items)
                    if progress is not None:
                        progress(done)
        query = "SELECT count(*) FROM modeledge_attestation WHERE op_changed = ?"
        counts = under_way.counts | {"removed": removed, "attested": int(sql.one(query, (number,)))}
        if not any(counts[name] for name in ("added", "returned", "removed", "attested")):
            transaction.rollback()
            number = 0
    return MergeReport(number, **counts, conflicts=tuple(found))


def _room_for(sql: Sql, theirs: VectorSpace) -> VectorSpace | None:
    """Our space of that name; None if there is none and it may be created.

    Raises:
        ModeledgeError: Our space has another width or precision, or our vectors are of another
            model.
    """
    ours = spaces.find(sql, theirs.name)
    if ours is None:
        strange = other_models.others_of(sql, {other_models.prefix_of(theirs): theirs.name})
        if strange:
            told = ", ".join(space.name for space in strange)
            raise ModeledgeError(
                f"the other store's {theirs.name} is of another model than {told};"
                " migrate one of the stores, then merge"
            )
    elif (ours.dim, ours.precision) != (theirs.dim, theirs.precision):
        raise ModeledgeError(
            f"the space {ours.name} has vectors of width {ours.dim} as {ours.precision} here, of"
            " width"
            f" {theirs.dim} as {theirs.precision} in the other store; only the same can be merged"
        )
    return ours


def _withdrawn(sql: Sql, digests: Sequence[str]) -> dict[tuple[str, str], str]:
    """The time at which each attestation ended, by digest and source."""
    listed, parameter = sql.values(list(digests))
    query = (
        "SELECT o.digest, a.source, p.at FROM modeledge_origin o"
        " JOIN modeledge_attestation a ON a.origin_id = o.id"
        " JOIN modeledge_operation p ON p.id = a.op_changed"
        f" WHERE a.live = 0 AND NOT ({transfer_record.UNDONE}) AND o.digest IN {listed}"
    )
    return {(digest, source): at for digest, source, at in sql.all(query, (parameter,))}


@dataclass(frozen=True, slots=True)
class _Store:
    """A snapshot of another store."""

    sql: Sql
    name: str

    def spaces(self) -> list[VectorSpace]:
        return [
            space for space in spaces.list_all(self.sql) if len(oplog.living(self.sql, space.id))
        ]

    def facts(self) -> Iterator[Told]:
        return self.sql.stream(FACTS)

    def pages(self, space: VectorSpace) -> Iterator[Page]:
        return transfer_record.pages(self.sql, space)


@contextmanager
def of_store(other: Database, ours: Database) -> Iterator[RecordSource]:
    """Read another store to merge it into ours.

    Raises:
        ModeledgeError: It is our own store.
    """
    same = other.path is not None and ours.path is not None and _is_one(other, ours)
    if other is ours or same or (other.path is None and other.name == ours.name):
        raise ModeledgeError(f"{ours.name}: a store cannot be merged with itself; name another one")
    with other.reading() as sql:
        yield _Store(sql, f"from {other.name}")


def _is_one(other: Database, ours: Database) -> bool:
    return other.path is not None and ours.path is not None and other.path.samefile(ours.path)
