"""Earlier contents of the files beside the graph that a revision changed, for undo."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Protocol

from kg.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from kg.sql.cursor import Sql

PURGED = b""
"""Replaces content that was purged; compressed content is never empty."""


class FileStore(Protocol):
    """Reads and writes the files beside a graph."""

    def read(self, name: str) -> bytes | None:
        """The content of a file; None if it does not exist."""

    def write(self, name: str, content: bytes | None) -> None:
        """Write a file atomically, or remove it if ``content`` is None."""


def record(sql: Sql, revision: int, name: str, before: bytes | None) -> None:
    """Store a file's content from before a revision; None if the file did not exist."""
    content = None if before is None else zlib.compress(before)
    sql.run(
        "INSERT INTO artefact (revision_id, name, content) VALUES (?, ?, ?)",
        (revision, name, content),
    )


def drop(sql: Sql, revision: int) -> None:
    """Delete the stored contents of a revision that turned out to change nothing."""
    sql.run("DELETE FROM artefact WHERE revision_id = ?", (revision,))


def names(sql: Sql, revisions: Collection[int]) -> list[str]:
    """The files that revisions changed, sorted."""
    listed, parameter = sql.values(sorted(revisions))
    query = f"SELECT DISTINCT name FROM artefact WHERE revision_id IN {listed} ORDER BY name"
    return [str(row[0]) for row in sql.all(query, (parameter,))]


def later(sql: Sql, number: int, revisions: Collection[int]) -> set[int]:
    """The revisions after ``number`` that changed a file which ``revisions`` changed."""
    listed, parameter = sql.values(names(sql, revisions))
    query = f"SELECT DISTINCT revision_id FROM artefact WHERE revision_id > ? AND name IN {listed}"
    return {int(row[0]) for row in sql.all(query, (number, parameter))}


def differing(sql: Sql, files: FileStore | None, wanted: Collection[str], at: int) -> list[str]:
    """The files whose content differs from that at revision ``at``.

    Raises:
        StoreError: An earlier content was purged, or ``files`` is None.
    """
    if not wanted:
        return []
    if files is None:
        raise StoreError(
            f"the revision changed {', '.join(wanted)} beside the graph; undo it in the workspace"
        )
    return [name for name in wanted if _content(sql, files, name, at) != files.read(name)]


def restore(sql: Sql, files: FileStore, wanted: Collection[str], at: int, revision: int) -> None:
    """Restore the contents that files had at revision ``at``, as a change of ``revision``."""
    for name in wanted:
        content = _content(sql, files, name, at)
        record(sql, revision, name, files.read(name))
        files.write(name, content)


def purge(sql: Sql, holds: Callable[[bytes], bool]) -> int:
    """Purge the contents for which ``holds`` returns True; return their number."""
    gone = [
        key
        for *key, content in sql.stream("SELECT revision_id, name, content FROM artefact")
        if content and holds(zlib.decompress(content))
    ]
    sql.many(
        "UPDATE artefact SET content = ? WHERE revision_id = ? AND name = ?",
        [(PURGED, *key) for key in gone],
    )
    return len(gone)


def _content(sql: Sql, files: FileStore, name: str, at: int) -> bytes | None:
    """The content of a file at revision ``at``."""
    query = (
        "SELECT revision_id, content FROM artefact WHERE name = ? AND revision_id > ?"
        " ORDER BY revision_id LIMIT 1"
    )
    rows = sql.all(query, (name, at))
    if not rows:
        return files.read(name)
    number, content = rows[0]
    if content is None:
        return None
    if bytes(content) == PURGED:
        raise StoreError(
            f"the content of {name} before revision {number} was purged and cannot be restored"
        )
    return zlib.decompress(content)
