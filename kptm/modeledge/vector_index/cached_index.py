"""The index of a space in memory, and the line of the log up to which it is current."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from kptm.modeledge.records import RecordFilter
    from kptm.modeledge.vector_index.build_index import Index

REMEMBERED = 8
"""Filters whose rows are kept in memory."""


@dataclass(slots=True)
class Allowed:
    """The rows that a filter leaves.

    Attributes:
        ids: Theirs, sorted.
        mask: Whether each position of the index is one of them.
    """

    ids: NDArray[np.int64]
    mask: NDArray[np.bool_]


@dataclass(slots=True)
class CachedIndex:
    """An index in memory.

    Attributes:
        index: It.
        seq: The line of the log up to which it has the rows.
        operation: The newest operation that it knows of; one may change who attests what, and no
            row.
        recall: As it was measured when it was made.
        saved: The line of the log up to which its snapshot has the rows, -1 without one.
        unsaved: Rows that came or went since.
        asked: Queries that came one by one.
        allowed: What filters leave of it, as long as nothing changes.
    """

    index: Index
    seq: int
    operation: int
    recall: float = 1.0
    saved: int = -1
    unsaved: int = 0
    asked: int = 0
    allowed: dict[RecordFilter, Allowed] = field(default_factory=dict)

    def remember(self, where: RecordFilter, found: Allowed) -> Allowed:
        """Keep what a filter leaves."""
        if len(self.allowed) >= REMEMBERED:
            self.allowed.clear()
        self.allowed[where] = found
        return found
