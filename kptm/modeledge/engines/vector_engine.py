"""What an engine does: it opens, builds and deletes the indexes of spaces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from kg.sql.cursor import Sql
    from kptm.modeledge.sql.spaces import VectorSpace
    from kptm.modeledge.vector_index.build_index import Built, Progress
    from kptm.modeledge.vector_index.cached_index import CachedIndex
    from kptm.modeledge.vector_index.index_choice import IndexConfig


class VectorEngine(Protocol):
    """Stores the indexes of a database's spaces.

    Every index has a position in the operation log; what the log has after it, the caller replays.
    """

    @property
    def has_snapshots(self) -> bool:
        """Whether :meth:`save` writes something, which takes time."""
        ...

    def open(self, sql: Sql, space: VectorSpace, cached: CachedIndex | None) -> CachedIndex | None:
        """The stored index of a space, with its position; None if it has to be built.

        Args:
            sql: A transaction that sees one state of the store.
            space: The space.
            cached: The index of the space that this process has open, if any.
        """
        ...

    def build(self, sql: Sql, space: VectorSpace) -> CachedIndex:
        """Build the index of a space from its rows, where there is none."""
        ...

    def rebuild(
        self,
        sql: Sql,
        space: VectorSpace,
        config: IndexConfig,
        query_count: int,
        progress: Progress | None,
    ) -> Built:
        """Rebuild the index of a space as configured, and measure its recall.

        Args:
            sql: A transaction that sees one state of the store.
            space: The space.
            config: The configured kind and target.
            query_count: The number of single queries so far.
            progress: Called with the number of vectors read.

        Raises:
            ModeledgeError: The engine has no index of this kind.
        """
        ...

    def note_position(self, sql: Sql, space: VectorSpace, cached: CachedIndex) -> None:
        """Store the position of an index after the log was replayed."""
        ...

    def save(self, space: VectorSpace, cached: CachedIndex) -> None:
        """Write what a later process needs, as far as it is not yet stored.

        Raises:
            OSError: It cannot be written.
        """
        ...

    def drop(self, sql: Sql) -> None:
        """Delete all indexes, before rows are deleted for good."""
        ...

    def close(self) -> None:
        """Close the connection, if there is one."""
        ...
