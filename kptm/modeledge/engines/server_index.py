"""What a server of vectors can do: its indexes, and how far each has read the operation log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from kptm.modeledge.vector_index.index_protocol import VectorIndex

if TYPE_CHECKING:
    from kptm.modeledge.sql.spaces import VectorSpace

UNFINISHED = -1
"""The line of the log that an index has while it is filled for the first time."""


@dataclass(frozen=True, slots=True)
class FeedPosition:
    """How far an index on a server has read the operation log; the server stores it.

    Attributes:
        seq: The line of the log up to which the index has the rows, or :data:`UNFINISHED`.
        operation: The newest operation at that time.
        at: The time of this operation as the store has it, by which the log of another store is
            recognised; "" if there was no operation.
        recall: Recall@10 for held-out queries, measured when the index was built.
        is_exact: Whether searches compare all rows, because the index missed its target.
    """

    seq: int
    operation: int
    at: str
    recall: float = 1.0
    is_exact: bool = False


class ServerIndex(VectorIndex, Protocol):
    """An index that a server stores.

    Adding a row that the index has, or removing one that it lacks, changes nothing: a feed that was
    killed is repeated from its stored position.
    """

    @property
    def name(self) -> str:
        """The name on the server."""
        ...

    def create(self) -> None:
        """Create the index empty, in place of an older one of this name."""
        ...

    def finish(self) -> None:
        """Build the graph of the rows added so far, or wait until the server has built it."""
        ...

    def search_exactly(self, is_exact: bool) -> None:
        """Set whether searches compare all rows."""
        ...

    def position(self) -> FeedPosition | None:
        """The stored position; None if the server does not have the index."""
        ...

    def note_position(self, position: FeedPosition) -> None:
        """Store a position, after the rows up to it are stored."""
        ...


class VectorServer(Protocol):
    """A server with the indexes of one store."""

    def index(self, space: VectorSpace, purge: int) -> ServerIndex:
        """The index of a space, whether or not it exists.

        Args:
            space: The space.
            purge: The newest operation that deleted rows for good. It is a part of the name, so
                that no process adds deleted rows to an index that was made after them.
        """
        ...

    def drop(self) -> None:
        """Delete all indexes of the store."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...
