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
    facts_to_skip,
    find_conflicts,
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
    from kptm.modeledge.transfer.conflicts import TimedFact

    Page = tuple[list[TransferRecord], NDArray[np.float32]]


class RecordSource(Protocol):
    """A source of records to merge: another store, or an exported folder."""

    @property
    def name(self) -> str:
        """The name of the source in the log."""
        ...

    def spaces(self) -> list[VectorSpace]:
        """The spaces that have records."""
        ...

    def facts(self) -> Iterator[TimedFact]:
        """Yield the facts that records state, each once."""
        ...

    def pages(self, space: VectorSpace) -> Iterator[Page]:
        """Yield the records of a space with their vectors, some thousands at a time."""
        ...


@dataclass(frozen=True, slots=True)
class MergeReport:
    """The result of a merge, with numbers of records.

    Attributes:
        operation: The number of the operation, for undo; 0 if nothing was new.
        added: Records that were added.
        same: Records that both stores had.
        returned: Forgotten records of ours that are live again, because a source that was not
            forgotten here attests their text.
        forgotten: Records that were forgotten here and stay forgotten.
        left: Records of theirs that were not merged because of a conflicting fact of ours.
        removed: Records of ours that were removed because of a conflicting fact of theirs.
        attested: The number of new attestations of texts by sources.
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
    """The state of a merge.

    Attributes:
        sql: A writing transaction of our store.
        number: The number of the operation.
        policy: One of :data:`kptm.modeledge.transfer.conflicts.POLICIES`.
        unwanted: The facts of the other store that are not merged.
        last: The id of our last row before the merge.
        counts: The counts of :class:`MergeReport`.
    """

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
        """Merge a page of records of a space."""
        wanted = [
            place for place, item in enumerate(items) if item.record.triple not in self.unwanted
        ]
        self.counts["left"] += len(items) - len(wanted)
        digests_of = self._attested_origins([items[place] for place in wanted])
        self.counts["returned"] += self._attest(digests_of)
        # Rows of this merge are not read, so that duplicates of the other store stay duplicates.
        stored = transfer_record.present(
            self.sql, space, [items[place] for place in wanted], self.last
        )
        new = []
        for place in wanted:
            key = transfer_record.identity(items[place], vectors[place], space)
            is_live, at = stored.get(key, (None, ""))
            if is_live:
                self.counts["same"] += 1
            elif is_live is None or self._is_restored(items[place].at, at):
                new.append(place)
            else:
                self.counts["forgotten"] += 1
        self.counts["added"] += len(new)
        if new:
            self._insert(space, [items[place] for place in new], vectors[new], digests_of)

    def _insert(
        self,
        space: VectorSpace,
        items: Sequence[TransferRecord],
        vectors: NDArray[np.float32],
        digests_of: dict[str, set[str]],
    ) -> None:
        digests = [item.digest for item in items]
        inserted = set(digests)
        attested = {
            source: of_source & inserted
            for source, of_source in digests_of.items()
            if of_source & inserted
        }
        records = [item.record for item in items]
        values = [record.value for record in records]
        record_rows.insert(
            self.sql, self.number, space, vectors, values, records, digests, attested
        )

    def _is_restored(self, theirs: str, ours: str) -> bool:
        """Whether a record that ended here becomes live, by the times in both stores."""
        return self.policy == "theirs" or (self.policy == "newest" and theirs > ours)

    def _attested_origins(self, items: Sequence[TransferRecord]) -> dict[str, set[str]]:
        """The digests of the origins that each source of the other store attests.

        Attestations that ended in our store are left out, unless the policy restores them.
        """
        ended = _ended_attestations(self.sql, sorted({item.digest for item in items}))
        digests_of: dict[str, set[str]] = {}
        for item in items:
            for source in item.sources:
                at = ended.get((item.digest, source))
                if at is None or self._is_restored(item.at, at):
                    digests_of.setdefault(source, set()).add(item.digest)
        return digests_of

    def _attest(self, digests_of: dict[str, set[str]]) -> int:
        """Add attestations of stored texts; return how many records are live again."""
        restored = 0
        for source, digests in sorted(digests_of.items()):
            documents.note_elsewhere(self.sql, source)
            origins = list(provenance.find_ids(self.sql, sorted(digests)).values())
            if not origins:
                continue
            restored += len(record_edits.return_texts(self.sql, self.number, source, origins))
        return restored


def merge(
    database: Database,
    record_source: RecordSource,
    policy: str,
    progress: Callable[[int], None] | None,
) -> MergeReport:
    """Merge records into a store; see :meth:`kptm.Modeledge.merge`.

    Raises:
        ModeledgeError: The policy is unknown, or the spaces do not match; nothing was changed.
    """
    check_policy(policy)
    record_count = 0
    with database.writing() as (sql, transaction):
        pairs = [(theirs, _our_space(sql, theirs)) for theirs in record_source.spaces()]
        number = oplog.begin(sql, "merge", record_source.name[: record_edits.MAX_NOTE])
        with find_conflicts(sql, record_source.facts(), policy) as conflicts:
            removed = len(record_rows.remove(sql, number, LOST)) if conflicts else 0
            last = int(sql.one("SELECT max(id) FROM modeledge_record") or 0)
            state = _Merge(sql, number, policy, facts_to_skip(conflicts), last)
            for theirs, existing in pairs:
                ours = existing or spaces.get_or_create(
                    sql, theirs.name, theirs.dim, theirs.precision
                )
                for items, vectors in record_source.pages(theirs):
                    state.take(ours, items, vectors)
                    record_count += len(items)
                    if progress is not None:
                        progress(record_count)
        query = "SELECT count(*) FROM modeledge_attestation WHERE op_changed = ?"
        counts = state.counts | {"removed": removed, "attested": int(sql.one(query, (number,)))}
        if not any(counts[name] for name in ("added", "returned", "removed", "attested")):
            transaction.rollback()
            number = 0
    return MergeReport(number, **counts, conflicts=tuple(conflicts))


def _our_space(sql: Sql, theirs: VectorSpace) -> VectorSpace | None:
    """Our space with the same name; None if there is none and it may be created.

    Raises:
        ModeledgeError: Our space has another width or precision, or our vectors are of another
            model.
    """
    ours = spaces.find(sql, theirs.name)
    if ours is None:
        others = other_models.others_of(sql, {other_models.kind_of(theirs): theirs.name})
        if others:
            names = ", ".join(space.name for space in others)
            raise ModeledgeError(
                f"the other store's {theirs.name} is of another model than {names};"
                " migrate one of the stores, then merge"
            )
    elif (ours.dim, ours.precision) != (theirs.dim, theirs.precision):
        raise ModeledgeError(
            f"the space {ours.name} has vectors of width {ours.dim} as {ours.precision} here, but"
            f" of width {theirs.dim} as {theirs.precision} in the other store; both must be the"
            " same to be merged"
        )
    return ours


def _ended_attestations(sql: Sql, digests: Sequence[str]) -> dict[tuple[str, str], str]:
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

    def facts(self) -> Iterator[TimedFact]:
        return self.sql.stream(FACTS)

    def pages(self, space: VectorSpace) -> Iterator[Page]:
        return transfer_record.pages(self.sql, space)


@contextmanager
def of_store(other: Database, ours: Database) -> Iterator[RecordSource]:
    """Read another store to merge it into ours.

    Raises:
        ModeledgeError: Both are the same store.
    """
    if _are_same(other, ours):
        raise ModeledgeError(f"{ours.name}: a store cannot be merged with itself; name another one")
    with other.reading() as sql:
        yield _Store(sql, f"from {other.name}")


def _are_same(other: Database, ours: Database) -> bool:
    """Whether two databases are the same object, file or URL."""
    if other is ours:
        return True
    if other.path is None or ours.path is None:
        return other.path is None and other.name == ours.name
    return other.path.samefile(ours.path)
