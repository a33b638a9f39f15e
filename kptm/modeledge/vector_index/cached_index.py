"""The index of a space in memory, and the line of the log up to which it is current."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kptm.modeledge.records import RecordFilter
    from kptm.modeledge.vector_index.index_protocol import Allowed, VectorIndex

MAX_CACHED_FILTERS = 8
"""The most filters whose rows stay in memory."""


@dataclass(slots=True)
class CachedIndex:
    """An index in memory.

    Attributes:
        index: The index.
        seq: The line of the log up to which the index has the rows.
        operation: The newest operation when the index was updated. It is stored in addition to
            ``seq``, because an operation that changes only attestations adds no line to the log.
        recall: Recall@10 for held-out queries, measured when the index was built.
        saved: The line of the log up to which the snapshot has the rows, -1 without a snapshot.
        unsaved: The number of rows that changed since the snapshot.
        query_count: The number of single queries.
        allowed: The rows that pass each filter; cleared when a row changes.
    """

    index: VectorIndex
    seq: int
    operation: int
    recall: float = 1.0
    saved: int = -1
    unsaved: int = 0
    query_count: int = 0
    allowed: dict[RecordFilter, Allowed] = field(default_factory=dict)

    def remember(self, where: RecordFilter, rows: Allowed) -> Allowed:
        """Remember the rows that pass a filter, and return them."""
        if len(self.allowed) >= MAX_CACHED_FILTERS:
            self.allowed.clear()
        self.allowed[where] = rows
        return rows
