"""Files beside the graph that a revision changed, as they were before: what an undo puts back."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Protocol

from kg.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from kg.sql.cursor import Sql

PURGED = b""
"""Stands in place of content that was deleted for good; compressed content is never empty."""


class FileStore(Protocol):
    """Where the files are."""

    def read(self, name: str) -> bytes | None:
        """The content of a file, None where there is none."""

    def write(self, name: str, content: bytes | None) -> None:
        """Write a file whole, or remove it for None."""


def record(sql: Sql, revision: int, name: str, before: bytes | None) -> None:
    """Note what a file was before a revision changed it; None: it was not there."""
    content = None if before is None else zlib.compress(before)
    sql.run(
        "INSERT INTO artefact (revision_id, name, content) VALUES (?, ?, ?)",
        (revision, name, content),
    )


def drop(sql: Sql, revision: int) -> None:
    """Forget what files were before a revision that changed nothing."""
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
    """Those files that are not what they were at a revision.

    Raises:
        StoreError: What they were was purged, or the files cannot be reached from here.
    """
    if not wanted:
        return []
    if files is None:
        raise StoreError(
            f"the revision changed {', '.join(wanted)} beside the graph; undo it in the workspace"
        )
    return [name for name in wanted if _content(sql, files, name, at) != files.read(name)]


def restore(sql: Sql, files: FileStore, wanted: Collection[str], at: int, revision: int) -> None:
    """Put files back to what they were at a revision, as a change of ``revision``."""
    for name in wanted:
        content = _content(sql, files, name, at)
        record(sql, revision, name, files.read(name))
        files.write(name, content)


def purge(sql: Sql, holds: Callable[[bytes], bool]) -> int:
    """Delete for good the contents of which ``holds`` is true; return how many."""
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
    """What a file was when revision ``at`` was done."""
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
            f"what {name} was before revision {number} was purged: it is gone for good"
        )
    return zlib.decompress(content)
